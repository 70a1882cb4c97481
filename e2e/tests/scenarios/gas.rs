//! What transactions cost on a node: within their budgets, and to the unit what forge computed and is committed.

use anyhow::{Context, Result, ensure};
use ethers::{
    abi::{Token, encode},
    contract::ContractCall,
    providers::{Http, Middleware, Provider},
    signers::{LocalWallet, Signer},
    types::{Address, BlockNumber, Bytes, H256, TransactionReceipt, U64, U256},
};
use phat_e2e::{
    Anvil, Chain, Directory,
    empty_consumer::EmptyConsumer,
    phat_oracle::{Entry, PhatOracle, Prices, Report, Request, RequestSubmittedFilter, Settings},
    price_consumer::PriceConsumer,
    simulated_attestation_verifier::SimulatedAttestationVerifier,
    worker_registry::WorkerRegistry,
};
use phat_protocol::{Digest, EvmAddress, WorkerAddress, WorkerKeys, evm, keccak256, simulated_quote_digest};
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

type Call<T> = ContractCall<Provider<Http>, T>;

// As contracts-evm/test/gas/GasBudget.t.sol and its fixture have them.
const CALLBACK_GAS: u32 = 300_000;
const MAX_OUTPUT: u32 = 256;
const MIN_REVISION: u64 = 3;
const LIFETIME: u64 = 3600;
const MEASUREMENT: Digest = Digest([0x4d; 32]);
const CONFIG_HASH: Digest = Digest([0xc0; 32]);
/// 32 bytes of 0x55.
const OUTPUT: [u8; 32] = [0x55; 32];
/// 22 bytes of 0x55, the most that `PriceConsumer` takes.
const PRICE: [u8; 32] = {
    let mut price = [0; 32];
    let mut at = 10;
    while at < 32 {
        price[at] = 0x55;
        at += 1;
    }
    price
};
/// More than any transaction here uses.
const GAS_LIMIT: u64 = 10_000_000;
/// What a byte of calldata costs more when it isn't zero (EIP-2028).
const NONZERO_BYTE: u64 = 12;

/// The most that each may cost, by the names that forge's figures have.
const BUDGETS: [(&str, u64); 11] = [
    ("request by an account", 62_000),
    ("PriceConsumer.ask", 97_000),
    ("fulfill, account", 60_000),
    ("fulfill, empty callback", 60_000),
    ("fulfill, account, first credit", 77_000),
    ("fulfill, empty callback, first credit", 77_000),
    ("fulfill, account, 3 signatures", 85_000),
    ("fulfill, empty callback, 3 signatures", 85_000),
    ("fulfill, PriceConsumer", 90_000),
    ("fulfillBatch of 20, account", 20 * 25_000),
    ("fulfillBatch of 20, empty callback", 20 * 25_000),
];

/// An oracle with three workers of an operator each, and who asks it.
struct Stage {
    provider: Arc<Provider<Http>>,
    oracle: PhatOracle<Provider<Http>>,
    prices: PriceConsumer<Provider<Http>>,
    /// In ascending order of their addresses.
    workers: Vec<LocalWallet>,
    account: Address,
    empty_consumer: Address,
    payee: Address,
    figures: BTreeMap<&'static str, u64>,
}

#[tokio::test]
async fn transactions_cost_on_a_node_what_is_committed_and_no_more_than_their_budgets() -> Result<()> {
    let directory = Directory::create()?;
    let anvil = Anvil::start(directory.path()).await?;
    let mut stage = Stage::set(&Chain::connect(&anvil.url()).await?).await?;
    let (account, empty) = (stage.account, stage.empty_consumer);
    // There were requests before, and the payee has a credit.
    let first = stage.ask_as(account, None).await?;
    stage.fulfill(first, OUTPUT, 1, None).await?;

    stage.ask_as(account, Some("request by an account")).await?;
    stage.ask_price(Some("PriceConsumer.ask")).await?;
    for (consumer, name) in [(account, "fulfill, account"), (empty, "fulfill, empty callback")] {
        let asked = stage.ask_as(consumer, None).await?;
        stage.fulfill(asked, OUTPUT, 1, Some(name)).await?;
    }
    let asked = stage.ask_price(None).await?;
    stage.fulfill(asked, PRICE, 1, Some("fulfill, PriceConsumer")).await?;
    for (consumer, name) in [(account, "fulfillBatch of 20, account"), (empty, "fulfillBatch of 20, empty callback")] {
        stage.fulfill_twenty(consumer, name).await?;
    }
    let known = stage.payee;
    for (consumer, name) in
        [(account, "fulfill, account, first credit"), (empty, "fulfill, empty callback, first credit")]
    {
        stage.payee = wallet(name)?.address();
        let asked = stage.ask_as(consumer, None).await?;
        stage.fulfill(asked, OUTPUT, 1, Some(name)).await?;
    }
    stage.payee = known;
    mined(stage.oracle.set_threshold(3)).await?;
    for (consumer, name) in
        [(account, "fulfill, account, 3 signatures"), (empty, "fulfill, empty callback, 3 signatures")]
    {
        let asked = stage.ask_as(consumer, None).await?;
        stage.fulfill(asked, OUTPUT, 3, Some(name)).await?;
    }

    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts-evm/snapshots/PhatOracle.json");
    let committed: BTreeMap<String, String> = serde_json::from_str(&fs::read_to_string(snapshot)?)?;
    ensure!(stage.figures.len() == BUDGETS.len(), "each is measured: {:?}", stage.figures);
    let mut differing = Vec::new();
    for (name, budget) in BUDGETS {
        let measured = *stage.figures.get(name).with_context(|| format!("{name} wasn't measured"))?;
        let computed: u64 = committed.get(name).with_context(|| format!("{name} isn't committed"))?.parse()?;
        if measured != computed || measured > budget {
            differing.push(format!("{name}: {measured} on the node, {computed} committed, at most {budget}"));
        }
    }
    ensure!(differing.is_empty(), "{}", differing.join("\n"));
    directory.hush();
    Ok(())
}

impl Stage {
    async fn set(chain: &Chain) -> Result<Self> {
        let provider = chain.provider();
        let accounts = provider.get_accounts().await?;
        let (admin, operators) = accounts.split_first().context("anvil has no accounts")?;
        let development = wallet("phat-development-attestation-key/v1")?;
        let verifier =
            SimulatedAttestationVerifier::deploy(Arc::clone(&provider), development.address())?.send().await?;
        let registration = (*admin, verifier.address(), 30 * 24 * 3600_u64);
        let registry = WorkerRegistry::deploy(Arc::clone(&provider), registration)?.send().await?;
        let settings = Settings {
            threshold: 1,
            min_lifetime: 60,
            max_lifetime: 24 * 3600,
            prices: Prices {
                per_request: 1_000_000_000_000_000,
                per_callback_gas: 2_000_000_000,
                per_payload_byte: 30_000_000_000,
                per_output_byte: 50_000_000_000,
            },
        };
        let oracle = PhatOracle::deploy(Arc::clone(&provider), (*admin, registry.address(), settings))?.send().await?;
        let contract_id = keccak256(b"contract");
        let prices = (oracle.address(), contract_id, MIN_REVISION, LIFETIME);
        let prices = PriceConsumer::deploy(Arc::clone(&provider), prices)?.send().await?;
        let empty_consumer = EmptyConsumer::deploy(Arc::clone(&provider), oracle.address())?.send().await?.address();

        mined(registry.allow_pair(MEASUREMENT.0, CONFIG_HASH.0)).await?;
        let mut workers =
            ["worker one", "worker two", "worker three"].map(wallet).into_iter().collect::<Result<Vec<_>>>()?;
        workers.sort_by_key(Signer::address);
        let role = registry.operator_role().call().await?;
        for (operator, worker) in operators.iter().zip(&workers) {
            mined(registry.grant_role(role, *operator)).await?;
            register(chain, &registry, *operator, worker, &development).await?;
        }
        let account = wallet("consumer")?.address();
        for asker in [account, empty_consumer] {
            chain.set_balance(asker, U256::exp10(21)).await?;
            provider.request::<_, ()>("anvil_impersonateAccount", [asker]).await?;
        }
        let (payee, figures) = (wallet("payee")?.address(), BTreeMap::new());
        Ok(Self { provider, oracle, prices, workers, account, empty_consumer, payee, figures })
    }

    /// Has `consumer` ask 64 bytes directly, and pay an ether.
    async fn ask_as(&mut self, consumer: Address, measured: Option<&'static str>) -> Result<RequestSubmittedFilter> {
        let payload = [[0x11; 32], [0x22; 32]].concat();
        let expires_at = self.now().await? + LIFETIME;
        let contract_id = keccak256(b"contract");
        let call = self.oracle.request(contract_id, MIN_REVISION, payload.into(), CALLBACK_GAS, MAX_OUTPUT, expires_at);
        let receipt = mined(call.value(U256::exp10(18)).from(consumer)).await?;
        self.note(measured, &receipt, time_zeros(expires_at))?;
        submitted(&receipt)
    }

    /// Has the account ask for a price, with the longest tickers: 34 bytes, which the event pads to 64.
    async fn ask_price(&mut self, measured: Option<&'static str>) -> Result<RequestSubmittedFilter> {
        let call = self.prices.ask("ABCDEF".to_owned(), "UVWXYZ".to_owned());
        let receipt = mined(call.value(U256::exp10(18)).from(self.account)).await?;
        self.note(measured, &receipt, 0)?;
        submitted(&receipt)
    }

    async fn fulfill(
        &mut self,
        asked: RequestSubmittedFilter,
        output: [u8; 32],
        signatures: usize,
        measured: Option<&'static str>,
    ) -> Result<()> {
        let (entry, zeros) = self.entry(asked, output, signatures).await?;
        let receipt = mined(self.oracle.fulfill(entry.request, entry.report, entry.signatures)).await?;
        self.note(measured, &receipt, zeros)
    }

    async fn fulfill_twenty(&mut self, consumer: Address, measured: &'static str) -> Result<()> {
        let (mut entries, mut zeros) = (Vec::new(), 0);
        for _ in 0..20 {
            let asked = self.ask_as(consumer, None).await?;
            let (entry, more) = self.entry(asked, OUTPUT, 1).await?;
            entries.push(entry);
            zeros += more;
        }
        let receipt = mined(self.oracle.fulfill_batch(entries)).await?;
        ensure!(receipt.logs.len() == 20, "each is answered, and nothing else happens");
        self.note(Some(measured), &receipt, zeros)
    }

    /// A report of now, and how many bytes of its entry are zero that another run would have otherwise: those of
    /// hashes, times, signatures and of the consumer's and the payee's addresses.
    async fn entry(&self, asked: RequestSubmittedFilter, output: [u8; 32], signatures: usize) -> Result<(Entry, u64)> {
        let executed_at = self.now().await?;
        let mut payee = [0; 32];
        payee[12..].copy_from_slice(self.payee.as_bytes());
        let report = Report { outcome: 0, output: Bytes::from(output), executed_at, payee };
        let digest = self.oracle.report_digest(asked.request_id, report.clone()).call().await?;
        let signatures = self.workers.iter().take(signatures);
        let signatures: Vec<_> = signatures
            .map(|worker| Ok(Bytes::from(worker.sign_hash(H256(digest))?.to_vec())))
            .collect::<Result<_>>()?;
        let Request { parent_hash, consumer, expires_at, .. } = asked.request;
        let zeros = zeros(&parent_hash)
            + zeros(consumer.as_bytes())
            + zeros(self.payee.as_bytes())
            + time_zeros(expires_at)
            + time_zeros(executed_at)
            + signatures.iter().map(|signature| zeros(signature)).sum::<u64>();
        Ok((Entry { request: asked.request, report, signatures }, zeros))
    }

    /// Keeps what a transaction would have cost if none of the bytes that can't be foreseen were zero.
    fn note(&mut self, measured: Option<&'static str>, receipt: &TransactionReceipt, zeros: u64) -> Result<()> {
        if let Some(name) = measured {
            let used = receipt.gas_used.context("no gas in the receipt")?.as_u64();
            self.figures.insert(name, used + NONZERO_BYTE * zeros);
        }
        Ok(())
    }

    /// The newest block's time.
    async fn now(&self) -> Result<u64> {
        let block = self.provider.get_block(BlockNumber::Latest).await?.context("no block")?;
        Ok(block.timestamp.as_u64())
    }
}

/// Registers a worker with evidence of the development key.
async fn register(
    chain: &Chain,
    registry: &WorkerRegistry<Provider<Http>>,
    operator: Address,
    worker: &LocalWallet,
    development: &LocalWallet,
) -> Result<()> {
    let block_number = chain.height().await?;
    let block = chain.provider().get_block(U64::from(block_number)).await?.context("no block")?;
    let registration = evm::Registration {
        chain_id: phat_e2e::CHAIN_ID,
        registry: EvmAddress(registry.address().0),
        operator: EvmAddress(operator.0),
        block_number,
        block_hash: phat_protocol::BlockHash(block.hash.context("no hash")?.0),
    };
    let keys = WorkerKeys {
        worker: WorkerAddress(worker.address().0),
        x25519: Digest([0x25; 32]),
        vrf_key_hash: Digest([0x36; 32]),
    };
    let report_data = registration.report_data(&keys, &CONFIG_HASH);
    let signature = development.sign_hash(H256(simulated_quote_digest(&MEASUREMENT, &report_data).0))?.to_vec();
    let evidence = encode(&[
        Token::FixedBytes(MEASUREMENT.0.to_vec()),
        Token::Bytes(report_data.0.to_vec()),
        Token::Bytes(signature),
    ]);
    let call = registry.register(
        worker.address(),
        keys.x25519.0,
        keys.vrf_key_hash.0,
        CONFIG_HASH.0,
        block_number.into(),
        evidence.into(),
    );
    mined(call.from(operator)).await.map(drop)
}

/// The account whose key is the hash of its name.
fn wallet(name: &str) -> Result<LocalWallet> {
    Ok(LocalWallet::from_bytes(&keccak256(name.as_bytes()))?)
}

fn zeros(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == 0)).sum()
}

/// Of the four bytes that a time has until 2106.
fn time_zeros(time: u64) -> u64 {
    zeros(&time.to_be_bytes()[4..])
}

fn submitted(receipt: &TransactionReceipt) -> Result<RequestSubmittedFilter> {
    let mut logs = receipt.logs.iter().map(|log| ethers::contract::parse_log(log.clone()));
    logs.find_map(Result::ok).context("the transaction made no request")
}

async fn mined<T: ethers::abi::Detokenize>(call: Call<T>) -> Result<TransactionReceipt> {
    let receipt = call.gas(GAS_LIMIT).send().await?.await?.context("the transaction was dropped")?;
    ensure!(receipt.status == Some(1.into()), "transaction {:?} was reverted", receipt.transaction_hash);
    Ok(receipt)
}
