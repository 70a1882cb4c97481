//! What is refused before it is stored: every reason is given.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

use phat_executor::{Limits, MemoryBound, Refusal, Signature, check};

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn refusals(text: &str) -> Vec<Refusal> {
    check(&wasm(text), &Limits::default()).unwrap_err()
}

/// A module that is fine but for `fields`.
fn with(fields: &str) -> String {
    format!(
        r#"(module (import "env" "memory" (memory 2 16)) (func (export "deploy")) (func (export "call")) {fields})"#
    )
}

fn words(refusals: &[Refusal]) -> Vec<String> {
    refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn a_contract_passes_and_its_facts_are_told() {
    let facts = check(
        &wasm(
            r#"(module
                (import "seal0" "input" (func (param i32 i32)))
                (import "env" "memory" (memory 2 16))
                (import "seal1" "call" (func (param i32 i32 i64 i32 i32 i32 i32 i32) (result i32)))
                (func (export "deploy")) (func (export "call")))"#,
        ),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!((facts.initial_pages, facts.maximum_pages), (2, Some(16)));
    let names: Vec<_> = facts.imports.iter().map(|(module, name)| format!("{module}.{name}")).collect();
    assert_eq!(names, ["seal0.input", "seal1.call"]);
}

#[test]
fn what_compilers_emit_today_passes() {
    let fields = r#"
        (global $g (mut i32) (i32.const 0)) (export "g" (global $g))
        (table 4 4 funcref)
        (func (param f64) (result i32 i32)
            (i32.trunc_sat_f64_s (local.get 0)) (i32.extend8_s (i32.const 200)))
        (func (memory.copy (i32.const 0) (i32.const 8) (i32.const 8)) (drop (ref.null func)))
        (data (i32.const 0) "data")"#;
    check(&wasm(&with(fields)), &Limits::default()).unwrap();
}

#[test]
fn bytes_that_are_no_module_are_refused() {
    for bytes in [&b""[..], b"\0asm", b"\x7fELF\x02\x01\x01\x00", b"\0asm\x0d\0\x01\0"] {
        assert_eq!(check(bytes, &Limits::default()), Err(vec![Refusal::NotWasm]));
    }
}

#[test]
fn a_broken_module_is_refused_with_the_place_and_what_else_is_wrong() {
    let mut bytes = wasm(&with(""));
    bytes.truncate(bytes.len() - 1);
    let refusals = check(&bytes, &Limits::default()).unwrap_err();
    assert!(matches!(refusals[0], Refusal::Invalid { .. }), "{refusals:?}");
    let mut bytes = wasm(r#"(module (func (result i32) i32.const 1))"#);
    // `i32.const 1` becomes `i32.add nop`.
    let constant = bytes.len() - 3;
    bytes[constant] = 0x6a;
    let words = words(&check(&bytes, &Limits::default()).unwrap_err());
    assert!(words[0].starts_with("not a valid module"), "{words:?}");
    assert!(words.contains(&"exports no function `call`".to_owned()), "{words:?}");
}

#[test]
fn every_reason_is_given_at_once() {
    let refusals = refusals(
        r#"(module
            (import "env" "memory" (memory 65 100))
            (import "env" "abort" (func))
            (import "seal0" "input" (func (param i32)))
            (import "seal9" "input" (func (param i32 i32)))
            (func $start)
            (func (export "call") (param i32))
            (start $start))"#,
    );
    let limit = 64;
    assert_eq!(
        refusals,
        [
            Refusal::UnknownImport { module: "env".into(), name: "abort".into() },
            Refusal::WrongImport {
                module: "seal0".into(),
                name: "input".into(),
                expected: signature(2),
                found: signature(1),
            },
            Refusal::UnknownImport { module: "seal9".into(), name: "input".into() },
            Refusal::TooMuchMemory { bound: MemoryBound::Initial, pages: 65, limit },
            Refusal::TooMuchMemory { bound: MemoryBound::Maximum, pages: 100, limit },
            Refusal::MissingExport("deploy"),
            Refusal::WrongExport("call"),
            Refusal::StartFunction,
        ]
    );
    let words = words(&refusals);
    assert_eq!(words[0], "imports `env.abort`, which the host doesn't have");
    assert_eq!(words[1], "imports `seal0.input` with the signature (i32) -> (), and it is (i32, i32) -> ()");
    assert_eq!(words[3], "its memory at the start is 65 pages of 64 KiB, and the limit is 64");
}

fn signature(params: usize) -> Signature {
    Signature::Function { params: vec![wasmparser::ValType::I32; params], results: Vec::new() }
}

#[test]
fn an_import_that_is_no_function_is_refused() {
    let refusals = refusals(
        r#"(module (import "env" "memory" (memory 1)) (import "seal0" "input" (global i32))
            (func (export "deploy")) (func (export "call")))"#,
    );
    assert!(matches!(&refusals[..], [Refusal::WrongImport { found: Signature::NotAFunction, .. }]), "{refusals:?}");
}

#[test]
fn an_entry_that_is_no_function_or_gives_something_is_refused() {
    let text = r#"(module (import "env" "memory" (memory 1)) (global i32 (i32.const 0))
        (export "deploy" (global 0)) (func (export "call") (result i32) i32.const 0))"#;
    assert_eq!(refusals(text), [Refusal::WrongExport("deploy"), Refusal::WrongExport("call")]);
}

#[test]
fn memory_of_its_own_or_none_is_refused() {
    let own = r#"(module (memory (export "memory") 1) (func (export "deploy")) (func (export "call")))"#;
    assert_eq!(refusals(own), [Refusal::MemoryNotImported]);
    let none = r#"(module (func (export "deploy")) (func (export "call")))"#;
    assert_eq!(refusals(none), [Refusal::MemoryNotImported]);
    let elsewhere = r#"(module (import "js" "mem" (memory 1)) (func (export "deploy")) (func (export "call")))"#;
    assert_eq!(
        refusals(elsewhere),
        [Refusal::UnknownImport { module: "js".into(), name: "mem".into() }, Refusal::MemoryNotImported]
    );
}

#[test]
fn code_and_tables_beyond_their_limits_are_refused() {
    let limits = Limits { code_bytes: 50, table_elements: 10, ..Limits::default() };
    let bytes = wasm(&with("(table 11 funcref)"));
    let refusals = check(&bytes, &limits).unwrap_err();
    assert_eq!(
        refusals,
        [Refusal::CodeTooLarge { bytes: bytes.len(), limit: 50 }, Refusal::TableTooLarge { elements: 11, limit: 10 }]
    );
}

#[test]
fn a_function_with_more_locals_than_the_limit_is_refused() {
    // The limit is reached in several groups, with the parameters: 24 + 500 + 500.
    let function = |more: usize| {
        let params = "i32 ".repeat(24);
        let (first, second) = ("i64 ".repeat(500), "f64 ".repeat(500 + more));
        with(&format!("(func) (func (param {params}) (local {first}) (local {second})) (func (local i32))"))
    };
    check(&wasm(&function(0)), &Limits::default()).unwrap();
    let refused = refusals(&function(1));
    assert_eq!(refused, [Refusal::TooManyLocals { function: 3, locals: 1025, limit: 1024 }]);
    assert_eq!(words(&refused), ["function 3 has 1025 parameters and locals, and the limit is 1024"]);
    // A host function counts where functions are numbered.
    let importing = function(1).replacen("(import", r#"(import "seal0" "input" (func (param i32 i32))) (import"#, 1);
    assert!(matches!(refusals(&importing)[..], [Refusal::TooManyLocals { function: 4, .. }]));
}

#[test]
fn several_tables_are_refused() {
    assert_eq!(refusals(&with("(table 1 funcref) (table 1 funcref)")), [Refusal::SeveralTables(2)]);
}

#[test]
fn each_feature_that_guests_do_not_have_is_named() {
    let named = |fields: &str| refusals(&with(fields));
    assert_eq!(named("(func $f (return_call $f))"), [Refusal::Feature("tail calls")]);
    assert_eq!(named("(memory 1)"), [Refusal::Feature("several memories")]);
    assert_eq!(named("(func (drop (i32.atomic.load (i32.const 0))))"), [Refusal::Feature("threads")],);
    assert_eq!(
        named("(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
        [Refusal::Feature("extended constant expressions")]
    );
    assert_eq!(
        named("(func $f (return_call $f)) (global i32 (i32.add (i32.const 1) (i32.const 2)))"),
        [Refusal::Feature("tail calls"), Refusal::Feature("extended constant expressions")]
    );
    let wide = r#"(module (import "env" "memory" (memory i64 1)) (func (export "deploy")) (func (export "call")))"#;
    assert_eq!(refusals(wide), [Refusal::Feature("64-bit memory")]);
    for fields in [
        "(tag)",
        "(type (struct))",
        "(type $t (func)) (func (param (ref $t)))",
        "(func (param i64) (drop (i64.mul_wide_s (local.get 0) (local.get 0))) drop)",
    ] {
        let refused = named(fields);
        assert!(
            refused.iter().all(|each| matches!(each, Refusal::Feature(_) | Refusal::Invalid { .. })),
            "{refused:?}"
        );
    }
    // The reader knows no vectors at all, so it can't name them.
    assert!(matches!(named("(func (drop (v128.const i64x2 0 0)))")[..], [Refusal::Invalid { .. }]));
}

#[test]
fn what_only_the_engine_refuses_is_refused_too() {
    // Valid WebAssembly, with more locals than the engine has room for.
    let locals = "(local i64) ".repeat(40_000);
    let limits = Limits { function_locals: u32::MAX, ..Limits::default() };
    let refusals = check(&wasm(&with(&format!("(func {locals})"))), &limits).unwrap_err();
    assert!(matches!(&refusals[..], [Refusal::Untranslatable(_)]), "{refusals:?}");
}
