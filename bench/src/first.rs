//! Modules that were never seen: what the first run takes, translation and check included, beside what wasmi's
//! translation and wasmtime's compilation take alone.

use crate::{
    bare, compiled,
    contract::{Contract, artifact},
    extent::Extent,
    figure::{Figures, percentile},
    ours::{deployed, executor, returned, run, runtime},
    waiting,
};
use anyhow::{Result, ensure};
use phat_executor::Entry;
use std::time::{Duration, Instant};

/// Compiling takes long enough to be timed with a few.
const MOST_COMPILED: u32 = 5;

/// Measures a small module, an ink! contract, and a large one.
pub(crate) fn measure(extent: &Extent, figures: &mut Figures) -> Result<()> {
    let http_json = Contract {
        name: "http_json",
        wasm: artifact("http-json.wasm")?,
        init: waiting::init("https://example.com"),
        input: Vec::new(),
        output: Vec::new(),
    };
    for (contract, entry) in
        [(Contract::echo()?, Entry::Call), (Contract::ink()?, Entry::Call), (http_json, Entry::Deploy)]
    {
        let name = contract.name;
        figures.push(format!("code_{name}"), kilobytes(contract.wasm.len()), "KB");
        figures.milliseconds(format!("first_run_{name}_executor"), first_run(&contract, entry, extent.first_runs)?);
        let engine = bare::eager();
        let translated = timed(extent.first_runs, || bare::translate(&engine, &contract.wasm))?;
        figures.milliseconds(format!("translation_{name}_bare"), translated);
        let engine = compiled::engine()?;
        let compiled = timed(extent.first_runs.min(MOST_COMPILED), || compiled::compile(&engine, &contract.wasm))?;
        figures.milliseconds(format!("compilation_{name}_wasmtime"), compiled);
    }
    Ok(())
}

fn kilobytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e3
}

/// The median of first runs, each of a module that differs.
fn first_run(contract: &Contract, entry: Entry, times: u32) -> Result<Duration> {
    let (runtime, executor) = (runtime()?, executor(Vec::new())?);
    let state = runtime.block_on(deployed(&executor, &contract.wasm, &contract.init))?;
    let mut samples = Vec::new();
    for number in 0..times {
        let unseen = contract.unseen(number);
        let (input, state) = match entry {
            Entry::Deploy => (&unseen.init, Default::default()),
            Entry::Call => (&unseen.input, state.clone()),
        };
        let run = run(&unseen.wasm, entry, input, state);
        let started = Instant::now();
        let answer = runtime.block_on(returned(&executor, run))?;
        samples.push(started.elapsed());
        ensure!(entry == Entry::Deploy || answer == contract.output, "{} answers {answer:?}", contract.name);
    }
    Ok(percentile(&mut samples, 50))
}

fn timed<T>(times: u32, mut work: impl FnMut() -> Result<T>) -> Result<Duration> {
    let mut samples = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        let made = work()?;
        samples.push(started.elapsed());
        drop(made);
    }
    Ok(percentile(&mut samples, 50))
}
