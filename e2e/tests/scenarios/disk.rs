//! A disk that takes nothing for a while: nothing new is begun, `/ready` says why, and all goes on by itself.

use crate::{
    DEADLINE,
    load::Load,
    outage::{all_well, trouble},
};
use anyhow::{Result, ensure};
use phat_e2e::{Binaries, Environment, Exposition, Ground, Settings, eventually};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// Less than any write to a database needs.
const FULL: Option<u64> = Some(4096);
/// Longer than any of these scenarios: nothing that goes on does so because a lease ran out.
const LEASE: &str = "1h";

async fn load() -> Result<Load> {
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.relayer = format!("[retry]\nmax = \"1s\"\n[execute]\nlease = \"{LEASE}\"").parse()?;
    Load::on(Environment::on(Ground::start(settings).await?).await?).await
}

async fn failed_commits(environment: &Environment) -> Result<f64> {
    let metrics = Exposition::read(&environment.relayer.api().text("/metrics").await?)?;
    metrics.value("phat_relayer_database_commits_failed_total", &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_whose_disk_is_full_begins_nothing_and_goes_on_when_there_is_room() -> Result<()> {
    let mut load = load().await?;
    load.ask(1).await?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    ensure!(failed_commits(&load.environment).await? == 0.0, "commits failed before");

    load.environment.source.hold();
    load.ask(3).await?;
    eventually("the runs", DEADLINE, async || Ok(load.environment.source.waiting() == 3)).await?;
    load.environment.relayer.process()?.limit_files(FULL)?;
    load.environment.source.release();
    load.ask(2).await?;
    let reason = trouble(&load.environment, "database").await?;
    ensure!(reason.contains("database failed"), "it says {reason:?}");
    // Several tries later nothing has been begun.
    eventually("more tries", DEADLINE, async || Ok(failed_commits(&load.environment).await? > 5.0)).await?;
    let (runs, answers) = (load.environment.source.fetches(), load.environment.history().fulfilments().await?.len());
    ensure!((runs, answers) == (4, 1), "{runs} runs and {answers} answers");
    load.environment.relayer.expect_running()?;

    load.environment.relayer.process()?.limit_files(None)?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    all_well(&load.environment).await?;
    let runs = load.environment.source.fetches();
    ensure!(runs == load.asked().len(), "{runs} runs of {} requests", load.asked().len());
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enclave_whose_disk_is_full_signs_nothing_and_goes_on_when_there_is_room() -> Result<()> {
    let mut load = load().await?;
    load.environment.source.hold();
    load.ask(3).await?;
    eventually("the runs", DEADLINE, async || Ok(load.environment.source.waiting() == 3)).await?;
    load.environment.enclave.process()?.limit_files(FULL)?;
    load.environment.source.release();
    let reason = trouble(&load.environment, "enclave").await?;
    ensure!(reason.contains("can't sign"), "it says {reason:?}");
    let answers = load.environment.history().fulfilments().await?.len();
    ensure!(answers == 0, "{answers} answers");

    load.environment.enclave.process()?.limit_files(None)?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    all_well(&load.environment).await?;
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_that_starts_on_a_read_only_database_says_so_and_goes_on_when_it_may_write() -> Result<()> {
    let mut load = load().await?;
    load.environment.relayer.stop().await?;
    load.ask(2).await?;
    let folder = load.environment.database_folder();
    set_modes(&folder, 0o555, 0o444)?;
    load.environment.relayer.bind_by_permissions();
    load.environment.relayer.resume().await?;
    let reason = trouble(&load.environment, "database").await?;
    ensure!(reason.contains("database"), "it says {reason:?}");

    load.environment.relayer.expect_running()?;
    ensure!(load.environment.source.fetches() == 0, "something ran");

    set_modes(&folder, 0o755, 0o644)?;
    load.environment.expect_each_answered_once(&load.asker, load.asked(), DEADLINE).await?;
    all_well(&load.environment).await?;
    load.finish().await
}

/// Sets the modes of a folder and of the files in it.
fn set_modes(folder: &Path, mode: u32, files: u32) -> Result<()> {
    for file in fs::read_dir(folder)? {
        fs::set_permissions(file?.path(), Permissions::from_mode(files))?;
    }
    Ok(fs::set_permissions(folder, Permissions::from_mode(mode))?)
}
