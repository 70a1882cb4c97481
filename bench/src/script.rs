//! What a script answers in: `hello, world`, under the JavaScript engine that is a contract itself.

use crate::{
    contract::{artifact, question, settings},
    extent::Extent,
    figure::{Aim, Figures, percentile},
    ours::{deployed, executor, returned, run, runtime},
};
use anyhow::{Result, ensure};
use phat_executor::Entry;
use phat_protocol::{Answer, Outcome};
use std::time::{Duration, Instant};

const SCRIPT: &str = "export default () => 'hello, world';";
const ANSWER: &[u8] = b"hello, world";
/// Once the engine is translated it takes so many milliseconds at most.
const AFTER_THE_FIRST: Aim = Aim::AtMost(5.0);

/// Measures a run by one that never saw the engine, and runs after that.
pub(crate) fn measure(extent: &Extent, figures: &mut Figures) -> Result<()> {
    let (runtime, wasm) = (runtime()?, artifact("js.wasm")?);
    let state = runtime.block_on(deployed(
        &executor(Vec::new())?,
        &wasm,
        &settings(&serde_json::json!({ "script": SCRIPT })),
    ))?;
    let executor = executor(Vec::new())?;
    let run = run(&wasm, Entry::Call, &question(), state);
    let mut samples = Vec::new();
    for _ in 0..=extent.samples {
        let run = run.clone();
        let started = Instant::now();
        let returned = runtime.block_on(returned(&executor, run))?;
        samples.push(started.elapsed());
        let answer = Answer::from_returned(&returned, 64);
        ensure!((answer.outcome, answer.output.as_slice()) == (Outcome::Ok, ANSWER), "the script answers {answer:?}");
    }
    let mut later: Vec<Duration> = samples.split_off(1);
    figures.milliseconds("script_first_run", percentile(&mut samples, 50));
    figures.judge("script_p50", percentile(&mut later, 50).as_secs_f64() * 1e3, "ms", AFTER_THE_FIRST);
    figures.milliseconds("script_p99", percentile(&mut later, 99));
    Ok(())
}
