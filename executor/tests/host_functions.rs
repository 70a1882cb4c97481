//! What host functions answer, and how they defend themselves.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;
#[path = "host_functions/vrf.rs"]
mod vrf;

use parity_scale_codec::{Decode, Encode};
use phat_executor::{ExecutorConfig, KeyRoot, LogLevel, LogLine, Mode, Run, RunEnd, RunResult, State};
use phat_protocol::{Outcome, blake2_256, keccak256};
use std::{collections::BTreeMap, sync::Arc};
use support::{CONTRACT, NOW_MILLIS, executor, guest, http::returned, query, run};

async fn call(body: &str) -> RunResult {
    let wat = guest::contract_with("(memory 32 64)", r#"(data (i32.const 0) "abc")"#, body);
    run(&executor(&ExecutorConfig::default()), query(&wat)).await
}

/// Calls a function `(out, out_len)`, and returns what it wrote.
async fn context(mode: Mode, name: &str) -> Vec<u8> {
    let body = format!(
        "(call $capacity (i32.const 64))
         (call ${name} (i32.const 65536) (i32.const 65532))
         (call $return (i32.const 65536) (i32.load (i32.const 65532)))"
    );
    let run_of = Run { caller: [3; 32], mode, ..query(&guest::contract(&body)) };
    returned(&run(&executor(&ExecutorConfig::default()), run_of).await)
}

#[tokio::test]
async fn the_context_is_told() {
    for mode in [Mode::Query, Mode::Simulation] {
        assert_eq!(context(mode, "now").await, NOW_MILLIS.to_le_bytes());
    }
    assert_eq!(context(Mode::Transaction, "now").await, [0; 8]);
    assert_eq!(context(Mode::Query, "caller").await, [3; 32]);
    assert_eq!(context(Mode::Query, "address").await, CONTRACT.0);
    assert_eq!(context(Mode::Query, "value").await, [0; 16]);
    assert_eq!(context(Mode::Query, "block").await, [0; 4]);
}

#[tokio::test]
async fn hashes_are_those_of_their_names() {
    let hash = async |name: &str, length: usize| {
        let body = format!(
            "(call ${name} (i32.const 0) (i32.const 3) (i32.const 100)) (call $return (i32.const 100) (i32.const {length}))"
        );
        returned(&call(&body).await)
    };
    assert_eq!(hash("blake2_256", 32).await, blake2_256(b"abc"));
    assert_eq!(hash("keccak_256", 32).await, keccak256(b"abc"));
    // FIPS 180-4, appendix B.1; BLAKE2b-128 as libsodium and Python's hashlib compute it.
    let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(&hash("sha2_256", 32).await), sha);
    assert_eq!(hex(&hash("blake2_128", 16).await), "cf4ab791c62b8d2b2109c90275287816");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sets 3 bytes under the key "abc", and reads them back.
const WRITE_AND_READ: &str = "
    (i32.store (i32.const 200) (call $set (i32.const 0) (i32.const 3) (i32.const 1) (i32.const 2)))
    (i32.store (i32.const 204) (call $contains (i32.const 0) (i32.const 3)))
    (call $capacity (i32.const 100))
    (i32.store (i32.const 208) (call $get (i32.const 0) (i32.const 3) (i32.const 216) (i32.const 65532)))
    (i32.store (i32.const 212) (call $get (i32.const 0) (i32.const 2) (i32.const 300) (i32.const 65532)))
    (call $return (i32.const 200) (i32.const 18))";

#[tokio::test]
async fn a_run_reads_its_own_writes_and_leaves_them_as_changes() {
    let result = call(WRITE_AND_READ).await;
    let none = u32::MAX;
    let expected = [&none.to_le_bytes()[..], &[2, 0, 0, 0], &[0; 4], &[3, 0, 0, 0], b"bc"].concat();
    assert_eq!(returned(&result), expected);
    let changes = BTreeMap::from([(b"abc".to_vec(), Some(b"bc".to_vec()))]);
    assert_eq!(result.changes, BTreeMap::from([(CONTRACT, changes)]));
}

#[tokio::test]
async fn committed_state_is_read_and_removed_without_being_changed() {
    let state = Arc::new(State::from([(b"abc".to_vec(), b"committed".to_vec())]));
    let body = "(i32.store (i32.const 200) (call $clear (i32.const 0) (i32.const 3)))
        (i32.store (i32.const 204) (call $contains (i32.const 0) (i32.const 3)))
        (i32.store (i32.const 208) (call $clear (i32.const 0) (i32.const 3)))
        (call $return (i32.const 200) (i32.const 12))";
    let wat = guest::contract_with("(memory 2 2)", r#"(data (i32.const 0) "abc")"#, body);
    let result = run(&executor(&ExecutorConfig::default()), Run { state: Arc::clone(&state), ..query(&wat) }).await;
    assert_eq!(returned(&result), [9, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    assert_eq!(result.changes[&CONTRACT][&b"abc"[..]], None);
    assert_eq!(state.len(), 1);
}

#[tokio::test]
async fn a_run_that_fails_or_reverts_changes_nothing() {
    let write = "(drop (call $set (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 3)))
        (call $event (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 3))";
    let trapped = call(&format!("{write} unreachable")).await;
    let reverted = call(&format!("{write} (call $seal_return (i32.const 1) (i32.const 0) (i32.const 3))")).await;
    for result in [&trapped, &reverted] {
        assert!(!result.succeeded() && result.changes.is_empty() && result.events.is_empty());
    }
    assert_eq!(reverted.end, RunEnd::Returned { flags: 1, data: b"abc".to_vec() });
    let done = call(write).await;
    assert_eq!((done.changes.len(), done.events.len()), (1, 1));
    assert_eq!((&done.events[0].topics[..], &done.events[0].data[..]), (&b"a"[..], &b"abc"[..]));
}

#[tokio::test]
async fn an_event_beyond_its_limit_is_dropped_and_fails_nothing() {
    let at = |length: u32| format!("(call $event (i32.const 0) (i32.const 1) (i32.const 0) (i32.const {length}))");
    let result = call(&(at(16_383) + &at(16_384) + &at(u32::MAX))).await;
    assert!(result.succeeded(), "{:?}", result.end);
    assert_eq!((result.events.len(), result.dropped_records), (1, 2));
}

#[tokio::test]
async fn storage_beyond_its_limits_traps() {
    let trapped = async |body: &str| {
        let mut config = ExecutorConfig::default();
        config.limits.storage.value_bytes = 1000;
        config.limits.storage.overlay_bytes = 2500;
        let wat = guest::contract(body);
        let outcome = run(&executor(&config), query(&wat)).await.answer(0).outcome;
        // The guest returns nothing when it survives.
        outcome == Outcome::Trapped
    };
    let set = |key: u32, length: u32| {
        format!("(drop (call $set (i32.const {key}) (i32.const 8) (i32.const 0) (i32.const {length})))")
    };
    assert!(!trapped("(drop (call $contains (i32.const 0) (i32.const 128)))").await);
    assert!(trapped("(drop (call $contains (i32.const 0) (i32.const 129)))").await);
    assert!(!trapped(&set(0, 1000)).await);
    assert!(trapped(&set(0, 1001)).await);
    let many: String =
        (1..=3).map(|index| format!("(i32.store (i32.const 0) (i32.const {index})) {}", set(0, 900))).collect();
    assert!(trapped(&many).await);
    let again: String = (1..=9).map(|_| set(0, 1000)).collect();
    assert!(!trapped(&again).await);
}

#[tokio::test]
async fn ink_3_names_do_the_same() {
    let wat = r#"(module
        (import "env" "memory" (memory 2 16))
        (import "seal0" "seal_input" (func $input (param i32 i32)))
        (import "seal0" "seal_set_storage" (func $set (param i32 i32 i32)))
        (import "seal0" "seal_get_storage" (func $get (param i32 i32 i32) (result i32)))
        (import "seal0" "seal_clear_storage" (func $clear (param i32)))
        (import "seal0" "seal_hash_keccak_256" (func $hash (param i32 i32 i32)))
        (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
        (func (export "deploy"))
        (func (export "call")
            (i32.store (i32.const 4) (i32.const 100))
            (call $input (i32.const 100) (i32.const 4))
            (call $hash (i32.const 100) (i32.load (i32.const 4)) (i32.const 200))
            (call $set (i32.const 200) (i32.const 100) (i32.load (i32.const 4)))
            (call $set (i32.const 201) (i32.const 100) (i32.const 1))
            (call $clear (i32.const 201))
            (drop (call $get (i32.const 200) (i32.const 300) (i32.const 4)))
            (call $return (i32.const 0) (i32.const 300) (i32.load (i32.const 4)))))"#;
    let result = run(&executor(&ExecutorConfig::default()), Run { input: b"hello".to_vec(), ..query(wat) }).await;
    assert_eq!(returned(&result), b"hello");
    let changes = &result.changes[&CONTRACT];
    assert_eq!(changes[&keccak256(b"hello")[..]], Some(b"hello".to_vec()));
    assert_eq!(changes.values().filter(|value| value.is_none()).count(), 1);
}

/// Calls a function of the chain extension, and gives its result.
async fn extension<T: Decode>(mode: Mode, id: u32, arguments: impl Encode) -> T {
    let run_of = Run { input: arguments.encode(), mode, ..query(&guest::extension(id)) };
    let data = returned(&run(&executor(&ExecutorConfig::default()), run_of).await);
    assert_eq!(data[..4], [0; 4]);
    let mut rest = &data[4..];
    let value = T::decode(&mut rest).unwrap();
    assert!(rest.is_empty());
    value
}

const ED25519: u8 = 0;
const SR25519: u8 = 1;
const ECDSA: u8 = 2;

#[tokio::test]
async fn signatures_of_every_kind_verify_and_changed_ones_do_not() {
    let key = vec![5u8; 32];
    for (kind, key_length, signature_length) in [(ED25519, 32, 64), (SR25519, 32, 64), (ECDSA, 33, 65)] {
        let public: Vec<u8> = extension(Mode::Query, 5, (kind, &key)).await;
        let signature: Vec<u8> = extension(Mode::Query, 2, (kind, &key, b"message".to_vec())).await;
        assert_eq!((public.len(), signature.len()), (key_length, signature_length));
        let verify = async |message: &[u8], signature: &[u8]| {
            extension::<bool>(Mode::Query, 3, (kind, &public, message.to_vec(), signature.to_vec())).await
        };
        assert!(verify(b"message", &signature).await);
        assert!(!verify(b"massage", &signature).await);
        assert!(!verify(b"message", &signature[1..]).await);
    }
}

#[tokio::test]
async fn a_secp256k1_key_signs_and_recovers_as_on_ethereum() {
    // The first account of every development node.
    let secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let secret: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&secret[2 * at..2 * at + 2], 16).unwrap()).collect();
    let hash = keccak256(b"message");
    let signature: [u8; 65] = extension(Mode::Query, 13, (&secret, hash)).await;
    assert!(signature[64] <= 1);
    let public: Vec<u8> = extension(Mode::Query, 5, (ECDSA, &secret)).await;
    let public: [u8; 33] = public.try_into().unwrap();
    assert!(extension::<bool>(Mode::Query, 14, (signature, hash, public)).await);
    assert!(!extension::<bool>(Mode::Query, 14, (signature, [0u8; 32], public)).await);

    // The same through `seal0`: recover the key, and take its address.
    let body = "(call $capacity (i32.const 60000))
        (call $input (i32.const 0) (i32.const 65532))
        (i32.store8 (i32.const 64) (i32.add (i32.const 27) (i32.load8_u (i32.const 64))))
        (i32.store (i32.const 200) (call $ecdsa_recover (i32.const 0) (i32.const 65) (i32.const 100)))
        (i32.store (i32.const 204) (call $eth_address (i32.const 100) (i32.const 208)))
        (call $return (i32.const 200) (i32.const 28))";
    let input = (signature, hash).encode();
    let executor = executor(&ExecutorConfig::default());
    let data = returned(&run(&executor, Run { input, ..query(&guest::contract(body)) }).await);
    assert_eq!(hex(&data), format!("{}{}", "0".repeat(16), "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"));
    let garbage = Run { input: vec![0xff; 97], ..query(&guest::contract(body)) };
    assert_eq!(returned(&run(&executor, garbage).await)[..8], [11, 0, 0, 0, 11, 0, 0, 0]);
}

#[tokio::test]
async fn derived_keys_are_the_contracts_own_and_always_the_same() {
    let derive = async |mode, salt: &[u8]| extension::<Vec<u8>>(mode, 4, salt.to_vec()).await;
    let key = derive(Mode::Query, b"salt").await;
    assert_eq!(key.len(), 64);
    assert_eq!(derive(Mode::Query, b"salt").await, key);
    assert_eq!(derive(Mode::Transaction, b"salt").await, key);
    assert_ne!(derive(Mode::Query, b"other").await, key);
    assert_ne!(derive(Mode::Simulation, b"salt").await, key);
    let public: Vec<u8> = extension(Mode::Query, 5, (SR25519, &key)).await;
    let signature: Vec<u8> = extension(Mode::Query, 2, (SR25519, &key, b"m".to_vec())).await;
    assert!(extension::<bool>(Mode::Query, 3, (SR25519, public, b"m".to_vec(), signature)).await);

    let run_of = Run { input: b"salt".to_vec().encode(), contract: Default::default(), ..query(&guest::extension(4)) };
    assert_ne!(returned(&run(&executor(&ExecutorConfig::default()), run_of.clone()).await)[5..], key);
    let rootless = Run { key_root: None, ..run_of };
    let result = run(&executor(&ExecutorConfig::default()), rootless).await;
    assert_eq!(result.answer(0).outcome, Outcome::BadContract);
    assert_eq!(format!("{:?}", KeyRoot::new([9; 32])), "KeyRoot(redacted)");
}

#[tokio::test]
async fn a_transaction_is_told_nothing_that_could_differ() {
    for (mode, transaction) in [(Mode::Query, false), (Mode::Simulation, false), (Mode::Transaction, true)] {
        assert_eq!(extension::<bool>(mode, 12, ()).await, transaction);
        let random: Vec<u8> = extension(mode, 11, 3u8).await;
        assert_eq!(random, if transaction { vec![] } else { vec![1, 2, 3] });
        let millis: u64 = extension(mode, 18, ()).await;
        assert_eq!(millis, if transaction { 0 } else { NOW_MILLIS });
        let signature: Vec<u8> = extension(mode, 2, (SR25519, vec![5u8; 32], b"m".to_vec())).await;
        assert_eq!(signature.is_empty(), transaction);
        assert_eq!(extension::<(u32, u32)>(mode, 21, ()).await, (1, 2));
    }
}

#[tokio::test]
async fn a_log_line_keeps_its_level_and_loses_its_control_characters() {
    let executor = executor(&ExecutorConfig::default());
    let logged = async |level: u8, message: &str| {
        let run_of = Run { input: (level, message).encode(), ..query(&guest::extension(10)) };
        run(&executor, run_of).await.logs
    };
    let line = |level, message: &str| vec![LogLine { contract: CONTRACT, level, message: message.into() }];
    assert_eq!(logged(1, "a\nb").await, line(LogLevel::Error, "a b"));
    assert_eq!(logged(3, "c").await, line(LogLevel::Info, "c"));
    assert_eq!(logged(200, "d").await, line(LogLevel::Trace, "d"));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_buffer_traps_and_one_that_just_fits_does_not() {
    let body = |capacity: u32| {
        format!("(call $capacity (i32.const {capacity})) (call $caller (i32.const 0) (i32.const 65532))")
    };
    assert!(call(&body(32)).await.succeeded());
    assert_eq!(call(&body(31)).await.answer(0).outcome, Outcome::Trapped);
}

#[tokio::test]
async fn host_calls_are_paid_by_the_byte_before_they_read() {
    // A length that is not even in memory costs its price first.
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 1_000_000;
    let wat = guest::contract("(call $keccak_256 (i32.const 0) (i32.const -1) (i32.const 0))");
    let result = run(&executor(&config), query(&wat)).await;
    assert_eq!(result.answer(0).outcome, Outcome::OutOfFuel);
    let cheap = call("(call $keccak_256 (i32.const 0) (i32.const 100) (i32.const 0))").await;
    let dear = call("(call $keccak_256 (i32.const 0) (i32.const 1000100) (i32.const 0))").await;
    assert_eq!(dear.fuel_used - cheap.fuel_used, 4_000_000);
}

/// Calls a function of the chain extension of an executor that goes on living, and gives its code and result.
async fn kept(executor: &phat_executor::Executor, mode: Mode, id: u32, arguments: impl Encode) -> (u32, Vec<u8>) {
    let run_of = Run { input: arguments.encode(), mode, ..query(&guest::extension(id)) };
    let data = returned(&run(executor, run_of).await);
    (u32::from_le_bytes(data[..4].try_into().unwrap()), data[4..].to_vec())
}

const CACHE_SET: u32 = 6;
const CACHE_EXPIRE: u32 = 7;
const CACHE_GET: u32 = 8;
const CACHE_REMOVE: u32 = 9;

#[tokio::test]
async fn a_cache_outlives_runs_and_simulations_have_their_own() {
    let mut config = ExecutorConfig::default();
    config.limits.cache.contract_bytes = 1000;
    let executor = executor(&config);
    let get = async |mode| kept(&executor, mode, CACHE_GET, b"k".to_vec()).await.1;
    let none = None::<Vec<u8>>.encode();
    assert_eq!(kept(&executor, Mode::Simulation, CACHE_SET, (b"k".to_vec(), b"sim".to_vec())).await, (0, vec![]));
    assert_eq!(get(Mode::Query).await, none);
    assert_eq!(kept(&executor, Mode::Query, CACHE_SET, (b"k".to_vec(), b"real".to_vec())).await.0, 0);
    assert_eq!(get(Mode::Query).await, Some(b"real".to_vec()).encode());
    assert_eq!(get(Mode::Simulation).await, Some(b"sim".to_vec()).encode());
    assert_eq!(kept(&executor, Mode::Query, CACHE_EXPIRE, (b"k".to_vec(), u64::MAX)).await, (0, vec![]));
    assert_eq!(get(Mode::Query).await, Some(b"real".to_vec()).encode());
    let removed = kept(&executor, Mode::Query, CACHE_REMOVE, b"k".to_vec()).await.1;
    assert_eq!((removed, get(Mode::Query).await), (Some(b"real".to_vec()).encode(), none));
    assert_eq!(kept(&executor, Mode::Query, CACHE_SET, (b"k".to_vec(), vec![0u8; 1000])).await.0, 1);
}

/// Until August 2022 the extension had another number; and until ink! 4 a result was never a code.
#[tokio::test]
async fn older_contracts_call_the_same_functions() {
    const FIRST: u32 = 0xff00 << 16;
    let mut config = ExecutorConfig::default();
    config.limits.cache.contract_bytes = 1000;
    let executor = executor(&config);
    let ask = async |id, arguments: Vec<u8>| {
        let wat = guest::extension(id).replace(r#""call_chain_extension""#, r#""seal_call_chain_extension""#);
        let data = returned(&run(&executor, Run { input: arguments, ..query(&wat) }).await);
        assert_eq!(data[..4], [0; 4], "{id:#x}");
        data[4..].to_vec()
    };
    let key = b"k".to_vec();
    for (extension, value) in [(0, "one"), (FIRST, "other")] {
        let (fits, large) = ((&key, value.as_bytes()).encode(), (b"large".to_vec(), vec![0u8; 1000]).encode());
        assert_eq!(ask(extension | CACHE_SET, fits).await, [0]);
        assert_eq!(ask(extension | CACHE_SET, large).await, [1]);
        assert_eq!(ask(extension | CACHE_GET, key.encode()).await, Some(value.as_bytes().to_vec()).encode());
        assert_eq!(ask(extension | 12, Vec::new()).await, [0]);
    }
    assert_eq!(extension::<Vec<u8>>(Mode::Query, FIRST | 5, (ECDSA, [3u8; 32].encode())).await.len(), 33);
    // What came later never had that number.
    for id in [FIRST | 13, FIRST | 18, 0xff01 << 16 | 1] {
        let result = run(&executor, query(&guest::extension(id))).await;
        assert!(matches!(result.end, RunEnd::Failed { outcome: Outcome::BadContract, .. }), "{:?}", result.end);
    }
}

#[tokio::test]
async fn a_transaction_reads_no_cache_and_changes_it_when_it_has_succeeded() {
    let executor = executor(&ExecutorConfig::default());
    let none = None::<Vec<u8>>.encode();
    assert_eq!(kept(&executor, Mode::Transaction, CACHE_SET, (b"k".to_vec(), b"v".to_vec())).await, (0, vec![]));
    assert_eq!(kept(&executor, Mode::Transaction, CACHE_GET, b"k".to_vec()).await.1, none);
    assert_eq!(kept(&executor, Mode::Query, CACHE_GET, b"k".to_vec()).await.1, Some(b"v".to_vec()).encode());
    assert_eq!(kept(&executor, Mode::Transaction, CACHE_REMOVE, b"k".to_vec()).await.1, none);
    assert_eq!(kept(&executor, Mode::Query, CACHE_GET, b"k".to_vec()).await.1, none);

    // The same by a transaction that traps afterwards.
    let traps = guest::extension(CACHE_SET)
        .replace("(call $return (i32.const 65536)", "unreachable (call $return (i32.const 65536)");
    let input = (b"k".to_vec(), b"v".to_vec()).encode();
    run(&executor, Run { input, mode: Mode::Transaction, ..query(&traps) }).await;
    assert_eq!(kept(&executor, Mode::Query, CACHE_GET, b"k".to_vec()).await.1, none);
}

#[tokio::test]
async fn what_there_is_no_chain_for_is_answered_as_absent() {
    for mode in [Mode::Query, Mode::Simulation, Mode::Transaction] {
        assert_eq!(extension::<[u8; 32]>(mode, 15, ()).await, [0; 32]);
        assert_eq!(extension::<(u128, u128)>(mode, 16, [1u8; 32]).await, (0, 0));
        assert_eq!(extension::<Option<[u8; 32]>>(mode, 20, [1u8; 32]).await, None);
        assert_eq!(extension::<(u64, [u8; 32])>(mode, 23, ()).await, (0, [0; 32]));
        assert_eq!(extension::<Option<(u8, Vec<u8>)>>(mode, 25, ()).await, None);
        let key = if mode == Mode::Transaction { [0; 32] } else { [0x25; 32] };
        assert_eq!(extension::<[u8; 32]>(mode, 17, ()).await, key);
        assert!(!extension::<bool>(mode, 19, ([1u8; 32], true)).await);
    }
    // `JsValue::Exception`.
    let (tag, _): (u8, String) = extension(Mode::Transaction, 24, (Vec::<u8>::new(), Vec::<u8>::new())).await;
    assert_eq!(tag, 5);
}

#[tokio::test]
async fn an_sgx_quote_is_given_to_what_is_signed() {
    let quote = phat_executor::SgxQuote::Dcap(b"quote".to_vec());
    let worker = phat_executor::WorkerFacts { x25519: [1; 32], sgx_quote: Some(quote) };
    let services = phat_executor::HostServices { worker, ..support::host(&[]) };
    let made = phat_executor::Executor::new(&ExecutorConfig::default(), &Default::default(), services);
    let Ok(executor) = made else { panic!() };
    let asked = async |mode| kept(&executor, mode, 25, ()).await.1;
    assert_eq!(asked(Mode::Query).await, Some((1u8, b"quote".to_vec())).encode());
    assert_eq!(asked(Mode::Simulation).await, [0]);
    assert_eq!(asked(Mode::Transaction).await, [0]);
}

#[tokio::test]
async fn code_exists_where_the_host_keeps_it() {
    let (world, hash) = support::world::World::default().with_code(&guest::echo());
    let executor = executor(&ExecutorConfig::default());
    let asked = async |mode, hash: [u8; 32]| {
        let contracts = Arc::new(world.clone());
        let input = (hash, false).encode();
        executor.run(Run { input, mode, contracts, ..query(&guest::extension(19)) }).await.map(|it| returned(&it)[4])
    };
    for mode in [Mode::Query, Mode::Simulation, Mode::Transaction] {
        assert_eq!(asked(mode, hash.0).await, Ok(1));
    }
    assert_eq!(asked(Mode::Query, [9; 32]).await, Ok(0));
    let lacks = phat_executor::HostFault::UnknownCode(phat_protocol::CodeHash([9; 32]));
    assert_eq!(asked(Mode::Transaction, [9; 32]).await, Err(lacks));
}
