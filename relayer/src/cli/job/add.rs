use super::show;
use crate::{
    api::{JobAnswer, JobOrder},
    cli::{
        argument::{Called, Hex},
        client::Api,
        contract::named_input,
        output::Output,
    },
    jobs::{EventForm, JobName, Missed, ScheduleForm},
};
use clap::Args;
use phat_protocol::{EvmAddress, MalformedId};
use std::str::FromStr;

/// Make a job: a message of a contract that is run on its own.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  relayer job add hourly --contract prices --message price --argument BTC --cron '0 * * * *'\n  \
    relayer job add each-hundred --contract price --input 0x9bae9d5e --every-blocks 100 --chain local\n  relayer job \
    add on-log --contract price --input 0x9bae9d5e --append-trigger --event 0x5fbd… --topic 0xddf2… --chain local\n  \
    relayer job add on-transfer --contract price --input 0x9bae9d5e --event Balances.Transfer --chain substrate"
)]
pub(crate) struct Add {
    /// What it is to be called: lower-case letters, digits, hyphens and underscores.
    #[arg(value_name = "NAME")]
    name: JobName,
    /// The contract that is run: its id, or its name where no other has the same.
    #[arg(long, value_name = "ID|NAME")]
    contract: Called,
    #[command(flatten)]
    what: What,
    /// An argument of the message, once for each, in order, as the metadata of the contract's code says; a number,
    /// true, a text, 0x… for bytes and accounts and a variant's name stand as they are, everything else is JSON.
    #[arg(long = "argument", value_name = "ARGUMENT", requires = "message", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Put what triggered a run behind the input, SCALE-encoded, as the last argument.
    #[arg(long)]
    append_trigger: bool,
    #[command(flatten)]
    when: When,
    /// The chain, by its name in the configuration, for --every-blocks and --event.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
    /// A topic of a contract's event: 0x and 64 hexadecimal digits, or `any`; once for each, from the first on.
    #[arg(long = "topic", value_name = "HEX|any", requires = "event")]
    topics: Vec<String>,
    /// What becomes of times and heights that passed while no relayer was running: skip, or once.
    #[arg(long, value_name = "POLICY", default_value_t = Missed::Skip)]
    missed: Missed,
    #[command(flatten)]
    api: Api,
}

/// What it is told.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The message's name.
    #[arg(long, value_name = "NAME")]
    message: Option<String>,
    /// The message's whole input: selector and SCALE-encoded arguments.
    #[arg(long, value_name = "HEX")]
    input: Option<Hex>,
}

/// When it runs.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct When {
    /// By the calendar, in UTC: minute, hour, day of the month, month, day of the week; with six fields, seconds first.
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,
    /// At each height of the chain that this number divides.
    #[arg(long, value_name = "N", requires = "chain")]
    every_blocks: Option<u64>,
    /// On each event of the contract at this address on an EVM chain, or of this name on a Substrate chain.
    #[arg(long, value_name = "ADDRESS|PALLET.EVENT", requires = "chain")]
    event: Option<Emitter>,
}

/// Whose events are meant.
#[derive(Clone, Debug)]
enum Emitter {
    Contract(EvmAddress),
    Pallet { pallet: String, event: String },
}

impl FromStr for Emitter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some((pallet, event)) => Ok(Self::Pallet { pallet: pallet.to_owned(), event: event.to_owned() }),
            None => text.parse().map(Self::Contract).map_err(|error: MalformedId| error.to_string()),
        }
    }
}

impl Add {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let Self { name, contract, what, arguments, append_trigger, when, chain, topics, missed, api } = self;
        let When { cron, every_blocks, event } = when;
        let schedule = match event {
            Some(emitter) => {
                let of_chain = EventForm { chain: chain.unwrap_or_default(), topics, ..EventForm::default() };
                let event = match emitter {
                    Emitter::Contract(address) => EventForm { address: Some(address), ..of_chain },
                    Emitter::Pallet { pallet, event } => {
                        EventForm { pallet: Some(pallet), event: Some(event), ..of_chain }
                    }
                };
                ScheduleForm { event: Some(event), ..ScheduleForm::default() }
            }
            None => ScheduleForm { cron, every_blocks, chain, event: None },
        };
        let client = api.connect()?;
        let contract = contract.id(&client).await?;
        let input = match (what.message, what.input) {
            (Some(message), _) => named_input(&client, contract, &message, &arguments, append_trigger).await?,
            (None, input) => input.map(|Hex(input)| input).unwrap_or_default(),
        };
        let order = JobOrder { name, contract, input, append_trigger, schedule, missed };
        let job: JobAnswer = client.post(&["v1", "jobs"], &order).await?;
        output.show(&job, show::in_words)
    }
}
