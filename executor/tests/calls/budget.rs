//! What calls may use: one budget of a run, and what a caller gives of it.

use super::{CALL_OTHER, CONTRACT, OTHER, THIRD, answered, ask, assert_failed, in_world, small, to};
use crate::support::{executor, guest, http::returned, run, world::World};
use phat_executor::ExecutorConfig;
use phat_protocol::Outcome;
use std::time::Duration;

#[tokio::test]
async fn all_frames_share_one_budget_of_fuel_and_time() {
    let world = World::default().with(OTHER, &guest::spinner());
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 3_000_000;
    let result = run(&executor(&config), in_world(&world, &guest::caller(0), to(OTHER, b""))).await;
    assert_failed(&result, Outcome::OutOfFuel);
    assert!(result.fuel_used > 2_990_000, "{}", result.fuel_used);

    let mut config = ExecutorConfig::default();
    config.limits.wall_time = Duration::from_millis(200);
    config.limits.grace = Duration::from_millis(50);
    for gas in [0, 5_000_000_000] {
        let result = run(&executor(&config), in_world(&world, &giving(gas), to(OTHER, b""))).await;
        assert_failed(&result, Outcome::TimedOut);
        // What the caller kept was not spent.
        assert!(result.fuel_used < 5_000_000_000, "{}", result.fuel_used);
    }
}

#[tokio::test]
async fn each_frame_has_a_memory_of_its_own() {
    let large = "(memory 64)";
    let grows = "(if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))";
    let world = World::default().with(OTHER, &guest::contract_with(large, "", grows));
    let caller = guest::caller(0).replace("(memory 32 64)", large);
    assert_eq!(returned(&ask(&world, &caller, to(OTHER, b"")).await), answered(0, b""));
}

#[tokio::test]
async fn all_frames_at_a_time_share_the_memory_of_a_run() {
    let mut config = ExecutorConfig::default();
    config.limits.calls.memory_pages = 64;
    // The caller has 32 of them.
    for (pages, code) in [(32, 0), (33, 1)] {
        let world = World::default().with(OTHER, &guest::contract_with(&format!("(memory {pages} 64)"), "", ""));
        let result = run(&executor(&config), in_world(&world, &guest::caller(0), to(OTHER, b""))).await;
        assert_eq!(returned(&result), answered(code, b""));
    }
    // What a callee had is free again.
    let world = World::default().with(OTHER, &guest::contract_with("(memory 32 64)", "", ""));
    let twice = guest::contract(&["(drop (call $take_input))", &CALL_OTHER.repeat(20)].concat());
    assert!(run(&executor(&config), in_world(&world, &twice, to(OTHER, b""))).await.succeeded());
}

/// A caller whose callee was refused memory, and that traps itself for another reason.
#[tokio::test]
async fn memory_that_a_callee_was_refused_is_not_what_its_caller_fails_for() {
    let greedy = "(drop (memory.grow (i32.const 1))) unreachable";
    let world = World::default().with(OTHER, &guest::contract_with("(memory 64 64)", "", greedy));
    let caller = guest::caller_by(&format!("{} unreachable", guest::call(0)));
    assert_failed(&ask(&world, &caller, to(OTHER, b"")).await, Outcome::Trapped);
}

/// A [`guest::caller`] that gives its callee so much fuel.
fn giving(gas: u64) -> String {
    guest::caller(0).replace("(i64.const 0)", &format!("(i64.const {gas})"))
}

/// The same with the call of ink! 5.
fn giving_time(gas: u64) -> String {
    guest::caller_by(&format!(
        "(call $call2 (i32.const 0) (i32.const 0) (i64.const {gas}) (i64.const 1) (i32.const -1) (i32.const 60000)
            (i32.const 32) (i32.sub (local.get $length) (i32.const 32)) (i32.const 65536) (i32.const 65532))"
    ))
}

#[tokio::test]
async fn a_callee_that_spends_what_it_was_given_traps_and_its_caller_goes_on() {
    const GAS: u64 = 1_000_000;
    let spinner = World::default().with(OTHER, &guest::spinner());
    // One that calls a spinner with all that it has.
    let chain = World::default().with(OTHER, &small(guest::caller(0))).with(THIRD, &guest::spinner());
    for caller in [giving(GAS), giving_time(GAS)] {
        for (world, input) in [(&spinner, to(OTHER, b"")), (&chain, to(OTHER, &THIRD.0))] {
            let result = ask(world, &caller, input).await;
            assert_eq!(returned(&result), answered(1, b""));
            assert!((GAS - 1_000..GAS + 200_000).contains(&result.fuel_used), "{}", result.fuel_used);
            let [line] = &result.logs[..] else { panic!("{:?}", result.logs) };
            assert_eq!((line.contract, line.message.as_str()), (OTHER, "trapped: spent all of its 1000000 fuel"));
        }
    }
}

#[tokio::test]
async fn a_callee_may_spend_what_is_left_where_it_was_given_nothing_or_more() {
    let world = World::default().with(OTHER, &guest::spinner());
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 3_000_000;
    for gas in [0, 3_000_001] {
        let result = run(&executor(&config), in_world(&world, &giving(gas), to(OTHER, b""))).await;
        assert_failed(&result, Outcome::OutOfFuel);
    }
}

#[tokio::test]
async fn a_callee_is_told_what_it_was_given() {
    let reports = guest::contract(
        "(call $capacity (i32.const 8)) (call $now (i32.const 0) (i32.const 65532))
         (call $return (i32.const 0) (i32.const 8))",
    );
    let reports = reports.replace(r#""seal0" "now""#, r#""seal0" "gas_left""#);
    let world = World::default().with(OTHER, &reports);
    let result = ask(&world, &giving(70_000), to(OTHER, b"")).await;
    let answer = returned(&result);
    let left = u64::from_le_bytes(answer[4..].try_into().expect("a number"));
    assert!((60_000..70_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_constructor_spends_what_it_was_given() {
    let (world, hash) = World::default().with_code(&guest::contract_made_by("(loop (br 0))", "(memory 2 64)", "", ""));
    let maker = super::maker().replace("(i64.const 0)", "(i64.const 1000000)");
    let result = ask(&world, &maker, hash.0).await;
    assert_eq!(returned(&result), answered(1, &[0; 32]));
    assert!(result.instantiated.is_empty() && !result.changes.contains_key(&CONTRACT));
}
