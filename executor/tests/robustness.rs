//! Whatever a guest is or passes, the host answers or refuses it, and lives.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

#[path = "robustness/regressions.rs"]
mod regressions;
#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use phat_executor::{ExecutorConfig, Run, RunEnd, check};
use phat_protocol::{Outcome, code_hash};
use proptest::prelude::*;
use support::{executor, guest, query};

/// Fills, copies and grows its memory, and returns a part of it.
const HOARDER: &str = "(memory.fill (i32.const 5) (i32.const 7) (i32.const 70000))
    (memory.copy (i32.const 1000) (i32.const 5) (i32.const 60000))
    (drop (memory.grow (i32.const 9)))
    (call $return (i32.const 5) (i32.const 3))";

const MEMORY: u64 = 2 * 65536;

/// A number near one of the places where bounds checks go wrong.
fn edge() -> impl Strategy<Value = u32> {
    let near = vec![0u32, 65_536, 131_072, 1 << 31, u32::MAX];
    (proptest::sample::select(near), -40i64..40)
        .prop_map(|(near, off)| u32::try_from((i64::from(near) + off).rem_euclid(1 << 32)).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_guest_passes_the_host_answers_or_traps(a in edge(), b in edge(), c in edge(), d in edge()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let executor = runtime.block_on(async { executor(&ExecutorConfig::default()) });
        for body in [
            format!("(call $seal_return (i32.const 0) (i32.const {a}) (i32.const {b}))"),
            format!("(call $sha2_256 (i32.const {a}) (i32.const {b}) (i32.const {c}))"),
            format!("(call $caller (i32.const {a}) (i32.const {b}))"),
            format!("(call $event (i32.const {a}) (i32.const {b}) (i32.const {c}) (i32.const {d}))"),
            format!("(drop (call $debug (i32.const {a}) (i32.const {b})))"),
            format!("(drop (call $set (i32.const {a}) (i32.const {b}) (i32.const {c}) (i32.const {d})))"),
            format!("(drop (call $get (i32.const {a}) (i32.const {b}) (i32.const {c}) (i32.const {d})))"),
            format!("(drop (call $ecdsa_recover (i32.const {a}) (i32.const {b}) (i32.const {c})))"),
            format!("(drop (call $ext (i32.const 3) (i32.const {a}) (i32.const {b}) (i32.const {c}) (i32.const {d})))"),
        ] {
            let wat = guest::contract_with("(memory 2 2)", "", &body);
            // A host function that panics is a fault, and the pool's thread survives it.
            let result = runtime.block_on(executor.run(query(&wat))).unwrap();
            let RunEnd::Failed { outcome, .. } = result.end else { continue };
            prop_assert!(
                matches!(outcome, Outcome::Trapped | Outcome::OutputTooLarge | Outcome::OutOfFuel),
                "{body}: {outcome}"
            );
        }
    }

    #[test]
    fn bytes_are_returned_exactly_when_they_are_in_memory(pointer in edge(), length in 0u32..200_000) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let executor = runtime.block_on(async { executor(&ExecutorConfig::default()) });
        let body = format!("(call $seal_return (i32.const 0) (i32.const {pointer}) (i32.const {length}))");
        let result = runtime.block_on(executor.run(query(&guest::contract_with("(memory 2 2)", "", &body)))).unwrap();
        let inside = u64::from(pointer) + u64::from(length) <= MEMORY;
        prop_assert_eq!(result.succeeded(), inside);
    }

    /// The module's bytes are changed at random: what still passes the check also runs to some end.
    #[test]
    fn a_broken_module_is_refused_or_runs_to_an_end(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        guest in 0usize..3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut config = ExecutorConfig::default();
        config.limits.fuel = 1_000_000;
        let executor = runtime.block_on(async { executor(&config) });
        let original = query(&[guest::echo(), guest::fetcher(), guest::contract(HOARDER)][guest]);
        let mut code = original.code.to_vec();
        for (index, byte) in changes {
            let at = index.index(code.len());
            code[at] = byte;
        }
        let refused = check(&code, &config.limits).is_err();
        let broken = Run { code_hash: code_hash(&code), code: code.into(), ..original };
        let result = runtime.block_on(executor.run(broken)).unwrap();
        if refused {
            prop_assert_eq!(result.answer(0).outcome, Outcome::BadContract);
        }
    }
}
