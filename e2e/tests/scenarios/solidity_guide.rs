//! The guide for Solidity developers, as a developer follows it: install, compile, test, and be answered.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::{
    abi::Abi,
    contract::ContractFactory,
    types::{Bytes, U256},
};
use phat_e2e::{Behaviour, Directory, Environment, eventually, phat_oracle::PhatOracle};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// What the package has at its top.
const PACKAGE: [&str; 5] = ["LICENSE", "README.md", "artifacts", "package.json", "src"];
/// How JavaScript tools (hardhat among them) find what the package offers.
const RESOLVE: &str = r#"
    for (const path of ["package.json", "src/PhatConsumer.sol", "src/testing/MockPhatOracle.sol"])
        require.resolve(`@phat-oracle/contracts/${path}`);
    const { abi, bytecode } = require("@phat-oracle/contracts/artifacts/PhatOracle.json");
    if (!Array.isArray(abi) || !/^0x[0-9a-f]+$/.test(bytecode)) throw new Error("no artifact");
"#;

fn repository() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?)
}

/// The block that follows a file's name in the guide.
fn block(file: &str, language: &str) -> Result<String> {
    let guide = fs::read_to_string(repository()?.join("docs/solidity.md"))?;
    let block = guide.split_once(&format!("`{file}`")).and_then(|(_, rest)| {
        let (_, rest) = rest.split_once(&format!("```{language}\n"))?;
        Some(rest.split_once("```")?.0.to_owned())
    });
    block.with_context(|| format!("the guide shows no {file}"))
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("can't start {command:?}"))?;
    let written = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command:?}\n{written}{}", String::from_utf8_lossy(&output.stderr));
    Ok(written)
}

fn npm(directory: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(directory).args(["--offline", "--no-audit", "--no-fund", "--silent"]);
    command
}

/// A developer's project beside a copy of the repository, without a registry: the package's one dependency is installed
/// from what `cargo xtask setup` brought.
fn project(home: &Path, name: &str) -> Result<PathBuf> {
    let project = home.join(name);
    fs::create_dir(&project)?;
    fs::write(project.join("package.json"), "{}\n")?;
    let openzeppelin = repository()?.join("contracts-evm/node_modules/@openzeppelin/contracts");
    ensure!(openzeppelin.exists(), "OpenZeppelin's contracts are not installed: run `cargo xtask setup`");
    let tarball = run(npm(&openzeppelin).args(["pack", "--ignore-scripts", "--pack-destination"]).arg(&project))?;
    run(npm(&project).arg("install").arg(project.join(tarball.trim())))?;
    Ok(project)
}

/// Every file of the installed package, by its path in it.
fn installed(project: &Path) -> Result<BTreeSet<PathBuf>> {
    let package = project.join("node_modules/@phat-oracle/contracts");
    let (mut files, mut folders) = (BTreeSet::new(), vec![package.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.insert(entry.path().strip_prefix(&package)?.to_owned());
            }
        }
    }
    Ok(files)
}

fn forge(project: &Path) -> Result<Command> {
    let contracts = repository()?.join("contracts-evm");
    let forge = contracts.join("node_modules/.bin/forge");
    ensure!(forge.exists(), "forge is not installed: run `cargo xtask setup`");
    let mut command = Command::new(forge);
    // npm's compiler instead of a download.
    command.current_dir(project).env("FOUNDRY_SOLC", contracts.join("tools/solc")).env("FOUNDRY_OFFLINE", "true");
    Ok(command)
}

/// Follows the guide up to the tests' success.
fn follow(home: &Path) -> Result<PathBuf> {
    symlink(repository()?, home.join("phat-oracle"))?;
    let project = project(home, "project")?;
    let install = block("contracts-evm", "sh")?;
    let install = install.trim();
    ensure!(install == "npm install --install-links ../phat-oracle/contracts-evm", "{install}");
    run(Command::new("sh").args(["-c", install]).current_dir(&project).env("npm_config_offline", "true"))?;

    fs::write(project.join("foundry.toml"), block("foundry.toml", "toml")?)?;
    for file in ["src/Bitcoin.sol", "test/Bitcoin.t.sol"] {
        let path = project.join(file);
        fs::create_dir_all(path.parent().context("a file in no folder")?)?;
        fs::write(path, block(file, "solidity")?)?;
    }
    let tested = run(forge(&project)?.arg("test"))?;
    ensure!(tested.contains("2 tests passed, 0 failed, 0 skipped"), "{tested}");
    run(Command::new("node").args(["-e", RESOLVE]).current_dir(&project))?;
    Ok(project)
}

#[test]
fn the_package_is_the_same_from_a_folder_and_from_a_tarball_and_has_nothing_else_in_it() -> Result<()> {
    let home = Directory::create()?;
    let contracts = repository()?.join("contracts-evm");
    let from_folder = project(home.path(), "folder")?;
    run(npm(&from_folder).args(["install", "--install-links"]).arg(&contracts))?;
    let from_tarball = project(home.path(), "tarball")?;
    let tarball = run(npm(&contracts).args(["pack", "--pack-destination"]).arg(&from_tarball))?;
    run(npm(&from_tarball).arg("install").arg(from_tarball.join(tarball.trim())))?;

    let files = installed(&from_folder)?;
    ensure!(files == installed(&from_tarball)?, "a folder and a tarball give different packages");
    let top: BTreeSet<_> = files.iter().filter_map(|file| file.iter().next()?.to_str()).collect();
    ensure!(top == BTreeSet::from(PACKAGE), "{top:?}");
    for test_only in ["artifacts/EmptyConsumer.json", "artifacts/RevertingConsumer.json"] {
        ensure!(contracts.join(test_only).exists() && !files.contains(Path::new(test_only)), "{test_only}");
    }
    ensure!(
        fs::read(contracts.join("LICENSE"))? == fs::read(repository()?.join("LICENSE"))?,
        "the package's licence is another than the repository's"
    );
    run(Command::new("node").args(["-e", RESOLVE]).current_dir(&from_tarball))?;
    home.hush();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_tells_solidity_developers_works_as_written() -> Result<()> {
    let home = Directory::create()?;
    let project = follow(home.path())?;
    let built: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(project.join("out/Bitcoin.sol/Bitcoin.json"))?)?;
    let abi: Abi = serde_json::from_value(built["abi"].clone())?;
    let bytecode: Bytes = serde_json::from_value(built["bytecode"]["object"].clone())?;

    // The same contract before a real oracle.
    let environment: Environment = Environment::start().await?;
    environment.source.behave("BTC", "USD", Behaviour::Price("97000.5".to_owned()));
    let contract_id = environment.deploy_prices().await?;
    let chain = environment.end.chain.provider();
    let factory = ContractFactory::new(abi, bytecode, chain.clone());
    let bitcoin = factory.deploy((environment.end.oracle.address, contract_id.0))?.send().await?;
    let oracle = PhatOracle::new(environment.end.oracle.address, chain);
    let due = oracle.quote(60_000, 28.into(), 64).call().await?;
    let asked = bitcoin.method::<_, [u8; 32]>("ask", ())?.value(due).send().await?.await?.context("dropped")?;
    ensure!(asked.status == Some(1.into()), "asking was reverted");
    let price = bitcoin.method::<_, U256>("price", ())?;
    eventually("the price", DEADLINE, async || Ok(price.call().await? == U256::from(9_700_050_000_000_u64))).await?;
    environment.finish().await?;
    home.hush();
    Ok(())
}
