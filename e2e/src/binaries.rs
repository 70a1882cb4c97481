//! Where the programs under test are.

use anyhow::{Context, Result, ensure};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Names a directory of finished binaries; without it they are built.
const BIN_DIR: &str = "PHAT_BIN_DIR";

/// The programs under test.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The relayer.
    pub relayer: PathBuf,
    /// The enclave.
    pub enclave: PathBuf,
}

impl Binaries {
    /// Those in `directory`.
    ///
    /// # Errors
    /// When one isn't there.
    pub fn in_directory(directory: &Path) -> Result<Self> {
        let find = |name: &str| {
            let path = directory.join(name);
            ensure!(path.is_file(), "{} is missing: run `cargo build --bins`", path.display());
            Ok(path)
        };
        Ok(Self { relayer: find("relayer")?, enclave: find("enclave")? })
    }

    /// Those that belong to the sources: `PHAT_BIN_DIR` when it is set, as `cargo xtask test` does
    /// after it built them; otherwise cargo brings those of our own target directory up to date.
    ///
    /// # Errors
    /// When they can't be built.
    pub fn up_to_date() -> Result<Self> {
        if let Some(directory) = env::var_os(BIN_DIR) {
            return Self::in_directory(Path::new(&directory));
        }
        // target/PROFILE/deps/TEST
        let test = env::current_exe()?;
        let profile = test.parent().and_then(Path::parent).context("no target directory")?;
        let target = profile.parent().context("no target directory")?;
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--package", "phat-relayer", "--package", "phat-enclave", "--bins"])
            .arg("--target-dir")
            .arg(target)
            .current_dir(repository())
            .status()
            .context("can't run cargo")?;
        ensure!(status.success(), "the relayer and the enclave don't build");
        Self::in_directory(profile)
    }
}

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
