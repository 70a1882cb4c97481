//! Modules: whatever is uploaded, it is refused with reasons, or runs to an end within its limits.

use crate::host::Stage;
use arbitrary::{Arbitrary, Unstructured};
use phat_executor::{Entry, ExecutorConfig, Mode, RunEnd, custom_section, fuzzing::imports};
use phat_protocol::Outcome;
use std::sync::{Arc, LazyLock};
use wasm_smith::{Config, Module};

/// Two executors that differ in the length of a slice alone, which no answer may depend on.
static STAGES: LazyLock<[Stage; 2]> = LazyLock::new(|| [2_000_000, 1_000].map(stage));

fn stage(slice: u64) -> Stage {
    let mut config = ExecutorConfig::default();
    let limits = &mut config.limits;
    (limits.fuel, limits.fuel_slice, limits.memory_pages, limits.table_elements) = (1_000_000, slice, 16, 1_000);
    // Nothing of a run outlives it, and none reaches a server.
    (limits.cache.contract_bytes, limits.http.requests) = (0, 0);
    Stage::new(&config, Vec::new())
}

/// Bytes are a module themselves, or what wasm-smith makes one of: any, or one of the shape of a contract.
pub fn fuzz(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let module = match kind % 8 {
        0 => Some(rest.to_vec()),
        1 => any(rest).ok(),
        _ => shaped(rest).ok(),
    };
    if let Some(module) = module {
        load(&module);
    }
}

fn any(bytes: &[u8]) -> arbitrary::Result<Vec<u8>> {
    let mut unstructured = Unstructured::new(bytes);
    let config = Config::arbitrary(&mut unstructured)?;
    Module::new(config, &mut unstructured).map(|module| module.to_bytes())
}

/// A module that imports memory and some host functions, and exports what a contract exports.
fn shaped(bytes: &[u8]) -> arbitrary::Result<Vec<u8>> {
    let mut unstructured = Unstructured::new(bytes);
    let mut shape = r#"(module (import "env" "memory" (memory 1 8))"#.to_owned();
    for import in imports() {
        if unstructured.ratio(1, 8)? {
            let types = |types: &[_]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let (params, results) = (types(import.params), types(import.results));
            let (module, name) = (import.module, import.name);
            shape += &format!(r#"(import "{module}" "{name}" (func (param {params}) (result {results})))"#);
        }
    }
    shape += r#"(func (export "deploy")) (func (export "call")))"#;
    let config = Config {
        module_shape: Some(wat::parse_str(&shape).unwrap_or_else(|error| panic!("{error}\n{shape}"))),
        allow_start_export: false,
        max_memories: 1,
        max_tables: 1,
        max_table_elements: 1_000,
        max_instructions: 300,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        compact_imports_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    };
    Module::new(config, &mut unstructured).map(|module| module.to_bytes())
}

fn load(module: &[u8]) {
    let _ = custom_section(module, "phat.output");
    let [stage, sliced] = &*STAGES;
    let checked = stage.executor().check(module);
    let code: Arc<[u8]> = module.into();
    for (entry, mode) in [(Entry::Deploy, Mode::Transaction), (Entry::Call, Mode::Query)] {
        let result = stage.run(&code, entry, mode, b"input");
        let again = sliced.run(&code, entry, mode, b"input");
        // What the host doesn't have was asked for by both.
        let (Some(result), Some(again)) = (result, again) else { continue };
        assert_eq!((&result.end, result.fuel_used), (&again.end, again.fuel_used), "slices change the result");
        let RunEnd::Failed { outcome, .. } = &result.end else {
            assert!(checked.is_ok(), "it is refused, and ran");
            continue;
        };
        match outcome {
            Outcome::BadContract | Outcome::Trapped | Outcome::OutOfFuel | Outcome::OutOfMemory => {}
            // Nothing here is that large.
            Outcome::OutputTooLarge => {}
            Outcome::Ok | Outcome::ContractError | Outcome::TimedOut | Outcome::EgressDenied | Outcome::Disagreed => {
                panic!("{outcome}")
            }
        }
        if checked.is_err() {
            assert_eq!(*outcome, Outcome::BadContract);
        }
    }
}
