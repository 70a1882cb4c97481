//! ink! contracts that call, make and become others, of their own release of ink! and of the other.

use crate::{
    PROBES, hexadecimal,
    world::{Kind, World},
};
use phat_executor::ExecutorConfig;
use phat_protocol::{CodeHash, ContractId};
use serde_json::{Value, json};

/// A probe that calls, and one that is called, in every pairing.
async fn pairs() -> Vec<(World, ContractId, ContractId)> {
    let mut pairs = Vec::new();
    for caller in PROBES.map(Kind::committed) {
        for callee in PROBES.map(Kind::committed) {
            let world = World::new(&ExecutorConfig::default());
            let caller = world.deploy(&caller, "new", &["1"]).await.unwrap();
            let callee = world.deploy(&callee, "new", &["7"]).await.unwrap();
            pairs.push((world, caller, callee));
        }
    }
    pairs
}

fn account(id: ContractId) -> String {
    hexadecimal(id.0)
}

/// The host's error that a message answered as its own, by the name that ink! 4 has for it. ink! 5 writes another
/// name around it.
fn error(answer: &Value) -> &str {
    let text = answer["Err"].as_str().unwrap_or_else(|| panic!("{answer}"));
    text.strip_prefix("ReturnError(").and_then(|text| text.strip_suffix(')')).unwrap_or(text)
}

#[tokio::test]
async fn a_call_brings_the_callees_answer() {
    for (world, caller, callee) in pairs().await {
        let callee = account(callee);
        assert_eq!(world.ask(caller, "get_of", &[&callee]).await.value(), json!({ "Ok": 7 }));
        let set = world.ask(caller, "set_of", &[&callee, "9"]).await;
        assert_eq!(set.run.events.len(), 1);
        assert_eq!(set.value(), json!({ "Ok": 7 }));
        let failed = world.ask(caller, "fail_of", &[&callee, "5"]).await.value();
        assert_eq!(failed, json!({ "Ok": { "Err": { "Told": { "code": 5 } } } }));
        assert_eq!(error(&world.ask(caller, "panic_of", &[&callee]).await.value()), "CalleeTrapped");
        assert_eq!(error(&world.ask(caller, "nothing_of", &[&callee]).await.value()), "CouldNotReadInput");
        let nobody = world.ask(caller, "get_of", &[&hexadecimal([9; 32])]).await.value();
        assert_eq!(error(&nobody), "NotCallable");
    }
}

#[tokio::test]
async fn the_older_calls_of_ink_5_do_the_same() {
    let world = World::new(&ExecutorConfig::default());
    let kind = Kind::committed("ink5-probe");
    let caller = world.deploy(&kind, "new", &["1"]).await.unwrap();
    let callee = world.deploy(&Kind::committed("ink4-probe"), "new", &["7"]).await.unwrap();
    assert_eq!(world.ask(caller, "get_of_v1", &[&account(callee)]).await.value(), json!({ "Ok": 7 }));
    let code = hexadecimal(kind.code_hash.0);
    let newer = world.ask(caller, "instantiate", &[&code, "5", "0x01"]).await.value();
    let older = world.ask(caller, "instantiate_v1", &[&code, "5", "0x01"]).await.value();
    assert_eq!((newer["Ok"].is_string(), older), (true, newer));
}

#[tokio::test]
async fn a_contract_that_is_called_back_must_have_allowed_it() {
    for (world, caller, callee) in pairs().await {
        let callee = account(callee);
        let allowed = world.ask(caller, "get_by_way_of", &[&callee, "true"]).await.value();
        assert_eq!(allowed, json!({ "Ok": { "Ok": 1 } }));
        // It breaks a rule, which is the end of who does it.
        let refused = world.ask(caller, "get_by_way_of", &[&callee, "false"]).await.value();
        assert_eq!(error(&refused), "CalleeTrapped");
    }
}

#[tokio::test]
async fn input_is_passed_on_shared_and_answered_by_another() {
    for (world, caller, callee) in pairs().await {
        let to = account(callee);
        for (clone, tail) in [("false", "false"), ("true", "false"), ("false", "true"), ("true", "true")] {
            let passed = world.ask(caller, "pass", &[&to, clone, tail]).await.value();
            assert_eq!(passed, json!({ "Ok": [to, clone == "true"] }), "{clone} {tail}");
        }
    }
}

#[tokio::test]
async fn other_code_works_on_its_callers_state() {
    for own in PROBES.map(Kind::committed) {
        for other in PROBES.map(Kind::committed) {
            let world = World::new(&ExecutorConfig::default());
            world.upload(&other);
            let id = world.deploy(&own, "new", &["7"]).await.unwrap();
            let code = hexadecimal(other.code_hash.0);
            assert_eq!(world.tell(id, "increment_by", &[&code]).await.value(), json!({ "Ok": 8 }));
            assert_eq!(world.ask(id, "get", &[]).await.value(), 8);
        }
    }
}

#[tokio::test]
async fn a_made_contract_is_committed_with_its_state() {
    for parent in PROBES.map(Kind::committed) {
        for child in PROBES.map(Kind::committed) {
            let world = World::new(&ExecutorConfig::default());
            world.upload(&child);
            let id = world.deploy(&parent, "new", &["1"]).await.unwrap();
            let code = hexadecimal(child.code_hash.0);
            let refused = world.tell(id, "instantiate_not_zero", &[&code, "0"]).await;
            assert_eq!(refused.run.instantiated, []);
            assert_eq!(refused.value(), json!({ "Ok": { "Err": "Zero" } }));

            let made = world.tell(id, "instantiate", &[&code, "5", "0x73616c74"]).await.value();
            let made: ContractId = made["Ok"].as_str().unwrap().parse().unwrap();
            assert_eq!(world.ask(made, "get", &[]).await.value(), 5);
            assert_eq!(world.tell(id, "set_of", &[&account(made), "6"]).await.value(), json!({ "Ok": 5 }));
            assert_eq!(world.ask(made, "get", &[]).await.value(), 6);
            let another = world.tell(id, "instantiate", &[&code, "5", "0x00"]).await.value();
            assert_ne!(another["Ok"], account(made));
        }
    }
}

#[tokio::test]
async fn code_that_is_not_there_is_not_found() {
    for kind in PROBES.map(Kind::committed) {
        let world = World::new(&ExecutorConfig::default());
        let id = world.deploy(&kind, "new", &["1"]).await.unwrap();
        let (known, unknown) = (hexadecimal(kind.code_hash.0), hexadecimal(CodeHash([9; 32]).0));
        let ask = async |message: &str, arguments: &[&str]| world.ask(id, message, arguments).await.value();
        assert_eq!(error(&ask("instantiate", &[&unknown, "1", "0x"]).await), "CodeNotFound");
        assert_eq!(error(&ask("increment_by", &[&unknown]).await), "CodeNotFound");
        assert_eq!(error(&ask("become_other", &[&unknown]).await), "CodeNotFound");
        assert_eq!(ask("become_other", &[&known]).await, json!({ "Ok": null }));
        assert_eq!(error(&world.tell(id, "become_other", &[&known]).await.value()), "CodeNotFound");
        assert_eq!(ask("code_of", &[&account(id)]).await, json!({ "Ok": known }));
        assert_eq!(error(&ask("code_of", &[&unknown]).await), "KeyNotFound");
    }
}

#[tokio::test]
async fn a_cached_value_is_there_for_later_queries() {
    let world = World::new(&ExecutorConfig::default());
    let kind = Kind::committed("ink4-probe");
    let id = world.deploy(&kind, "new", &["1"]).await.unwrap();
    let other = world.deploy(&kind, "new", &["2"]).await.unwrap();
    let get = async |id| world.ask(id, "cache_get", &["0x6b"]).await.value();
    assert_eq!(get(id).await, Value::Null);
    assert_eq!(world.ask(id, "cache_set", &["0x6b", "0x01"]).await.value(), true);
    assert_eq!((get(id).await, get(other).await), (json!("0x01"), Value::Null));
    assert_eq!(world.tell(id, "cache_get", &["0x6b"]).await.value(), Value::Null, "in a transaction");
    world.ask(id, "cache_expire", &["0x6b", "18446744073709551615"]).await.value();
    assert_eq!(get(id).await, "0x01");
    world.ask(id, "cache_expire", &["0x6b", "0"]).await.value();
    assert_eq!(get(id).await, Value::Null);
    world.ask(id, "cache_set", &["0x6b", "0x02"]).await.value();
    assert_eq!(world.ask(id, "cache_remove", &["0x6b"]).await.value(), "0x02");
    assert_eq!(get(id).await, Value::Null);
}

#[tokio::test]
async fn what_only_phalas_network_had_answers_that_it_is_not_there() {
    let world = World::new(&ExecutorConfig::default());
    let kind = Kind::committed("ink4-probe");
    let id = world.deploy(&kind, "new", &["1"]).await.unwrap();
    let system = world.ask(id, "system", &[&account(id), &hexadecimal(kind.code_hash.0)]).await.value();
    assert_eq!((&system[1], &system[2], &system[3]), (&json!(["0", "0"]), &json!(true), &json!(false)));
    assert_eq!(world.ask(id, "import_system_code", &[]).await.value(), Value::Null);
    let worker = world.ask(id, "worker", &[]).await.value();
    assert_eq!(worker, json!([hexadecimal([0x25; 32]), [1, 2], ["0", hexadecimal([0; 32])], null]));
}

#[tokio::test]
async fn scripts_are_evaluated_in_queries() {
    let world = World::new(&ExecutorConfig::default());
    let id = world.deploy(&Kind::committed("ink4-probe"), "new", &["1"]).await.unwrap();
    for (script, arguments, value) in [
        ("scriptArgs.join('-')", r#"["a","b"]"#, json!({ "String": "a-b" })),
        ("setTimeout(() => { scriptOutput = new Uint8Array([1, 2]); }, 100)", "[]", json!({ "Bytes": "0x0102" })),
        ("({}).nothing", "[]", json!("Undefined")),
        ("null", "[]", json!("Null")),
        ("1 + 1", "[]", json!({ "Other": "2" })),
    ] {
        assert_eq!(world.ask(id, "javascript", &[script, arguments]).await.value(), value, "{script}");
    }
    let thrown = world.ask(id, "javascript", &["throw new Error('no')", "[]"]).await.value();
    assert!(thrown["Exception"].as_str().unwrap().starts_with("Error: no"), "{thrown}");
    let told = world.tell(id, "javascript", &["1 + 1", "[]"]).await.value();
    assert_eq!(told, json!({ "Exception": "JavaScript is not evaluated in a transaction" }));
}
