//! What the command line shows of requests, contracts, chains and the worker.

use crate::{
    command_line::{complaint, printed, relayer},
    world::{Setting, World, described_module},
};
use parity_scale_codec::Encode;
use phat_protocol::{ContractId, Outcome, RequestId};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

const PRICES: ContractId = ContractId([8; 32]);
const RATES: ContractId = ContractId([9; 32]);

async fn parsed(world: &World, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(world, &[arguments, &["--json"]].concat()).await).unwrap()
}

/// What clap says of a command that can't be.
async fn usage(world: &World, arguments: &[&str]) -> String {
    let output = relayer(world, arguments).await;
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The ids of a list that was printed as JSON.
fn ids(list: &Value) -> Vec<RequestId> {
    list["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// Deploys a contract that says how its output is read, with the command line; its id.
async fn deploy_described(world: &World, more: &[&str]) -> ContractId {
    let section = r#"{"init":{"abi":"/type","decimals":"/decimals"},"error":"text"}"#;
    std::fs::write(world.directory.path().join("price.wasm"), described_module(section)).unwrap();
    let deploy = ["contract", "deploy", "price.wasm", "--init-json", r#"{"type":"uint256","decimals":2}"#];
    printed(world, &[&deploy[..], more].concat()).await.lines().next().unwrap().parse().unwrap()
}

/// 97214.53, as a contract with two decimals answers it.
fn price() -> Vec<u8> {
    [&[0; 24][..], &9_721_453u64.to_be_bytes()].concat()
}

#[tokio::test]
async fn requests_are_listed_and_counted_by_every_filter() {
    let world = World::new().await;
    let ok = world.observe("local", PRICES, 1).await;
    world.fulfil(ok, Outcome::Ok, b"42").await;
    let trapped = world.observe("local", RATES, 3).await;
    world.fulfil(trapped, Outcome::Trapped, b"").await;
    let ignored = world.observe("local", PRICES, 5).await;
    world.ignore(ignored).await;
    let elsewhere = world.observe("other", RATES, 7).await;
    let rates = RATES.to_string();
    let consumer = "02".repeat(20);
    let everything = [elsewhere, ignored, trapped, ok];
    for (filter, expected) in [
        (&[][..], &everything[..]),
        (&["--state", "settled"], &[trapped, ok]),
        (&["--state", "settled,ignored"], &[ignored, trapped, ok]),
        (&["--state", "observed", "--state", "ignored"], &[elsewhere, ignored]),
        (&["--state", "observed,ignored", "--chain", "local"], &[ignored]),
        (&["--contract", &rates], &[elsewhere, trapped]),
        (&["--consumer", &consumer, "--chain", "other"], &[elsewhere]),
        (&["--consumer", "0x03"], &[]),
        (&["--outcome", "trapped"], &[trapped]),
        (&["--since", "2023-11-14T22:13:21.123Z"], &[elsewhere, ignored, trapped]),
        (&["--since", "2023-11-14T23:13:22+01:00", "--chain", "local"], &[ignored]),
        (&["--until", "2023-11-14T22:13:21.123Z"], &[ok]),
        (&["--since", "1000years", "--until", "1h"], &everything),
        (&["--since", "1h"], &[]),
    ] {
        let list = parsed(&world, &[&["request", "list"], filter].concat()).await;
        assert_eq!(ids(&list), expected, "{filter:?}");
        let counts = parsed(&world, &[&["request", "counts"], filter].concat()).await;
        assert_eq!(counts["total"], expected.len(), "{filter:?}");
    }
    let counted = printed(&world, &["request", "counts", "--chain", "local"]).await;
    assert_eq!(counted, "requests   3\n  ignored  1\n  settled  2\nexecuted   2\n  Ok       1\n  Trapped  1\n");
    world.stop().await;
}

#[tokio::test]
async fn a_long_list_tells_where_it_goes_on() {
    let world = World::new().await;
    let mut newest_first = Vec::new();
    for sequence in [2, 4, 6] {
        newest_first.insert(0, world.observe("local", PRICES, sequence).await);
    }
    let second = newest_first[1].to_string();
    let first_page = relayer(&world, &["request", "list", "--limit", "2"]).await;
    assert_eq!(String::from_utf8(first_page.stderr).unwrap(), format!("more: --before {second}\n"));
    let rest = parsed(&world, &["request", "list", "--limit", "2", "--before", &second]).await;
    assert_eq!((ids(&rest), &rest["next"]), (vec![newest_first[2]], &Value::Null));
    world.stop().await;
}

#[tokio::test]
async fn filters_go_by_the_name_of_a_contract_too() {
    let world = World::new().await;
    let contract = deploy_described(&world, &[]).await;
    let id = world.observe("local", contract, 1).await;
    world.observe("local", RATES, 3).await;
    assert_eq!(ids(&parsed(&world, &["request", "list", "--contract", "price"]).await), [id]);
    let unknown = complaint(&world, &["request", "counts", "--contract", "rates"]).await;
    assert!(unknown.contains("no contract called rates"), "{unknown}");
    world.stop().await;
}

#[tokio::test]
async fn filters_that_make_no_sense_are_wrong_usage() {
    let world = World::new().await;
    for (filter, words) in [
        (["--state", "done"], "observed"),
        (["--state", "settled,"], "observed"),
        (["--outcome", "late"], "TimedOut"),
        (["--since", "yesterday"], "2h"),
        (["--until", "2026-11-22"], "2026-11-22T10:00:00Z"),
        (["--consumer", "0x0"], "Odd number"),
        (["--contract", " "], "1 to 64 characters"),
    ] {
        for command in ["list", "counts"] {
            let said = usage(&world, &[&["request", command], &filter[..]].concat()).await;
            assert!(said.contains(words), "{words} in {said}");
        }
    }
    for page in [["--limit", "0"], ["--limit", "501"], ["--before", "0x12"]] {
        usage(&world, &[&["request", "list"], &page[..]].concat()).await;
    }
    assert!(complaint(&world, &["request", "list", "--consumer", "0x"]).await.contains("consumer"));
    let nowhere = format!("0x{}", "00".repeat(32));
    let list = printed(&world, &["request", "list", "--before", &nowhere]).await;
    assert_eq!(list, "no such request was seen\n");
    world.stop().await;
}

#[tokio::test]
async fn a_request_shows_why_it_failed_first_and_then_its_whole_life() {
    let world = World::new().await;
    let contract = deploy_described(&world, &[]).await;
    let answered = world.observe("local", contract, 1).await;
    world.fulfil(answered, Outcome::Ok, &price()).await;
    let shown = printed(&world, &["request", "show", &answered.to_string()]).await;
    assert!(shown.starts_with(&format!("request      {answered}\n")), "{shown}");
    for words in [
        "decoded      97214.53\n",
        "run          56 ms, 1234 fuel\n",
        "\nlog\n  info   asked the source\n",
        "reported   2023-11-14T22:21:42Z  1s\n",
        " so far\n",
        "nonce 3 of 0x0909",
        "mined, which answered it\n",
        "at most 200 wei a gas  mined in block 20, 210000 gas\n",
        "replaced",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
    let failed = world.observe("local", contract, 3).await;
    let error = [vec![7], "no such pair\u{1b}[2J".encode()].concat();
    world.fulfil(failed, Outcome::ContractError, &error).await;
    let shown = printed(&world, &["request", "show", &failed.to_string()]).await;
    assert!(shown.starts_with("the run ended in ContractError: no such pair"), "{shown}");
    assert!(shown.contains("decoded      error 7: no such pair") && !shown.contains('\u{1b}'), "{shown}");
    world.stop().await;
}

#[tokio::test]
async fn contracts_show_their_size_output_limits_and_recent_runs() {
    let world = World::new().await;
    let id = deploy_described(&world, &[]).await;
    let list = printed(&world, &["contract", "list"]).await;
    assert!(list.lines().nth(1).unwrap().ends_with("none"), "{list}");
    let shown = printed(&world, &["contract", "show", "price"]).await;
    let size = std::fs::metadata(world.directory.path().join("price.wasm")).unwrap().len();
    for words in [
        format!("({size} bytes)\n"),
        "output       uint256 with 2 decimals; errors as a code and text\n".to_owned(),
        "recent runs  none\n".to_owned(),
        "limit fuel   5000\n".to_owned(),
    ] {
        assert!(shown.contains(&words), "{words:?} in {shown}");
    }

    let ok = world.observe("local", id, 1).await;
    world.fulfil(ok, Outcome::Ok, &price()).await;
    let failed = world.observe("local", id, 3).await;
    world.fulfil(failed, Outcome::ContractError, &[vec![7], "no such pair".encode()].concat()).await;
    printed(&world, &["contract", "pause", "price", "--reason", "a source lies"]).await;
    let list = printed(&world, &["contract", "list"]).await;
    assert!(list.contains("1 Ok, 1 ContractError  since 2023-11-14") && list.contains("a source lies"), "{list}");
    let shown = printed(&world, &["contract", "show", "price"]).await;
    for words in [
        "since 2023-11-14T22:13:20Z: a source lies\n",
        "mean fuel     1234 (24.68 % of 5000)\n",
        "mean time     56 ms\n",
        &format!("last failure  ContractError, request {failed}, "),
        ": no such pair (code 7)\n",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_deployment_may_say_how_the_output_is_read() {
    let world = World::new().await;
    for (given, words) in [
        ("{", "--output: not JSON"),
        (r#"{"abi":"uint7"}"#, "uint7"),
        (r#"{"abi":"uint256","decimals":78}"#, "the most is 77"),
        (r#"{"types":"uint256"}"#, "unknown field"),
        ("no-such-file", "can't be read"),
    ] {
        std::fs::write(world.directory.path().join("price.wasm"), described_module(r#"{"error":"text"}"#)).unwrap();
        let refused = complaint(&world, &["contract", "deploy", "price.wasm", "--output", given]).await;
        assert!(refused.contains(words), "{words} in {refused}");
    }
    assert_eq!(world.enclave.writes.load(Ordering::SeqCst), 0, "nothing is uploaded that would be refused");
    std::fs::write(world.directory.path().join("output.json"), r#"{"abi":"(bool,string)"}"#).unwrap();
    deploy_described(&world, &["--output", "output.json"]).await;
    let shown = parsed(&world, &["contract", "show", "price"]).await;
    assert_eq!(shown["output"], json!({ "abi": "(bool,string)", "decimals": null, "error": null }));
    world.stop().await;
}

#[tokio::test]
async fn a_trial_run_shows_what_its_output_means_and_its_share_of_the_fuel() {
    let world = World::new().await;
    deploy_described(&world, &[]).await;
    world.enclave.simulation.lock().unwrap().output = price();
    let ran = printed(&world, &["contract", "simulate", "price"]).await;
    assert!(ran.contains("decoded      97214.53\n") && ran.contains("fuel         1234 (24.68 % of 5000)\n"), "{ran}");
    let ran = parsed(&world, &["contract", "simulate", "price"]).await;
    assert_eq!(ran["decoded"], json!({ "value": "9721453", "text": "97214.53" }));
    world.stop().await;
}

#[tokio::test]
async fn a_chain_shows_its_open_attempts_its_oldest_requests_and_its_pause() {
    let world = World::with(Setting { later: Duration::from_secs(600), ..Setting::default() }).await;
    let id = world.observe("local", PRICES, 1).await;
    world.submit("local", id, Outcome::Ok, b"42").await;
    world.observe("local", PRICES, 3).await;
    printed(&world, &["chain", "pause", "local", "--reason", "the node moves"]).await;
    let list = printed(&world, &["chain", "list"]).await;
    assert!(
        list.contains("latest - 5") && list.contains("paused since 2023-11-14T22:23:20Z: the node moves"),
        "{list}"
    );
    let shown = printed(&world, &["chain", "show", "local"]).await;
    for words in [
        "paused          since 2023-11-14T22:23:20Z: the node moves\n",
        "to be executed  1 requests, the oldest for 9m 59s\n",
        "to be settled   1 requests, the oldest for ",
        "nonce 3         1 requests, 2 transactions, sent 2023-11-14T22:21:46Z\n",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
    world.stop().await;
}

#[tokio::test]
async fn the_worker_shows_its_limits_and_a_fresh_quote() {
    let world = World::new().await;
    let shown = printed(&world, &["worker", "show"]).await;
    assert!(shown.contains("limit fuel      5000\n"), "{shown}");
    let quoted = printed(&world, &["worker", "quote", "--chain", "local"]).await;
    for words in
        ["on chain 31337\n", "block           30 0x1e1e", "attestation     simulated\n", "evidence        0x01\n"]
    {
        assert!(quoted.contains(words), "{words:?} in {quoted}");
    }
    let quote = parsed(&world, &["worker", "quote", "--chain", "local"]).await;
    assert_eq!(quote["report_data"].as_str().unwrap().len(), 2 + 2 * 64);
    assert!(quoted.contains(quote["report_data"].as_str().unwrap()), "{quoted}");
    assert!(complaint(&world, &["worker", "quote", "--chain", "moon"]).await.contains("configured: local"));
    usage(&world, &["worker", "quote"]).await;
    world.stop().await;
}
