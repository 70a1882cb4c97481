use super::check;
use crate::cli::output::Output;
use clap::Args;
use phat_project::{Built, Folder, Toolchain};
use phat_protocol::{CodeHash, code_hash};
use serde::Serialize;
use std::path::PathBuf;

/// Build a contract in Rust or ink! to wasm, and check it as `contract check` does. Needs no relayer.
///
/// The compiler is rustup's where it has the target wasm32-unknown-unknown, else Debian's rustc-web. The result is left in
/// the folder's target/: NAME.wasm, or the bundle NAME.contract of code and metadata.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The contract's folder.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

#[derive(Serialize)]
struct Done {
    file: PathBuf,
    code_hash: CodeHash,
    size: usize,
}

impl Build {
    pub(super) fn run(self, output: &Output) -> anyhow::Result<()> {
        let folder = Folder::open(&self.folder)?;
        let toolchain = Toolchain::find(&self.folder)?;
        output.note(&toolchain.to_string());
        let Built { file, wasm } = folder.build(&toolchain)?;
        check::judged(&wasm).map_err(|reasons| check::refused(&file, &reasons))?;
        let done = Done { file, code_hash: code_hash(&wasm), size: wasm.len() };
        output.show(&done, |done| {
            format!("{}\n{} bytes, code {}; it can be deployed", done.file.display(), done.size, done.code_hash)
        })
    }
}
