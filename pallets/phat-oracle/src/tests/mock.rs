//! A runtime for tests: two operators' workers, a consumer that does what it is told, and a clock.

use crate::{self as pallet_phat_oracle, *};
use codec::Encode;
use frame_support::{
    derive_impl,
    dispatch::DispatchResult,
    parameter_types,
    storage::unhashed,
    traits::{ConstU32, ConstU64, ConstU128, Hooks},
    weights::Weight,
};
use frame_system::EnsureRoot;
use phat_protocol::{Digest, WorkerKeys, keccak256, simulated_quote_digest, substrate};
use sp_core::{H256, Pair, ecdsa};
use sp_runtime::{
    AccountId32, BuildStorage, DispatchError,
    traits::{Dispatchable, IdentityLookup},
};

pub(crate) type Block = frame_system::mocking::MockBlockU32<Test>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(3)]
    pub type PhatOracle = pallet_phat_oracle;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u128>;
    type BlockHashCount = ConstU32<4096>;
}

impl pallet_timestamp::Config for Test {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

pub(crate) const EXISTENTIAL_DEPOSIT: u128 = 10;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

parameter_types! {
    pub DevelopmentKey: WorkerAddress = address(&development_key());
    pub static UnsignedPriority: Option<u64> = Some(1_000);
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Time = Timestamp;
    type Consumer = (Consumer, Elsewhere);
    type Verifier = SimulatedVerifier<DevelopmentKey>;
    type RegisterOrigin = EnsureRootOrSigned<AccountId32>;
    type AdminOrigin = frame_system::EnsureSignedBy<Admin, AccountId32>;
    type AdditionOrigin = EnsureRoot<AccountId32>;
    type MaxExecutedAhead = ConstU64<300>;
    type MaxBatch = ConstU32<8>;
    type UnsignedPriority = UnsignedPriority;
    type WeightInfo = weights::SubstrateWeight<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Clock;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Clock;

#[cfg(feature = "runtime-benchmarks")]
impl BenchmarkHelper for Clock {
    fn set_time(seconds: u64) {
        at(seconds);
    }
}

/// May do what lets nobody new in.
pub struct Admin;

impl frame_support::traits::SortedMembers<AccountId32> for Admin {
    fn sorted_members() -> Vec<AccountId32> {
        vec![ADMIN]
    }
}

pub(crate) const ALICE: AccountId32 = AccountId32::new([1; 32]);
pub(crate) const BOB: AccountId32 = AccountId32::new([2; 32]);
pub(crate) const RELAYER: AccountId32 = AccountId32::new([3; 32]);
pub(crate) const PAYEE: AccountId32 = AccountId32::new([4; 32]);
pub(crate) const ADMIN: AccountId32 = AccountId32::new([5; 32]);
/// The account that the consumer asks from.
pub(crate) const CONSUMER: AccountId32 = AccountId32::new([6; 32]);
/// Runs workers.
pub(crate) const OPERATORS: [AccountId32; 3] =
    [AccountId32::new([7; 32]), AccountId32::new([8; 32]), AccountId32::new([9; 32])];

pub(crate) const ENDOWMENT: u128 = 1_000_000;
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const CONTRACT: ContractId = [0xc0; 32];
pub(crate) const MEASUREMENT: Measurement = [0x3e; 32];
pub(crate) const CONFIG_HASH: ConfigHash = [0xcf; 32];
/// 100 for a request, 1 for each byte of its payload, 2 for each of its output.
pub(crate) const PRICE: Prices<u128> = Prices { per_request: 100, per_payload_byte: 1, per_output_byte: 2 };

/// A consumer whose behaviour is in the storage, under these keys.
pub struct Consumer;

pub(crate) const FAILS: &[u8] = b"fails";
pub(crate) const ASKS_AGAIN: &[u8] = b"asks again";
pub(crate) const HEARD: &[u8] = b"heard";
pub(crate) const CLOSED: &[u8] = b"closed";
pub(crate) const CALLBACK_WEIGHT: u64 = 7_000;

/// What was heard last: request, outcome, output, time.
pub(crate) type Heard = (RequestId, u8, Vec<u8>, u64);

impl OnPhatReport<AccountId32> for Consumer {
    fn asks_from(requester: &AccountId32) -> bool {
        *requester == CONSUMER
    }
    fn weight(output_length: u32) -> Weight {
        Weight::from_parts(CALLBACK_WEIGHT + u64::from(output_length), 0)
    }
    fn on_phat_report(answer: &Answer<'_, AccountId32>) -> DispatchResult {
        let heard: Heard = (answer.request_id, answer.outcome, answer.output.to_vec(), answer.executed_at);
        unhashed::put(HEARD, &heard);
        if unhashed::exists(ASKS_AGAIN) {
            <PhatOracle as Oracle<AccountId32>>::ask(CONSUMER, question(b"again"), 1_000)?;
        }
        if unhashed::exists(FAILS) { Err(DispatchError::Other("told so")) } else { Ok(()) }
    }
    fn on_closed(request_id: &RequestId, _: &AccountId32, closed: Closed) {
        unhashed::put(CLOSED, &(*request_id, closed == Closed::Cancelled));
    }
}

/// A consumer that nobody asks from.
pub struct Elsewhere;

impl OnPhatReport<AccountId32> for Elsewhere {
    fn asks_from(_: &AccountId32) -> bool {
        false
    }
    fn weight(_: u32) -> Weight {
        Weight::from_parts(1, 0)
    }
    fn on_phat_report(_: &Answer<'_, AccountId32>) -> DispatchResult {
        Err(DispatchError::Other("not mine"))
    }
}

/// A chain at block 1 and [`NOW`], with a worker of each operator.
pub(crate) fn chain() -> sp_io::TestExternalities {
    let accounts = [ALICE, BOB, RELAYER, ADMIN, CONSUMER];
    let genesis = RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: accounts.map(|account| (account, ENDOWMENT)).into(),
            ..Default::default()
        },
        phat_oracle: PhatOracleConfig { allowed_pairs: vec![(MEASUREMENT, CONFIG_HASH)], price: PRICE },
        ..Default::default()
    };
    let mut chain: sp_io::TestExternalities = genesis.build_storage().expect("a genesis").into();
    chain.execute_with(|| {
        next_block();
        Timestamp::set_timestamp(NOW * 1_000);
        for (index, operator) in OPERATORS.into_iter().enumerate() {
            let registration = registration(&worker(index), operator);
            PhatOracle::register_worker(RuntimeOrigin::root(), registration).expect("registered");
        }
        System::reset_events();
    });
    chain
}

/// The same with a keystore, for benchmarks.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn chain_with_keys() -> sp_io::TestExternalities {
    let mut chain = chain();
    chain.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    chain
}

/// Runs a test on such a chain, and checks what always holds at its end.
pub(crate) fn test(run: impl FnOnce()) {
    chain().execute_with(|| {
        run();
        PhatOracle::check_state().expect("what always holds");
    });
}

pub(crate) fn next_block() {
    let number = System::block_number() + 1;
    let parent = if number == 1 { System::block_hash(0) } else { H256(keccak256(&number.encode())) };
    System::initialize(&number, &parent, &Default::default());
    PhatOracle::on_initialize(number);
}

pub(crate) fn at(seconds: u64) {
    Timestamp::set_timestamp(seconds * 1_000);
}

/// The keys of the workers, in the ascending order of their addresses.
pub(crate) fn worker(index: usize) -> ecdsa::Pair {
    let mut keys: Vec<_> = (1..=4).map(|seed| ecdsa::Pair::from_seed(&[seed; 32])).collect();
    keys.sort_by_key(address);
    keys.remove(index)
}

pub(crate) fn development_key() -> ecdsa::Pair {
    ecdsa::Pair::from_seed(&keccak256(b"phat-development-attestation-key/v1"))
}

pub(crate) fn address(key: &ecdsa::Pair) -> WorkerAddress {
    let digest = [0; 32];
    crate::signature::signer(&sign(key, &digest), &digest).expect("a signature")
}

/// As workers sign.
pub(crate) fn sign(key: &ecdsa::Pair, digest: &[u8; 32]) -> [u8; 65] {
    let mut signature = key.sign_prehashed(digest).0;
    signature[64] += 27;
    signature
}

/// A registration of a worker, with evidence as the enclave makes it.
pub(crate) fn registration(worker: &ecdsa::Pair, operator: AccountId32) -> WorkerRegistration<AccountId32> {
    let mut registration = WorkerRegistration {
        operator,
        worker: address(worker),
        x25519_key: [0x25; 32],
        vrf_key_hash: [0; 32],
        measurement: MEASUREMENT,
        config_hash: CONFIG_HASH,
        block_number: u64::from(System::block_number()) - 1,
        block_hash: System::parent_hash().0,
        evidence: Default::default(),
    };
    registration.evidence = evidence(&registration).try_into().expect("short");
    registration
}

/// Evidence for a registration.
pub(crate) fn evidence(registration: &WorkerRegistration<AccountId32>) -> Vec<u8> {
    let place = substrate::Registration {
        genesis: PhatOracle::genesis().into(),
        instance: "PhatOracle".into(),
        operator: registration.operator.encode(),
        block_number: registration.block_number,
        block_hash: registration.block_hash.into(),
    };
    let keys = WorkerKeys {
        worker: registration.worker.into(),
        x25519: registration.x25519_key.into(),
        vrf_key_hash: registration.vrf_key_hash.into(),
    };
    let report_data = place.report_data(&keys, &registration.config_hash.into());
    let digest = simulated_quote_digest(&Digest(registration.measurement), &report_data);
    let word = |value: u8| [vec![0; 31], vec![value]].concat();
    let parts: [&[u8]; 8] = [
        &registration.measurement,
        &word(96),
        &word(192),
        &word(64),
        &report_data.0,
        &word(65),
        &sign(&development_key(), &digest.0),
        &[0; 31],
    ];
    parts.concat()
}

pub(crate) fn question(payload: &[u8]) -> Question {
    Question {
        contract_id: CONTRACT,
        min_revision: 0,
        payload: payload.to_vec().try_into().expect("short"),
        max_output: 64,
        expires_at: PhatOracle::now() + 600,
    }
}

/// Asks, and pays 1000.
pub(crate) fn ask(requester: AccountId32) -> RequestId {
    PhatOracle::submit(requester, question(b"what?"), 1_000).expect("asked")
}

pub(crate) fn report(output: &[u8]) -> Report<AccountId32> {
    let output = output.to_vec().try_into().expect("short");
    Report { outcome: 0, output, executed_at: NOW, payee: PAYEE }
}

/// The signatures of workers, in this order.
pub(crate) fn signed(request_id: RequestId, report: &Report<AccountId32>, workers: &[usize]) -> Signatures {
    let digest = PhatOracle::report_digest(&request_id, report);
    let signatures: Vec<_> = workers.iter().map(|index| sign(&worker(*index), &digest)).collect();
    signatures.try_into().expect("few")
}

/// An entry that one worker signed.
pub(crate) fn entry(request_id: RequestId, report: Report<AccountId32>) -> Entry<AccountId32> {
    let signatures = signed(request_id, &report, &[0]);
    Entry { request_id, report, signatures }
}

/// Answers with what one worker signed.
pub(crate) fn fulfil(request_id: RequestId, report: Report<AccountId32>) -> Result<(), DispatchError> {
    let signatures = signed(request_id, &report, &[0]);
    PhatOracle::fulfill(RuntimeOrigin::signed(RELAYER), request_id, report, signatures)
        .map(|_| ())
        .map_err(|refused| refused.error)
}

/// Has an account call the pallet, as in a block: a call that fails leaves nothing.
pub(crate) fn call(who: AccountId32, call: Call<Test>) -> DispatchResult {
    let dispatched = RuntimeCall::from(call).dispatch(RuntimeOrigin::signed(who));
    dispatched.map(|_| ()).map_err(|failed| failed.error)
}

/// The pallet's events since the last look.
pub(crate) fn events() -> Vec<Event<Test>> {
    let events = System::read_events_for_pallet::<Event<Test>>();
    System::reset_events();
    events
}
