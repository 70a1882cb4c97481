//! Where a run may send requests once it has read secrets.

use crate::{
    denied, guest,
    support::{
        executor, executor_of,
        http::{Request, get, response, returned},
        query, run,
        server::{self, Server},
        world::World,
    },
};
use parity_scale_codec::{Decode, Encode};
use phat_executor::{Denial, ExecutorConfig, HttpResult, Mode, Origin, Run, RunResult, Secrets};
use phat_protocol::{ContractId, Secret};
use std::sync::{Arc, atomic::Ordering};

const SECRET: u32 = 1 << 16 | 1;
const NAMES: u32 = 1 << 16 | 2;
const HTTP: u32 = 1;
const BATCH: u32 = 22;

/// What [`caller`] takes for a trap, and for a call of the contract whose id comes first.
const TRAP: u32 = u32::MAX;
const CALL: u32 = u32::MAX - 1;
/// Another contract, which is [`caller`] too.
const OTHER: ContractId = ContractId([0xaa; 32]);

/// Calls of the chain extension, or of [`OTHER`], one after the other; the answer of the last is returned.
#[derive(Default)]
struct Calls(Vec<u8>);

impl Calls {
    fn then(mut self, id: u32, argument: &impl Encode) -> Self {
        let argument = argument.encode();
        (id, u32::try_from(argument.len()).unwrap()).encode_to(&mut self.0);
        self.0.extend_from_slice(&argument);
        self
    }

    fn other(self, calls: &Self) -> Self {
        let argument = [&OTHER.0[..], &calls.0].concat();
        let mut calls = self.0;
        (CALL, u32::try_from(argument.len()).unwrap()).encode_to(&mut calls);
        Self([calls, argument].concat())
    }

    fn http(self, request: &Request) -> Self {
        self.then(HTTP, request)
    }
}

/// Makes the calls that its input says.
fn caller() -> String {
    guest::contract(
        "(local $at i32) (local $end i32) (local $id i32) (local $length i32)
         (call $capacity (i32.const 60000))
         (call $input (i32.const 1179648) (i32.const 65532))
         (local.set $at (i32.const 1179648))
         (local.set $end (i32.add (local.get $at) (i32.load (i32.const 65532))))
         (block $done (loop $next
           (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
           (local.set $id (i32.load (local.get $at)))
           (local.set $length (i32.load offset=4 (local.get $at)))
           (memory.copy (i32.const 0) (i32.add (local.get $at) (i32.const 8)) (local.get $length))
           (if (i32.eq (local.get $id) (i32.const -1)) (then unreachable))
           (if (i32.eq (local.get $id) (i32.const -2))
             (then
               (call $capacity (i32.const 1048576))
               (drop (call $call1 (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 60000) (i32.const 32)
                 (i32.sub (local.get $length) (i32.const 32)) (i32.const 65536) (i32.const 65532))))
             (else (drop (call $extension (local.get $id) (local.get $length)))))
           (local.set $at (i32.add (i32.add (local.get $at) (i32.const 8)) (local.get $length)))
           (br $next)))
         (call $return (i32.const 65536) (i32.load (i32.const 65532)))",
    )
}

fn secret(name: &str, value: &[u8], origins: &[String]) -> Secret {
    Secret { name: name.to_owned(), value: value.to_vec(), origins: origins.to_vec() }
}

async fn make(config: &ExecutorConfig, set: Vec<Secret>, calls: Calls) -> RunResult {
    run(&executor(config), with(set, calls)).await
}

fn with(set: Vec<Secret>, calls: Calls) -> Run {
    let secrets = Arc::new(Secrets::from_plain(&set.encode()).unwrap());
    Run { input: calls.0, secrets, ..query(&caller()) }
}

fn both(first: &Server, second: &Server) -> ExecutorConfig {
    let mut config = first.config();
    config.egress.allow.push(second.allowed());
    config
}

fn read(result: &RunResult) -> Option<Vec<u8>> {
    Decode::decode(&mut returned(result).as_slice()).unwrap()
}

#[tokio::test]
async fn a_contract_reads_its_own_secrets_by_name_and_no_others() {
    let set = || vec![secret("token", b"hush", &[]), secret("a", b"", &[])];
    let config = ExecutorConfig::default();
    for (name, value) in [("token", Some(b"hush".to_vec())), ("a", Some(Vec::new())), ("Token", None), ("", None)] {
        let result = make(&config, set(), Calls::default().then(SECRET, &name)).await;
        assert_eq!(read(&result), value, "{name}");
    }
    let names = make(&config, set(), Calls::default().then(NAMES, &())).await;
    assert_eq!(Vec::<String>::decode(&mut returned(&names).as_slice()).unwrap(), ["a", "token"]);
    let mut other = with(set(), Calls::default().then(SECRET, &"token"));
    other.secrets = Arc::default();
    assert_eq!(read(&run(&executor(&config), other).await), None);
}

#[tokio::test]
async fn simulations_and_transactions_get_no_secrets() {
    for mode in [Mode::Simulation, Mode::Transaction] {
        let set = || vec![secret("token", b"hush", &[])];
        let executor = executor(&ExecutorConfig::default());
        let asked = Run { mode, ..with(set(), Calls::default().then(SECRET, &"token")) };
        assert_eq!(read(&run(&executor, asked).await), None, "{mode:?}");
        let asked = Run { mode, ..with(set(), Calls::default().then(NAMES, &())) };
        assert_eq!(returned(&run(&executor, asked).await), [0], "{mode:?}");
    }
}

#[tokio::test]
async fn a_buffer_that_is_too_small_is_told_what_it_takes_and_confines_nothing() {
    let server = server::http().await;
    // A buffer of 4 bytes for an answer of 6: the call's code and the length come back.
    let small = guest::contract(&format!(
        "(call $capacity (i32.const 60000))
         (call $input (i32.const 0) (i32.const 65532))
         (i32.store (i32.const 65520) (i32.const 4))
         (i32.store (i32.const 65516)
           (call $ext (i32.const {SECRET}) (i32.const 0) (i32.const 6) (i32.const 65536) (i32.const 65520)))
         (memory.copy (i32.const 0) (i32.const 6) (i32.const 500))
         (drop (call $extension (i32.const 1) (i32.const 500)))
         (i32.store (i32.const 65512) (i32.load16_u (i32.const 65536)))
         (call $return (i32.const 65512) (i32.const 12))"
    ));
    let input = ["token".encode(), get(server.url("http", "/echo")).encode()].concat();
    let secrets = Secrets::from_plain(&vec![secret("token", b"hush", &[])].encode()).unwrap();
    let asked = Run { input, secrets: Arc::new(secrets), ..query(&small) };
    let result = run(&executor(&server.config()), asked).await;
    assert_eq!(<(u32, u32, u32)>::decode(&mut returned(&result).as_slice()).unwrap(), (200, 1, 6));
}

#[tokio::test]
async fn what_was_read_goes_to_its_origins_alone_and_what_was_not_read_binds_nobody() {
    let (mine, other) = (server::http().await, server::http().await);
    let config = both(&mine, &other);
    let set = || vec![secret("token", b"hush", &[mine.url("http", "")]), secret("unread", b"", &[])];
    let free = make(&config, set(), Calls::default().http(&get(other.url("http", "/echo")))).await;
    assert_eq!(response(&free).status, 200);
    let absent = Calls::default().then(SECRET, &"absent").http(&get(other.url("http", "/echo")));
    assert_eq!(response(&make(&config, set(), absent).await).status, 200);

    let there = Calls::default().then(SECRET, &"token").http(&get(mine.url("http", "/echo")));
    assert_eq!(response(&make(&config, set(), there).await).status, 200);
    let before = other.connections.load(Ordering::SeqCst);
    let elsewhere = Calls::default().then(SECRET, &"token").http(&get(other.url("http", "/echo")));
    let result = make(&config, set(), elsewhere).await;
    assert_eq!(denied(&result), Denial::Secret(Origin::parse(&other.url("http", "")).unwrap()));
    assert_eq!(other.connections.load(Ordering::SeqCst), before, "it was connected to");
}

#[tokio::test]
async fn another_scheme_or_port_of_the_same_host_is_another_origin() {
    let server = server::http().await;
    let https = format!("https://127.0.0.1:{}", server.address.port());
    let set = vec![secret("token", b"hush", &[https, "http://127.0.0.1".to_owned()])];
    let calls = Calls::default().then(SECRET, &"token").http(&get(server.url("http", "/echo")));
    let result = make(&server.config(), set, calls).await;
    assert_eq!(denied(&result), Denial::Secret(Origin::parse(&server.url("http", "")).unwrap()));
}

#[tokio::test]
async fn a_redirect_leads_no_secret_to_another_origin() {
    let (mine, other) = (server::http().await, server::http().await);
    let config = both(&mine, &other);
    let redirect = |to: &str| get(mine.url("http", &format!("/redirect?code=307&to={to}")));
    let asked = |to: &str| Calls::default().then(SECRET, &"token").http(&redirect(to));
    let set = || vec![secret("token", b"hush", &[mine.url("http", "")])];
    assert_eq!(response(&make(&config, set(), asked("/echo")).await).status, 200);
    let result = make(&config, set(), asked(&other.url("http", "/echo"))).await;
    assert_eq!(denied(&result), Denial::Secret(Origin::parse(&other.url("http", "")).unwrap()));
    assert_eq!(other.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_several_secrets_any_origin_serves_and_one_without_origins_adds_none() {
    let (mine, other) = (server::http().await, server::http().await);
    let config = both(&mine, &other);
    let set = || {
        vec![
            secret("mine", b"1", &[mine.url("http", "")]),
            secret("other", b"2", &[other.url("http", "")]),
            secret("nowhere", b"3", &[]),
        ]
    };
    let all = || Calls::default().then(SECRET, &"nowhere").then(SECRET, &"other").then(SECRET, &"mine");
    for server in [&mine, &other] {
        let result = make(&config, set(), all().http(&get(server.url("http", "/echo")))).await;
        assert_eq!(response(&result).status, 200);
    }
    let nowhere = Calls::default().then(SECRET, &"nowhere").http(&get(mine.url("http", "/echo")));
    assert!(matches!(denied(&make(&config, set(), nowhere).await), Denial::Secret(_)));
}

#[tokio::test]
async fn a_batch_is_held_to_the_origins_request_by_request() {
    let (mine, other) = (server::http().await, server::http().await);
    let requests = vec![get(mine.url("http", "/echo")), get(other.url("http", "/echo"))];
    let calls = Calls::default().then(SECRET, &"token").then(BATCH, &(requests, 5_000_u64));
    let set = vec![secret("token", b"hush", &[mine.url("http", "")])];
    let result = make(&both(&mine, &other), set, calls).await;
    let results: Vec<_> = result.http.iter().map(|call| &call.result).collect();
    assert!(matches!(results[..], [HttpResult::Status(200), HttpResult::Denied(Denial::Secret(_))]), "{results:?}");
    assert!(result.last_http_denied);
}

#[tokio::test]
async fn a_public_name_outside_the_origins_is_not_even_looked_up() {
    let executor = executor_of(&ExecutorConfig::default(), &[]);
    let set = vec![secret("token", b"hush", &["https://a.example".to_owned()])];
    // What isn't looked up isn't told: names in DNS carry secrets as well as bodies do.
    let calls = Calls::default().then(SECRET, &"token").http(&get("https://hush.b.example/"));
    let result = run(&executor, with(set, calls)).await;
    assert_eq!(denied(&result), Denial::Secret(Origin::parse("https://hush.b.example").unwrap()));
    assert_eq!(result.http.len(), 1);
}

/// Runs `calls` as a contract with one set of secrets beside [`OTHER`], which has the other.
async fn beside(config: &ExecutorConfig, own: Vec<Secret>, others: Vec<Secret>, calls: Calls) -> RunResult {
    let others = Secrets::from_plain(&others.encode()).unwrap();
    let world = World::default().with(OTHER, &caller()).with_secrets(OTHER, others);
    run(&executor(config), Run { contracts: Arc::new(world), ..with(own, calls) }).await
}

#[tokio::test]
async fn what_a_callee_read_binds_its_caller_also_when_it_trapped() {
    let (mine, other) = (server::http().await, server::http().await);
    let config = both(&mine, &other);
    let set = || vec![secret("token", b"hush", &[mine.url("http", "")])];
    for trapped in [false, true] {
        let read = Calls::default().then(SECRET, &"token");
        let read = if trapped { read.then(TRAP, &()) } else { read };
        let there = Calls::default().other(&read).http(&get(mine.url("http", "/echo")));
        assert_eq!(response(&beside(&config, Vec::new(), set(), there).await).status, 200);
        let elsewhere = Calls::default().other(&read).http(&get(other.url("http", "/echo")));
        let result = beside(&config, Vec::new(), set(), elsewhere).await;
        assert!(matches!(denied(&result), Denial::Secret(_)));
    }
    assert_eq!(other.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_a_caller_read_binds_its_callee_and_is_not_the_callees_to_read() {
    let (mine, other) = (server::http().await, server::http().await);
    let config = both(&mine, &other);
    let set = || vec![secret("token", b"hush", &[mine.url("http", "")])];
    let fetch = |url: String| Calls::default().http(&get(url));
    for (server, status) in [(&mine, 200), (&other, 523)] {
        let calls = Calls::default().then(SECRET, &"token").other(&fetch(server.url("http", "/echo")));
        assert_eq!(response(&beside(&config, set(), Vec::new(), calls).await).status, status);
    }
    let ask = Calls::default().other(&Calls::default().then(SECRET, &"token"));
    assert_eq!(read(&beside(&config, set(), Vec::new(), ask).await), None);
    let own = vec![secret("token", b"its own", &[])];
    let ask = Calls::default().other(&Calls::default().then(SECRET, &"token"));
    assert_eq!(read(&beside(&config, set(), own, ask).await), Some(b"its own".to_vec()));
}

#[tokio::test]
async fn a_line_that_tells_a_secret_is_kept_without_it() {
    const LOG: u32 = 10;
    let set = || vec![secret("token", b"hush-hush", &[]), secret("pin", b"123", &[]), secret("unread", b"unread", &[])];
    let line = (3_u8, "sent hush-hush to a.example, 123 unread hush-hush");
    let calls = Calls::default().then(SECRET, &"token").then(SECRET, &"pin").then(LOG, &line);
    let result = make(&ExecutorConfig::default(), set(), calls).await;
    assert_eq!(result.logs[0].message, "sent (secret) to a.example, 123 unread (secret)");
    // Whoever called it reads no more.
    let calls = Calls::default().other(&Calls::default().then(SECRET, &"token").then(LOG, &line)).then(LOG, &line);
    let result = beside(&ExecutorConfig::default(), Vec::new(), set(), calls).await;
    assert!(
        result.logs.len() == 2 && result.logs.iter().all(|line| !line.message.contains("hush")),
        "{:?}",
        result.logs
    );
}

#[tokio::test]
async fn what_a_confined_run_cached_binds_the_runs_that_read_it() {
    const CACHE_SET: u32 = 6;
    const CACHE_GET: u32 = 8;
    const CACHE_REMOVE: u32 = 9;
    let (mine, other) = (server::http().await, server::http().await);
    let executor = executor(&both(&mine, &other));
    let set = || vec![secret("token", b"hush", &[mine.url("http", "")])];
    let keep = |calls: Calls, key: &[u8]| calls.then(CACHE_SET, &(key.to_vec(), b"learned".to_vec()));
    run(&executor, with(set(), keep(Calls::default().then(SECRET, &"token"), b"bound"))).await;
    run(&executor, with(set(), keep(Calls::default(), b"free"))).await;
    let ask = async |id, key: &[u8], server: &Server| {
        let calls = Calls::default().then(id, &key.to_vec()).http(&get(server.url("http", "/echo")));
        response(&run(&executor, with(Vec::new(), calls)).await).status
    };
    assert_eq!(ask(CACHE_GET, b"free", &other).await, 200);
    assert_eq!(ask(CACHE_GET, b"bound", &mine).await, 200);
    assert_eq!(ask(CACHE_GET, b"bound", &other).await, 523);
    assert_eq!(ask(CACHE_REMOVE, b"bound", &other).await, 523);
    assert_eq!(ask(CACHE_GET, b"bound", &other).await, 200);
}
