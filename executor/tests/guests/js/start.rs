//! What starting the engine takes: it starts from a snapshot.

use super::{offline, script};
use crate::{ask, wasm};
use phat_executor::{ExecutorConfig, check};
use phat_protocol::Outcome;

#[tokio::test]
async fn a_hello_world_costs_little() {
    let engine = offline();
    let hello = "export default () => 'hello, world';";
    let result = ask(&engine, script(hello), "").await;
    let answer = result.answer(64);
    assert_eq!((answer.outcome, answer.output.as_slice()), (Outcome::Ok, &b"hello, world"[..]));
    assert!(result.fuel_used < 1_500_000, "{}", result.fuel_used);
}

/// An instruction of the interpreter pays for itself, not for all that there are: without
/// that this loop would take 20 billion.
#[tokio::test]
async fn a_loop_costs_what_it_does() {
    let engine = offline();
    let source = "function main() { let sum = 0; for (let i = 0; i < 100000; i++) sum += i; return String(sum); }";
    let result = ask(&engine, script(source), "").await;
    assert_eq!(result.answer(64).output, b"4999950000");
    assert!(result.fuel_used < 150_000_000, "{}", result.fuel_used);
}

#[test]
fn the_engine_fits_into_a_contract() {
    let facts = check(&wasm("js"), &ExecutorConfig::default().limits).expect("a module");
    assert_eq!(facts.maximum_pages, Some(64));
    assert!(facts.initial_pages <= 16, "{}", facts.initial_pages);
    assert!(facts.imports.iter().all(|(module, _)| module.starts_with("seal")), "{:?}", facts.imports);
}
