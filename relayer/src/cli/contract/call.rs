use super::{
    code::{self, metadata_file},
    contract_log,
};
use crate::{
    api::{CallAnswer, CallContract, ContractAnswer},
    cli::{
        argument::{Called, Hex},
        client::{self, Api, Client},
        output::{Output, Table, visible},
    },
};
use anyhow::{Context, anyhow};
use clap::Args;
use phat_metadata::{Entry, Interface, Returned};
use phat_protocol::{ContractId, Outcome};
use serde::Serialize;
use serde_json::Value;
use std::{path::PathBuf, process::ExitCode};

/// Ask a contract anything: a message of any name is run as a query. It has the contract's keys and secrets, sees
/// nobody as its caller, and nothing that it writes stays.
///
/// Arguments are written as they are: a number, true, a text, 0x… for bytes and accounts, a variant's name; everything
/// else is JSON. `relayer contract show` says what a contract can be asked.
///
/// Exit codes: 0 when the message answered, 1 when it answered an error or the run failed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relayer contract call price price BTC\n  \
    relayer contract call price --input 0x4f2b3a91")]
pub(crate) struct Call {
    /// The contract's id, or its name where no other has the same.
    #[arg(value_name = "ID|NAME")]
    contract: Called,
    #[command(flatten)]
    message: Message,
    #[command(flatten)]
    api: Api,
}

/// A message and its arguments.
#[derive(Debug, Args)]
pub(super) struct Message {
    /// The message, as the metadata of the contract's code calls it.
    #[arg(value_name = "MESSAGE", required_unless_present = "input")]
    message: Option<String>,
    /// Its arguments, in order.
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// What ink! metadata says of the contract, in place of what was uploaded with its code: a bundle, or metadata alone.
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// The message's whole input in place of all that: its selector, and its arguments in SCALE.
    #[arg(long, value_name = "HEX", conflicts_with_all = ["message", "metadata"])]
    input: Option<Hex>,
}

/// What is sent to a contract, and by what its answer is read.
pub(super) struct Encoded {
    pub(super) input: Vec<u8>,
    read_by: Option<(Interface, Entry)>,
}

impl Message {
    /// Encodes it by the metadata that there is for the contract.
    pub(super) async fn encode(self, contract: ContractId, client: &Client) -> anyhow::Result<Encoded> {
        let Self { message, arguments, metadata, input } = self;
        if let Some(Hex(input)) = input {
            return Ok(Encoded { input, read_by: None });
        }
        let message = message.context("name a message")?;
        let interface = match metadata {
            Some(path) => metadata_file(&path)?.1,
            None => of_contract(contract, client).await?,
        };
        let entry = interface.message(&message)?.clone();
        let input = interface.encode(&entry, &arguments)?;
        Ok(Encoded { input, read_by: Some((interface, entry)) })
    }
}

/// The metadata that the relayer keeps for a contract's code.
async fn of_contract(contract: ContractId, client: &Client) -> anyhow::Result<Interface> {
    let path = ["v1", "contracts", &contract.to_string()];
    let shown: anyhow::Result<ContractAnswer> = client.get(&path, &[]).await;
    let code = match shown {
        Ok(shown) => shown.summary.entry.code_hash,
        Err(error) if client::is_not_found(&error) => {
            return Err(
                error.context("its metadata is not known here: give it with --metadata, or the input with --input")
            );
        }
        Err(error) => return Err(error),
    };
    code::interface(client, code).await?.ok_or_else(|| {
        anyhow!(
            "no metadata was uploaded with code {code}: upload its bundle (`relayer contract upload`), or give the \
             metadata with --metadata or the input with --input"
        )
    })
}

/// What a message answered, by the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Meaning {
    /// It ran; this is its result.
    Returned(Value),
    /// It ran, and its result is the `Err` of a `Result`.
    Failed(Value),
    /// ink! answered in its place, for this reason.
    Refused(String),
    /// The bytes are not what the metadata says.
    Unreadable(String),
}

impl Encoded {
    /// What the bytes that the contract returned mean; none where no metadata tells, or it didn't return.
    pub(super) fn meaning(&self, outcome: Outcome, output: &[u8]) -> Option<Meaning> {
        let (interface, entry) = self.read_by.as_ref()?;
        if !matches!(outcome, Outcome::Ok | Outcome::ContractError) {
            return None;
        }
        Some(match interface.decode(entry, output) {
            Ok(Returned::Value { value, is_error: false }) => Meaning::Returned(value),
            Ok(Returned::Value { value, is_error: true }) => Meaning::Failed(value),
            Ok(Returned::Refused(reason)) => Meaning::Refused(reason),
            Err(error) => Meaning::Unreadable(error.to_string()),
        })
    }
}

#[derive(Serialize)]
struct Answered {
    #[serde(flatten)]
    answer: CallAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<Meaning>,
}

impl Call {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let client = self.api.connect()?;
        let id = self.contract.id(&client).await?;
        let encoded = self.message.encode(id, &client).await?;
        let body = CallContract { input: encoded.input.clone() };
        let answer: CallAnswer = client.post(&["v1", "contracts", &id.to_string(), "call"], &body).await?;
        let meaning = encoded.meaning(answer.outcome, &answer.output);
        let code = match (answer.outcome, &meaning) {
            (Outcome::Ok, None | Some(Meaning::Returned(_))) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        };
        output.show(&Answered { answer, meaning }, in_words)?;
        Ok(code)
    }
}

fn in_words(Answered { answer, meaning }: &Answered) -> String {
    let mut text = match meaning {
        Some(Meaning::Returned(value)) => readable(value),
        Some(Meaning::Failed(value)) => format!("the message failed: {}", readable(value)),
        Some(Meaning::Refused(reason) | Meaning::Unreadable(reason)) => visible(reason),
        None => {
            let mut table = Table::new(&["outcome", &answer.outcome.to_string()]);
            table.row_of("reason", answer.reason.clone());
            table.row(["output".to_owned(), format!("0x{}", hex::encode(&answer.output))]);
            table.row(["flags".to_owned(), answer.flags.to_string()]);
            table.render()
        }
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&contract_log(&answer.logs));
    text
}

/// A text as it is; everything else as JSON.
pub(super) fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
    }
}
