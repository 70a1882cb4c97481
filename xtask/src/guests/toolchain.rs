use anyhow::{Context, Result, bail, ensure};
use std::{
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Flags of every guest: memory comes from the host, at most 4 MiB of it, 64 KiB of which is stack;
/// instructions of WebAssembly 1.0 alone.
pub(super) const FLAGS: [&str; 4] = [
    "-Clink-arg=--import-memory",
    "-Clink-arg=--max-memory=4194304",
    "-Clink-arg=-zstack-size=65536",
    "-Ctarget-cpu=mvp",
];

/// Flags of rustup's toolchain. Its standard library uses bulk memory; a linker that sees this clears
/// an imported memory in a start function, which the executor refuses, so it is told otherwise.
/// (Debian's older linker, told so, makes the start function nevertheless.)
pub(super) const RUSTUP_FLAGS: [&str; 2] = ["-Clink-arg=--no-check-features", "-Clink-arg=--features=mutable-globals"];

/// Flags of Debian's toolchain, which brings no linker of its own.
pub(super) const DEBIAN_FLAGS: [&str; 1] = ["-Clinker=wasm-ld"];

/// A compiler for the guests' target.
pub(super) struct Toolchain {
    origin: Origin,
    version: String,
}

enum Origin {
    /// The compiler that builds everything else, with a standard library for the target.
    Rustup,
    /// Debian's compiler, which builds the standard library from source, and LLVM's linker.
    Debian { library: PathBuf },
}

/// A Cargo workspace of guests.
#[derive(Clone, Copy)]
pub(super) enum Workspace {
    /// `phat-contracts/`, whose guests are written with the SDK.
    Sdk,
    /// `phat-contracts/ink/`.
    Ink,
}

impl fmt::Display for Toolchain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.origin {
            Origin::Rustup => "rustup's target",
            Origin::Debian { .. } => "Debian's rustc-web, which builds core and alloc too",
        };
        write!(formatter, "{TARGET} from {source}: {}", self.version)
    }
}

impl Toolchain {
    /// The toolchain that is installed; rustup's where both are.
    pub(super) fn find() -> Result<Self> {
        if let Some(toolchain) = Self::rustup() {
            return Ok(toolchain);
        }
        if let Some(toolchain) = Self::debian() {
            return Ok(toolchain);
        }
        bail!(
            "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
             `apt-get install rustc-web rust-web-src lld`"
        )
    }

    fn rustup() -> Option<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let library = output(&rustc, &["--print", "target-libdir", "--target", TARGET])?;
        let core = fs::read_dir(library)
            .ok()?
            .flatten()
            .any(|file| file.file_name().as_encoded_bytes().starts_with(b"libcore-"));
        let version = output(&rustc, &["--version"])?;
        core.then_some(Self { origin: Origin::Rustup, version })
    }

    fn debian() -> Option<Self> {
        let rustc = OsString::from(DEBIAN_RUSTC);
        let library = Path::new(&output(&rustc, &["--print", "sysroot"])?).join("lib/rustlib/src/rust");
        let linker = output(&"wasm-ld".into(), &["--version"])?;
        let version = format!("{}; {linker}", output(&rustc, &["--version"])?);
        library
            .join("library/core/Cargo.toml")
            .is_file()
            .then_some(Self { origin: Origin::Debian { library }, version })
    }

    /// Compiler and linker, as they name themselves.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Builds these packages of a workspace and gives the bytes of each.
    pub(super) fn build(&self, repository: &Path, workspace: Workspace, packages: &[&str]) -> Result<Vec<Vec<u8>>> {
        let contracts = repository.join("phat-contracts");
        let target = target(repository)?;
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--release", "--locked", "--target", TARGET]);
        match workspace {
            Workspace::Sdk => cargo.current_dir(&contracts),
            // Their feature `std` is on by default, and `pink` uses an unstable feature of the language.
            Workspace::Ink => {
                cargo.current_dir(contracts.join("ink")).arg("--no-default-features").env("RUSTC_BOOTSTRAP", "1")
            }
        };
        cargo.arg("--target-dir").arg(&target);
        for package in packages {
            cargo.args(["--package", package]);
        }
        let hidden = self.hidden_paths(repository)?;
        let mut flags: Vec<String> = FLAGS.map(String::from).into();
        flags.extend(hidden.iter().map(|(path, name)| format!("--remap-path-prefix={path}={name}")));
        match self.origin {
            Origin::Rustup => flags.extend(RUSTUP_FLAGS.map(String::from)),
            Origin::Debian { .. } => {
                flags.extend(DEBIAN_FLAGS.map(String::from));
                cargo.arg("-Zbuild-std=core,alloc").env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC);
            }
        }
        cargo.env("RUSTC_WRAPPER", contracts.join("rustc-same-anywhere.sh"));
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")).env_remove("RUSTFLAGS");
        ensure!(cargo.status().context("can't start cargo")?.success(), "the guests don't build");

        packages
            .iter()
            .map(|package| {
                let file = target.join(TARGET).join("release").join(package.replace('-', "_")).with_extension("wasm");
                let wasm = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
                match hidden.iter().find(|(path, _)| contains(&wasm, path.as_bytes())) {
                    Some((path, _)) => bail!("{package} contains the path {path}, so its bytes depend on the machine"),
                    None => Ok(wasm),
                }
            })
            .collect()
    }

    /// Folders of this machine, and what stands for them in the guests.
    fn hidden_paths(&self, repository: &Path) -> Result<Vec<(String, &'static str)>> {
        let cargo_home = match env::var_os("CARGO_HOME") {
            Some(home) => PathBuf::from(home),
            None => env::home_dir().context("no home directory")?.join(".cargo"),
        };
        // The folders in here are named after the registry that they came from.
        let registries = cargo_home.join("registry/src");
        let mut hidden = vec![(utf8(&cargo_home)?, "/cargo"), (utf8(repository)?, "/phat")];
        for registry in fs::read_dir(&registries).into_iter().flatten() {
            hidden.push((utf8(&registry?.path())?, "/crates"));
        }
        if let Origin::Debian { library } = &self.origin {
            hidden.push((utf8(library)?, "/rust"));
        }
        Ok(hidden)
    }
}

/// Where guests of every workspace are built, so that they share what they have in common.
pub(super) fn target(repository: &Path) -> Result<PathBuf> {
    Ok(match env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => env::current_dir()?.join(shared).join("guests"),
        None => repository.join("phat-contracts/target"),
    })
}

fn utf8(path: &Path) -> Result<String> {
    path.to_str().map(String::from).with_context(|| format!("{} is no UTF-8", path.display()))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What a program prints in one line, where it runs and succeeds.
fn output(program: &OsString, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().into())
}
