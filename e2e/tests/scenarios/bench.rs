//! The bench, as a developer runs it, at its least extent.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Binaries, Process, repository, wait_for};
use serde_json::Value;
use std::{collections::BTreeMap, fs, process::Command};

/// Runs a bench at its least extent. Answers its figures, and what it printed.
async fn quick(bench: &str, options: &[&str]) -> Result<(BTreeMap<String, f64>, String)> {
    let binaries = Binaries::up_to_date()?;
    let place = tempfile::tempdir()?;
    let (log, json) = (place.path().join("bench.log"), place.path().join("figures.json"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args([bench, "--quick", "--json"]).arg(&json).args(options);
    command.arg("--bin-dir").arg(binaries.relayer.parent().context("a binary in no directory")?);
    let mut process = Process::start("bench", command, &log)?;
    let ended = wait_for("the bench's end", DEADLINE, async || process.ended()).await;
    let printed = fs::read_to_string(&log)?;
    ensure!(ended.context(printed.clone())?.success(), "{printed}");

    let written: Value = serde_json::from_slice(&fs::read(&json)?)?;
    let name = [&[bench], options].concat().join("-").replace("---chain", "");
    ensure!(written["bench"] == name && written["quick"] == true, "{written}");
    ensure!(written["profile"].is_string() && written["processors"].is_u64(), "{written}");
    let mut figures = BTreeMap::new();
    for figure in written["figures"].as_array().context("no figures")? {
        let (name, value, unit) = (figure["name"].as_str(), figure["value"].as_f64(), figure["unit"].as_str());
        let (name, value, unit) = (name.context("no name")?, value.context("no value")?, unit.context("no unit")?);
        ensure!(figures.insert(name.to_owned(), value).is_none(), "{name} twice");
        let line = printed.lines().find(|line| line.starts_with(&format!("{name}: ")));
        ensure!(line.is_some_and(|line| line.ends_with(&format!(" {unit}"))), "{name} in {unit} isn't in\n{printed}");
    }
    every_figure_is_documented(figures.keys().map(String::as_str))?;
    // What was measured is more than nothing.
    for (name, value) in &figures {
        let may_be_nothing = ["lost", "doubled"].iter().any(|kind| name.contains(kind)) || name.contains("_cpu_");
        ensure!(may_be_nothing || *value > 0.0, "{name} is {value}");
    }
    Ok((figures, printed))
}

#[tokio::test]
async fn the_quick_bench_prints_and_writes_every_figure_and_finds_each_request_answered_once() -> Result<()> {
    let (figures, printed) = quick("relay", &[]).await?;
    for leg in ["1", "20"] {
        ensure!(figures[&format!("lost_{leg}")] == 0.0, "{printed}");
        ensure!(figures[&format!("doubled_{leg}")] == 0.0, "{printed}");
    }
    Ok(())
}

#[tokio::test]
async fn the_quick_bench_on_a_substrate_chain_finds_each_request_answered_once() -> Result<()> {
    let (figures, printed) = quick("relay", &["--chain", "substrate"]).await?;
    for leg in ["1", "20"] {
        ensure!(figures[&format!("lost_{leg}")] == 0.0, "{printed}");
        ensure!(figures[&format!("doubled_{leg}")] == 0.0, "{printed}");
    }
    Ok(())
}

#[tokio::test]
async fn the_quick_bench_of_a_long_chain_finds_every_request_and_answers_those_of_downtime() -> Result<()> {
    let (figures, printed) = quick("backfill", &[]).await?;
    for lost in ["backfill_lost_2000", "downtime_lost", "downtime_doubled"] {
        ensure!(figures[lost] == 0.0, "{printed}");
    }
    ensure!(figures["backfill_requests_2000"] == 100.0 && figures["downtime_answers"] == 10.0, "{printed}");
    Ok(())
}

/// A figure of a leg is documented once, with N in its name for the requests in flight.
fn every_figure_is_documented<'f>(names: impl Iterator<Item = &'f str>) -> Result<()> {
    let documented = fs::read_to_string(repository().join("docs/benchmarks.md"))?;
    for name in names {
        let general = name.rsplit_once('_').filter(|(_, leg)| leg.parse::<u32>().is_ok());
        let general = general.map_or_else(|| name.to_owned(), |(kind, _)| format!("{kind}_N"));
        ensure!(documented.contains(&format!("| `{general}` |")), "docs/benchmarks.md doesn't define {general}");
    }
    Ok(())
}
