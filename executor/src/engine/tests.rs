use super::*;
use crate::check::{check, imports::KNOWN};
use crate::{Entry, Executor, ExecutorConfig, HostServices, Limits, Mode, Refusal, Resources, Run};
use std::sync::Arc;

fn contract(memory: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (import "seal0" "input" (func (param i32 i32))) (import "env" "memory" {memory})
            (func (export "deploy")) (func (export "call")))"#
    );
    wat::parse_str(text).unwrap()
}

fn patched(wasm: &[u8]) -> Vec<u8> {
    without_memory_maximum(wasm, check::memory_import(wasm).as_ref())
}

#[test]
fn the_maximum_of_the_memory_alone_is_taken_away() {
    for (memory, initial) in [("(memory 2 16)", 2), ("(memory 0 64)", 0), ("(memory 63 64)", 63), ("(memory 5)", 5)] {
        let wasm = contract(memory);
        let patched = patched(&wasm);
        assert_eq!(patched.len(), wasm.len());
        let facts = check(&patched, &Limits::default()).unwrap();
        assert_eq!((facts.initial_pages, facts.maximum_pages), (initial, None), "{memory}");
        assert_eq!(facts.imports, check(&wasm, &Limits::default()).unwrap().imports);
    }
}

#[test]
fn sizes_that_are_encoded_longer_than_needed_are_understood() {
    // flags 1, initial 2 as 82 00, maximum 16 as 90 80 00: five bytes, which is all that one size may
    // have; and one byte more, where nothing is changed.
    for (sizes, maximum) in [(&[0x82, 0, 0x90, 0x80, 0][..], None), (&[0x82, 0x80, 0, 0x90, 0x80, 0], Some(16))] {
        let entry = [&b"\x03env\x06memory\x02\x01"[..], sizes].concat();
        let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec();
        wasm.extend([2, u8::try_from(entry.len()).unwrap() + 1, 1]);
        wasm.extend(&entry);
        wasm.extend(b"\x03\x02\x01\0\x07\x11\x02\x06deploy\0\0\x04call\0\0\x0a\x04\x01\x02\0\x0b");
        let before = check(&wasm, &Limits::default()).unwrap();
        assert_eq!((before.initial_pages, before.maximum_pages), (2, Some(16)));
        let after = check(&patched(&wasm), &Limits::default()).unwrap();
        assert_eq!((after.initial_pages, after.maximum_pages), (2, maximum));
    }
}

struct Nothing;

impl crate::Clock for Nothing {
    fn unix_millis(&self) -> u64 {
        0
    }
}

impl crate::Randomness for Nothing {
    fn fill(&self, _bytes: &mut [u8]) {}
}

#[tokio::test]
async fn every_import_that_the_check_knows_is_there_with_its_signature() {
    let types = |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let imports: String = KNOWN
        .iter()
        .map(|import| {
            let (params, results) = (types(import.params), types(import.results));
            format!(r#"(import "{}" "{}" (func (param {params}) (result {results})))"#, import.module, import.name)
        })
        .collect();
    let text = format!(
        r#"(module {imports} (import "env" "memory" (memory 1)) (func (export "deploy")) (func (export "call")))"#
    );
    let code: Arc<[u8]> = wat::parse_str(text).unwrap().into();
    let host = HostServices {
        clock: Arc::new(Nothing),
        randomness: Arc::new(Nothing),
        resolver: Arc::new(crate::SystemResolver::default()),
        worker: crate::WorkerFacts::default(),
        javascript: None,
    };
    let Ok(executor) = Executor::new(&ExecutorConfig::default(), &Resources::default(), host) else { panic!() };
    let run = Run {
        code_hash: phat_protocol::code_hash(&code),
        code,
        contract: Default::default(),
        entry: Entry::Call,
        mode: Mode::Query,
        caller: [0; 32],
        input: Vec::new(),
        state: Arc::default(),
        contracts: Arc::new(crate::NoContracts),
        secrets: Arc::default(),
        key_root: None,
        vrf: None,
        deadline: None,
    };
    // An import that is missing, or has another signature, keeps the module from starting.
    let result = executor.run(run).await.unwrap();
    assert!(result.succeeded(), "{:?}", result.end);
}

#[test]
fn a_module_beyond_the_engines_own_bounds_is_untranslatable_and_not_a_panic() {
    let locals = "(local i64) ".repeat(45_000);
    let text = format!(
        r#"(module (import "env" "memory" (memory 1)) (func (export "deploy")) (func (export "call")) (func {locals}))"#
    );
    let limits = Limits { function_locals: u32::MAX, ..Limits::default() };
    let refusals = check(&wat::parse_str(text).unwrap(), &limits).unwrap_err();
    assert!(matches!(&refusals[..], [Refusal::Untranslatable(_)]), "{refusals:?}");
}
