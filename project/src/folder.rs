//! Folders of contracts that are there, and what is built in them.

use crate::{BuildError, Dialect, Origin, Packages, Toolchain, bundle, ink_version};
use serde_json::Value as Json;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The example that prints an ink! contract's metadata.
const METADATA: &str = "metadata";

/// The folder of a contract in Rust or ink!.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    package: String,
    library: String,
    version: String,
    /// The release of ink! that it is written with.
    ink: Option<String>,
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Where it was left: a module or a bundle.
    pub file: PathBuf,
    /// The module.
    pub wasm: Vec<u8>,
}

/// Why a folder can't be built.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It has no manifest of cargo.
    #[error("{} has no Cargo.toml; scripts are deployed as they are, or as `npm run build` leaves them", .0.display())]
    NoManifest(PathBuf),
    /// The manifest is none.
    #[error("{}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: toml::de::Error,
    },
    /// The manifest is of no package.
    #[error("{} has no package with a name", .0.display())]
    NoPackage(PathBuf),
    /// A package of ink! without the program that prints its metadata.
    #[error("{} is missing: it prints the metadata of ink! contracts (`relayer contract new` writes one)", .0.display())]
    NoMetadata(PathBuf),
    /// The metadata isn't an object, or no version of ink! is locked.
    #[error("there is no metadata of ink! {0}")]
    NoInk(String),
    /// The build failed.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl Folder {
    /// Reads what the folder's manifest says.
    ///
    /// # Errors
    /// When there is no manifest of a package.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let path = path.canonicalize().map_err(BuildError::file(path))?;
        let file = path.join("Cargo.toml");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(FolderError::NoManifest(path)),
            Err(error) => return Err(BuildError::file(&file)(error).into()),
        };
        let manifest: Table = text.parse().map_err(|source| FolderError::Manifest { path: file.clone(), source })?;
        let text = |table: &str, key: &str| manifest.get(table)?.get(key)?.as_str().map(str::to_owned);
        let package = text("package", "name").ok_or(FolderError::NoPackage(file))?;
        let library = text("lib", "name").unwrap_or_else(|| package.replace('-', "_"));
        let ink = manifest.get("dependencies").and_then(|dependencies| dependencies.get("ink")).map(release);
        let version = text("package", "version").unwrap_or_else(|| "0.0.0".to_owned());
        Ok(Self { path, package, library, version, ink })
    }

    /// Builds the contract, and leaves it in the folder's `target/`.
    ///
    /// # Errors
    /// When a part of the build fails.
    pub fn build(&self, toolchain: &Toolchain) -> Result<Built, FolderError> {
        let own_target = self.path.join("target");
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(shared) => env::current_dir().map_err(BuildError::file(Path::new(".")))?.join(shared),
            None => own_target.clone(),
        };
        let packages = Packages {
            workspace: &self.path,
            target: &target,
            names: &[(&self.package, &self.library)],
            dialect: if self.ink.is_some() { Dialect::Ink } else { Dialect::Sdk },
            hidden: &[&self.path],
            wrapper: None,
            features: &[],
            is_locked: false,
        };
        let wasm = packages.modules(toolchain)?.into_iter().next().unwrap_or_default();
        fs::create_dir_all(&own_target).map_err(BuildError::file(&own_target))?;
        let (file, content) = match &self.ink {
            Some(release) => {
                let bundle = self.bundle(&packages, toolchain, release, &wasm)?;
                (own_target.join(&self.package).with_extension("contract"), format!("{bundle}\n").into_bytes())
            }
            None => (own_target.join(&self.package).with_extension("wasm"), wasm.clone()),
        };
        fs::write(&file, content).map_err(BuildError::file(&file))?;
        Ok(Built { file, wasm })
    }

    fn bundle(
        &self,
        packages: &Packages<'_>,
        toolchain: &Toolchain,
        release: &str,
        wasm: &[u8],
    ) -> Result<Json, FolderError> {
        let program = self.path.join("examples").join(METADATA).with_extension("rs");
        if !program.is_file() {
            return Err(FolderError::NoMetadata(program));
        }
        let metadata = packages.metadata(&[METADATA])?.into_iter().next();
        let lock = self.path.join("Cargo.lock");
        let lock = fs::read_to_string(&lock).map_err(BuildError::file(&lock))?;
        let (Some(Json::Object(metadata)), Some(ink)) = (metadata, ink_version(&lock, release)) else {
            return Err(FolderError::NoInk(release.to_owned()));
        };
        let origin = Origin { name: &self.package, version: &self.version, ink, compiler: toolchain.version() };
        Ok(bundle(wasm, metadata, origin))
    }
}

/// The release that a dependency asks for: "5" of `"5.1"`.
fn release(dependency: &Value) -> String {
    let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str()).unwrap_or_default();
    version.trim_start_matches(['=', '^', '~', ' ']).split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Folder, FolderError};
    use std::fs;

    fn open(manifest: &str) -> Result<Folder, FolderError> {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("Cargo.toml"), manifest).expect("written");
        Folder::open(home.path())
    }

    #[test]
    fn a_manifest_says_what_is_built() {
        let folder = open("[package]\nname = \"btc-usd\"\nversion = \"1.2.3\"\n").expect("a folder");
        assert_eq!((folder.package.as_str(), folder.library.as_str()), ("btc-usd", "btc_usd"));
        assert_eq!((folder.version.as_str(), folder.ink), ("1.2.3", None));
        let with_ink = "[package]\nname = \"a\"\n[lib]\nname = \"b\"\n[dependencies]\nink = ";
        for (dependency, release) in [("\"5.1\"", "5"), ("{ version = \"=4.3.0\" }", "4")] {
            let folder = open(&format!("{with_ink}{dependency}\n")).expect("a folder");
            assert_eq!((folder.library.as_str(), folder.ink.as_deref()), ("b", Some(release)));
        }
    }

    #[test]
    fn a_folder_of_no_package_is_refused() {
        let empty = tempfile::tempdir().expect("a folder");
        assert!(matches!(Folder::open(empty.path()), Err(FolderError::NoManifest(_))));
        assert!(matches!(open("[workspace]\n"), Err(FolderError::NoPackage(_))));
        assert!(matches!(open("package"), Err(FolderError::Manifest { .. })));
    }
}
