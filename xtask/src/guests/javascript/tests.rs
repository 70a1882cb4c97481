use super::{archive, metering, module, snapshot};
use std::fs;
use tempfile::TempDir;

/// A module that counts in memory: `initialise` puts the input's first byte at 1,000, `call` and `deploy`
/// do nothing. Its function has a `block` followed by code, twice, with branches out of both.
fn counting() -> Vec<u8> {
    let mut wasm = module::HEADER.to_vec();
    // Types: (i32, i32) -> (), () -> ().
    let types = [2, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 0, 0];
    let imports = [&[2, 3][..], b"env", &[6], b"memory", &[2, 1, 1, 4, 5], b"seal0", &[5], b"input", &[0, 0]].concat();
    let functions = [1, 1];
    let exports = [&[2, 4][..], b"call", &[0, 1, 10], b"initialise", &[0, 1]].concat();
    let body = [
        0, // no locals
        0x41, 0xe8, 0x07, 0x41, 0xe4, 0x07, 0x10, 0, // input(1000, 996)
        0x02, 0x40, // block
        0x41, 0, 0x0d, 0, // br_if 0, never
        0x41, 0, 0x0d, 1,    // br_if 1, never: out of the function
        0x0b, // end
        0x41, 7, 0x41, 1, 0x36, 2, 0, // i32.store(7, 1)
        0x02, 0x40, 0x0c, 0, 0x0b, // block br 0 end
        0x41, 16, 0x41, 2, 0x36, 2, 0, // i32.store(16, 2)
        0x0b,
    ];
    let mut code = vec![1];
    module::sized(&mut code, &body).expect("short");
    for (id, content) in [(1, &types[..]), (2, &imports), (3, &functions), (7, &exports), (10, &code)] {
        module::section(&mut wasm, id, content).expect("short");
    }
    wasm
}

fn metered(wasm: &[u8]) -> Vec<u8> {
    let code = metering::metered(wasm).expect("metered");
    module::rewritten(wasm, &[], |id, _| Ok((id == module::CODE).then(|| code.clone()))).expect("rewritten")
}

fn started(wasm: &[u8]) -> Vec<u8> {
    snapshot::initialised(wasm, b"\x2aand more", &["call"], ("made.of", "{}")).expect("a snapshot")
}

/// Whether wasmi takes the module, and what its data segments are.
fn segments(wasm: &[u8]) -> Vec<(u32, Vec<u8>)> {
    wasmparser::Validator::new().validate_all(wasm).expect("a valid module");
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::DataSection(section) = payload.expect("a module") {
            for segment in section {
                let segment = segment.expect("a segment");
                let wasmparser::DataKind::Active { offset_expr, .. } = segment.kind else { panic!("passive") };
                let wasmparser::Operator::I32Const { value } = offset_expr.get_operators_reader().read().expect("one")
                else {
                    panic!("no constant")
                };
                found.push((u32::try_from(value).expect("positive"), segment.data.to_vec()));
            }
        }
    }
    found
}

#[test]
fn a_snapshot_holds_the_memory_that_initialise_left() {
    let expected = [(7, vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 2]), (996, b"\x09\0\0\0\x2aand more".to_vec())];
    assert_eq!(segments(&started(&counting())), expected);
}

#[test]
fn a_metered_module_does_the_same() {
    let metered = metered(&counting());
    assert_ne!(metered, counting());
    assert_eq!(segments(&started(&metered)), segments(&started(&counting())));
    let loops = |wasm: &[u8]| wasm.windows(2).filter(|pair| pair == &[0x03, 0x40]).count();
    assert_eq!((loops(&counting()), loops(&metered)), (0, 2));
}

#[test]
fn a_snapshot_exports_what_is_asked_for() {
    let started = started(&counting());
    let contains = |part: &[u8]| started.windows(part.len()).any(|window| window == part);
    assert!(contains(b"call") && contains(b"made.of") && !contains(b"initialise"));
}

#[test]
fn the_prelude_s_main_module_comes_last() {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, source) in [("main.js", "m"), ("a.js", "a"), ("z.js", "zz")] {
        fs::write(folder.path().join(name), source).expect("written");
    }
    let file = |name: &str, source: &str| {
        let length = |part: &str| u32::try_from(part.len()).expect("short").to_le_bytes();
        [&length(name)[..], name.as_bytes(), &length(source), source.as_bytes()].concat()
    };
    let expected = [file("prelude/a.js", "a"), file("prelude/z.js", "zz"), file("prelude/main.js", "m")].concat();
    assert_eq!(archive(folder.path()).expect("an archive"), expected);
    fs::write(folder.path().join("notes.txt"), "").expect("written");
    assert!(archive(folder.path()).is_err());
}
