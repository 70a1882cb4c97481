use super::{
    ChainConfig, Mistake,
    parse::count,
    section::Section,
    setting::{Setting, text},
    tree::Value,
};
use crate::jobs::{EventForm, JobName, JobSpec, Missed, Schedule, ScheduleForm};
use phat_protocol::ContractId;
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    time::Duration,
};

/// How jobs are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRunsConfig {
    /// Runs asked of the enclave at once, of all jobs.
    pub concurrency: NonZeroU32,
    /// The most ended runs of each job that are kept.
    pub keep: NonZeroU32,
    /// For how long they are kept.
    pub keep_for: Duration,
}

/// Bytes in hexadecimal.
struct Input(Vec<u8>);

impl Setting for Input {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "0x and hexadecimal digits, two for each byte";
        let text = text(value, EXPECTED)?;
        let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
        bytes.map(Self).ok_or_else(|| format!("expected {EXPECTED}"))
    }
}

impl Setting for JobName {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "a name")?.parse().map_err(|error: crate::jobs::InvalidJobName| error.to_string())
    }
}

impl Setting for ContractId {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "0x and 64 hexadecimal digits, a contract's id";
        text(value, EXPECTED)?.parse().map_err(|_| format!("expected {EXPECTED}"))
    }
}

impl Setting for Missed {
    fn read(value: &Value) -> Result<Self, String> {
        let text = text(value, "skip or once")?;
        text.parse().map_err(|_| format!("expected skip or once, found {text:?}"))
    }
}

/// Reads `[job_runs]`.
pub(super) fn runs(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> JobRunsConfig {
    let config = JobRunsConfig {
        concurrency: section.or("concurrency", count(8), mistakes),
        keep: section.or("keep", count(1000), mistakes),
        keep_for: section.or("keep_for", Duration::from_secs(30 * 24 * 3600), mistakes),
    };
    section.finish(mistakes);
    config
}

/// Reads every `[[jobs]]`; `chains` are the configured names.
pub(super) fn read(sections: Vec<Section<'_>>, chains: &[String], mistakes: &mut Vec<Mistake>) -> Vec<JobSpec> {
    let mut seen = BTreeSet::new();
    let mut jobs = Vec::new();
    for section in sections {
        let key = section.key("name");
        let Some(job) = job(section, chains, mistakes) else { continue };
        if !seen.insert(job.name.clone()) {
            mistakes.push(Mistake::new(key, format!("another job is called {}", job.name)));
        }
        jobs.push(job);
    }
    jobs
}

/// Sees that what each job waits for can happen on its chain.
pub(super) fn check_chains(jobs: &[JobSpec], chains: &BTreeMap<String, ChainConfig>, mistakes: &mut Vec<Mistake>) {
    for job in jobs {
        let chain = job.schedule.chain().and_then(|name| chains.get(name));
        if let Some(Err(error)) = chain.map(|chain| job.schedule.fits(&chain.kind.chain())) {
            mistakes.push(Mistake::new("jobs", format!("{}: {error}", job.name)));
        }
    }
}

fn job(mut section: Section<'_>, chains: &[String], mistakes: &mut Vec<Mistake>) -> Option<JobSpec> {
    let name = section.required("name", mistakes);
    let contract_id = section.required("contract", mistakes);
    let input: Option<Input> = section.required("input", mistakes);
    let append_trigger = section.or("append_trigger", false, mistakes);
    let missed = section.or("missed", Missed::default(), mistakes);
    let schedule = schedule(section.section("schedule", mistakes), chains, mistakes);
    section.finish(mistakes);
    Some(JobSpec {
        name: name?,
        contract_id: contract_id?,
        input: input?.0,
        append_trigger,
        schedule: schedule?,
        missed,
    })
}

fn schedule(mut section: Section<'_>, chains: &[String], mistakes: &mut Vec<Mistake>) -> Option<Schedule> {
    let before = mistakes.len();
    let key = section.name().to_owned();
    let cron = section.optional("cron", mistakes);
    let every_blocks = section.optional("every_blocks", mistakes);
    let chain = section.optional("chain", mistakes);
    let has_event = section.has("event");
    let event = event(section.section("event", mistakes), has_event, mistakes);
    section.finish(mistakes);
    if mistakes.len() > before {
        // What is left of it says less than what is wrong already.
        return None;
    }
    let form = ScheduleForm { cron, every_blocks, chain, event };
    let schedule = Schedule::try_from(form).map_err(|error| error.to_string());
    let schedule = schedule.and_then(|schedule| match schedule.chain() {
        Some(chain) if !chains.iter().any(|known| known == chain) => {
            Err(format!("no chain is called {chain:?}; configured: {}", chains.join(", ")))
        }
        Some(_) | None => Ok(schedule),
    });
    schedule.map_err(|message| mistakes.push(Mistake::new(key, message))).ok()
}

fn event(mut section: Section<'_>, is_there: bool, mistakes: &mut Vec<Mistake>) -> Option<EventForm> {
    if !is_there {
        return None;
    }
    let chain = section.required("chain", mistakes);
    let address = section.optional("address", mistakes);
    let topics = section.or("topics", Vec::new(), mistakes);
    let pallet = section.optional("pallet", mistakes);
    let event = section.optional("event", mistakes);
    section.finish(mistakes);
    Some(EventForm { chain: chain?, address, topics, pallet, event })
}

#[cfg(test)]
mod tests;
