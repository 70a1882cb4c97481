//! Calls between contracts: whom they reach, what they leave, and what bounds them.

#[path = "calls/budget.rs"]
mod budget;
#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use parity_scale_codec::Encode;
use phat_executor::{ExecutorConfig, HostFault, Instantiated, Mode, Run, RunEnd, RunResult, State};
use phat_protocol::{CodeHash, ContractId, ContractSeed, Outcome, Owner, child_contract_salt};
use std::sync::Arc;
use support::{
    CONTRACT, executor, guest,
    http::{get, returned},
    query, run, server,
    world::World,
};

const OTHER: ContractId = ContractId([0xaa; 32]);
const THIRD: ContractId = ContractId([0xbb; 32]);

/// Calls `CONTRACT`, which is this module, in a world.
fn in_world(world: &World, wat: &str, input: impl AsRef<[u8]>) -> Run {
    Run { contracts: Arc::new(world.clone()), input: input.as_ref().to_vec(), ..query(wat) }
}

async fn ask(world: &World, wat: &str, input: impl AsRef<[u8]>) -> RunResult {
    run(&executor(&ExecutorConfig::default()), in_world(world, wat, input)).await
}

fn to(callee: ContractId, message: &[u8]) -> Vec<u8> {
    [&callee.0[..], message].concat()
}

/// What a caller answers: the code, and what came back.
fn answered(code: u32, output: &[u8]) -> Vec<u8> {
    [&code.to_le_bytes()[..], output].concat()
}

#[track_caller]
fn assert_failed(result: &RunResult, expected: Outcome) {
    match &result.end {
        RunEnd::Failed { outcome, .. } => assert_eq!(*outcome, expected),
        RunEnd::Returned { flags, data } => panic!("returned {flags} {data:?}"),
    }
}

#[tokio::test]
async fn every_kind_of_call_gives_the_callee_its_message_and_the_caller_its_answer() {
    let world = World::default().with(OTHER, &guest::echo());
    let newer = guest::caller_by(
        "(call $call2 (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const -1) (i32.const 60000)
            (i32.const 32) (i32.sub (local.get $length) (i32.const 32)) (i32.const 65536) (i32.const 65532))",
    );
    let older = guest::caller(0).replace(r#""seal1" "call""#, r#""seal1" "seal_call""#);
    for caller in [guest::caller(0), newer, older] {
        let result = ask(&world, &caller, to(OTHER, b"hello")).await;
        assert_eq!(returned(&result), answered(0, b"hello"));
    }
}

#[tokio::test]
async fn a_callee_is_itself_and_sees_its_caller() {
    let whoami = guest::contract(
        "(call $capacity (i32.const 32)) (call $caller (i32.const 0) (i32.const 65532))
         (call $address (i32.const 32) (i32.const 65532)) (call $return (i32.const 0) (i32.const 64))",
    );
    let (world, hash) = World::default().with(OTHER, &whoami).with_code(&whoami);
    let result = ask(&world, &guest::caller(0), to(OTHER, b"")).await;
    assert_eq!(returned(&result), answered(0, &[CONTRACT.0, OTHER.0].concat()));
    // Other code runs as its caller.
    let run_of = Run { caller: [5; 32], ..in_world(&world, &delegating(0), hash.0) };
    let result = run(&executor(&ExecutorConfig::default()), run_of).await;
    assert_eq!(returned(&result), answered(0, &[[5; 32], CONTRACT.0].concat()));
}

/// Runs the code whose hash its input begins with, with the rest as message.
fn delegating(flags: u32) -> String {
    guest::caller_by(&format!(
        "(call $delegate (i32.const {flags}) (i32.const 0)
            (i32.const 32) (i32.sub (local.get $length) (i32.const 32)) (i32.const 65536) (i32.const 65532))"
    ))
}

/// With memory for many of its kind.
fn small(wat: String) -> String {
    wat.replace("(memory 32 64)", "(memory 2 64)")
}

#[tokio::test]
async fn calls_nest_to_their_depth_and_no_deeper() {
    let caller = small(guest::caller(0));
    let ids: Vec<_> = (1..=6).map(|index| ContractId([index; 32])).collect();
    let world = ids.iter().fold(World::default(), |world, id| world.with(*id, &caller));
    let world = world.with(OTHER, &small(guest::echo()));
    let through = |depth: usize| {
        let path: Vec<_> = ids[..depth - 1].iter().chain([&OTHER]).flat_map(|id| id.0).collect();
        [path, b"hi".to_vec()].concat()
    };
    let result = ask(&world, &caller, through(5)).await;
    assert_eq!(returned(&result), [vec![0; 5 * 4], b"hi".to_vec()].concat());
    let result = ask(&world, &caller, through(6)).await;
    assert_eq!(returned(&result), [vec![0; 5 * 4], vec![1, 0, 0, 0]].concat());
}

#[tokio::test]
async fn what_a_callee_wrote_stays_where_it_returned_and_goes_where_it_reverted_or_trapped() {
    let state = State::from([(vec![0; 4], b"old".to_vec())]);
    let world = World::default().with(OTHER, &guest::keeper()).with_state(OTHER, state);
    let mut expected = Vec::new();
    for (message, answer, kept) in
        [(&[0][..], answered(0, b"old"), true), (&[1], answered(2, b"old"), false), (&[2], answered(1, b""), false)]
    {
        let result = ask(&world, &guest::caller(0), to(OTHER, message)).await;
        assert_eq!(returned(&result), answer);
        assert_eq!(result.changes.contains_key(&OTHER), kept);
        expected.push(result.logs.len());
    }
    // A trap says why, since its caller hears a number alone.
    assert_eq!(expected, [0, 0, 1]);

    // A caller keeps its own writes, and drops all when it fails itself.
    let body = |end: &str| {
        guest::contract(&format!(
            "(drop (call $take_input)) (drop (call $set (i32.const 60000) (i32.const 4) (i32.const 0) (i32.const 1)))
             (drop (call $call1 (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 60000)
                (i32.const 32) (i32.const 1) (i32.const 65536) (i32.const 65532))) {end}"
        ))
    };
    let result = ask(&world, &body(""), to(OTHER, &[2])).await;
    assert_eq!(result.changes.keys().collect::<Vec<_>>(), [&CONTRACT]);
    assert_eq!(ask(&world, &body(""), to(OTHER, &[0])).await.changes.len(), 2);
    assert_eq!(ask(&world, &body("unreachable"), to(OTHER, &[0])).await.changes.len(), 0);
}

#[tokio::test]
async fn writes_of_a_frame_within_a_failed_one_go_with_it() {
    // Calls on with the rest of its input, and traps.
    let fails_after = small(guest::contract(
        "(local $length i32) (local.set $length (call $take_input))
         (drop (call $call1 (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 60000)
            (i32.const 32) (i32.sub (local.get $length) (i32.const 32)) (i32.const 65536) (i32.const 65532)))
         (call $event (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) unreachable",
    ));
    let world = World::default().with(OTHER, &fails_after).with(THIRD, &small(guest::keeper()));
    let input = [&OTHER.0[..], &THIRD.0, &[0]].concat();
    let result = ask(&world, &small(guest::caller(0)), &input).await;
    assert_eq!(returned(&result), answered(1, b""));
    assert!(result.changes.is_empty() && result.events.is_empty());
    // The frame within was there, and had written.
    let returns = small(guest::caller(0));
    let result =
        ask(&World::default().with(OTHER, &returns).with(THIRD, &small(guest::keeper())), &returns, &input).await;
    assert_eq!(result.changes.keys().collect::<Vec<_>>(), [&THIRD]);
}

#[tokio::test]
async fn a_callee_waits_for_the_internet_as_any_guest() {
    let server = server::http().await;
    let world = World::default().with(OTHER, &guest::fetcher());
    let input = to(OTHER, &get(server.url("http", "/echo")).encode());
    let result = run(&executor(&server.config()), in_world(&world, &guest::caller(0), input)).await;
    let answer = returned(&result);
    assert_eq!((&answer[..4], &answer[4..6]), (&[0; 4][..], &200u16.to_le_bytes()[..]));
    assert_eq!(result.http.len(), 1);
}

#[tokio::test]
async fn re_entrance_is_refused_unless_the_caller_allows_it() {
    const ALLOW: u32 = 8;
    let caller = |flags| small(guest::caller(flags));
    let at = |flags| World::default().with(OTHER, &caller(flags)).with(CONTRACT, &caller(flags));
    // Itself, at once: it breaks a rule.
    let itself = [&CONTRACT.0[..], &OTHER.0, &THIRD.0].concat();
    assert_failed(&ask(&at(0), &caller(0), &itself).await, Outcome::Trapped);
    let reached = [answered(0, b""), answered(0, b""), answered(8, b"")].concat();
    assert_eq!(returned(&ask(&at(ALLOW), &caller(ALLOW), &itself).await), reached);
    // Through another: that one traps.
    let around = [&OTHER.0[..], &CONTRACT.0, &THIRD.0].concat();
    assert_eq!(returned(&ask(&at(0), &caller(0), &around).await), answered(1, b""));
    assert_eq!(returned(&ask(&at(0), &caller(ALLOW), &around).await), reached);
}

#[tokio::test]
async fn input_can_be_shared_handed_on_and_answered_by_another() {
    const FORWARD: u32 = 1;
    const CLONE: u32 = 2;
    const TAIL: u32 = 4;
    let world = World::default().with(OTHER, &guest::echo()).with(THIRD, &guest::keeper());
    let input = to(OTHER, b"hello");
    for flags in [FORWARD, CLONE] {
        assert_eq!(returned(&ask(&world, &guest::caller(flags), &input).await), answered(0, &input));
    }
    let reads_again = |flags| {
        guest::contract(&format!(
            "(local $length i32) (local.set $length (call $take_input)) (drop {}) (drop (call $take_input))
             (call $return (i32.const 0) (local.get $length))",
            guest::call(flags)
        ))
    };
    assert_eq!(returned(&ask(&world, &reads_again(CLONE), &input).await), input);
    assert_failed(&ask(&world, &reads_again(FORWARD), &input).await, Outcome::Trapped);
    assert_eq!(returned(&ask(&world, &guest::caller(TAIL), &input).await), b"hello");
    // A tail call's revert is the caller's own; its trap is not.
    let reverted = ask(&world, &guest::caller(TAIL), to(THIRD, &[1])).await;
    assert!(matches!(reverted.end, RunEnd::Returned { flags: 1, .. }), "{:?}", reverted.end);
    assert_eq!(returned(&ask(&world, &guest::caller(TAIL), to(THIRD, &[2])).await), answered(1, b""));
    assert_failed(&ask(&world, &guest::caller(16), &input).await, Outcome::Trapped);
}

#[tokio::test]
async fn other_code_works_on_its_callers_state() {
    let (world, hash) = World::default().with_code(&guest::keeper());
    let input = |message: u8| [&hash.0[..], &[message]].concat();
    let result = ask(&world, &delegating(0), input(0)).await;
    assert_eq!(returned(&result), answered(0, b""));
    assert_eq!(result.changes[&CONTRACT][&[0; 4][..]], Some(vec![0]));
    assert!(ask(&world, &delegating(0), input(2)).await.changes.is_empty());
    assert_eq!(returned(&ask(&world, &delegating(0), [9; 33]).await), answered(7, b""));
    assert_failed(&ask(&world, &delegating(8), input(0)).await, Outcome::Trapped);

    let missing = Run { mode: Mode::Transaction, ..in_world(&world, &delegating(0), [9; 33]) };
    let fault = executor(&ExecutorConfig::default()).run(missing).await.unwrap_err();
    assert_eq!(fault, HostFault::UnknownCode(CodeHash([9; 32])));
    assert!(fault.is_retryable());
}

/// Traps unless the call succeeds.
const CALL_OTHER: &str = "(if (call $call1 (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 60000)
    (i32.const 32) (i32.const 0) (i32.const -1) (i32.const -1)) (then unreachable))";

/// Makes a contract of the code whose hash its input begins with: the rest is init data, and the salt is
/// "salt". Answers the code and the child's id.
fn maker() -> String {
    guest::contract(
        "(local $length i32)
         (local.set $length (call $take_input))
         (i32.store (i32.const 60020) (i32.const 0x746c6173))
         (i32.store (i32.const 65528) (i32.const 32))
         (i32.store (i32.const 65492) (call $new1 (i32.const 0) (i64.const 0) (i32.const 60000) (i32.const 32)
            (i32.sub (local.get $length) (i32.const 32)) (i32.const 65496) (i32.const 65528)
            (i32.const -1) (i32.const -1) (i32.const 60020) (i32.const 4)))
         (call $return (i32.const 65492) (i32.const 36))",
    )
}

fn child(code_hash: CodeHash, init_data: &[u8]) -> Instantiated {
    let (owner, salt) = (Owner::from(CONTRACT), child_contract_salt(b"salt"));
    let contract_id = ContractSeed { code_hash, init_data, owner, salt }.contract_id();
    Instantiated { contract_id, code_hash, init_data: init_data.to_vec(), owner, salt }
}

#[tokio::test]
async fn a_contract_is_made_by_its_constructor_and_is_its_parents_child() {
    let keeper = guest::contract_made_by(guest::KEEP, "(memory 32 64)", "", guest::KEEP);
    let (world, hash) = World::default().with_code(&keeper);
    for mode in [Mode::Query, Mode::Transaction] {
        let input = [&hash.0[..], &[0, 7]].concat();
        let run_of = Run { mode, ..in_world(&world, &maker(), input) };
        let result = run(&executor(&ExecutorConfig::default()), run_of).await;
        let child = child(hash, &[0, 7]);
        assert_eq!(returned(&result), answered(0, &child.contract_id.0));
        assert_eq!(result.changes[&child.contract_id][&[0; 4][..]], Some(vec![0, 7]));
        assert_eq!(result.instantiated, [child]);
    }
    for (message, code) in [(1, 2), (2, 1)] {
        let result = ask(&world, &maker(), [&hash.0[..], &[message]].concat()).await;
        assert_eq!(returned(&result), answered(code, &[0; 32]));
        assert!(result.changes.is_empty() && result.instantiated.is_empty());
    }
    assert_eq!(returned(&ask(&world, &maker(), [9; 33]).await), answered(7, &[0; 32]));
    // One that is there already is not made again.
    let there = world.with(child(hash, &[0]).contract_id, &keeper);
    let result = ask(&there, &maker(), [&hash.0[..], &[0]].concat()).await;
    assert_eq!(returned(&result), answered(1, &[0; 32]));
    assert!(result.instantiated.is_empty());
}

#[tokio::test]
async fn a_child_can_be_called_as_soon_as_it_is_made_and_not_made_twice() {
    let keeper = guest::contract_made_by(guest::KEEP, "(memory 2 64)", "", guest::KEEP);
    let (world, hash) = World::default().with_code(&keeper);
    let new = "(call $new2 (i32.const 0) (i64.const 0) (i64.const 0) (i32.const -1) (i32.const 60000) (i32.const 32)
        (i32.const 2) (i32.const 60100) (i32.const 65528) (i32.const -1) (i32.const -1) (i32.const 0) (i32.const 0))";
    let body = format!(
        "(drop (call $take_input)) (i32.store (i32.const 65528) (i32.const 32))
         (if {new} (then unreachable))
         (if (i32.ne {new} (i32.const 1)) (then unreachable))
         (call $answer (call $call1 (i32.const 0) (i32.const 60100) (i64.const 0) (i32.const 60000)
            (i32.const 33) (i32.const 1) (i32.const 65536) (i32.const 65532)))"
    );
    let input = [&hash.0[..], &[0, 7]].concat();
    for mode in [Mode::Query, Mode::Transaction] {
        let run_of = Run { mode, ..in_world(&world, &guest::contract(&body), &input) };
        let result = run(&executor(&ExecutorConfig::default()), run_of).await;
        assert_eq!(returned(&result), answered(0, &[0, 7]));
        assert_eq!((result.instantiated.len(), result.changes.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_transaction_reaches_what_came_from_its_contract_and_nothing_else() {
    let echo = guest::echo();
    let world = World::default()
        .with_owned(OTHER, Owner::from(CONTRACT), &echo)
        .with_owned(THIRD, Owner::from(OTHER), &echo)
        .with_owned(ContractId([1; 32]), Owner::from([0xcc; 32]), &echo)
        .with(ContractId([2; 32]), &echo);
    let call = async |mode, callee| {
        let run_of = Run { mode, ..in_world(&world, &guest::caller(0), to(callee, b"m")) };
        executor(&ExecutorConfig::default()).run(run_of).await.map(|result| returned(&result))
    };
    for id in [OTHER, THIRD] {
        assert_eq!(call(Mode::Transaction, id).await, Ok(answered(0, b"m")));
    }
    for id in [ContractId([1; 32]), ContractId([2; 32])] {
        assert_eq!(call(Mode::Transaction, id).await, Ok(answered(8, b"")));
        assert_eq!(call(Mode::Query, id).await, Ok(answered(0, b"m")));
    }
    let unknown = ContractId([3; 32]);
    assert_eq!(call(Mode::Transaction, unknown).await, Err(HostFault::UnknownContract(unknown)));
    assert_eq!(call(Mode::Query, unknown).await, Ok(answered(8, b"")));
    // What can't be a contract needs no looking up.
    for nobody in [[0xff; 32], [0; 32], Owner::from(phat_protocol::EvmAddress([7; 20])).as_bytes().to_owned()] {
        assert_eq!(call(Mode::Transaction, ContractId(nobody)).await, Ok(answered(8, b"")));
    }
}

#[tokio::test]
async fn money_can_not_be_sent() {
    let world = World::default().with(OTHER, &guest::echo());
    let call = guest::call(0);
    let rich = guest::caller_by(&format!("(block (result i32) (i32.store (i32.const 60012) (i32.const 1)) {call})"));
    assert_eq!(returned(&ask(&world, &rich, to(OTHER, b"m")).await), answered(5, b""));
    assert_eq!(returned(&ask(&world, &rich, to(THIRD, b"m")).await), answered(8, b""));
    // What chains want for an account's existence is not wanted here.
    let (world, hash) = World::default().with_code(&guest::echo());
    let endowing = maker().replacen(
        "(i32.store (i32.const 60020)",
        "(i32.store (i32.const 60012) (i32.const 1)) (i32.store (i32.const 60020)",
        1,
    );
    assert_eq!(returned(&ask(&world, &endowing, hash.0).await)[..4], [0; 4]);
}

#[tokio::test]
async fn a_run_asks_for_no_more_contracts_than_its_limit_and_for_each_once() {
    let world = World::default().with(OTHER, &guest::echo()).with(THIRD, &guest::echo());
    let mut config = ExecutorConfig::default();
    config.limits.calls.contracts = 2;
    let body = |second: ContractId| {
        let second: String = second.0.iter().map(|byte| format!("\\{byte:02x}")).collect();
        guest::contract_with(
            "(memory 32 64)",
            &format!(r#"(data (i32.const 60100) "{second}")"#),
            &format!(
                "(drop (call $take_input)) {}
                 (call $answer (call $call1 (i32.const 0) (i32.const 60100) (i64.const 0) (i32.const 60000)
                    (i32.const 32) (i32.const 0) (i32.const 65536) (i32.const 65532)))",
                CALL_OTHER.repeat(3)
            ),
        )
    };
    for (second, code) in [(OTHER, 0), (THIRD, 1)] {
        let before = world.asked();
        let result = run(&executor(&config), in_world(&world, &body(second), to(OTHER, b""))).await;
        assert_eq!(returned(&result), answered(code, b""));
        assert_eq!(world.asked() - before, 1);
    }
}

#[tokio::test]
async fn code_hashes_are_told_and_a_query_sees_the_code_that_it_set() {
    let (world, echo) = World::default().with(OTHER, &guest::keeper()).with_code(&guest::echo());
    let of = |account: &str| {
        guest::contract(&format!(
            "(drop (call $take_input)) (call $answer (call $code_hash {account} (i32.const 65536) (i32.const 65532)))"
        ))
    };
    let keeper = phat_protocol::code_hash(&wat::parse_str(guest::keeper()).unwrap());
    assert_eq!(returned(&ask(&world, &of("(i32.const 0)"), OTHER.0).await), answered(0, &keeper.0));
    assert_eq!(returned(&ask(&world, &of("(i32.const 0)"), THIRD.0).await), answered(3, b""));

    // Sets the code of its input, and calls itself.
    let setter = guest::contract(
        "(drop (call $take_input))
         (if (call $set_code_hash (i32.const 0)) (then (call $answer (i32.const 7))))
         (call $address (i32.const 100) (i32.const 65532)) (call $capacity (i32.const 1000))
         (call $answer (call $call1 (i32.const 8) (i32.const 100) (i64.const 0) (i32.const 60000)
            (i32.const 0) (i32.const 4) (i32.const 65536) (i32.const 65532)))",
    );
    for mode in [Mode::Query, Mode::Simulation] {
        let run_of = Run { mode, ..in_world(&world, &setter, echo.0) };
        let result = run(&executor(&ExecutorConfig::default()), run_of).await;
        assert_eq!(returned(&result), answered(0, &echo.0[..4]));
    }
    assert_eq!(returned(&ask(&world, &setter, [9; 32]).await), answered(7, b""));
    let committing = Run { mode: Mode::Transaction, ..in_world(&world, &setter, echo.0) };
    assert_eq!(returned(&run(&executor(&ExecutorConfig::default()), committing).await), answered(7, b""));
}
