//! The demo, as a newcomer runs it.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Binaries, Process, eventually, wait_for};
use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};
use tempfile::TempDir;

/// A run of the demo, with a place of its own for temporary files.
struct Run {
    process: Process,
    place: TempDir,
    log: PathBuf,
}

impl Run {
    fn start(binaries: &Path, arguments: &[&str]) -> Result<Self> {
        let place = tempfile::Builder::new().prefix("d").tempdir()?;
        let files = place.path().join("t");
        fs::create_dir(&files)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
        command.arg("--bin-dir").arg(binaries).args(arguments).env("TMPDIR", &files);
        let log = place.path().join("demo.log");
        Ok(Self { process: Process::start("demo", command, &log)?, place, log })
    }

    fn written(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn says(&mut self, what: &str) -> Result<()> {
        eventually(what, DEADLINE, async || {
            self.process.expect_running()?;
            Ok(self.written().contains(what))
        })
        .await
    }

    async fn ends(&mut self) -> Result<ExitStatus> {
        let ended = wait_for("the demo's end", DEADLINE, async || self.process.ended()).await;
        ended.with_context(|| self.written())
    }

    /// The node's address: something that must not answer once all is cleaned up.
    fn node(&self) -> Result<SocketAddr> {
        let written = self.written();
        let (_, rest) = written.split_once("node, serves http://").context("no node was started")?;
        Ok(rest.split_whitespace().next().unwrap_or_default().parse()?)
    }

    fn expect_no_files(&self) -> Result<()> {
        let left: Vec<_> = fs::read_dir(self.place.path().join("t"))?.collect();
        ensure!(left.is_empty(), "{left:?} are left");
        Ok(())
    }
}

fn is_up(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

fn beside(binaries: &Binaries) -> Result<&Path> {
    binaries.relayer.parent().context("a binary in no directory")
}

#[tokio::test]
async fn the_demo_shows_at_least_20_answers_and_a_failure_and_leaves_nothing_behind() -> Result<()> {
    let mut run = Run::start(beside(&Binaries::up_to_date()?)?, &[])?;
    let status = run.ends().await?;
    let written = run.written();
    ensure!(status.success(), "it ended with {status}\n{written}");
    let rows: Vec<&str> = written.lines().filter(|line| line.contains("..") && line.contains("0x")).collect();
    let (failed, answered): (Vec<&str>, Vec<&str>) = rows.iter().partition(|row| row.contains("ContractError"));
    ensure!(answered.len() >= 20 && failed.len() == 1, "{written}");
    ensure!(answered.iter().any(|row| row.contains("97214.53")), "{written}");
    ensure!(written.contains("simulated"), "{written}");
    ensure!(!is_up(run.node()?), "the node is still up");
    run.expect_no_files()
}

#[tokio::test]
async fn a_demo_that_is_kept_stays_up_until_it_is_stopped() -> Result<()> {
    let mut run = Run::start(beside(&Binaries::up_to_date()?)?, &["--keep"])?;
    run.says("stays up until ctrl-C").await?;
    let node = run.node()?;
    ensure!(is_up(node), "the node is gone");
    run.process.interrupt()?;
    let status = run.ends().await?;
    ensure!(status.code() == Some(130), "it ended with {status}");
    ensure!(!is_up(node), "the node is still up");
    run.expect_no_files()
}

#[tokio::test]
async fn a_demo_that_is_interrupted_or_killed_leaves_no_process_behind() -> Result<()> {
    let binaries = Binaries::up_to_date()?;
    let mut interrupted = Run::start(beside(&binaries)?, &[])?;
    interrupted.says("its worker is").await?;
    let node = interrupted.node()?;
    interrupted.process.interrupt()?;
    let status = interrupted.ends().await?;
    ensure!(status.code() == Some(130), "it ended with {status}");
    ensure!(!is_up(node), "the node is still up");
    interrupted.expect_no_files()?;

    let mut killed = Run::start(beside(&binaries)?, &[])?;
    killed.says("its worker is").await?;
    let node = killed.node()?;
    killed.process.kill()?;
    eventually("the node's end", DEADLINE, async || Ok(!is_up(node))).await
}

#[tokio::test]
async fn a_demo_whose_part_fails_shows_the_logs_and_fails() -> Result<()> {
    let binaries = Binaries::up_to_date()?;
    let broken = tempfile::tempdir()?;
    fs::copy(&binaries.enclave, broken.path().join("enclave"))?;
    let relayer = broken.path().join("relayer");
    fs::write(&relayer, "#!/bin/sh\necho out of order >&2\nexit 1\n")?;
    fs::set_permissions(&relayer, fs::Permissions::from_mode(0o755))?;
    let mut run = Run::start(broken.path(), &[])?;
    let status = run.ends().await?;
    let written = run.written();
    ensure!(status.code() == Some(1), "it ended with {status}");
    ensure!(written.contains("out of order") && written.contains("the end of enclave's log"), "{written}");
    ensure!(!is_up(run.node()?), "the node is still up");
    run.expect_no_files()
}
