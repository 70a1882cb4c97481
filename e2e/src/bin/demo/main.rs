//! The whole path on one machine: a Solidity contract asks for prices, a Phat Contract fetches them
//! inside the enclave process, and the signed answers come back into the contract's storage. The same relayer
//! and worker serve a Substrate chain, whose pallet asks as well; and each chain hears what the other holds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is there to be watched")]

mod across;
mod pallet;

use anyhow::{Context, Result, bail};
use clap::Parser;
use ethers::types::U256;
use phat_e2e::{Asked, Binaries, Crossing, Environment, Fulfilment, PriceAsker, Settings, wait_for};
use phat_protocol::{Outcome, RequestId};
use std::{collections::BTreeMap, env, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

const ANSWERS_DEADLINE: Duration = Duration::from_secs(120);

/// What the source of prices knows, in the order in which it is asked.
const PRICES: [(&str, &str, &str); 24] = [
    ("BTC", "USD", "97214.53"),
    ("ETH", "USD", "3388.071"),
    ("SOL", "USD", "181.6402"),
    ("DOT", "USD", "6.91"),
    ("XRP", "USD", "2.2145"),
    ("ADA", "USD", "0.89137"),
    ("DOGE", "USD", "0.31986"),
    ("LINK", "USD", "22.4"),
    ("UNI", "USD", "13.2107"),
    ("AAVE", "USD", "308.66"),
    ("MKR", "USD", "1481.9"),
    ("LTC", "USD", "103.175"),
    ("AVAX", "USD", "36.8821"),
    ("ATOM", "USD", "6.2459"),
    ("NEAR", "USD", "4.9903"),
    ("TRX", "USD", "0.25418"),
    ("BTC", "EUR", "93177.84"),
    ("ETH", "EUR", "3247.36"),
    ("ETH", "BTC", "0.03485149"),
    ("SOL", "ETH", "0.05361169"),
    ("EUR", "USD", "1.0433"),
    ("GBP", "USD", "1.25387"),
    ("USD", "JPY", "157.82"),
    ("XAU", "USD", "2638.7"),
];
/// A pair that the source doesn't know: it answers status 404, and the contract an error.
const UNKNOWN: (&str, &str) = ("NOPE", "USD");
/// Decimals of an answer.
const DECIMALS: usize = 8;

/// Runs the whole path on this machine, and cleans up after itself.
#[derive(Debug, Parser)]
struct Arguments {
    /// Leaves everything up at the end, until ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Where the `relayer` and `enclave` programs are; by default beside this one.
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(arguments: &Arguments) -> Result<ExitCode> {
    let beside = env::current_exe()?.parent().context("this program is in no directory")?.to_owned();
    let binaries = Binaries::in_directory(arguments.bin_dir.as_ref().unwrap_or(&beside))?;
    let mut settings = Settings::new(binaries)?;
    settings.progress = |step| println!("  {step}");
    let directory = Arc::clone(&settings.directory);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // What is unfinished is dropped at the end of this function, and with it every process.
    let mut course = Box::pin(course(settings, arguments.keep));
    tokio::select! {
        done = &mut course => done.map(|()| ExitCode::SUCCESS),
        _ = terminate.recv() => Ok(interrupted(&directory)),
        _ = interrupt.recv() => Ok(interrupted(&directory)),
    }
}

/// Nobody who stops the demo wants to see logs.
fn interrupted(directory: &phat_e2e::Directory) -> ExitCode {
    directory.hush();
    eprintln!("\nstopped; everything is cleaned up");
    // As a shell reports a program that SIGINT ended.
    ExitCode::from(130)
}

async fn course(settings: Settings, keep: bool) -> Result<()> {
    println!("Phat Contract oracle on one machine. Attestation: simulated (no hardware vouches for the enclave).\n");
    let crossing = Crossing::start(settings).await?;
    let Crossing { environment, substrate } = &crossing;
    for (base, quote, price) in PRICES {
        environment.source.price(base, quote, price);
    }
    let contract_id = environment.deploy_prices().await?;
    println!("  the Phat Contract http-json is deployed as {contract_id}");
    let consumer = PriceAsker::deploy(&environment.end.chain, &environment.end.oracle, contract_id).await?;
    println!("  PriceConsumer, a Solidity contract, is deployed at {:?}\n", consumer.address());

    let mut asked = Vec::new();
    for (base, quote) in PRICES.iter().map(|(base, quote, _)| (*base, *quote)).chain([UNKNOWN]) {
        let request = consumer.ask(base, quote).await?;
        asked.push((format!("{base}/{quote}"), request));
    }
    println!("  {} prices are asked for, one that the source doesn't know among them", asked.len());
    let answered = all_answered(environment, &asked).await?;
    println!();
    table(environment, &consumer, &asked, &answered).await?;
    pallet::asks(substrate, contract_id).await?;
    across::reads(&crossing).await?;
    if keep {
        look_around(&crossing);
        std::future::pending::<()>().await;
    }
    crossing.finish().await?;
    println!("\nEverything is cleaned up.");
    Ok(())
}

/// Waits until the chain shows every answer, and says how many it shows.
async fn all_answered(
    environment: &Environment,
    asked: &[(String, Asked)],
) -> Result<BTreeMap<RequestId, Vec<Fulfilment>>> {
    let history = environment.history();
    let mut shown = 0;
    wait_for("the answers", ANSWERS_DEADLINE, async || {
        let answered = history.fulfilments().await?;
        if answered.len() > shown {
            shown = answered.len();
            println!("  {shown} of {} are answered", asked.len());
        }
        Ok((answered.len() == asked.len()).then_some(answered))
    })
    .await
}

async fn table(
    environment: &Environment,
    consumer: &PriceAsker,
    asked: &[(String, Asked)],
    answered: &BTreeMap<RequestId, Vec<Fulfilment>>,
) -> Result<()> {
    let mut in_transaction = BTreeMap::<_, u64>::new();
    for answer in answered.values().flatten() {
        *in_transaction.entry(answer.transaction).or_default() += 1;
    }
    let history = environment.history();
    println!("{:<10} {:<14} {:>6} {:>9}  {:<28} {:>9}", "pair", "request", "asked", "answered", "value", "gas");
    for (pair, request) in asked {
        let Some([answer]) = answered.get(&request.id).map(Vec::as_slice) else {
            bail!("{pair} was not answered exactly once");
        };
        let stored = consumer.price_of(request.id).await?;
        let outcome = Outcome::try_from(stored.outcome).map_err(|error| anyhow::anyhow!("{error}"))?;
        let value = match (stored.answered, outcome) {
            (false, _) => bail!("the answer for {pair} didn't reach the consumer"),
            (true, Outcome::Ok) => decimal(stored.value),
            (true, failure) => failure.name().to_owned(),
        };
        let gas = history.receipt(answer.transaction).await?.gas_used.unwrap_or_default().as_u64();
        let share = gas / in_transaction[&answer.transaction];
        let id: String = request.id.to_string().chars().take(12).collect();
        println!("{pair:<10} {id}.. {:>6} {:>9}  {value:<28} {share:>9}", request.block, answer.block);
    }
    println!("\nasked, answered: the block of each. gas: of the answering transaction, shared by the answers in it.");
    println!("Every answer was signed by the enclave (simulated attestation) and checked on chain.");
    Ok(())
}

/// The value as people write it.
fn decimal(value: U256) -> String {
    let digits = format!("{value:0>width$}", value = value.to_string(), width = DECIMALS + 1);
    let (whole, fraction) = digits.split_at(digits.len() - DECIMALS);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

fn look_around(Crossing { environment, substrate }: &Crossing) {
    let (api, directory) = (environment.relayer.api().url(), environment.directory().display());
    println!("\nEverything stays up until ctrl-C.");
    println!("  status     curl {api}/ready");
    println!("  requests   curl {api}/v1/requests");
    println!("  worker     curl {api}/v1/worker");
    println!("  commands   {} request list --api {api}", environment.program().display());
    println!("  EVM node   {} (chain id {})", environment.end.anvil.url(), phat_e2e::CHAIN_ID);
    println!("  Substrate  {} (pallet {})", substrate.chopsticks.ws_url(), phat_e2e::INSTANCE);
    println!("  prices     curl http://{}/price/BTC/USD", environment.source.address());
    println!("  files      {directory} (configurations, logs, database)");
}
