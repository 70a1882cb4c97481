use crate::{
    config::{Config, ConfigError, Environment},
    jobs::{Missed, Schedule, ScheduleForm},
};
use std::path::Path;

const CONTRACT: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

fn parse(text: &str) -> Result<Config, Vec<String>> {
    Config::parse(text, Path::new(""), &Environment::default()).map_err(|error| match error {
        ConfigError::Mistakes { mistakes, .. } => mistakes.iter().map(ToString::to_string).collect(),
        ConfigError::Unreadable { .. } | ConfigError::Syntax { .. } => vec![error.to_string()],
    })
}

fn job(schedule: &str, rest: &str) -> String {
    format!("[[jobs]]\nname = \"one\"\ncontract = \"{CONTRACT}\"\ninput = \"0x9bae9d5e\"\n{schedule}\n{rest}\n")
}

#[test]
fn a_job_is_read_with_its_defaults() {
    let config = parse(&job("schedule = { cron = \"*/5 * * * *\" }", "")).unwrap();
    let [read] = &config.jobs[..] else { panic!("{:?}", config.jobs) };
    assert_eq!((read.name.as_str(), read.input.as_slice()), ("one", &[0x9b, 0xae, 0x9d, 0x5e][..]));
    assert_eq!((read.append_trigger, read.missed), (false, Missed::Skip));
    let Schedule::Cron(cron) = &read.schedule else { panic!("{:?}", read.schedule) };
    assert_eq!(cron.to_string(), "*/5 * * * *");
    assert_eq!((config.job_runs.concurrency.get(), config.job_runs.keep.get()), (8, 1000));
    let config = parse(&job("schedule.cron = \"@daily\"", "append_trigger = true\nmissed = \"once\"")).unwrap();
    assert_eq!((config.jobs[0].append_trigger, config.jobs[0].missed), (true, Missed::Once));
}

#[test]
fn every_mistake_of_a_job_is_named_with_its_place() {
    let event = "schedule.event = { chain = \"nowhere\", address = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\" }";
    for (text, expected) in [
        (job("", ""), "jobs[0].schedule: a schedule has exactly one of"),
        (job("schedule = \"daily\"", ""), "jobs[0].schedule: expected a section"),
        (job("schedule.cron = \"99 * * * *\"", ""), "jobs[0].schedule: cron: minute"),
        (job("schedule = { every_blocks = 5, chain = \"nowhere\" }", ""), "no chain is called \"nowhere\""),
        (job("schedule = { every_blocks = 0, chain = \"nowhere\" }", ""), "at least 1"),
        (job(event, ""), "no chain is called \"nowhere\""),
        (job("schedule.event = { chain = \"local\" }", ""), "jobs[0].schedule: an event has an address"),
        (job("schedule.cron = \"@daily\"", "misssed = \"skip\""), "jobs[0].misssed: is unknown; did you mean missed?"),
        (job("schedule.cron = \"@daily\"", "missed = \"twice\""), "jobs[0].missed: expected skip or once"),
        (job("schedule.cron = \"@daily\"", "").repeat(2), "jobs[1].name: another job is called one"),
        ("[[jobs]]\nname = \"One\"".to_owned(), "jobs[0].name: a job's name has"),
        ("[[jobs]]\ninput = \"abc\"".to_owned(), "jobs[0].input: expected 0x"),
        ("[[jobs]]\ncontract = \"prices\"".to_owned(), "jobs[0].contract: expected 0x and 64"),
        ("jobs = [1]".to_owned(), "jobs[0]: expected a section"),
        ("[jobs]\nname = \"one\"".to_owned(), "jobs"),
        ("[job_runs]\nconcurrency = 0".to_owned(), "at least 1"),
    ] {
        let mistakes = parse(&text).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{text}: {mistakes:?}");
    }
}

#[test]
fn a_job_may_wait_for_a_configured_chain() {
    let chain = "[chains.local]\nkind = \"evm\"\nrpc_url = \"http://127.0.0.1:1\"\nchain_id = 1\n\
                 oracle = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\"\nkey_env = \"NOT_SET\"\n";
    let topic = format!("0x{}", "ab".repeat(32));
    let event = format!(
        "schedule.event = {{ chain = \"local\", address = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\", topics = \
         [\"{topic}\", \"any\"] }}"
    );
    // The chain's own mistake, its key, is the only one.
    let mistakes = parse(&format!("{chain}{}", job(&event, ""))).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    let form: ScheduleForm = toml::from_str(&event.replacen("schedule.", "", 1)).unwrap();
    let shown = form.to_string();
    assert!(
        shown.starts_with("event of 0x5fbd") && shown.ends_with(&format!("on local, topics {topic} any")),
        "{shown}"
    );
}

#[test]
fn a_job_whose_event_is_of_another_family_of_chains_is_refused() {
    const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let evm = "[chains.local]\nkind = \"evm\"\nrpc_url = \"http://127.0.0.1:1\"\nchain_id = 1\n\
               oracle = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\"\nkey_env = \"KEY\"\n";
    let substrate = format!(
        "[chains.local]\nkind = \"substrate\"\nrpc_url = \"http://127.0.0.1:1\"\ngenesis = \"0x{}\"\nkey_env = \"KEY\"\n",
        "45".repeat(32)
    );
    let of_contract =
        "schedule.event = { chain = \"local\", address = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\" }";
    let of_pallet = "schedule.event = { chain = \"local\", pallet = \"Balances\", event = \"Transfer\" }";
    let variables: Environment = [("KEY", KEY)].into_iter().collect();
    for (chain, event, fits) in [
        (evm, of_contract, true),
        (evm, of_pallet, false),
        (&substrate, of_contract, false),
        (&substrate, of_pallet, true),
    ] {
        let read = Config::parse(&format!("{chain}{}", job(event, "")), Path::new(""), &variables);
        let refused = read.as_ref().err().map(ToString::to_string);
        assert_eq!(read.is_ok(), fits, "{event}: {refused:?}");
        assert!(refused.is_none_or(|words| words.contains("not of its chain")), "{event}");
    }
}
