//! A message to a contract, from a person's hand to bytes, and its answer back.

use super::code::{self, metadata_file};
use crate::{
    api::ContractAnswer,
    cli::{
        argument::Hex,
        client::{self, Client},
        output::visible,
    },
};
use anyhow::{anyhow, ensure};
use clap::Args;
use phat_metadata::{Entry, Interface, Returned};
use phat_protocol::{ContractId, Outcome, selector};
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// A message and its arguments.
#[derive(Debug, Args)]
pub(super) struct Message {
    /// The message's name, or its whole input in hexadecimal after 0x: selector and SCALE-encoded arguments.
    #[arg(value_name = "MESSAGE|0xINPUT", value_parser = parse_input)]
    message: Input,
    /// Its arguments, in order, where metadata tells what they are. A number, true, a text, 0x… for bytes and accounts
    /// and a variant's name stand as they are; everything else is JSON.
    #[arg(value_name = "ARGUMENT", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Its SCALE-encoded arguments, where no metadata tells what they are.
    #[arg(long, value_name = "HEX", conflicts_with = "arguments")]
    args: Option<Hex>,
    /// The contract's ink! metadata: its bundle, or metadata alone.
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
}

/// The whole input, or a message's name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Input {
    Whole(Vec<u8>),
    Name(String),
}

fn parse_input(text: &str) -> Result<Input, hex::FromHexError> {
    match text.strip_prefix("0x") {
        Some(digits) => hex::decode(digits).map(Input::Whole),
        None => Ok(Input::Name(text.to_owned())),
    }
}

/// Where metadata may come from that isn't given.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// From the relayer, which keeps what was uploaded with the contract's code.
    Relayer(&'a Client, ContractId),
    /// From nowhere: the message will be signed, and whoever keeps the metadata could have it mean another.
    Nobody,
}

/// What is sent to a contract, and by what its answer is read.
pub(super) struct Encoded {
    pub(super) input: Vec<u8>,
    read_by: Option<(Interface, Entry)>,
}

impl Message {
    /// Encodes it by its metadata. Without any, a name is its selector, and what follows is encoded already.
    pub(super) async fn encode(self, trust: Trust<'_>) -> anyhow::Result<Encoded> {
        let Self { message, arguments, args, metadata } = self;
        let name = match message {
            Input::Whole(input) => {
                ensure!(arguments.is_empty() && args.is_none(), "no argument follows a whole input");
                return Ok(Encoded { input, read_by: None });
            }
            Input::Name(name) => name,
        };
        let interface = match (metadata, trust) {
            (Some(path), _) => Some(metadata_file(&path)?.1),
            (None, Trust::Relayer(client, contract)) => kept(contract, client).await?,
            (None, Trust::Nobody) => None,
        };
        let args = args.map(|Hex(args)| args);
        let Some(interface) = interface else {
            if !arguments.is_empty() {
                return Err(unknown_types(trust));
            }
            let input = [&selector(&name)[..], &args.unwrap_or_default()].concat();
            return Ok(Encoded { input, read_by: None });
        };
        let entry = interface.message(&name)?.clone();
        let input = match args {
            Some(args) => [&entry.selector[..], &args].concat(),
            None => interface.encode(&entry, &arguments)?,
        };
        Ok(Encoded { input, read_by: Some((interface, entry)) })
    }
}

/// The input of a message whose last argument is left to whoever sends it, or is whole, by the metadata that the
/// relayer keeps. Without any, the name is its selector.
pub(in crate::cli) async fn named_input(
    client: &Client,
    contract: ContractId,
    message: &str,
    arguments: &[String],
    without_last: bool,
) -> anyhow::Result<Vec<u8>> {
    let Some(interface) = kept(contract, client).await? else {
        ensure!(arguments.is_empty(), unknown_types(Trust::Relayer(client, contract)));
        return Ok(selector(message).to_vec());
    };
    let mut entry = interface.message(message)?.clone();
    if without_last {
        ensure!(entry.arguments.pop().is_some(), "{message} takes no argument that could say what triggered it");
    }
    Ok(interface.encode(&entry, arguments)?)
}

fn unknown_types(trust: Trust<'_>) -> anyhow::Error {
    match trust {
        Trust::Relayer(..) => anyhow!(
            "no metadata tells what the arguments are: upload the contract's bundle (`relayer contract upload`), give \
             it with --metadata, or give the arguments encoded with --args"
        ),
        Trust::Nobody => anyhow!(
            "what an owner signs is encoded by metadata of the owner's own, since the relayer's could have it mean \
             something else: give it with --metadata, or the arguments encoded with --args"
        ),
    }
}

/// The metadata that the relayer keeps for a contract's code. A contract that another made is in no catalogue.
async fn kept(contract: ContractId, client: &Client) -> anyhow::Result<Option<Interface>> {
    let shown: anyhow::Result<ContractAnswer> = client.get(&["v1", "contracts", &contract.to_string()], &[]).await;
    match shown {
        Ok(shown) => code::interface(client, shown.summary.entry.code_hash).await,
        Err(error) if client::is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
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
    /// The bytes are not what the metadata says, for this reason.
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

impl Meaning {
    /// A text as it is; everything else as JSON.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Returned(value) => readable(value),
            Self::Failed(value) => format!("the message failed: {}", readable(value)),
            Self::Refused(reason) | Self::Unreadable(reason) => visible(reason),
        }
    }
}

fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let json = serde_json::to_string_pretty(value).unwrap_or_default();
            json.lines().map(visible).collect::<Vec<_>>().join("\n")
        }
    }
}
