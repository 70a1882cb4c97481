//! The same contracts under every host, in turns, so that what else the machine does meets all of them.

use crate::{
    bare::Bare,
    compiled::{self, Compiled},
    contract::Contract,
    extent::Extent,
    figure::{Aim, Figures, median, percentile},
    host::{Host, rates, times},
    ours::{Cores, Ours},
    pallet::Pallet,
};
use anyhow::{Result, ensure};
use std::time::Duration;

/// How much of the bare loop's rate an echo should reach.
const OF_BARE: Aim = Aim::AtLeast(0.5);
/// How much faster than pallet-contracts a call of an ink! contract should be.
const OVER_PALLET: Aim = Aim::AtLeast(5.0);

/// What was seen of one host.
struct Seen {
    host: Box<dyn Host>,
    /// Calls a second of processor time; one for each round.
    per_core: Vec<f64>,
    /// Calls a second of wall time.
    per_second: Vec<f64>,
    /// The median of a round's calls one at a time, in seconds.
    medians: Vec<f64>,
    /// All calls one at a time.
    times: Vec<Duration>,
}

/// Measures both contracts.
pub(crate) fn measure(extent: &Extent, figures: &mut Figures, progress: impl Fn(&str)) -> Result<()> {
    for contract in [Contract::echo()?, Contract::ink()?] {
        progress(&format!("{} under each host, {} bytes of code", contract.name, contract.wasm.len()));
        let mut all = hosts(&contract)?;
        for seen in &mut all {
            let answer = seen.host.call()?;
            let host = seen.host.name();
            ensure!(answer == contract.output, "{host} answers {answer:?} to {}", contract.name);
        }
        for _ in 0..extent.rounds {
            for seen in &mut all {
                let (per_core, per_second) = rates(seen.host.as_mut(), extent.turn)?;
                seen.per_core.push(per_core);
                seen.per_second.push(per_second);
            }
            for seen in &mut all {
                let mut times = times(seen.host.as_mut(), extent.samples)?;
                seen.medians.push(percentile(&mut times, 50).as_secs_f64());
                seen.times.append(&mut times);
            }
        }
        report(contract.name, &mut all, figures);
    }
    Ok(())
}

/// The executor first, on one core and on all; the others are in the order of [`report`].
fn hosts(contract: &Contract) -> Result<[Seen; 5]> {
    let hosts: [Box<dyn Host>; 5] = [
        Box::new(Ours::deploy(contract, Cores::One)?),
        Box::new(Ours::deploy(contract, Cores::All)?),
        Box::new(Bare::deploy(contract)?),
        Box::new(Compiled::deploy(&compiled::engine()?, contract)?),
        Box::new(Pallet::deploy(contract)?),
    ];
    Ok(hosts.map(|host| Seen {
        host,
        per_core: Vec::new(),
        per_second: Vec::new(),
        medians: Vec::new(),
        times: Vec::new(),
    }))
}

fn report(contract: &str, all: &mut [Seen; 5], figures: &mut Figures) {
    for seen in all.iter_mut() {
        let host = seen.host.name();
        figures.push(format!("{contract}_rate_{host}"), median(seen.per_core.clone()), "executions/s and core");
        figures.microseconds(format!("{contract}_p50_{host}"), percentile(&mut seen.times, 50));
        figures.microseconds(format!("{contract}_p99_{host}"), percentile(&mut seen.times, 99));
    }
    let [ours, everywhere, bare, wasmtime, pallet] = all;
    figures.push(format!("{contract}_throughput_executor"), median(everywhere.per_second.clone()), "executions/s");
    let spread = median(quotients(&everywhere.per_second, &ours.per_second));
    figures.push(format!("{contract}_throughput_over_one_core"), spread, "ratio");
    let rate = |other: &Seen| median(quotients(&ours.per_core, &other.per_core));
    let time = |other: &Seen| median(quotients(&other.medians, &ours.medians));
    let name = |what: &str| format!("{contract}_{what}");
    if contract == "echo" {
        figures.judge(name("rate_over_bare"), rate(bare), "ratio", OF_BARE);
        figures.push(name("rate_over_wasmtime"), rate(wasmtime), "ratio");
        figures.push(name("rate_over_pallet"), rate(pallet), "ratio");
        figures.push(name("p50_pallet_over_executor"), time(pallet), "ratio");
    } else {
        figures.push(name("rate_over_bare"), rate(bare), "ratio");
        figures.push(name("rate_over_wasmtime"), rate(wasmtime), "ratio");
        figures.judge(name("rate_over_pallet"), rate(pallet), "ratio", OVER_PALLET);
        figures.judge(name("p50_pallet_over_executor"), time(pallet), "ratio", OVER_PALLET);
    }
}

/// Round by round.
fn quotients(over: &[f64], under: &[f64]) -> Vec<f64> {
    over.iter().zip(under).map(|(over, under)| over / under).collect()
}
