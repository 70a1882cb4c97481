//! A chain in memory.

use crate::*;
use codec::Encode;
use pallet_phat_oracle::{Entry, Report, RequestId, WorkerRegistration};
use phat_protocol::{Digest, WorkerKeys, keccak256, simulated_quote_digest, substrate};
use sp_core::{H256, Pair, ecdsa};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    AccountId32, ApplyExtrinsicResult, BuildStorage, MultiAddress, MultiSignature,
    generic::{Era, SignedPayload},
    traits::Header as _,
};

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const CONTRACT: [u8; 32] = [0xc0; 32];
pub(super) const CONFIG_HASH: [u8; 32] = [0xcf; 32];
pub(super) const OPERATOR: AccountId32 = AccountId32::new([0x0e; 32]);

/// The preset's chain, in its first block.
pub(super) fn start() -> sp_io::TestExternalities {
    let preset = preset(&sp_genesis_builder::DEV_RUNTIME_PRESET.into()).expect("a preset");
    let config: RuntimeGenesisConfig = serde_json::from_slice(&preset).expect("a genesis");
    let mut chain: sp_io::TestExternalities = config.build_storage().expect("a genesis").into();
    chain.execute_with(|| {
        let parent = System::block_hash(0);
        Executive::initialize_block(&Header::new(1, H256::zero(), H256::zero(), parent, Default::default()));
        at(NOW);
    });
    chain
}

/// The same with a registered worker, and a contract for prices.
pub(super) fn ready() -> sp_io::TestExternalities {
    let mut chain = start();
    chain.execute_with(|| {
        let measurement = keccak256(b"phat-enclave/simulated/v1");
        PhatOracle::allow_pair(RuntimeOrigin::root(), measurement, CONFIG_HASH).expect("allowed");
        PhatOracle::register_worker(RuntimeOrigin::root(), registration(measurement)).expect("registered");
        PriceConsumer::set_contract(RuntimeOrigin::root(), CONTRACT, 0).expect("set");
    });
    chain
}

pub(super) fn at(seconds: u64) {
    pallet_timestamp::Now::<Runtime>::put(seconds * 1_000);
}

/// Has a key sign a transaction, and applies it.
pub(super) fn apply(key: Sr25519Keyring, call: impl Into<RuntimeCall>) -> ApplyExtrinsicResult {
    let (call, account) = (call.into(), key.to_account_id());
    let extension = extension(System::account_nonce(&account));
    let payload = SignedPayload::new(call.clone(), extension.clone()).expect("a payload");
    let signature = MultiSignature::Sr25519(payload.using_encoded(|bytes| key.sign(bytes)));
    Executive::apply_extrinsic(UncheckedExtrinsic::new_signed(call, MultiAddress::Id(account), signature, extension))
}

/// Applies a transaction that nobody signs.
pub(super) fn apply_unsigned(call: impl Into<RuntimeCall>) -> ApplyExtrinsicResult {
    Executive::apply_extrinsic(UncheckedExtrinsic::new_transaction(call.into(), extension(0)))
}

fn extension(nonce: u32) -> TxExtension {
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
    )
}

/// The request that was made last.
pub(super) fn last_request() -> RequestId {
    let requests = pallet_phat_oracle::Requests::<Runtime>::iter();
    requests.max_by_key(|(_, request)| request.sequence).expect("a request").0
}

/// An answer that the worker signed.
pub(super) fn answered(request_id: RequestId, outcome: u8, output: &[u8], executed_at: u64) -> Entry<AccountId32> {
    answered_to(Sr25519Keyring::Charlie.to_account_id(), request_id, outcome, output, executed_at)
}

/// The same, with another payee than Charlie.
pub(super) fn answered_to(
    payee: AccountId32,
    request_id: RequestId,
    outcome: u8,
    output: &[u8],
    executed_at: u64,
) -> Entry<AccountId32> {
    let report = Report { outcome, output: output.to_vec().try_into().expect("short"), executed_at, payee };
    let request = substrate::Request {
        genesis: System::block_hash(0).0.into(),
        instance: "PhatOracle".into(),
        sequence: 0,
        parent_hash: Default::default(),
        requester: Vec::new(),
        contract_id: Default::default(),
        min_revision: 0,
        payload_hash: Default::default(),
        max_output: 0,
        expires_at: 0,
        payment: 0,
    };
    let known = phat_protocol::Report {
        request_id: request_id.into(),
        outcome: phat_protocol::Outcome::try_from(outcome).expect("an outcome"),
        output: output.to_vec(),
        executed_at,
        payee: phat_protocol::Payee(report.payee.clone().into()),
    };
    let digest = phat_protocol::OracleChain::report_digest(&request, &known);
    let signatures = vec![sign(&worker(), &digest)].try_into().expect("one");
    Entry { request_id, report, signatures }
}

fn worker() -> ecdsa::Pair {
    ecdsa::Pair::from_seed(&[1; 32])
}

fn sign(key: &ecdsa::Pair, digest: &Digest) -> [u8; 65] {
    let mut signature = key.sign_prehashed(&digest.0).0;
    signature[64] += 27;
    signature
}

fn registration(measurement: [u8; 32]) -> WorkerRegistration<AccountId32> {
    let digest = Digest([0; 32]);
    let key = sp_io::crypto::secp256k1_ecdsa_recover(&sign(&worker(), &digest), &digest.0).ok().expect("a key");
    let keys = WorkerKeys {
        worker: phat_protocol::WorkerAddress::try_from(&keccak256(&key)[12..]).expect("20 bytes"),
        x25519: Digest([0x25; 32]),
        vrf_key_hash: Digest([0; 32]),
    };
    let place = substrate::Registration {
        genesis: System::block_hash(0).0.into(),
        instance: "PhatOracle".into(),
        operator: OPERATOR.encode(),
        block_number: 0,
        block_hash: System::block_hash(0).0.into(),
    };
    let report_data = place.report_data(&keys, &Digest(CONFIG_HASH));
    let development_key = ecdsa::Pair::from_seed(&keccak256(b"phat-development-attestation-key/v1"));
    let word = |value: u8| [vec![0; 31], vec![value]].concat();
    let signature = sign(&development_key, &simulated_quote_digest(&Digest(measurement), &report_data));
    let parts: [&[u8]; 8] =
        [&measurement, &word(96), &word(192), &word(64), &report_data.0, &word(65), &signature, &[0; 31]];
    WorkerRegistration {
        operator: OPERATOR,
        worker: keys.worker.0,
        x25519_key: keys.x25519.0,
        vrf_key_hash: keys.vrf_key_hash.0,
        measurement,
        config_hash: CONFIG_HASH,
        block_number: 0,
        block_hash: System::block_hash(0).0,
        evidence: parts.concat().try_into().expect("short"),
    }
}

/// Whether a pallet did something that it told of.
pub(super) fn told(event: impl Into<RuntimeEvent>) -> bool {
    let event = event.into();
    System::events().iter().any(|record| record.event == event)
}
