use crate::world::{TOKEN, World, bad_module, good_module};
use phat_enclave_api::EnclaveError;
use phat_protocol::{Amount, ContractId, Outcome};
use serde_json::{Value, json};
use std::process::Output;
use tokio::process::Command;

/// Runs the command line against the world's API.
pub(crate) async fn relayer(world: &World, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_relayer"))
        .args(arguments)
        .args(["--api", &world.url])
        .env_remove("PHAT_RELAYER_API_TOKEN")
        .current_dir(world.directory.path())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

/// What a command that succeeded printed.
pub(crate) async fn printed(world: &World, arguments: &[&str]) -> String {
    let output = relayer(world, arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that failed complained of.
pub(crate) async fn complaint(world: &World, arguments: &[&str]) -> String {
    let output = relayer(world, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_contract_is_deployed_listed_and_shown() {
    let world = World::new().await;
    std::fs::write(world.directory.path().join("prices.wasm"), good_module()).unwrap();
    let deployed = printed(&world, &["contract", "deploy", "prices.wasm", "--init-json", "{\"a\": 1}"]).await;
    let id: ContractId = deployed.lines().next().unwrap().parse().unwrap();
    assert!(deployed.contains("prices is deployed (simulated attestation)"), "{deployed}");
    let list = printed(&world, &["contract", "list"]).await;
    let mut lines = list.lines();
    assert!(lines.next().unwrap().starts_with("contract "));
    let row: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(row[..4], [&id.to_string(), "prices", "0", "nobody"]);
    let shown = printed(&world, &["contract", "show", &id.to_string(), "--json"]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    // The selector of `new`, the length 8 as SCALE writes it, and the JSON as it was given.
    assert_eq!(shown["init_data"], format!("0x9bae9d5e20{}", hex::encode("{\"a\": 1}")));
    world.stop().await;
}

/// Brings `prices` into the world's enclave; its id.
pub(crate) async fn deploy_prices(world: &World) -> String {
    std::fs::write(world.directory.path().join("prices.wasm"), good_module()).unwrap();
    let deployed = printed(world, &["contract", "deploy", "prices.wasm"]).await;
    deployed.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_trial_run_shows_output_log_fuel_and_time() {
    let world = World::new().await;
    let id = deploy_prices(&world).await;
    let ran = printed(&world, &["contract", "simulate", "prices", "--payload", "BTC/USD"]).await;
    for words in
        ["outcome      Ok (0)", "0x3432", "text         42", "1234", "56 ms", "simulated", "info   asked the source"]
    {
        assert!(ran.contains(words), "{words} in {ran}");
    }
    std::fs::write(world.directory.path().join("payload"), [0, 0xff]).unwrap();
    std::fs::write(world.directory.path().join("payload.json"), " {\"of\": \"BTC\"}\n").unwrap();
    for (payload, expected) in [
        (&["--payload-hex", "0x4254"][..], &b"BT"[..]),
        (&["--payload-file", "payload"], &[0, 0xff]),
        (&["--payload-json", "payload.json"], b"{\"of\": \"BTC\"}"),
        (&["--payload-json", "[1]", "--chain", "local", "--max-output", "64"], b"[1]"),
        (&["--consumer", "0x0909090909090909090909090909090909090909"], b""),
    ] {
        printed(&world, &[&["contract", "simulate", &id], payload].concat()).await;
        let asked = world.enclave.simulated.lock().unwrap().pop().unwrap();
        assert_eq!(asked.payload, expected, "{payload:?}");
    }
    let asked = world.enclave.simulated.lock().unwrap().pop().unwrap();
    assert_eq!((asked.payload.as_slice(), asked.contract_id.to_string()), (&b"BTC/USD"[..], id));
    world.stop().await;
}

#[tokio::test]
async fn a_trial_run_that_fails_exits_with_1_and_shows_why() {
    let world = World::new().await;
    deploy_prices(&world).await;
    {
        let mut simulation = world.enclave.simulation.lock().unwrap();
        simulation.outcome = Outcome::Trapped;
        simulation.output = Vec::new();
        simulation.reason = Some("out of bounds\u{1b}[2J".to_owned());
        simulation.logs[0].message = "two\nlines".to_owned();
    }
    let failed = relayer(&world, &["contract", "simulate", "prices"]).await;
    assert_eq!(failed.status.code(), Some(1));
    let ran = String::from_utf8(failed.stdout).unwrap();
    assert!(ran.contains("Trapped (2)") && ran.contains("out of bounds"), "{ran}");
    // What the contract wrote can't command the terminal.
    assert!(!ran.contains('\u{1b}') && ran.contains("two\\nlines"), "{ran}");
    let failed = relayer(&world, &["contract", "simulate", "prices", "--json"]).await;
    assert_eq!(failed.status.code(), Some(1));
    let ran: Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!(ran["outcome"], "Trapped");
    assert!(complaint(&world, &["contract", "simulate", "rates"]).await.contains("no contract called rates"));
    let nowhere = ["contract", "simulate", "prices", "--chain", "moon"];
    assert!(complaint(&world, &nowhere).await.contains("configured: local"));
    world.stop().await;
}

#[tokio::test]
async fn the_status_is_one_word_first_and_an_exit_code() {
    let world = World::new().await;
    let healthy = relayer(&world, &["status"]).await;
    let said = String::from_utf8(healthy.stdout).unwrap();
    assert_eq!(healthy.status.code(), Some(0), "{said}");
    assert!(said.starts_with("healthy\n"), "{said}");
    for words in ["relayer", "database", "enclave", "simulated attestation", "chain local", "block 30", "worker active"]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    let shown: Value = serde_json::from_str(&printed(&world, &["status", "--json"]).await).unwrap();
    assert_eq!((&shown["verdict"], &shown["chains"][0]["name"]), (&json!("healthy"), &json!("local")));
    assert_eq!(shown["worker"]["attestation"], "simulated");
    world.stop().await;

    let world = World::new().await;
    *world.chain.balance.lock().unwrap() = Amount::from(1);
    let degraded = relayer(&world, &["status"]).await;
    assert_eq!(degraded.status.code(), Some(3));
    let said = String::from_utf8(degraded.stdout).unwrap();
    assert!(said.starts_with("degraded\n") && said.contains("send money to"), "{said}");
    world.stop().await;

    let world = World::new().await;
    *world.enclave.status.lock().unwrap() = Err(EnclaveError::Busy);
    let down = relayer(&world, &["status", "--json"]).await;
    assert_eq!(down.status.code(), Some(4));
    let shown: Value = serde_json::from_slice(&down.stdout).unwrap();
    assert_eq!((&shown["verdict"], &shown["worker"]), (&json!("down"), &Value::Null));
    world.stop().await;
}

#[tokio::test]
async fn the_status_of_no_relayer_is_down() {
    let world = World::new().await;
    let url = world.url.clone();
    world.stop().await;
    for machine in [&[][..], &["--json"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_relayer"))
            .args(["status", "--api", &url])
            .args(machine)
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(4));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("down") && said.contains("relayer doctor"), "{said}");
    }
}

#[tokio::test]
async fn a_contract_is_shown_by_its_name_while_that_is_its_alone() {
    let world = World::new().await;
    std::fs::write(world.directory.path().join("prices.wasm"), good_module()).unwrap();
    let deployed = printed(&world, &["contract", "deploy", "prices.wasm"]).await;
    let first = deployed.lines().next().unwrap();
    let shown = printed(&world, &["contract", "show", "prices"]).await;
    assert!(shown.contains(first) && shown.contains("attestation  simulated"), "{shown}");
    let none = complaint(&world, &["contract", "show", "rates"]).await;
    assert!(none.contains("no contract called rates"), "{none}");

    let salt = ["--salt", &format!("0x{}", "01".repeat(32))];
    let deployed = printed(&world, &[&["contract", "deploy", "prices.wasm"], &salt[..]].concat()).await;
    let second = deployed.lines().next().unwrap();
    let several = complaint(&world, &["contract", "show", "prices"]).await;
    assert!(several.contains(first) && several.contains(second), "{several}");
    assert!(printed(&world, &["contract", "show", second]).await.contains(second));
    world.stop().await;
}

#[tokio::test]
async fn a_refused_module_prints_every_reason() {
    let world = World::new().await;
    std::fs::write(world.directory.path().join("bad.wasm"), bad_module()).unwrap();
    let complaint = complaint(&world, &["contract", "deploy", "bad.wasm"]).await;
    for words in ["9999", "sleep", "`call`"] {
        assert!(complaint.contains(words), "{complaint}");
    }
    world.stop().await;
}

#[tokio::test]
async fn requests_are_listed_and_shown() {
    let world = World::new().await;
    assert_eq!(printed(&world, &["request", "list"]).await, "no requests were seen yet\n");
    for filter in [["--state", "settled"], ["--chain", "local"]] {
        let list = printed(&world, &[&["request", "list"], &filter[..]].concat()).await;
        assert_eq!(list, "no such request was seen\n");
    }
    let contract = ContractId([8; 32]);
    let settled = world.observe("local", contract, 1).await;
    world.fulfil(settled, Outcome::Ok, b"42").await;
    let ignored = world.observe("local", contract, 2).await;
    world.ignore(ignored).await;

    let list = printed(&world, &["request", "list"]).await;
    assert!(list.contains("settled, fulfilled"), "{list}");
    assert!(list.contains("ignored: the enclave has no such contract"), "{list}");
    let list = printed(&world, &["request", "list", "--state", "settled", "--json"]).await;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["requests"].as_array().unwrap().len(), 1);

    let shown = printed(&world, &["request", "show", &settled.to_string()]).await;
    for words in ["Ok (0)", "0x3432 (42)", "nonce 3", "mined in block 20", "replaced"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let unknown = complaint(&world, &["request", "show", &format!("0x{}", "00".repeat(32))]).await;
    assert!(unknown.contains("was seen here"), "{unknown}");
    world.stop().await;
}

#[tokio::test]
async fn a_worker_is_registered() {
    let world = World::new().await;
    let registered = printed(&world, &["worker", "register", "--chain", "local"]).await;
    assert!(registered.contains("is registered on local until 2033-05-18"), "{registered}");
    assert!(complaint(&world, &["worker", "register", "--chain", "moon"]).await.contains("configured: local"));
    world.stop().await;
}

#[tokio::test]
async fn a_write_needs_the_token() {
    let world = World::new().await;
    let file = world.directory.path().join("other-token");
    std::fs::write(&file, "another-token-altogether").unwrap();
    let register = ["worker", "register", "--chain", "local"];
    let with_file = [&register[..], &["--token-file", "other-token"]].concat();
    let refused = complaint(&world, &with_file).await;
    assert!(refused.contains("is not this relayer's"), "{refused}");
    assert!(!refused.contains("another-token") && !refused.contains(TOKEN), "{refused}");
    std::fs::remove_file(world.directory.path().join("api-token")).unwrap();
    assert!(complaint(&world, &register).await.contains("writes need the API token"));
    world.stop().await;
}

#[tokio::test]
async fn a_relayer_that_is_not_there_is_told_in_words() {
    let world = World::new().await;
    let url = world.url.clone();
    world.stop().await;
    let output = Command::new(env!("CARGO_BIN_EXE_relayer"))
        .args(["request", "list", "--api", &url])
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains(&format!("no relayer answers at {url}")), "{complaint}");
}
