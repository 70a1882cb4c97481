//! The README's commands for operators, as an operator pastes them.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Anvil, Binaries, Directory, Process, eventually, wait_for};
use std::{
    env, fs,
    os::unix::fs::{OpenOptionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

/// anvil's first development account.
const FUNDED_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// What the README calls the node.
const NODE: &str = "http://127.0.0.1:8545";

/// The shell blocks under a heading of the README.
fn blocks(heading: &str) -> Result<Vec<String>> {
    let readme = fs::read_to_string(repository().join("README.md"))?;
    let (_, section) = readme.split_once(heading).context("no such heading")?;
    let section = section.split("\n## ").next().unwrap_or(section);
    Ok(section.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect())
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A directory in which blocks are run with the programs on the path.
struct Operator {
    directory: Directory,
    path: String,
    node: String,
}

impl Operator {
    fn command(&self, block: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", &block.replace(NODE, &self.node)])
            .current_dir(self.directory.path())
            .env("PATH", &self.path)
            // Any free port, where the README has the default one.
            .env("PHAT_RELAYER__API__LISTEN", "127.0.0.1:0")
            .env("PHAT_RELAYER__API__ADDR_FILE", "api-addr");
        if let Ok(address) = fs::read_to_string(self.directory.path().join("api-addr")) {
            command.env("PHAT_RELAYER_API", format!("http://{address}"));
        }
        command
    }

    /// Runs a block to its end, and gives back what it printed.
    fn paste(&self, block: &str) -> Result<String> {
        let output = self.command(block).output()?;
        let written = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "{block}{written}{}", String::from_utf8_lossy(&output.stderr));
        Ok(written)
    }

    /// Starts a block whose last command goes on.
    fn start(&self, name: &str, block: &str) -> Result<Process> {
        let log = self.directory.path().join(format!("{name}.log"));
        Process::start(name, self.command(block), &log)
    }
}

#[tokio::test]
async fn what_the_readme_tells_operators_works_as_written() -> Result<()> {
    let [build_and_enclave, oracle, run, contract]: [String; 4] =
        blocks("## For operators")?.try_into().ok().context("the README has other blocks than this test knows")?;
    let binaries = Binaries::up_to_date()?;
    let directory = Directory::create()?;
    let anvil = Anvil::start(directory.path()).await?;
    let programs = binaries.relayer.parent().context("a binary in no directory")?.display().to_string();
    let path = format!("{programs}:{}", env::var("PATH")?);
    let operator = Operator { node: anvil.url(), path, directory };
    let here = operator.directory.path();
    symlink(repository().canonicalize()?.join("phat-contracts"), here.join("phat-contracts"))?;
    let mut key = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(here.join("wallet.key"))?;
    std::io::Write::write_all(&mut key, FUNDED_KEY.as_bytes())?;

    // The build is this test's own: what it would build is on the path already.
    let (build, enclave) = build_and_enclave.split_once("\n\n").context("no empty line after the build")?;
    ensure!(build.starts_with("cargo build --release --package phat-relayer --package phat-enclave\n"), "{build}");
    let mut enclave = operator.start("enclave", enclave)?;
    eventually("the enclave's socket", DEADLINE, async || {
        enclave.expect_running()?;
        Ok(here.join("enclave.sock").exists())
    })
    .await?;

    // "Append the section that it prints, and set allow_simulated."
    let printed = operator.paste(&oracle)?;
    let (_, section) = printed.split_once("[chains.local]").context("no section is printed")?;
    let config = fs::read_to_string(here.join("relayer.toml"))?;
    ensure!(config.contains("allow_simulated = false"), "{config}");
    let config = config.replace("allow_simulated = false", "allow_simulated = true");
    fs::write(here.join("relayer.toml"), format!("{config}\n[chains.local]{section}"))?;

    let mut relayer = operator.start("relayer", &run)?;
    wait_for("the relayer's address", DEADLINE, async || {
        relayer.expect_running()?;
        Ok(fs::read_to_string(here.join("api-addr")).ok())
    })
    .await?;

    let printed = operator.paste(&contract)?;
    ensure!(printed.contains("price"), "{printed}");
    relayer.expect_running()?;
    operator.directory.hush();
    Ok(())
}

#[test]
fn the_example_for_solidity_developers_is_the_file_that_is_compiled() -> Result<()> {
    let folder = repository().join("contracts-evm");
    let example = fs::read_to_string(folder.join("src/examples/Weather.sol"))?;
    let readme = fs::read_to_string(folder.join("README.md"))?;
    ensure!(readme.contains(&example), "contracts-evm/README.md shows another example than src/examples/Weather.sol");
    Ok(())
}
