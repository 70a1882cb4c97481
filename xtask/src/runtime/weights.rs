//! Measures what calls of the pallet weigh, in the development runtime, and writes it as Rust.

use super::{build, toolchain};
use crate::process::{self, output, root};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// How weights are measured.
#[derive(Args)]
pub(crate) struct Weights {
    /// The program that measures: `frame-omni-bencher`, or a node built with the feature `runtime-benchmarks`
    #[arg(long, value_name = "PROGRAM", default_value = OMNI_BENCHER)]
    bencher: PathBuf,
    /// How many values each component takes
    #[arg(long, default_value_t = 50)]
    steps: u32,
    /// How often each value is measured
    #[arg(long, default_value_t = 20)]
    repeat: u32,
}

const OMNI_BENCHER: &str = "frame-omni-bencher";

/// Measures, and writes `pallets/phat-oracle/src/weights/substrate.rs`.
///
/// # Errors
/// When the program is missing, the runtime isn't built, or a benchmark fails.
pub(crate) fn run(weights: &Weights) -> Result<()> {
    let bencher = weights.bencher.as_path();
    if output(Command::new(bencher).arg("--version")).is_err() {
        let program = bencher.display();
        bail!("can't run {program}; `cargo install {OMNI_BENCHER} --locked` installs what measures weights");
    }
    let module = build(&toolchain()?, &["runtime-benchmarks"])?;
    let folder = tempfile::tempdir()?;
    let runtime = folder.path().join("runtime.wasm");
    fs::write(&runtime, module).with_context(|| format!("can't write {}", runtime.display()))?;
    let pallets = root().join("pallets");
    let mut command = Command::new(bencher);
    command.args(words_of(bencher)).arg("--runtime").arg(runtime);
    command.args(["--pallet", "pallet_phat_oracle", "--extrinsic", "*", "--genesis-builder-preset", "development"]);
    command.args(["--wasm-execution", "compiled", "--heap-pages", "4096"]);
    command.arg("--steps").arg(weights.steps.to_string()).arg("--repeat").arg(weights.repeat.to_string());
    command.arg("--template").arg(pallets.join("weights.hbs"));
    command.arg("--output").arg(pallets.join("phat-oracle/src/weights/substrate.rs"));
    process::run(&mut command)?;
    process::run(process::cargo().current_dir(&pallets).args(["fmt", "--package", "pallet-phat-oracle"]))
}

/// What the program is told to have it measure pallets. Nodes have no versions of that.
fn words_of(bencher: &Path) -> Vec<OsString> {
    let version = bencher.file_stem().is_some_and(|name| name == OMNI_BENCHER).then_some("v1");
    version.into_iter().chain(["benchmark", "pallet"]).map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_omni_bencher_is_told_a_version_and_a_node_is_not() {
        assert_eq!(words_of(Path::new("/bin/frame-omni-bencher")), ["v1", "benchmark", "pallet"]);
        assert_eq!(words_of(Path::new("polkadot-omni-node")), ["benchmark", "pallet"]);
    }
}
