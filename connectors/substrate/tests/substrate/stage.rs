//! A node with an oracle that has a worker, and what a test does with it.

use crate::{
    chopsticks::{self, Chopsticks, GENESIS, Options},
    proxy::Proxy,
};
use k256::ecdsa::SigningKey;
use phat_connector::{
    Acceptance, Asked, Entry, ObservedRequest, OracleStatus, PreparedTransaction, Receipt, ReportSink, RequestSource,
    Resolution, Sent, rpc::EndpointSettings,
};
use phat_connector_substrate::{KeyScheme, SubmitterKey, SubstrateChain, SubstrateSettings, admin::WorkerEvidence};
use phat_protocol::{
    Digest, OracleChain, Outcome, Payee, Report, Signature, WorkerAddress, WorkerKeys, keccak256,
    simulated_quote_digest, substrate::Registration,
};
use secrecy::SecretString;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use subxt::{
    Metadata, OfflineClient, OfflineClientAtBlock, SubstrateConfig,
    config::{
        DefaultExtrinsicParamsBuilder,
        substrate::{H256, SpecVersionForRange},
    },
    dynamic::Value,
    ext::scale_value::Composite,
};

pub(crate) const MEASUREMENT: Digest = Digest([0x4d; 32]);
pub(crate) const CONFIG_HASH: Digest = Digest([0xc0; 32]);
/// The Phat Contract that is asked.
pub(crate) const CONTRACT_ID: [u8; 32] = [0x1d; 32];
/// The pallet's name in the development runtime.
pub(crate) const INSTANCE: &str = "PhatOracle";
/// The chain's smallest units in one of its coins.
pub(crate) const UNIT: u128 = 1_000_000_000_000;
/// What a request here pays.
pub(crate) const PAYMENT: u128 = UNIT / 10;

pub(crate) struct Stage {
    pub(crate) node: Chopsticks,
    pub(crate) chain: SubstrateChain,
    pub(crate) worker: SigningKey,
    client: OfflineClientAtBlock<SubstrateConfig>,
}

pub(crate) fn key(secret: &str) -> SubmitterKey {
    SubmitterKey::from_secret(&SecretString::from(secret), KeyScheme::Sr25519).unwrap()
}

/// The key that signs simulated evidence.
fn development_key() -> SigningKey {
    SigningKey::from_slice(&keccak256(b"phat-development-attestation-key/v1")).unwrap()
}

pub(crate) fn worker() -> SigningKey {
    SigningKey::from_slice(&[0x77; 32]).unwrap()
}

pub(crate) fn address(key: &SigningKey) -> WorkerAddress {
    let point = key.verifying_key().to_encoded_point(false);
    let hash = keccak256(&point.as_bytes()[1..]);
    WorkerAddress(hash[12..].try_into().unwrap())
}

pub(crate) fn sign(key: &SigningKey, digest: Digest) -> Signature {
    let (signature, recovery) = key.sign_prehash_recoverable(&digest.0).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + recovery.to_byte();
    Signature(bytes)
}

/// What a simulated provider would give out: abi.encode(measurement, report data, signature).
pub(crate) fn evidence(registration: &Registration, worker: &SigningKey) -> WorkerEvidence {
    let keys = WorkerKeys { worker: address(worker), x25519: Digest([0x25; 32]), vrf_key_hash: Digest::default() };
    let report_data = registration.report_data(&keys, &CONFIG_HASH);
    let signature = sign(&development_key(), simulated_quote_digest(&MEASUREMENT, &report_data));
    let word = |value: u8| {
        let mut word = [0; 32];
        word[31] = value;
        word
    };
    let quote =
        [&MEASUREMENT.0[..], &word(96), &word(192), &word(64), &report_data.0, &word(65), &signature.0, &[0; 31]]
            .concat();
    let (block_number, block_hash) = (registration.block_number, registration.block_hash);
    WorkerEvidence { keys, measurement: MEASUREMENT, config_hash: CONFIG_HASH, block_number, block_hash, quote }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(Options::default(), |_| {}).await
    }

    /// Starts everything, and registers a worker; `adjust` may change the chain end's settings.
    pub(crate) async fn set_with(options: Options, adjust: impl FnOnce(&mut SubstrateSettings)) -> Self {
        let blocks = options.blocks;
        let node = Chopsticks::start(options).await;
        let mut settings = SubstrateSettings::new(node.http(), GENESIS, INSTANCE);
        adjust(&mut settings);
        Self::set_on(node, blocks, settings).await
    }

    /// The same on a node that runs, asked as `settings` say.
    pub(crate) async fn set_on(node: Chopsticks, blocks: &str, settings: SubstrateSettings) -> Self {
        let chain = SubstrateChain::connect(settings, &key("//Alice")).unwrap();
        let client = client(&node).await;
        let stage = Self { node, chain, worker: worker(), client };
        // Evidence names a block that has another after it.
        stage.node.mine(2).await;
        let pair = [("measurement", MEASUREMENT), ("config_hash", CONFIG_HASH)];
        let pair = pair.map(|(name, value)| (name.to_owned(), Value::from_bytes(value.0)));
        stage.send_as_root("allow_pair", pair.into()).await;
        let registration = stage.chain.registration().await.unwrap();
        let evidence = evidence(&registration, &stage.worker);
        if blocks == "Instant" {
            stage.chain.register_worker(&evidence).await.unwrap();
        } else {
            let registering = stage.chain.register_worker(&evidence);
            let mining = async {
                stage.pooled().await;
                stage.node.mine(1).await;
            };
            tokio::join!(registering, mining).0.unwrap();
        }
        stage
    }

    /// Another client of the same node, which has seen nothing yet; `adjust` may change its settings.
    pub(crate) fn again(&self, adjust: impl FnOnce(&mut SubstrateSettings)) -> SubstrateChain {
        let mut settings = SubstrateSettings::new(self.node.http(), GENESIS, INSTANCE);
        adjust(&mut settings);
        SubstrateChain::connect(settings, &key("//Alice")).unwrap()
    }

    /// The same behind a proxy that counts what is asked.
    pub(crate) async fn counted(&self, adjust: impl FnOnce(&mut SubstrateSettings)) -> (Proxy, SubstrateChain) {
        let proxy = Proxy::start(self.node.port).await;
        let chain = self.again(|settings| {
            settings.endpoints = vec![EndpointSettings::new(proxy.http())];
            adjust(settings);
        });
        (proxy, chain)
    }

    /// Waits until an extrinsic waits in the pool.
    pub(crate) async fn pooled(&self) {
        eventually("an extrinsic in the pool", async || {
            let pending = self.node.rpc("author_pendingExtrinsics", json!([])).await;
            pending.as_array().is_some_and(|pending| !pending.is_empty())
        })
        .await;
    }

    /// Sends a call of the oracle by `signer`, and waits until it is in a block.
    pub(crate) async fn send(&self, signer: &str, pallet: &str, call: &str, arguments: Vec<(String, Value)>) {
        let call = subxt::dynamic::tx(pallet.to_owned(), call.to_owned(), Composite::Named(arguments));
        let key = key(signer);
        let next =
            || async { self.node.rpc("system_accountNextIndex", json!([key.address()])).await.as_u64().unwrap() };
        let nonce = next().await;
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().nonce(nonce).immortal().build();
        let mut signable = self.client.tx().create_signable_offline(&call, params).unwrap();
        let raw = signable.sign(&key).unwrap().into_encoded();
        self.node.rpc("author_submitExtrinsic", json!([format!("0x{}", hex::encode(raw))])).await;
        let pending = self.node.rpc("author_pendingExtrinsics", json!([])).await;
        if pending.as_array().is_some_and(|pending| !pending.is_empty()) {
            self.node.mine(1).await;
        }
        eventually("an extrinsic in a block", async || {
            let chain = self.chain.submitting_as(&key);
            chain.mined_nonce().await.unwrap() > nonce
        })
        .await;
    }

    /// Has the chain go on with the other runtime that is committed, where the oracle's pallet has another index.
    pub(crate) async fn upgrade(&mut self) {
        let code = vec![("code".to_owned(), Value::from_bytes(chopsticks::next_runtime()))];
        self.send_as_root_to("System", "set_code", code).await;
        // The block after the one that it was set in is the first that the new runtime makes.
        self.node.mine(1).await;
        self.client = client(&self.node).await;
    }

    /// Sends a call of the oracle as root.
    pub(crate) async fn send_as_root(&self, call: &str, arguments: Vec<(String, Value)>) {
        self.send_as_root_to(INSTANCE, call, arguments).await;
    }

    /// Sends a call of any pallet as root.
    pub(crate) async fn send_as_root_to(&self, pallet: &str, call: &str, arguments: Vec<(String, Value)>) {
        let inner = Value::unnamed_variant(pallet, [Value::named_variant(call, arguments)]);
        self.send("//Alice", "Sudo", "sudo", vec![("call".to_owned(), inner)]).await;
    }

    /// An account asks, and the request comes as the chain end sees it.
    pub(crate) async fn ask(&self) -> ObservedRequest {
        self.ask_for(600).await
    }

    /// The same, for an answer within so many seconds of the chain's clock.
    pub(crate) async fn ask_for(&self, lifetime: u64) -> ObservedRequest {
        let head = self.chain.head().await.unwrap();
        let arguments = [
            ("contract_id", Value::from_bytes(CONTRACT_ID)),
            ("min_revision", Value::u128(3)),
            ("payload", Value::from_bytes(b"what is it?")),
            ("max_output", Value::u128(100)),
            ("expires_at", Value::u128((head.timestamp + lifetime).into())),
            ("payment", Value::u128(PAYMENT)),
        ];
        let arguments = arguments.map(|(name, value)| (name.to_owned(), value)).into();
        self.send("//Bob", INSTANCE, "request", arguments).await;
        let newest = self.chain.head().await.unwrap().latest.number;
        let mut seen = self.chain.requests(head.latest.number + 1..=newest).await.unwrap();
        assert_eq!(seen.len(), 1);
        seen.remove(0)
    }

    /// A report of the registered worker, executed now.
    pub(crate) async fn answer(&self, asked: &ObservedRequest, output: &[u8]) -> Entry {
        self.answer_to(self.chain.payee(), asked, output).await
    }

    /// The same, with another payee.
    pub(crate) async fn answer_to(&self, payee: Payee, asked: &ObservedRequest, output: &[u8]) -> Entry {
        let executed_at = self.chain.head().await.unwrap().timestamp;
        let report = Report { request_id: asked.id, outcome: Outcome::Ok, output: output.to_vec(), executed_at, payee };
        let signatures = vec![sign(&self.worker, asked.request.report_digest(&report))];
        Entry { request: asked.request.clone(), report, signatures }
    }

    /// Signs an extrinsic with the next nonce and the current tip.
    pub(crate) async fn prepare(&self, entries: &[Entry]) -> PreparedTransaction {
        let outlook = self.chain.outlook().await.unwrap();
        self.chain.prepare(entries, outlook.mined_nonce, outlook.fees).await.unwrap()
    }

    /// Delivers a batch, and waits until it is in a block.
    pub(crate) async fn deliver(&self, entries: &[Entry]) -> (PreparedTransaction, Receipt) {
        let prepared = self.prepare(entries).await;
        assert_eq!(self.chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
        let receipt = receipt(&self.chain, &prepared).await;
        (prepared, receipt)
    }

    /// How a request was closed, up to the newest block.
    pub(crate) async fn resolutions(&self, asked: &ObservedRequest) -> Vec<Resolution> {
        let newest = self.chain.head().await.unwrap().latest.number;
        self.resolutions_to(asked, newest).await
    }

    /// The same, up to a block.
    pub(crate) async fn resolutions_to(&self, asked: &ObservedRequest, to: u64) -> Vec<Resolution> {
        let request = Asked { id: asked.id, block: asked.block.number };
        self.chain.resolutions(&[request], to).await.unwrap()
    }
}

/// Waits for the receipt of an extrinsic.
pub(crate) async fn receipt(chain: &SubstrateChain, prepared: &PreparedTransaction) -> Receipt {
    let mut found = None;
    eventually("a receipt", async || {
        found = chain.receipts(&[sent(chain, prepared)]).await.unwrap().pop();
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// A prepared extrinsic as its receipt is asked for.
pub(crate) fn sent(chain: &SubstrateChain, prepared: &PreparedTransaction) -> Sent {
    Sent { hash: prepared.hash, account: chain.submitter(), nonce: prepared.nonce }
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("no {what} in time"));
}

/// What writes extrinsics for the runtime of the node.
async fn client(node: &Chopsticks) -> OfflineClientAtBlock<SubstrateConfig> {
    let metadata = node.rpc("state_getMetadata", json!([])).await;
    let metadata = hex::decode(metadata.as_str().unwrap().trim_start_matches("0x")).unwrap();
    let version = node.rpc("state_getRuntimeVersion", json!([])).await;
    let number = |name: &str| u32::try_from(version[name].as_u64().unwrap()).unwrap();
    let (spec_version, transaction_version) = (number("specVersion"), number("transactionVersion"));
    let config = SubstrateConfig::builder()
        .set_genesis_hash(H256(GENESIS.0))
        .set_metadata_for_spec_versions([(spec_version, Arc::new(Metadata::decode_from(&metadata).unwrap()))])
        .set_spec_version_for_block_ranges([SpecVersionForRange {
            block_range: 0..u64::MAX,
            spec_version,
            transaction_version,
        }])
        .build();
    OfflineClient::new_with_config(config).at_block(0u64).unwrap()
}
