//! What has broken other hosts of WebAssembly, under the names that it is known by: Chainlink's host of workflows, and
//! WAVS. Each is tried here on this one.

use crate::support::{
    self, CONTRACT, executor, guest,
    http::{Response, get, response, returned},
    query, run, server,
    world::World,
};
use async_trait::async_trait;
use parity_scale_codec::{Compact, Decode, Encode};
use phat_executor::{
    Clock, Executor, ExecutorConfig, HostFault, HostServices, LogLevel, Mode, Randomness, Refusal, Resolver, Resources,
    Run, RunEnd, RunResult, check,
};
use phat_protocol::{ContractId, Outcome};
use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

async fn end_of(config: &ExecutorConfig, body: &str) -> RunResult {
    run(&executor(config), query(&guest::contract_with("(memory 2 2)", "", body))).await
}

fn outcome(result: &RunResult) -> Option<Outcome> {
    match &result.end {
        RunEnd::Returned { .. } => None,
        RunEnd::Failed { outcome, .. } => Some(*outcome),
    }
}

/// Pointers and lengths whose sum is small, or negative, in 32 bits.
const OVERFLOWING: [(u32, u32); 8] = [
    (u32::MAX, 1),
    (u32::MAX, 2),
    (u32::MAX - 3, 8),
    (1, u32::MAX),
    (1 << 31, 1 << 31),
    (i32::MAX as u32, i32::MAX as u32),
    (2 * 65_536, 1),
    (2 * 65_536 - 1, 2),
];

#[tokio::test]
async fn int32_overflow_in_memory_bounds_check() {
    let config = ExecutorConfig::default();
    for (pointer, length) in OVERFLOWING {
        let at = format!("(i32.const {pointer})");
        let range = format!("{at} (i32.const {length})");
        for call in [
            format!("(call $return {range})"),
            format!("(call $sha2_256 {range} (i32.const 0))"),
            format!("(call $blake2_128 {range} (i32.const 0))"),
            format!("(drop (call $set (i32.const 0) (i32.const 8) {range}))"),
            format!("(drop (call $set {range} (i32.const 0) (i32.const 8)))"),
            format!("(drop (call $contains {range}))"),
            format!("(drop (call $clear {range}))"),
            format!("(drop (call $ext (i32.const 11) {range} (i32.const 0) (i32.const 64)))"),
            format!("(drop (call $ext (i32.const 0x10001) {range} (i32.const 0) (i32.const 64)))"),
            format!(
                "(drop (call $call1 (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) {range} (i32.const -1)
                    (i32.const -1)))"
            ),
            format!("(drop (call $delegate (i32.const 0) (i32.const 0) {range} (i32.const -1) (i32.const -1)))"),
            format!(
                "(drop (call $new1 (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1)
                    (i32.const -1) (i32.const -1) (i32.const -1) {range}))"
            ),
        ] {
            let end = outcome(&end_of(&config, &call).await);
            assert!(
                matches!(end, Some(Outcome::Trapped | Outcome::OutputTooLarge | Outcome::OutOfFuel)),
                "{call}: {end:?}"
            );
        }
    }
    // Where the host writes: the last byte that fits, and one beyond.
    for (pointer, fits) in
        [(2 * 65_536 - 32, true), (2 * 65_536 - 31, false), (u32::MAX - 31, false), (u32::MAX, false)]
    {
        for call in [
            format!("(call $sha2_256 (i32.const 0) (i32.const 0) (i32.const {pointer}))"),
            format!("(i32.store (i32.const 0) (i32.const 32)) (call $caller (i32.const {pointer}) (i32.const 0))"),
        ] {
            assert_eq!(end_of(&config, &call).await.succeeded(), fits, "{call}");
        }
        // The capacity's own four bytes.
        let capacity = format!("(call $caller (i32.const 0) (i32.const {}))", pointer.saturating_add(28));
        let end = end_of(&config, &capacity).await;
        assert!(!end.succeeded(), "a capacity of nothing, or none at all, takes no 32 bytes: {:?}", end.end);
    }
    // A line and an event that are not there are cut or dropped, and what of them is read is checked.
    for (pointer, length) in [(u32::MAX, 1), (2 * 65_536, 1), (u32::MAX - 3, 8)] {
        let line = end_of(&config, &format!("(drop (call $debug (i32.const {pointer}) (i32.const {length})))")).await;
        let event = format!("(call $event (i32.const 0) (i32.const 0) (i32.const {pointer}) (i32.const {length}))");
        let topics = format!("(call $event (i32.const {pointer}) (i32.const {length}) (i32.const 0) (i32.const 0))");
        for result in [line, end_of(&config, &event).await, end_of(&config, &topics).await] {
            assert_eq!(outcome(&result), Some(Outcome::Trapped));
        }
    }
}

/// Contracts import their memory: the export that others look for is an import here.
#[tokio::test]
async fn missing_memory_export() {
    let entries = r#"(func (export "deploy")) (func (export "call"))"#;
    let input = r#"(import "seal0" "input" (func $input (param i32 i32)))"#;
    let calling = r#"(func (export "deploy")) (func (export "call") (call $input (i32.const 0) (i32.const 4)))"#;
    let memory = r#"(import "env" "memory" (memory 1))"#;
    for (module, reason) in [
        (format!("(module {entries})"), "does not import its memory"),
        (format!("(module {input} {calling})"), "does not import its memory"),
        (format!("(module {input} (memory 1) {calling})"), "does not import its memory"),
        (format!(r#"(module {input} (memory (export "memory") 1) {calling})"#), "does not import its memory"),
        (format!(r#"(module (import "env" "memory" (table 1 funcref)) {entries})"#), "does not import its memory"),
        (format!("(module {memory} {memory} {entries})"), "several memories"),
        (format!("(module {memory} (memory 1) {entries})"), "several memories"),
    ] {
        let run_of = query(&module);
        let refusals = check(&run_of.code, &ExecutorConfig::default().limits).unwrap_err();
        assert!(refusals.iter().any(|refusal| refusal.to_string().contains(reason)), "{module}: {refusals:?}");
        // Nor is it run where nobody checked it.
        let RunEnd::Failed { outcome, reason: said } = run(&executor(&ExecutorConfig::default()), run_of).await.end
        else {
            panic!("{module}")
        };
        assert_eq!(outcome, Outcome::BadContract);
        assert!(said.contains(reason), "{said}");
    }
    let none = check(&query(&format!("(module {entries})")).code, &ExecutorConfig::default().limits);
    assert_eq!(none, Err(vec![Refusal::MemoryNotImported]));
}

#[tokio::test]
async fn negative_random_length() {
    let random = async |input: Vec<u8>| {
        run(&executor(&ExecutorConfig::default()), Run { input, ..query(&guest::extension(11)) }).await
    };
    // The length is a byte: of a wider number the lowest counts, and none is below zero.
    for (argument, length) in [
        ((-1i32).encode(), 255),
        (i32::MIN.encode(), 0),
        ((-256i32).encode(), 0),
        ((-1i8).encode(), 255),
        (i64::MIN.encode(), 0),
    ] {
        let data = returned(&random(argument.clone()).await);
        let bytes = Vec::<u8>::decode(&mut &data[4..]).unwrap();
        assert_eq!((data[..4].to_vec(), bytes.len()), (vec![0; 4], length), "{argument:?}");
    }
    assert_eq!(outcome(&random(Vec::new()).await), Some(Outcome::Trapped));
    // A buffer for fewer takes none.
    let body = "(i32.store8 (i32.const 0) (i32.const 255)) (i32.store (i32.const 8) (i32.const 256))
        (drop (call $ext (i32.const 11) (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 8)))";
    assert_eq!(outcome(&end_of(&ExecutorConfig::default(), body).await), Some(Outcome::Trapped));
    assert!(end_of(&ExecutorConfig::default(), &body.replace("256", "257")).await.succeeded());
}

/// A host call that waits is answered once, and by what it asked for: whatever answers first, and whoever waits beside
/// it or below it.
#[tokio::test]
async fn duplicate_callback_id() {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let first = async move || {
        gate.notified().await;
        "first"
    };
    let open = async move || {
        opened.notify_one();
        "opened"
    };
    let site = axum::Router::new()
        .route("/first", axum::routing::get(first))
        .route("/other", axum::routing::get(async || "other"))
        .route("/third", axum::routing::get(async || "third"))
        .route("/open", axum::routing::get(open));
    let server = server::http_of(site).await;
    let url = |path: &str| get(server.url("http", path));
    let executor = executor(&server.config());

    // Requests of one batch, of which the first is answered last.
    let requests = vec![url("/first"), url("/other"), url("/open"), url("/third")];
    let input = (requests, 10_000u64).encode();
    let result = run(&executor, Run { input, ..query(&guest::extension(22)) }).await;
    let answers = Vec::<Result<Response, u8>>::decode(&mut &returned(&result)[4..]).unwrap();
    let texts: Vec<_> = answers.iter().map(|answer| answer.as_ref().unwrap().text()).collect();
    assert_eq!(texts, ["first", "other", "opened", "third"]);

    // Runs of one contract, of which the first is answered last.
    let ask = async |path: &str| {
        let input = url(path).encode();
        response(&run(&executor, Run { input, ..query(&guest::fetcher()) }).await).text()
    };
    let (one, (other, _)) = tokio::join!(ask("/first"), async { (ask("/other").await, ask("/open").await) });
    assert_eq!((one.as_str(), other.as_str()), ("first", "other"));

    // A frame that waits for its callee, which waits for a source and then for another: each hears what it asked for.
    let callee = ContractId([0xaa; 32]);
    let twice = guest::contract(
        "(local $half i32)
         (call $capacity (i32.const 60000)) (call $input (i32.const 1048576) (i32.const 65532))
         (local.set $half (i32.div_u (i32.load (i32.const 65532)) (i32.const 2)))
         (memory.copy (i32.const 0) (i32.const 1048576) (local.get $half))
         (drop (call $extension (i32.const 1) (local.get $half)))
         (memory.copy (i32.const 2000000) (i32.const 65536) (i32.load (i32.const 65532)))
         (i32.store (i32.const 1999996) (i32.load (i32.const 65532)))
         (memory.copy (i32.const 0) (i32.add (i32.const 1048576) (local.get $half)) (local.get $half))
         (drop (call $extension (i32.const 1) (local.get $half)))
         (memory.copy (i32.add (i32.const 2000000) (i32.load (i32.const 1999996))) (i32.const 65536)
             (i32.load (i32.const 65532)))
         (call $return (i32.const 2000000)
             (i32.add (i32.load (i32.const 1999996)) (i32.load (i32.const 65532))))",
    );
    let world = World::default().with(callee, &twice);
    let input = [&callee.0[..], &url("/other").encode(), &url("/third").encode()].concat();
    let caller = guest::caller(0).replace("(memory 32 64)", "(memory 18 64)");
    let input = Run { input, contracts: Arc::new(world), ..query(&caller) };
    let data = returned(&run(&executor, input).await);
    let mut rest = &data[4..];
    let heard = (Response::decode(&mut rest).unwrap().text(), Response::decode(&mut rest).unwrap().text());
    assert_eq!((data[..4].to_vec(), heard, rest.len()), (vec![0; 4], ("other".to_owned(), "third".to_owned()), 0));
}

#[tokio::test]
async fn guest_log_level_crashes_the_host() {
    // A line of each level that a byte can hold.
    let body = "(local $level i32)
        (loop $next
            (i32.store8 (i32.const 0) (local.get $level))
            (i32.store8 (i32.const 1) (i32.const 4))
            (i32.store8 (i32.const 2) (i32.const 97))
            (i32.store (i32.const 8) (i32.const 0))
            (drop (call $ext (i32.const 10) (i32.const 0) (i32.const 3) (i32.const 16) (i32.const 8)))
            (local.set $level (i32.add (local.get $level) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $level) (i32.const 256))))";
    let result = end_of(&ExecutorConfig::default(), body).await;
    assert!(result.succeeded(), "{:?}", result.end);
    let levels: Vec<_> = result.logs.iter().map(|line| line.level).collect();
    let named = [LogLevel::Trace, LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];
    assert_eq!((levels.len(), &levels[..5], &levels[5..]), (256, &named[..], &[LogLevel::Trace; 251][..]));

    let logged = async |input: Vec<u8>| {
        run(&executor(&ExecutorConfig::default()), Run { input, ..query(&guest::extension(10)) }).await
    };
    // Levels that are wider than a byte, no level, no text, text that is none, and less text than is said.
    for argument in [
        vec![],
        vec![3],
        (-1i32, "a").encode(),
        (3u8, Compact(u32::MAX)).encode(),
        (3u8, Compact(10u32), *b"short").encode(),
        (3u8, vec![0xff, 0xfe]).encode(),
    ] {
        assert_eq!(outcome(&logged(argument.clone()).await), Some(Outcome::Trapped), "{argument:?}");
    }
    // A line is cut where its bytes end a character, and says nothing that a terminal would obey.
    let line = logged((3u8, "é\u{1b}[2J\u{7}\u{9b}\r\n".repeat(1_000)).encode()).await.logs.remove(0);
    assert!(line.message.len() <= 1_024 && !line.message.contains(char::is_control), "{line:?}");
}

/// What the host gives the executor, and breaks.
struct Broken(AtomicBool);

impl Broken {
    fn breaks(&self) -> bool {
        assert!(!self.0.load(Ordering::SeqCst), "on purpose");
        false
    }
}

impl Clock for Broken {
    fn unix_millis(&self) -> u64 {
        u64::from(self.breaks())
    }
}

impl Randomness for Broken {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(u8::from(self.breaks()));
    }
}

#[async_trait]
impl Resolver for Broken {
    async fn resolve(&self, _contract: ContractId, _name: &str) -> io::Result<Vec<IpAddr>> {
        if self.breaks() { Ok(Vec::new()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

#[tokio::test]
async fn host_function_panic() {
    let broken = Arc::new(Broken(AtomicBool::new(true)));
    let host = HostServices {
        clock: Arc::clone(&broken) as _,
        randomness: Arc::clone(&broken) as _,
        resolver: Arc::clone(&broken) as _,
        ..support::host(&[])
    };
    // With one place and one thread, whatever is not given back is missed.
    let resources = Resources { threads: 1, concurrent_runs: 1, connections: 1, ..Resources::default() };
    let Ok(executor) = Executor::new(&ExecutorConfig::default(), &resources, host) else { panic!() };
    let clock = (18, Vec::new());
    let random = (11, vec![8]);
    let name = (1, get("https://name.test/").encode());
    let asks = |(id, input): (u32, Vec<u8>)| Run { input, ..query(&guest::extension(id)) };
    for ask in [&clock, &random, &name, &clock] {
        assert_eq!(executor.run(asks(ask.clone())).await, Err(HostFault::Internal));
        assert!(run(&executor, Run { input: vec![1], ..query(&guest::echo()) }).await.succeeded());
    }
    assert!(HostFault::Internal.is_retryable());
    broken.0.store(false, Ordering::SeqCst);
    for ask in [clock, random, name] {
        assert!(executor.run(asks(ask)).await.unwrap().succeeded());
    }
}

#[tokio::test]
async fn return_bomb() {
    let mut config = ExecutorConfig::default();
    config.limits.output_bytes = 1_000;
    for (length, expected) in
        [(1_000, None), (1_001, Some(Outcome::OutputTooLarge)), (u32::MAX, Some(Outcome::OutputTooLarge))]
    {
        let result = end_of(&config, &format!("(call $return (i32.const 0) (i32.const {length}))")).await;
        assert_eq!(outcome(&result), expected, "{length}");
    }
    // A callee's return value is for the caller's buffer, and for nothing behind it.
    let callee = ContractId([0xaa; 32]);
    let bomb =
        guest::contract("(call $return (i32.const 0) (i32.const 1000000))").replace("(memory 32 64)", "(memory 16 16)");
    let world = World::default().with(callee, &bomb);
    let caller = |capacity: u32| {
        guest::contract(&format!(
            "(drop (call $take_input))
             (call $capacity (i32.const {capacity}))
             (i32.store (i32.const {behind}) (i32.const 7))
             (drop (call $call1 (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 60000) (i32.const 0) (i32.const 0)
                 (i32.const 65536) (i32.const 65532)))
             (call $return (i32.const {behind}) (i32.const 4))",
            behind = 65_536 + 1_000_000
        ))
    };
    let ask = async |capacity| {
        let (input, contracts) = (callee.0.to_vec(), Arc::new(world.clone()));
        run(&executor(&ExecutorConfig::default()), Run { input, contracts, ..query(&caller(capacity)) }).await
    };
    assert_eq!(returned(&ask(1_000_000).await), 7u32.to_le_bytes());
    assert_eq!(outcome(&ask(999_999).await), Some(Outcome::Trapped));
}

#[tokio::test]
async fn flood_of_host_calls() {
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 5_000_000;
    config.limits.records.log_lines = 10;
    config.limits.records.events = 10;
    for call in [
        "(call $capacity (i32.const 64)) (call $now (i32.const 0) (i32.const 65532))",
        "(drop (call $debug (i32.const 0) (i32.const 10)))",
        "(call $event (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000))",
        "(drop (call $set (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 1000)))",
        "(drop (call $ext (i32.const 12) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 65532)))
         (call $capacity (i32.const 64))",
        "(drop (call $is_contract (i32.const 0)))",
        "(drop (call $set_code_hash (i32.const 0)))",
    ] {
        for mode in [Mode::Query, Mode::Transaction] {
            let wat = guest::contract_with(
                "(memory 2 2)",
                "",
                &format!("(call $capacity (i32.const 64)) (loop $next {call} (br $next))"),
            );
            match executor(&config).run(Run { mode, ..query(&wat) }).await {
                Ok(result) => {
                    assert_eq!(outcome(&result), Some(Outcome::OutOfFuel), "{call}");
                    assert!(
                        result.logs.len() <= 10 && result.events.is_empty() && result.fuel_used <= 5_000_000,
                        "{call}"
                    );
                }
                // A transaction asks its host for what there may be elsewhere.
                Err(HostFault::UnknownContract(_)) if mode == Mode::Transaction => {}
                Err(fault) => panic!("{call}: {fault}"),
            }
        }
    }
}

#[tokio::test]
async fn endless_loop_in_deploy_and_in_a_callee() {
    let mut config = ExecutorConfig::default();
    config.limits.wall_time = Duration::from_millis(700);
    config.limits.fuel = 50_000_000;
    let callee = ContractId([0xaa; 32]);
    let world = World::default().with(callee, &guest::spinner().replace("(memory 32 64)", "(memory 2 2)"));
    let input = callee.0.to_vec();
    let result = run(&executor(&config), Run { input, contracts: Arc::new(world), ..query(&guest::caller(0)) }).await;
    assert!(matches!(outcome(&result), Some(Outcome::OutOfFuel | Outcome::TimedOut)), "{:?}", result.end);
    let spins = guest::contract_made_by("(loop (br 0))", "(memory 2 2)", "", "");
    let deploy = Run { entry: phat_executor::Entry::Deploy, mode: Mode::Transaction, ..query(&spins) };
    let result = run(&executor(&config), deploy).await;
    assert_eq!(outcome(&result), Some(Outcome::OutOfFuel));
    assert!((49_000_000..=50_000_000).contains(&result.fuel_used), "{}", result.fuel_used);
}

#[tokio::test]
async fn a_run_that_failed_leaves_no_contract_to_call() {
    // Whatever ended the last one, the next run of the same contract begins anew.
    let executor = executor(&ExecutorConfig::default());
    for body in [
        "unreachable",
        "(drop (memory.grow (i32.const 1000))) unreachable",
        "(call $sha2_256 (i32.const -1) (i32.const 1) (i32.const 0))",
    ] {
        assert!(!run(&executor, query(&guest::contract(body))).await.succeeded());
        let result = run(&executor, Run { input: b"again".to_vec(), ..query(&guest::echo()) }).await;
        assert_eq!((returned(&result), result.changes.contains_key(&CONTRACT)), (b"again".to_vec(), false));
    }
}

#[tokio::test]
async fn a_table_that_elements_do_not_fit_into_is_the_same_reason_in_each_run() {
    let elements = "(table 1 funcref) (elem (i32.const 1) $made) (func $made)";
    let module = guest::contract_with("(memory 2 2)", elements, "");
    let executor = executor(&ExecutorConfig::default());
    let (first, second) = (run(&executor, query(&module)).await, run(&executor, query(&module)).await);
    assert_eq!(outcome(&first), Some(Outcome::BadContract));
    assert_eq!(first.end, second.end);
}
