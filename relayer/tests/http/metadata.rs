//! ink! metadata: kept by the API, and what the command line makes of it.

use crate::{
    actions,
    command_line::{complaint, printed, relayer},
    world::{World, answer, good_module},
};
use phat_protocol::{ContractId, code_hash, selector};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Metadata of ink! 5. The world's enclave gives back what a message is sent, so this one's answers are its selector
/// and its argument.
fn metadata() -> Value {
    let message = |name: &str, mutates: bool, args: &Value, returns: u32| {
        let selector = format!("0x{}", hex::encode(selector(name)));
        let returns = json!({ "displayName": [], "type": returns });
        json!({ "label": name, "selector": selector, "args": args, "mutates": mutates, "payable": false,
            "docs": [format!(" About {name}.")], "returnType": returns })
    };
    let number = json!([{ "label": "number", "type": { "displayName": ["u32"], "type": 0 } }]);
    let new = json!({ "label": "new", "selector": "0x9bae9d5e", "args": number, "payable": false, "docs": [] });
    let variants = json!([
        { "name": "Ok", "index": 0, "fields": [{ "type": 0 }] }, { "name": "Err", "index": 1, "fields": [{ "type": 3 }] },
    ]);
    let types = json!([
        { "id": 0, "type": { "def": { "primitive": "u32" } } },
        { "id": 1, "type": { "def": { "array": { "len": 4, "type": 2 } } } },
        { "id": 2, "type": { "def": { "primitive": "u8" } } },
        { "id": 3, "type": { "path": ["a", "Failure"], "def": { "variant": { "variants": [
            { "name": "Dull", "index": 0 }, { "name": "Loud", "index": 7, "fields": [{ "type": 0 }] },
        ] } } } },
        { "id": 4, "type": { "path": ["Result"], "params": [{ "type": 0 }, { "type": 3 }],
            "def": { "variant": { "variants": variants } } } },
        { "id": 5, "type": { "def": { "tuple": [1, 0] } } },
    ]);
    json!({ "version": 5, "types": types, "spec": { "docs": [" Echoes."], "constructors": [new], "messages": [
        message("double", false, &number, 5), message("set", true, &number, 5), message("fail", false, &json!([]), 4),
    ] } })
}

fn bundle() -> Value {
    let mut bundle = metadata();
    let module = good_module();
    bundle["source"] = json!({ "hash": code_hash(&module), "wasm": format!("0x{}", hex::encode(module)) });
    bundle
}

async fn put(world: &World, body: &Value) -> (StatusCode, Value) {
    let path = format!("/v1/code/{}/metadata", code_hash(&good_module()));
    answer(world.write(Method::PUT, &path).json(body).send().await.unwrap()).await
}

async fn put_code(world: &World) {
    let put = world.write(Method::PUT, "/v1/code").body(good_module()).send().await.unwrap();
    assert_eq!(answer(put).await.0, StatusCode::OK);
}

#[tokio::test]
async fn metadata_is_kept_beside_its_code_without_the_code() {
    let world = World::new().await;
    let path = format!("/v1/code/{}/metadata", code_hash(&good_module()));
    assert_eq!(put(&world, &bundle()).await.0, StatusCode::NOT_FOUND, "no such code so far");
    put_code(&world).await;
    assert_eq!(world.get(&path).await.0, StatusCode::NOT_FOUND);
    let (status, kept) = put(&world, &bundle()).await;
    assert_eq!((status, &kept["constructors"]), (StatusCode::OK, &json!(["new"])));
    assert_eq!(kept["messages"], json!(["double", "set", "fail"]));
    let (_, shown) = world.get(&path).await;
    assert_eq!((&shown["spec"], shown["source"].get("wasm")), (&metadata()["spec"], None));

    let mut changed = metadata();
    changed["spec"]["messages"] = json!([]);
    assert_eq!(put(&world, &changed).await.0, StatusCode::OK);
    assert_eq!(world.get(&path).await.1["spec"]["messages"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn metadata_that_can_not_be_read_or_is_another_codes_is_refused() {
    let world = World::new().await;
    put_code(&world).await;
    let mut other = bundle();
    other["source"]["hash"] = json!(format!("0x{}", "11".repeat(32)));
    let mut old = metadata();
    old["version"] = json!("1");
    let mut broken = metadata();
    broken["types"] = json!([]);
    for (body, words) in
        [(other, "0x1111"), (old, "of version 1"), (broken, "names type 0"), (json!([]), "not metadata")]
    {
        let (status, problem) = put(&world, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    let url = format!("{}/v1/code/{}/metadata", world.url, code_hash(&good_module()));
    let refused = world.http.put(url).json(&metadata()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    world.stop().await;
}

async fn deployed(world: &World) -> ContractId {
    std::fs::write(world.directory.path().join("echo.contract"), bundle().to_string()).unwrap();
    let deployed = printed(world, &["contract", "deploy", "echo.contract", "7"]).await;
    deployed.lines().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_bundle_is_deployed_by_its_constructor_and_shown_with_its_messages() {
    let world = World::new().await;
    let id = deployed(&world).await;
    let shown = printed(&world, &["contract", "show", "echo"]).await;
    for words in [
        "Echoes.",
        "  new(number: u32)\n",
        "  double(number: u32) -> ([u8; 4], u32)\n      About double.",
        "  set(number: u32) -> ([u8; 4], u32)  (writes)\n",
        "  fail() -> Result<u32, Failure>\n",
        "  Failure = Dull | Loud(u32)\n",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let shown = printed(&world, &["contract", "show", "echo", "--json"]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["contract_id"], &shown["init_data"]), (&json!(id), &json!("0x9bae9d5e07000000")));
    assert_eq!(shown["interface"]["messages"][1]["mutates"], true);

    // Of uploaded code, by its hash.
    let code = code_hash(&good_module()).to_string();
    let command = ["contract", "deploy", &code, "8", "--constructor", "new", "--name", "another"];
    assert_ne!(printed(&world, &command).await.lines().next(), Some(id.to_string().as_str()));
    for (arguments, words) in [
        (&["contract", "deploy", "echo.contract"][..], "new takes 1 arguments, not 0: new(number: u32)"),
        (&["contract", "deploy", "echo.contract", "x"], "number is no u32: expected a whole number"),
        (&["contract", "deploy", "echo.contract", "1", "--constructor", "newer"], "did you mean new?"),
        (&["contract", "deploy", &code, "8"], "--name"),
    ] {
        let complaint = complaint(&world, arguments).await;
        assert!(complaint.contains(words), "{words} in {complaint}");
    }
    world.stop().await;
}

#[tokio::test]
async fn code_is_uploaded_without_making_a_contract() {
    let world = World::new().await;
    std::fs::write(world.directory.path().join("echo.contract"), bundle().to_string()).unwrap();
    std::fs::write(world.directory.path().join("echo.wasm"), good_module()).unwrap();
    std::fs::write(world.directory.path().join("echo.json"), metadata().to_string()).unwrap();
    let code = code_hash(&good_module()).to_string();
    let uploaded = printed(&world, &["contract", "upload", "echo.wasm"]).await;
    assert!(uploaded.starts_with(&code) && !uploaded.contains("messages"), "{uploaded}");
    for arguments in
        [&["contract", "upload", "echo.contract"][..], &["contract", "upload", "echo.wasm", "--metadata", "echo.json"]]
    {
        let uploaded = printed(&world, arguments).await;
        assert!(uploaded.contains("messages: double, set, fail"), "{uploaded}");
    }

    let mut old = bundle();
    old["version"] = json!("1");
    std::fs::write(world.directory.path().join("old.contract"), old.to_string()).unwrap();
    let output = relayer(&world, &["contract", "upload", "old.contract"]).await;
    assert!(output.status.success());
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(
        noted.contains("the metadata in old.contract is left out: it is not metadata of ink! 3, 4 or 5"),
        "{noted}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_message_is_called_and_answers_by_the_metadata() {
    let world = World::new().await;
    let id = deployed(&world).await.to_string();
    let selector = format!("0x{}", hex::encode(selector("double")));
    let called = printed(&world, &["contract", "call", "echo", "double", "21", "--json"]).await;
    let called: Value = serde_json::from_str(&called).unwrap();
    assert_eq!((&called["contract_id"], &called["meaning"]), (&json!(id), &json!({ "returned": [selector, 21] })));
    let called = printed(&world, &["contract", "call", &id, "double", "0x15"]).await;
    assert!(called.contains("21") && called.contains("called"), "{called}");

    // What comes back is no result: its first byte is no variant.
    let failed = relayer(&world, &["contract", "call", "echo", "fail"]).await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8(failed.stdout).unwrap().contains("there is no variant"));
    let raw = printed(&world, &["contract", "call", "echo", "0x0102", "--json"]).await;
    let raw: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!((&raw["output"], raw.get("meaning")), (&json!("0x0102"), None));
    for (arguments, words) in [
        (&["contract", "call", "echo", "duoble", "1"][..], "there is no message duoble (did you mean double?)"),
        (&["contract", "call", "echo", "double"], "double takes 1 arguments, not 0"),
        (&["contract", "call", "echo", "double", "-1"], "out of range"),
        (&["contract", "call", "echo", "0x01", "1"], "no argument follows a whole input"),
    ] {
        let complaint = complaint(&world, arguments).await;
        assert!(complaint.contains(words), "{words} in {complaint}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_job_is_told_its_message_by_name() {
    let world = World::new().await;
    deployed(&world).await;
    let add = ["job", "add", "--contract", "echo", "--cron", "@hourly", "--message", "double", "--json"];
    let input = |job: &str| serde_json::from_str::<Value>(job).unwrap()["input"].clone();
    let selector = hex::encode(selector("double"));
    let whole = printed(&world, &[&add[..], &["whole", "--argument", "21"]].concat()).await;
    assert_eq!(input(&whole), format!("0x{selector}15000000"));
    // What triggers a run is its one argument.
    let told = printed(&world, &[&add[..], &["told", "--append-trigger"]].concat()).await;
    assert_eq!(input(&told), format!("0x{selector}"));
    for (arguments, words) in [
        (&["lacking"][..], "double takes 1 arguments, not 0"),
        (&["beyond", "--append-trigger", "--argument", "1"], "double takes 0 arguments, not 1"),
    ] {
        let complaint = complaint(&world, &[&add[..], arguments].concat()).await;
        assert!(complaint.contains(words), "{words} in {complaint}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_contract_without_metadata_is_called_by_name_and_encoded_arguments() {
    let world = World::new().await;
    std::fs::write(world.directory.path().join("plain.wasm"), good_module()).unwrap();
    printed(&world, &["contract", "deploy", "plain.wasm"]).await;
    let called = printed(&world, &["contract", "call", "plain", "double", "--args", "0x15000000", "--json"]).await;
    let called: Value = serde_json::from_str(&called).unwrap();
    assert_eq!(called["output"], format!("0x{}15000000", hex::encode(selector("double"))));
    let complaint = complaint(&world, &["contract", "call", "plain", "double", "21"]).await;
    assert!(complaint.contains("no metadata tells what the arguments are"), "{complaint}");
    std::fs::write(world.directory.path().join("echo.json"), metadata().to_string()).unwrap();
    let called = printed(&world, &["contract", "call", "plain", "double", "21", "--metadata", "echo.json"]).await;
    assert!(called.contains("21"), "{called}");
    world.stop().await;
}

#[tokio::test]
async fn an_owner_signs_what_metadata_of_their_own_says_and_never_the_relayers() {
    let world = World::new().await;
    actions::deploy(&world, actions::evm_owner()).await;
    put_code(&world).await;
    assert_eq!(put(&world, &metadata()).await.0, StatusCode::OK);
    let send = ["contract", "send", "owned", "set", "7", "--owner-key", "owner.key"];
    let refused = complaint(&world, &send).await;
    assert!(refused.contains("what an owner signs is encoded by metadata of the owner's own"), "{refused}");
    std::fs::write(world.directory.path().join("echo.json"), metadata().to_string()).unwrap();
    let sent = printed(&world, &[&send[..], &["--metadata", "echo.json"]].concat()).await;
    assert!(sent.contains("applied: revision 1"), "{sent}");
    assert_eq!(actions::passed_on(&world).action.data, [&selector("set")[..], &[7, 0, 0, 0]].concat());
    world.stop().await;
}
