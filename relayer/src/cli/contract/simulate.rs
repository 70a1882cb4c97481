use crate::{
    api::{ContractAnswer, SimulateContract, SimulationAnswer},
    cli::{
        argument::{self, Called, Hex},
        client::Api,
        limits,
        output::{Output, Table, in_text, visible},
        request::meaning,
    },
};
use clap::Args;
use phat_enclave_api::LogEntry;
use phat_protocol::{EvmAddress, Outcome, bounds};
use serde_json::Value;
use std::{fmt::Write, path::PathBuf, process::ExitCode};

/// Run a contract as a request would, without secrets; nothing is signed, stored or sent to a chain.
///
/// Exit codes: 0 when the contract answered, 1 when the run failed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer contract simulate price --payload BTC/USD")]
pub(crate) struct Simulate {
    /// The contract's id, or its name where no other has the same.
    #[arg(value_name = "ID|NAME")]
    contract: Called,
    #[command(flatten)]
    payload: Payload,
    /// The chain that the contract is told, by its name in the configuration; without this the first by name.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
    /// The consumer that the contract is told; without this the zero address.
    #[arg(long, value_name = "ADDRESS")]
    consumer: Option<EvmAddress>,
    /// The longest output, in bytes.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(..=i64::from(bounds::MAX_OUTPUT)),
        default_value_t = bounds::MAX_OUTPUT)]
    max_output: u32,
    #[command(flatten)]
    api: Api,
}

/// What is asked; nothing without any of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Payload {
    /// What is asked, as text.
    #[arg(long, value_name = "TEXT")]
    payload: Option<String>,
    /// What is asked, in hexadecimal.
    #[arg(long, value_name = "HEX")]
    payload_hex: Option<Hex>,
    /// What is asked: the bytes of a file.
    #[arg(long, value_name = "FILE")]
    payload_file: Option<PathBuf>,
    /// What is asked: JSON, or a file that holds it.
    #[arg(long, value_name = "FILE|JSON")]
    payload_json: Option<String>,
}

impl Payload {
    fn read(self) -> anyhow::Result<Vec<u8>> {
        let Self { payload, payload_hex, payload_file, payload_json } = self;
        if let Some(text) = payload {
            return Ok(text.into_bytes());
        }
        if let Some(Hex(bytes)) = payload_hex {
            return Ok(bytes);
        }
        if let Some(path) = payload_file {
            return argument::file(&path);
        }
        payload_json.map_or(Ok(Vec::new()), |given| argument::json("--payload-json", &given))
    }
}

impl Simulate {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let Self { contract, payload, chain, consumer, max_output, api } = self;
        let body = SimulateContract {
            payload: payload.read()?,
            chain,
            consumer: consumer.unwrap_or_default(),
            max_output: Some(max_output),
        };
        let client = api.connect()?;
        let id = contract.id(&client).await?.to_string();
        let answer: SimulationAnswer = client.post(&["v1", "contracts", &id, "simulate"], &body).await?;
        // The limits are for people; a contract that is not in the catalogue runs without them.
        let limits = if output.is_json() {
            None
        } else {
            let shown: anyhow::Result<ContractAnswer> = client.get(&["v1", "contracts", &id], &[]).await;
            shown.ok().and_then(|contract| contract.limits)
        };
        output.show(&answer, |answer| in_words(answer, limits.as_ref()))?;
        Ok(match answer.outcome {
            Outcome::Ok => ExitCode::SUCCESS,
            Outcome::ContractError
            | Outcome::Trapped
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::TimedOut
            | Outcome::OutputTooLarge
            | Outcome::EgressDenied
            | Outcome::BadContract
            | Outcome::Disagreed => ExitCode::FAILURE,
        })
    }
}

fn in_words(answer: &SimulationAnswer, limits: Option<&Value>) -> String {
    let mut table = Table::new(&["outcome", &format!("{} ({})", answer.outcome, answer.outcome_number)]);
    if let Some(reason) = &answer.reason {
        table.row(["reason".to_owned(), reason.clone()]);
    }
    table.row(["output".to_owned(), format!("0x{}", hex::encode(&answer.output))]);
    if let Some(text) = in_text(&answer.output) {
        table.row(["text".to_owned(), text.to_owned()]);
    }
    table.row_of("decoded", answer.decoded.as_ref().map(meaning));
    table.row(["time".to_owned(), format!("{} ms", answer.elapsed_ms)]);
    let share = limits.and_then(|limits| limits::share(answer.fuel, limits));
    table.row(["fuel".to_owned(), format!("{}{}", answer.fuel, share.unwrap_or_default())]);
    table.row(["attestation".to_owned(), answer.attestation.to_string()]);
    let mut text = table.render();
    text.push_str(&log(&answer.logs));
    text
}

/// What a contract logged, under a heading; nothing where it logged nothing.
pub(crate) fn log(entries: &[LogEntry]) -> String {
    let mut text = String::new();
    for (number, entry) in entries.iter().enumerate() {
        let heading = if number == 0 { "\nlog\n" } else { "" };
        let level = match entry.level {
            1 => "error",
            2 => "warn",
            3 => "info",
            4 => "debug",
            5 => "trace",
            _ => "?",
        };
        // Writing to a String can't fail.
        let _ = writeln!(text, "{heading}  {level:<5}  {}", visible(&entry.message));
    }
    text
}
