//! The description held against the server by schemathesis, which makes calls of all kinds from it:
//! every answer must be one that is described, and what the description forbids must be refused.

use crate::world::{TOKEN, World};
use phat_protocol::{ContractId, Outcome};
use serde_json::Value;
use std::{path::Path, process::Stdio};
use tokio::process::Command;

/// Where `cargo xtask setup` puts it.
const TOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/schemathesis");
/// Its whole closure, by hash.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../xtask/schemathesis.txt");
/// What the calls are made from: the same ones each time, until the description changes.
const SEED: &str = "20";
/// Calls of each kind for each operation.
const EXAMPLES: &str = "15";

/// What it is to know beside the description: names of things that are here, and how often to use
/// them.
fn settings(requests: &[String], contracts: &[String]) -> String {
    // A JSON array of plain text is one of TOML's too.
    let list = |names: &[String]| Value::from(names.to_vec());
    format!(
        r#"
        [dictionaries.requests]
        values = {requests}
        [dictionaries.contracts]
        values = {contracts}
        [dictionaries.chains]
        values = ["local"]
        [dictionaries.files]
        values = ["index.html", "swagger-ui.css", "nothing.js"]

        [[operations]]
        include-path-regex = "^/v1/requests/"
        parameters = {{ "path.id" = {{ dictionary = "requests", probability = 0.8 }} }}
        [[operations]]
        include-path-regex = "^/v1/contracts/"
        parameters = {{ "path.id" = {{ dictionary = "contracts", probability = 0.8 }} }}
        [[operations]]
        include-path-regex = "^/v1/chains/"
        parameters = {{ "path.name" = {{ dictionary = "chains", probability = 0.8 }} }}
        [[operations]]
        include-path-regex = "^/docs/"
        parameters = {{ "path.file" = {{ dictionary = "files", probability = 0.8 }} }}
        # A sound call, of code that can't become a contract, of metadata that is none of ink!'s, of a contract whose
        # code isn't there, or of a job whose schedule no chain here has.
        [[operations]]
        include-operation-id = ["put_code", "put_metadata", "deploy_contract", "add_job"]
        checks.positive_data_acceptance.expected-statuses = ["2xx", "409", "422"]
        "#,
        requests = list(requests),
        contracts = list(contracts),
    )
}

#[tokio::test]
async fn the_server_does_what_the_description_says() {
    let installed = std::fs::read(Path::new(TOOL).join("installed.txt")).unwrap_or_default();
    assert!(
        installed == std::fs::read(REQUIREMENTS).unwrap(),
        "schemathesis is not there, or not as pinned; run `cargo xtask setup`"
    );
    let world = World::new().await;
    let contract = world.deploy().await;
    // One in each of several states.
    let answered = world.observe("local", contract, 1).await;
    world.fulfil(answered, Outcome::Ok, b"42").await;
    let reported = world.observe("local", contract, 3).await;
    world.report(reported).await;
    let ignored = world.observe("local", ContractId([8; 32]), 5).await;
    world.ignore(ignored).await;
    let waiting = world.observe("local", contract, 7).await;
    let requests = [answered, reported, ignored, waiting].map(|id| id.to_string());
    let folder = world.directory.path();
    let settings = settings(&requests, &[contract.to_string()]);
    std::fs::write(folder.join("schemathesis.toml"), settings).unwrap();
    let output = Command::new(Path::new(TOOL).join("bin/schemathesis"))
        .current_dir(folder)
        .args(["run", &format!("{}/openapi.json", world.url), "--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--seed", SEED, "--max-examples", EXAMPLES, "--phases", "coverage,fuzzing"])
        .args(["--checks", "all", "--continue-on-failure", "--no-color", "--generation-database", "none"])
        // It has no end of its own; its tests are in events.rs.
        .args(["--exclude-path", "/v1/events"])
        .env_remove("PYTHONPATH")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "seed {SEED}: {said}{complained}");
    world.stop().await;
}
