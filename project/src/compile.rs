use crate::toolchain::{NoToolchain, Toolchain};
use serde_json::Value;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

/// Packages of a Cargo workspace that are contracts, or one that is a runtime.
#[derive(Clone, Debug)]
pub struct Packages<'a> {
    /// The workspace's folder.
    pub workspace: &'a Path,
    /// Where compiled files go.
    pub target: &'a Path,
    /// The packages: the name of each, and of its library.
    pub names: &'a [(&'a str, &'a str)],
    /// What they are written with.
    pub dialect: Dialect,
    /// Features of theirs that are switched on.
    pub features: &'a [&'a str],
    /// Folders whose paths must not be in what is built. Cargo gives the compiler paths within the workspace's folder
    /// relative to that; who has packages outside of it has the wrapper let something stand for theirs.
    pub hidden: &'a [&'a Path],
    /// Runs the compiler, where something does.
    pub wrapper: Option<&'a Path>,
    /// Whether `Cargo.lock` must be right as it is.
    pub is_locked: bool,
}

/// What packages are written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The SDK.
    Sdk,
    /// ink!: there is a feature `std`, on by default, for everything but wasm.
    Ink,
    /// FRAME: a library that is linked alone, without its feature `std`.
    Frame,
}

/// Why nothing was built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no compiler.
    #[error(transparent)]
    NoToolchain(#[from] NoToolchain),
    /// A program can't be started.
    #[error("can't start {program}")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program didn't succeed; it has said why.
    #[error("`{program}` ended with {status}")]
    Failed {
        /// Its name, and what it was to do.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file or folder can't be read or written.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A path has to be UTF-8 and isn't.
    #[error("{} is no UTF-8", .0.display())]
    Path(PathBuf),
    /// There is no home directory to look for cargo's in.
    #[error("no home directory")]
    NoHome,
    /// The module's bytes depend on this machine.
    #[error("{package} contains the path {path}, so its bytes depend on the machine")]
    Place {
        /// The package.
        package: String,
        /// The path.
        path: String,
    },
    /// The program that tells the metadata printed something else.
    #[error("{} printed no metadata", program.display())]
    Metadata {
        /// The program.
        program: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl BuildError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

impl Packages<'_> {
    /// The bytes of each package's module.
    ///
    /// # Errors
    /// When one isn't built.
    pub fn modules(&self, toolchain: &Toolchain) -> Result<Vec<Vec<u8>>, BuildError> {
        let mut cargo = self.cargo(match self.dialect {
            Dialect::Sdk | Dialect::Ink => "build",
            Dialect::Frame => "rustc",
        });
        cargo.arg("--release");
        match self.dialect {
            Dialect::Sdk => {}
            // `pink` uses an unstable feature of the language.
            Dialect::Ink => {
                cargo.arg("--no-default-features").env("RUSTC_BOOTSTRAP", "1");
            }
            Dialect::Frame => {
                cargo.args(["--lib", "--crate-type", "cdylib", "--no-default-features"]);
            }
        }
        for (package, _) in self.names {
            cargo.args(["--package", package]);
        }
        for feature in self.features {
            cargo.args(["--features", feature]);
        }
        let replaced = self.replaced(toolchain)?;
        toolchain.apply(&mut cargo, &replaced);
        if let Some(wrapper) = self.wrapper {
            cargo.env("RUSTC_WRAPPER", wrapper);
        }
        run(&mut cargo, "cargo build")?;
        let mut hidden: Vec<_> = replaced.into_iter().map(|(path, _)| path).collect();
        for path in self.hidden {
            hidden.push(utf8(path)?);
        }
        let modules = self.names.iter().map(|(package, library)| {
            let file =
                self.target.join(toolchain.product().target()).join("release").join(library).with_extension("wasm");
            let wasm = fs::read(&file).map_err(BuildError::file(&file))?;
            match hidden.iter().find(|path| contains(&wasm, path.as_bytes())) {
                Some(path) => Err(BuildError::Place { package: (*package).to_owned(), path: path.clone() }),
                None => Ok(wasm),
            }
        });
        modules.collect()
    }

    /// What ink! says of contracts: what the example of this name of each package prints, which its folder has for
    /// that.
    ///
    /// # Errors
    /// When one isn't built, fails, or prints something else.
    pub fn metadata(&self, examples: &[&str]) -> Result<Vec<Value>, BuildError> {
        let mut cargo = self.cargo("build");
        for example in examples {
            cargo.args(["--example", example]);
        }
        run(cargo.env_remove("RUSTFLAGS"), "cargo build --example")?;
        let described = examples.iter().map(|example| {
            let program = self.target.join("debug/examples").join(example);
            let output = Command::new(&program).output();
            let output =
                output.map_err(|source| BuildError::Start { program: program.display().to_string(), source })?;
            if !output.status.success() {
                return Err(BuildError::Failed { program: program.display().to_string(), status: output.status });
            }
            serde_json::from_slice(&output.stdout).map_err(|source| BuildError::Metadata { program, source })
        });
        described.collect()
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(self.workspace).arg(command).arg("--target-dir").arg(self.target);
        if self.is_locked {
            cargo.arg("--locked");
        }
        cargo
    }

    /// Folders of this machine, and what stands for them in what is built. They are the same for all workspaces that
    /// are built in one target directory, so that these share what they have in common: Cargo builds anew under other
    /// flags.
    fn replaced(&self, toolchain: &Toolchain) -> Result<Vec<(String, &'static str)>, BuildError> {
        let cargo_home = match env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => env::home_dir().ok_or(BuildError::NoHome)?.join(".cargo"),
        };
        // The folders in here are named after the registry that they came from.
        let registries = cargo_home.join("registry/src");
        // What build scripts write is in the target directory.
        let mut replaced = vec![(utf8(&cargo_home)?, "/cargo"), (utf8(self.target)?, "/target")];
        for registry in fs::read_dir(&registries).into_iter().flatten() {
            replaced.push((utf8(&registry.map_err(BuildError::file(&registries))?.path())?, "/crates"));
        }
        if let Some(library) = toolchain.library() {
            replaced.push((utf8(library)?, "/rust"));
        }
        Ok(replaced)
    }
}

pub(crate) fn run(command: &mut Command, name: &str) -> Result<(), BuildError> {
    let status = command.status().map_err(|source| BuildError::Start { program: name.to_owned(), source })?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { program: name.to_owned(), status }) }
}

fn utf8(path: &Path) -> Result<String, BuildError> {
    path.to_str().map(String::from).ok_or_else(|| BuildError::Path(path.to_owned()))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
