//! The table of what broke others names scenarios that there are.

use anyhow::{Context, Result, ensure};
use phat_e2e::repository;
use std::fs;

/// The heading above the table.
const HEADING: &str = "## What broke others";
/// The least classes that it tells of.
const CLASSES: usize = 8;

#[test]
fn every_scenario_that_the_threat_model_names_is_there() -> Result<()> {
    let page = fs::read_to_string(repository().join("docs/threat-model.md"))?;
    let (_, section) = page.split_once(HEADING).context("the heading is gone")?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    ensure!(rows.len() >= CLASSES, "only {} classes are told of", rows.len());
    for row in rows {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        ensure!(!named.is_empty(), "no scenario in {row:?}");
        for name in named {
            let (module, test) = name.split_once("::").with_context(|| format!("{name:?} names no scenario"))?;
            let file = repository().join("e2e/tests/scenarios").join(format!("{module}.rs"));
            let source = fs::read_to_string(&file).with_context(|| format!("{name} is in no file"))?;
            let is_test = ["async fn", "fn"].iter().any(|word| source.contains(&format!("\n{word} {test}()")));
            ensure!(is_test, "{name} is not there");
        }
    }
    Ok(())
}
