use std::{
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// What is compiled to WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// A Phat Contract.
    Contract,
    /// A Substrate runtime.
    Runtime,
}

impl Product {
    /// The target that it is compiled for.
    #[must_use]
    pub const fn target(self) -> &'static str {
        match self {
            Self::Contract => "wasm32-unknown-unknown",
            Self::Runtime => "wasm32v1-none",
        }
    }

    /// Flags of either compiler.
    #[must_use]
    pub const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &FLAGS,
            Self::Runtime => &RUNTIME_FLAGS,
        }
    }

    const fn rustup_flags(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &RUSTUP_FLAGS,
            Self::Runtime => &[],
        }
    }
}

/// Flags of a runtime: polkadot-sdk's own switch, and what nodes expect, which bring the memory and call through the
/// table.
pub const RUNTIME_FLAGS: [&str; 4] =
    ["--cfg", "substrate_runtime", "-Clink-arg=--export-table", "-Clink-arg=--import-memory"];

/// Flags of every contract: memory comes from the host, at most 4 MiB of it, 64 KiB of which is stack;
/// instructions of WebAssembly 1.0 alone.
pub const FLAGS: [&str; 4] = [
    "-Clink-arg=--import-memory",
    "-Clink-arg=--max-memory=4194304",
    "-Clink-arg=-zstack-size=65536",
    "-Ctarget-cpu=mvp",
];

/// Flags of rustup's toolchain. Its standard library uses bulk memory; a linker that sees this clears
/// an imported memory in a start function, which the executor refuses, so it is told otherwise.
/// (Debian's older linker, told so, makes the start function nevertheless.)
pub const RUSTUP_FLAGS: [&str; 2] = ["-Clink-arg=--no-check-features", "-Clink-arg=--features=mutable-globals"];

/// Flags of Debian's toolchain, which brings no linker of its own.
pub const DEBIAN_FLAGS: [&str; 1] = ["-Clinker=wasm-ld"];

/// A compiler for contracts, or for runtimes.
#[derive(Clone, Debug)]
pub struct Toolchain {
    product: Product,
    origin: Origin,
    version: String,
}

#[derive(Clone, Debug)]
enum Origin {
    /// The compiler that builds everything else, with a standard library for the target.
    Rustup,
    /// Debian's compiler, which builds the standard library from source, and LLVM's linker.
    Debian { library: PathBuf },
}

/// There is no compiler for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no compiler for {target}: run `rustup target add {target}`, or on Debian `apt-get install rustc-web rust-web-src lld`"
)]
pub struct NoToolchain {
    /// The target.
    pub target: &'static str,
}

impl fmt::Display for Toolchain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.origin {
            Origin::Rustup => "rustup's target",
            Origin::Debian { .. } => "Debian's rustc-web, which builds core and alloc too",
        };
        write!(formatter, "{} from {source}: {}", self.product.target(), self.version)
    }
}

impl Toolchain {
    /// The toolchain for contracts that is installed; rustup's where both are. rustup may have several compilers, and
    /// chooses one for `folder`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(folder: &Path) -> Result<Self, NoToolchain> {
        Self::find_for(Product::Contract, folder)
    }

    /// As [`Self::find`], for any product.
    ///
    /// # Errors
    /// When there is none.
    pub fn find_for(product: Product, folder: &Path) -> Result<Self, NoToolchain> {
        let found = Self::rustup(product, folder).or_else(|| Self::debian(product, folder));
        found.ok_or(NoToolchain { target: product.target() })
    }

    /// What it compiles.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    fn rustup(product: Product, folder: &Path) -> Option<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let library = output(folder, &rustc, &["--print", "target-libdir", "--target", product.target()])?;
        let core = fs::read_dir(library)
            .ok()?
            .flatten()
            .any(|file| file.file_name().as_encoded_bytes().starts_with(b"libcore-"));
        let version = output(folder, &rustc, &["--version"])?;
        core.then_some(Self { product, origin: Origin::Rustup, version })
    }

    fn debian(product: Product, folder: &Path) -> Option<Self> {
        let rustc = OsString::from(DEBIAN_RUSTC);
        let library = Path::new(&output(folder, &rustc, &["--print", "sysroot"])?).join("lib/rustlib/src/rust");
        let linker = output(folder, &"wasm-ld".into(), &["--version"])?;
        let version = format!("{}; {linker}", output(folder, &rustc, &["--version"])?);
        library.join("library/core/Cargo.toml").is_file().then_some(Self {
            product,
            origin: Origin::Debian { library },
            version,
        })
    }

    /// Compiler and linker, as they name themselves.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Has cargo compile with this toolchain. `replaced` are folders of this machine, and what stands for them in what
    /// is compiled.
    pub(crate) fn apply(&self, cargo: &mut Command, replaced: &[(String, &str)]) {
        let mut flags: Vec<String> = self.product.flags().iter().copied().map(String::from).collect();
        flags.extend(replaced.iter().map(|(path, name)| format!("--remap-path-prefix={path}={name}")));
        match self.origin {
            Origin::Rustup => flags.extend(self.product.rustup_flags().iter().copied().map(String::from)),
            Origin::Debian { .. } => {
                flags.extend(DEBIAN_FLAGS.map(String::from));
                cargo.arg("-Zbuild-std=core,alloc").env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC);
            }
        }
        cargo.args(["--target", self.product.target()]);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")).env_remove("RUSTFLAGS");
    }

    /// Where its standard library's sources are, where it builds them.
    pub(crate) fn library(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Rustup => None,
            Origin::Debian { library } => Some(library),
        }
    }
}

/// What a program prints in one line, where it runs and succeeds.
fn output(folder: &Path, program: &OsString, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().into())
}
