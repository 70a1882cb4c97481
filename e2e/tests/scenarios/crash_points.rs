//! The relayer kills itself before and after every call that a stage makes of a part, and starts again on its
//! database.

mod circumstance;
mod stage;

use crate::{enclave_crash, relayer_crash};
use anyhow::{Result, ensure};
use circumstance::Circumstance;
use phat_e2e::under_fault::{self, CrashPoint, Moment};
use stage::Stage;
use std::collections::BTreeSet;

/// The points of the calls to which these circumstances bring a relayer.
fn points(of: impl Fn(Circumstance) -> bool) -> Vec<CrashPoint> {
    let calls = under_fault::calls().into_iter().filter(|call| of(Circumstance::of(call)));
    calls
        .flat_map(|call| [Moment::Before, Moment::After].map(|moment| CrashPoint { call: call.into(), moment }))
        .collect()
}

/// Dies at each point once, and in the end every request has exactly one answer. Answers what there was of it.
async fn die_at_each(points: Vec<CrashPoint>) -> Result<String> {
    let mut stage = Stage::set().await?;
    for point in &points {
        stage.die_at(point, Circumstance::of(&point.call)).await?;
    }
    let done = format!("{} deaths at {} points, {} requests", stage.deaths(), points.len(), stage.asked().len());
    stage.end().await?;
    Ok(done)
}

#[test]
fn every_call_has_its_circumstance_and_its_name_once() -> Result<()> {
    let calls = under_fault::calls();
    let names: BTreeSet<&str> = calls.iter().copied().collect();
    ensure!(names.len() == calls.len(), "a call is listed twice");
    let unknown: Vec<_> =
        circumstance::PROVOKED.iter().map(|(call, _)| *call).filter(|call| !names.contains(call)).collect();
    ensure!(unknown.is_empty(), "no stage makes these calls: {unknown:?}");
    Ok(())
}

#[test]
fn processes_die_200_times_over_2_000_requests() -> Result<()> {
    let at_points = points(|_| true).len();
    // Of those that only trouble brings, each has a request or two; they are not counted.
    let asked_at_points = points(|circumstance| circumstance == Circumstance::Traffic).len() * stage::AT_ONCE;
    let relayer = at_points + relayer_crash::DEATHS;
    let requests = asked_at_points
        + relayer_crash::DEATHS * relayer_crash::ASKED
        + 2 * enclave_crash::DEATHS * enclave_crash::ASKED;
    let deaths = relayer + 2 * enclave_crash::DEATHS;
    println!("{deaths} deaths, {requests} requests");
    ensure!(deaths >= 200 && requests >= 2_000, "{deaths} deaths over {requests} requests");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_that_dies_at_any_call_of_its_every_day_answers_every_request_once() -> Result<()> {
    println!("{}", die_at_each(points(|circumstance| circumstance == Circumstance::Traffic)).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_that_dies_at_any_call_that_only_trouble_brings_answers_every_request_once() -> Result<()> {
    println!("{}", die_at_each(points(|circumstance| circumstance != Circumstance::Traffic)).await?);
    Ok(())
}
