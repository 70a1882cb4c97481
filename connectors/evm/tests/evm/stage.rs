//! An oracle on a node of its own: a registered worker whose key the test holds, a consumer that asks,
//! and the chain end under test.

use crate::anvil::{ADMIN_KEY, Anvil, CHAIN_ID, SUBMITTER_KEY};
use ethers::signers::Signer as _;
use ethers::{
    abi::Token,
    signers::LocalWallet,
    types::{H256, Signature as EthersSignature},
};
use phat_connector::{
    Acceptance, Account, Asked, Entry, ObservedRequest, OracleStatus, PreparedTransaction, Receipt, ReportSink,
    RequestSource, Sent, TxHash,
};
use phat_connector_evm::{
    EvmChain, EvmSettings, SigningKey,
    admin::{AdminSettings, Artifact, DeployedOracle, EvmAdmin, Mined, OraclePlan, Prices, Verifier, WorkerEvidence},
};
use phat_protocol::{
    Amount, Digest, EvmAddress, OracleChain, Outcome, Report, Request, Signature, WorkerAddress, WorkerKeys, evm,
    keccak256, simulated_quote_digest,
};
use secrecy::SecretString;
use std::time::Duration;

pub(crate) const MEASUREMENT: Digest = Digest([0x4d; 32]);
pub(crate) const CONFIG_HASH: Digest = Digest([0xc0; 32]);
/// The Phat Contract that the consumer asks.
pub(crate) const CONTRACT_ID: [u8; 32] = [0x1d; 32];

pub(crate) struct Stage {
    pub(crate) anvil: Anvil,
    pub(crate) admin: EvmAdmin,
    pub(crate) chain: EvmChain,
    pub(crate) deployed: DeployedOracle,
    pub(crate) worker: LocalWallet,
    pub(crate) consumer: EvmAddress,
    artifact: Artifact,
}

pub(crate) fn key(text: &str) -> SigningKey {
    SigningKey::from_hex(&SecretString::from(text)).unwrap()
}

pub(crate) fn worker() -> LocalWallet {
    LocalWallet::from_bytes(&[0x77; 32]).unwrap()
}

pub(crate) fn plan(operator: EvmAddress) -> OraclePlan {
    OraclePlan {
        admin: None,
        verifier: Verifier::Simulated,
        allowed: vec![(MEASUREMENT, CONFIG_HASH)],
        operators: vec![operator],
        registration_validity: 24 * 3600,
        threshold: 1,
        min_lifetime: 60,
        max_lifetime: 24 * 3600,
        prices: Prices { per_request: 1_000, ..Prices::default() },
    }
}

/// What a simulated provider would give out: abi.encode(measurement, report data, signature).
pub(crate) fn evidence(registration: &evm::Registration, worker: &LocalWallet) -> WorkerEvidence {
    let keys = WorkerKeys {
        worker: WorkerAddress(worker.address().0),
        x25519: Digest([0x25; 32]),
        vrf_key_hash: Digest::default(),
    };
    let report_data = registration.report_data(&keys, &CONFIG_HASH);
    let development_key = LocalWallet::from_bytes(&keccak256(b"phat-development-attestation-key/v1")).unwrap();
    let signature = sign(&development_key, simulated_quote_digest(&MEASUREMENT, &report_data));
    let quote = ethers::abi::encode(&[
        Token::FixedBytes(MEASUREMENT.0.to_vec()),
        Token::Bytes(report_data.0.to_vec()),
        Token::Bytes(signature.0.to_vec()),
    ]);
    WorkerEvidence { keys, config_hash: CONFIG_HASH, block_number: registration.block_number, quote }
}

fn sign(wallet: &LocalWallet, digest: Digest) -> Signature {
    let signature: EthersSignature = wallet.sign_hash(H256(digest.0)).unwrap();
    Signature(signature.to_vec().try_into().unwrap())
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(|_| {}).await
    }

    /// Deploys everything; `adjust` may change the chain end's settings.
    pub(crate) async fn set_with(adjust: impl FnOnce(&mut EvmSettings)) -> Self {
        let anvil = Anvil::start(&[]).await;
        let admin = EvmAdmin::connect(AdminSettings::new(anvil.http(), CHAIN_ID), &key(ADMIN_KEY)).unwrap();
        let deployed = admin.deploy_oracle(&plan(admin.account())).await.unwrap();
        let worker = worker();
        let registration = admin.registration(deployed.registry.address).await.unwrap();
        admin.register_worker(deployed.registry.address, &evidence(&registration, &worker)).await.unwrap();
        let artifact = artifact();
        let contract_id = Digest(CONTRACT_ID).to_string();
        let creation = artifact.creation(&[&deployed.oracle.address.to_string(), &contract_id, "0", "3600"]).unwrap();
        let consumer = admin.deploy(creation).await.unwrap().address;
        let mut settings = EvmSettings::new(anvil.http(), CHAIN_ID, deployed.oracle.address);
        adjust(&mut settings);
        let chain = EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap();
        Self { anvil, admin, chain, deployed, worker, consumer, artifact }
    }

    /// Asks for a price, and gives the request as the chain end sees it.
    pub(crate) async fn ask(&self) -> ObservedRequest {
        let call = self.artifact.call("ask", &["BTC", "USD"]).unwrap();
        let asked = self.admin.send(self.consumer, call, Amount::from(1_500)).await.unwrap();
        let number = asked.block.number;
        let mut seen = self.chain.requests(number..=number).await.unwrap();
        assert_eq!(seen.len(), 1);
        seen.remove(0)
    }

    /// What a worker answers: a price of `value`.
    pub(crate) async fn answer(&self, asked: &ObservedRequest, value: u8) -> Entry {
        let mut output = vec![0; 32];
        output[31] = value;
        self.report(asked, Outcome::Ok, output).await
    }

    /// A report of the registered worker, executed now.
    pub(crate) async fn report(&self, asked: &ObservedRequest, outcome: Outcome, output: Vec<u8>) -> Entry {
        let executed_at = self.chain.head().await.unwrap().timestamp;
        let report = Report { request_id: asked.id, outcome, output, executed_at, payee: self.chain.payee() };
        let signatures = vec![sign(&self.worker, asked.request.report_digest(&report))];
        Entry { request: asked.request.clone(), report, signatures }
    }

    /// Signs a transaction with the next nonce and the current fees.
    pub(crate) async fn prepare(&self, entries: &[Entry]) -> PreparedTransaction {
        let nonce = self.chain.mined_nonce().await.unwrap();
        let fees = self.chain.outlook().await.unwrap().fees;
        self.chain.prepare(entries, nonce, fees).await.unwrap()
    }

    /// Delivers a batch, and waits until it is mined.
    pub(crate) async fn deliver(&self, entries: &[Entry]) -> (PreparedTransaction, Receipt) {
        let prepared = self.prepare(entries).await;
        let receipt = send(&self.chain, &prepared).await;
        (prepared, receipt)
    }

    /// The consumer's record of a request: value, outcome, whether it was answered.
    pub(crate) async fn price(&self, asked: &ObservedRequest) -> (String, String, String) {
        let call = self.artifact.call("priceOf", &[&asked.id.to_string()]).unwrap();
        let answered = self.admin.view(self.consumer, call).await.unwrap();
        let fields = self.artifact.read("priceOf", &answered).unwrap();
        (fields[3].clone(), fields[5].clone(), fields[6].clone())
    }

    /// Calls a function of the oracle that needs its admin.
    pub(crate) async fn oracle(&self, function: &str) {
        let oracle = Artifact::parse(include_str!("../../../../contracts-evm/artifacts/PhatOracle.json")).unwrap();
        let call = oracle.call(function, &[]).unwrap();
        self.admin.send(self.deployed.oracle.address, call, Amount::default()).await.unwrap();
    }

    /// Closes a request that expired.
    pub(crate) async fn cancel(&self, asked: &ObservedRequest) -> Mined {
        let oracle = Artifact::parse(include_str!("../../../../contracts-evm/artifacts/PhatOracle.json")).unwrap();
        let Request::Evm(request) = &asked.request else { panic!("an EVM request") };
        let bare = |text: String| text.trim_start_matches("0x").to_owned();
        let fields = [
            request.sequence.to_string(),
            bare(request.parent_hash.to_string()),
            bare(request.consumer.to_string()),
            bare(request.contract_id.to_string()),
            request.min_revision.to_string(),
            bare(request.payload_hash.to_string()),
            request.callback_gas_limit.to_string(),
            request.max_output.to_string(),
            request.expires_at.to_string(),
            request.payment.to_string(),
        ];
        let call = oracle.call("cancel", &[&format!("({})", fields.join(","))]).unwrap();
        self.admin.send(self.deployed.oracle.address, call, Amount::default()).await.unwrap()
    }

    /// Bans a worker.
    pub(crate) async fn revoke(&self, worker: WorkerAddress) {
        let registry =
            Artifact::parse(include_str!("../../../../contracts-evm/artifacts/WorkerRegistry.json")).unwrap();
        let call = registry.call("revoke", &[&worker.to_string()]).unwrap();
        self.admin.send(self.deployed.registry.address, call, Amount::default()).await.unwrap();
    }
}

/// Broadcasts a transaction, and waits until it is mined.
pub(crate) async fn send(chain: &EvmChain, prepared: &PreparedTransaction) -> Receipt {
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    let mined = async {
        loop {
            if let Some(receipt) = chain.receipts(&sent(&[prepared.hash])).await.unwrap().pop() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), mined).await.expect("it is mined")
}

pub(crate) fn artifact() -> Artifact {
    Artifact::parse(include_str!("../../../../contracts-evm/artifacts/PriceConsumer.json")).unwrap()
}

/// Transactions as they are asked for; an EVM chain finds them by their hashes alone.
pub(crate) fn sent(hashes: &[TxHash]) -> Vec<Sent> {
    hashes.iter().map(|hash| Sent { hash: *hash, account: Account(String::new()), nonce: 0 }).collect()
}

/// A request as its resolution is asked for.
pub(crate) fn made(request: &ObservedRequest) -> Asked {
    Asked { id: request.id, block: request.block.number }
}
