//! How runs end, and what stops them.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use phat_executor::{Entry, ExecutorConfig, HostFault, Limits, Mode, Run, RunEnd, RunResult};
use phat_protocol::{CodeHash, Outcome};
use std::time::Duration;
use support::{executor, guest, query, run};

fn limits(change: impl FnOnce(&mut Limits)) -> ExecutorConfig {
    let mut config = ExecutorConfig::default();
    change(&mut config.limits);
    config
}

async fn end_of(config: &ExecutorConfig, wat: &str) -> RunResult {
    run(&executor(config), query(wat)).await
}

#[track_caller]
fn assert_failed(result: &RunResult, expected: Outcome) {
    match &result.end {
        RunEnd::Failed { outcome, reason } => assert_eq!(*outcome, expected, "{reason}"),
        RunEnd::Returned { data, .. } => panic!("returned {data:?}"),
    }
    assert_eq!(result.answer(100), phat_protocol::Answer::empty(expected));
}

#[tokio::test]
async fn a_guest_returns_what_it_was_given() {
    let executor = executor(&ExecutorConfig::default());
    let result = run(&executor, Run { input: b"hello".to_vec(), ..query(&guest::echo()) }).await;
    assert_eq!(result.end, RunEnd::Returned { flags: 0, data: b"hello".to_vec() });
    assert!(result.fuel_used > 0);
}

#[tokio::test]
async fn an_ok_answer_is_the_bytes_inside_and_an_error_is_a_contract_error() {
    let executor = executor(&ExecutorConfig::default());
    let answer = async |returned: &[u8]| {
        run(&executor, Run { input: returned.to_vec(), ..query(&guest::echo()) }).await.answer(3)
    };
    let ok = answer(&[0, 0, 8, 1, 2]).await;
    assert_eq!((ok.outcome, ok.output), (Outcome::Ok, vec![1, 2]));
    let error = answer(&[0, 1, 1, 2, 3, 4]).await;
    assert_eq!((error.outcome, error.output), (Outcome::ContractError, vec![1, 2, 3]));
    assert_eq!(answer(&[0, 0, 16, 1, 2, 3, 4]).await.outcome, Outcome::OutputTooLarge);
    assert_eq!(answer(&[1, 1]).await.outcome, Outcome::BadContract);
}

#[tokio::test]
async fn a_message_that_ends_without_returning_returned_nothing() {
    let result = end_of(&ExecutorConfig::default(), &guest::contract("")).await;
    assert_eq!(result.end, RunEnd::Returned { flags: 0, data: Vec::new() });
}

#[tokio::test]
async fn an_unreachable_instruction_is_a_trap() {
    let result = end_of(&ExecutorConfig::default(), &guest::contract("unreachable")).await;
    assert_failed(&result, Outcome::Trapped);
}

#[tokio::test]
async fn endless_recursion_is_a_trap() {
    let body = "(call $deeper)";
    let wat = guest::contract_with("(memory 1 64)", "(func $deeper (call $deeper) (call $deeper))", body);
    assert_failed(&end_of(&ExecutorConfig::default(), &wat).await, Outcome::Trapped);
}

#[tokio::test]
async fn a_spinning_guest_is_stopped_on_time() {
    let config = limits(|limits| {
        limits.wall_time = Duration::from_millis(200);
        limits.grace = Duration::from_millis(50);
    });
    let result = end_of(&config, &guest::spinner()).await;
    assert_failed(&result, Outcome::TimedOut);
    assert!(result.elapsed >= Duration::from_millis(200), "{:?}", result.elapsed);
    assert!(result.elapsed < Duration::from_secs(5), "{:?}", result.elapsed);
}

#[tokio::test]
async fn a_deadline_before_the_wall_time_is_kept() {
    let executor = executor(&ExecutorConfig::default());
    let deadline = Some(tokio::time::Instant::now() + Duration::from_millis(100));
    let result = run(&executor, Run { deadline, ..query(&guest::spinner()) }).await;
    assert_failed(&result, Outcome::TimedOut);
    assert!(result.elapsed < Duration::from_secs(5), "{:?}", result.elapsed);
}

#[tokio::test]
async fn a_spinning_guest_spends_its_whole_budget_over_many_slices_and_no_more() {
    let config = limits(|limits| {
        limits.fuel = 1_000_000;
        limits.fuel_slice = 1_000;
    });
    let result = end_of(&config, &guest::spinner()).await;
    assert_failed(&result, Outcome::OutOfFuel);
    assert!((999_000..=1_000_000).contains(&result.fuel_used), "{}", result.fuel_used);
}

/// Calls, without end, a function whose thousand locals the engine sets to zero each time.
fn caller_of_many_locals() -> String {
    let function = format!("(func $f (local {}))", "i64 ".repeat(1000));
    guest::contract_with("(memory 2)", &function, "(loop (call $f) (br 0))")
}

#[tokio::test]
async fn an_echo_finishes_beside_a_guest_that_calls_a_function_of_many_locals() {
    let config = limits(|limits| limits.wall_time = Duration::from_secs(2));
    let executor = executor(&config);
    let other = executor.clone();
    let spinner = tokio::spawn(async move { run(&other, query(&caller_of_many_locals())).await });
    for index in 0..5u8 {
        assert!(run(&executor, Run { input: vec![index], ..query(&guest::echo()) }).await.succeeded());
    }
    assert!(!spinner.is_finished());
    let result = spinner.await.unwrap();
    assert_failed(&result, Outcome::TimedOut);
    assert!(result.elapsed < Duration::from_secs(4), "{:?}", result.elapsed);
}

#[tokio::test]
async fn a_call_costs_what_its_locals_do() {
    let result = end_of(&limits(|limits| limits.fuel = 1_000_000), &caller_of_many_locals()).await;
    assert_failed(&result, Outcome::OutOfFuel);
    let count = |call: &str| {
        let body = format!(
            "(local $i i32)
            (loop
              {call}
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000))))"
        );
        let fields = "(type $t (func)) (table funcref (elem $f)) (func $f)";
        guest::contract_with("(memory 2)", fields, &body)
    };
    let without = end_of(&ExecutorConfig::default(), &count("")).await.fuel_used;
    for call in ["(call $f)", "(call_indirect (type $t) (i32.const 0))"] {
        let with = end_of(&ExecutorConfig::default(), &count(call)).await.fuel_used;
        assert!((64_000..70_000).contains(&(with - without)), "{call}: {with} - {without}");
    }
}

#[tokio::test]
async fn a_transaction_has_no_clock_and_ends_by_fuel() {
    let config = limits(|limits| {
        limits.fuel = 100_000_000;
        limits.wall_time = Duration::from_millis(2);
        limits.grace = Duration::from_millis(1);
    });
    let result = run(&executor(&config), Run { mode: Mode::Transaction, ..query(&guest::spinner()) }).await;
    assert_failed(&result, Outcome::OutOfFuel);
}

#[tokio::test]
async fn slices_do_not_change_an_answer_or_its_price() {
    let body = "(local $i i32)
        (loop
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (i32.store (i32.const 0) (local.get $i))
          (br_if 0 (i32.lt_u (local.get $i) (i32.const 100000))))
        (call $return (i32.const 0) (i32.const 4))";
    let small = end_of(&limits(|limits| limits.fuel_slice = 100), &guest::contract(body)).await;
    let large = end_of(&limits(|limits| limits.fuel_slice = u64::MAX), &guest::contract(body)).await;
    assert_eq!(small.end, large.end);
    assert_eq!(small.fuel_used, large.fuel_used);
}

#[tokio::test]
async fn what_ran_before_does_not_change_an_answer_or_its_price() {
    // Counts as far as its input says.
    let body = "(local $i i32)
        (call $capacity (i32.const 60000))
        (call $input (i32.const 0) (i32.const 65532))
        (loop
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $i) (i32.load (i32.const 0)))))
        (i32.store (i32.const 0) (local.get $i))
        (call $return (i32.const 0) (i32.const 4))";
    let counts = |times: u32| Run { input: times.to_le_bytes().to_vec(), ..query(&guest::contract(body)) };
    let used = executor(&ExecutorConfig::default());
    // After brief runs a long one is expected to be brief too, and the other way round.
    for times in [1, 1, 1, 1_000_000, 1_000_000, 1, 1] {
        let first = run(&executor(&ExecutorConfig::default()), counts(times)).await;
        let later = run(&used, counts(times)).await;
        assert_eq!(first.end, RunEnd::Returned { flags: 0, data: times.to_le_bytes().to_vec() });
        assert_eq!((later.end, later.fuel_used), (first.end, first.fuel_used));
    }
}

#[tokio::test]
async fn not_a_number_has_the_same_bits_on_every_processor() {
    let body = "(f64.store (i32.const 0) (f64.div (f64.load (i32.const 8)) (f64.load (i32.const 16))))
        (call $return (i32.const 0) (i32.const 8))";
    let result = end_of(&ExecutorConfig::default(), &guest::contract(body)).await;
    // The canonical NaN of the WebAssembly specification; x86 itself makes a negative one.
    assert_eq!(result.end, RunEnd::Returned { flags: 0, data: 0x7ff8_0000_0000_0000u64.to_le_bytes().to_vec() });
}

#[tokio::test]
async fn an_instruction_larger_than_a_slice_still_ends() {
    let body = "(memory.fill (i32.const 0) (i32.const 7) (i32.const 4194304))
        (call $return (i32.const 4194303) (i32.const 1))";
    let config = limits(|limits| limits.fuel_slice = 10);
    let result = end_of(&config, &guest::contract_with("(memory 64 64)", "", body)).await;
    assert_eq!(result.end, RunEnd::Returned { flags: 0, data: vec![7] });
}

#[tokio::test]
async fn an_instruction_larger_than_the_budget_is_out_of_fuel() {
    let body = "(memory.fill (i32.const 0) (i32.const 7) (i32.const 4194304))";
    let config = limits(|limits| limits.fuel = 50_000);
    let result = end_of(&config, &guest::contract_with("(memory 64 64)", "", body)).await;
    assert_failed(&result, Outcome::OutOfFuel);
}

/// Grows its memory until that is refused, and then does what an allocator does.
const HOARDER: &str = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";

#[tokio::test]
async fn a_guest_that_allocates_without_end_is_out_of_memory() {
    for memory in ["(memory 1 64)", "(memory 1 16)", "(memory 1)"] {
        let result = end_of(&ExecutorConfig::default(), &guest::contract_with(memory, "", HOARDER)).await;
        assert_failed(&result, Outcome::OutOfMemory);
    }
}

#[tokio::test]
async fn a_host_function_that_traps_after_an_allocation_was_refused_is_out_of_memory_too() {
    let grow = "(drop (memory.grow (i32.const 40000)))";
    let returns = "(call $return (i32.const -8) (i32.const 8))";
    let result = end_of(&ExecutorConfig::default(), &guest::contract(&format!("{grow} {returns}"))).await;
    assert_failed(&result, Outcome::OutOfMemory);
    assert_failed(&end_of(&ExecutorConfig::default(), &guest::contract(returns)).await, Outcome::Trapped);
}

#[tokio::test]
async fn one_large_allocation_is_out_of_memory_too() {
    let body = "(if (i32.eq (memory.grow (i32.const 40000)) (i32.const -1)) (then unreachable))";
    let result = end_of(&ExecutorConfig::default(), &guest::contract_with("(memory 2 16)", "", body)).await;
    assert_failed(&result, Outcome::OutOfMemory);
}

#[tokio::test]
async fn a_module_grows_to_its_own_maximum_and_not_beyond() {
    let body = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (i32.store (i32.const 0) (memory.size))
        (call $return (i32.const 0) (i32.const 4))";
    for (memory, pages) in [("(memory 1 16)", 16), ("(memory 1 64)", 64), ("(memory 3)", 64)] {
        let result = end_of(&ExecutorConfig::default(), &guest::contract_with(memory, "", body)).await;
        assert_eq!(result.end, RunEnd::Returned { flags: 0, data: u32::to_le_bytes(pages).to_vec() }, "{memory}");
    }
}

#[tokio::test]
async fn a_table_grows_to_its_limit_and_not_beyond() {
    let body = "(loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 1000)) (i32.const -1))))
        (i32.store (i32.const 0) (table.size))
        (call $return (i32.const 0) (i32.const 4))";
    let wat = guest::contract_with("(memory 1 1)", "(table 1 funcref)", body);
    let result = end_of(&ExecutorConfig::default(), &wat).await;
    assert_eq!(result.end, RunEnd::Returned { flags: 0, data: 16_001u32.to_le_bytes().to_vec() });
}

#[tokio::test]
async fn returning_more_than_the_limit_is_output_too_large() {
    let config = limits(|limits| limits.output_bytes = 1000);
    let over = end_of(&config, &guest::contract("(call $return (i32.const 0) (i32.const 1001))")).await;
    assert_failed(&over, Outcome::OutputTooLarge);
    let at = end_of(&config, &guest::contract("(call $return (i32.const 0) (i32.const 1000))")).await;
    assert!(at.succeeded());
    let absurd = end_of(&config, &guest::contract("(call $return (i32.const 0) (i32.const -1))")).await;
    assert_failed(&absurd, Outcome::OutputTooLarge);
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_counted() {
    let body = "(local $i i32)
        (loop
          (drop (call $debug (i32.const 0) (i32.const 100000)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $i) (i32.const 5000))))";
    let wat = guest::contract_with("(memory 2 64)", r#"(data (i32.const 0) "line")"#, body);
    let result = end_of(&ExecutorConfig::default(), &wat).await;
    assert!(result.succeeded(), "{:?}", result.end);
    assert_eq!((result.logs.len(), result.dropped_records), (256, 4744));
    assert!(result.logs.iter().all(|line| line.message.len() <= 1024 && line.message.starts_with("line")));
}

#[tokio::test]
async fn a_module_that_was_never_checked_is_a_bad_contract_with_every_reason() {
    let wat = r#"(module (import "env" "memory" (memory 1)) (import "seal0" "nothing" (func)) (func (export "call")))"#;
    let result = end_of(&ExecutorConfig::default(), wat).await;
    assert_failed(&result, Outcome::BadContract);
    let RunEnd::Failed { reason, .. } = result.end else { panic!() };
    assert!(reason.contains("seal0.nothing") && reason.contains("`deploy`"), "{reason}");
}

#[tokio::test]
async fn a_data_segment_outside_the_memory_is_a_bad_contract() {
    let wat = guest::contract_with("(memory 1 1)", r#"(data (i32.const 65535) "ab")"#, "");
    assert_failed(&end_of(&ExecutorConfig::default(), &wat).await, Outcome::BadContract);
}

#[tokio::test]
async fn calling_what_the_chain_extension_lacks_is_a_bad_contract() {
    let wat = guest::contract_with("(memory 1 1)", "", "(drop (call $extension (i32.const 26) (i32.const 0)))");
    assert_failed(&end_of(&ExecutorConfig::default(), &wat).await, Outcome::BadContract);
}

#[tokio::test]
async fn an_input_beyond_the_limit_never_reaches_the_guest() {
    let executor = executor(&limits(|limits| limits.input_bytes = 4));
    let result = run(&executor, Run { input: vec![0; 5], ..query(&guest::echo()) }).await;
    assert_failed(&result, Outcome::BadContract);
}

#[tokio::test]
async fn code_that_is_not_of_its_hash_is_the_hosts_fault_and_spoils_nothing() {
    let executor = executor(&ExecutorConfig::default());
    let right = query(&guest::echo());
    let wrong = Run { code: query(&guest::spinner()).code, ..right.clone() };
    let fault = executor.run(wrong).await.unwrap_err();
    assert!(matches!(&fault, HostFault::WrongCode { expected, .. } if *expected == right.code_hash), "{fault}");
    assert!(!fault.is_retryable());
    assert!(run(&executor, right).await.succeeded());
    let unknown = Run { code_hash: CodeHash([0; 32]), ..query(&guest::echo()) };
    assert!(executor.run(unknown).await.is_err());
}

#[tokio::test]
async fn deploy_calls_the_constructor() {
    let wat = r#"(module (import "env" "memory" (memory 1))
        (func (export "deploy")) (func (export "call") unreachable))"#;
    let executor = executor(&ExecutorConfig::default());
    assert!(run(&executor, Run { entry: Entry::Deploy, mode: Mode::Transaction, ..query(wat) }).await.succeeded());
    assert!(!run(&executor, query(wat)).await.succeeded());
}

#[test]
fn settings_that_can_not_work_are_all_reported_at_once() {
    let mut config = ExecutorConfig::default();
    config.limits.fuel = 0;
    config.limits.grace = config.limits.wall_time;
    config.egress.allow.push(phat_executor::AllowEntry {
        host: "not a host".into(),
        port: 1,
        http: false,
        root_pem: None,
    });
    let Err(errors) = phat_executor::Executor::new(&config, &Default::default(), support::host(&[])) else {
        panic!("accepted");
    };
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
}

#[test]
fn the_configuration_writes_out_every_default_and_refuses_what_it_does_not_know() {
    let written = serde_json::to_value(ExecutorConfig::default()).unwrap();
    assert_eq!(written["limits"]["wall_time"], "10s");
    assert_eq!(written["limits"]["http"]["batch"], 5);
    let read: ExecutorConfig = serde_json::from_value(written).unwrap();
    assert_eq!(read, ExecutorConfig::default());
    assert!(serde_json::from_str::<ExecutorConfig>(r#"{"limits": {"feul": 1}}"#).is_err());
}
