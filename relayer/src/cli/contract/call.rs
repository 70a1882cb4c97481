use super::{
    contract_log,
    message::{Meaning, Message, Trust},
};
use crate::{
    api::{CallAnswer, CallContract},
    cli::{
        argument::Called,
        client::Api,
        output::{Output, Table},
    },
};
use clap::Args;
use phat_protocol::Outcome;
use serde::Serialize;
use std::process::ExitCode;

/// Ask a contract anything: any message is run as a query. It has the contract's keys and secrets, sees nobody as its
/// caller, and nothing that it writes stays.
///
/// Arguments are encoded, and the result is decoded, by the metadata that was uploaded with the contract's code;
/// `relayer contract show` says what can be asked.
///
/// Exit codes: 0 when the message answered, 1 when it answered an error or the run failed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relayer contract call prices price BTC\n  \
    relayer contract call prices 0x4f2b3a91")]
pub(crate) struct Call {
    /// The contract's id, or its name where no other has the same.
    #[arg(value_name = "ID|NAME")]
    contract: Called,
    #[command(flatten)]
    message: Message,
    #[command(flatten)]
    api: Api,
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
        let encoded = self.message.encode(Trust::Relayer(&client, id)).await?;
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
        Some(meaning) => meaning.in_words(),
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
