//! The description as it is served, held against what the server does.

use crate::world::{World, answer};
use phat_connector::EntryRefusal;
use phat_protocol::{BlockHash, ContractId, Digest, GenesisHash, Outcome, substrate};
use phat_relayer::api::openapi;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_description_is_served_as_it_is_committed() {
    let world = World::new().await;
    let response = world.http.get(format!("{}/openapi.json", world.url)).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let served: Value = response.json().await.unwrap();
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let committed: Value = serde_json::from_slice(&std::fs::read(committed).unwrap()).unwrap();
    assert!(served == committed, "docs/openapi.json is not current; run `cargo xtask openapi`");
    world.stop().await;
}

/// Path, method and operation of everything that is described.
fn operations(description: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = description["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let world = World::new().await;
    // axum shows its routes nowhere else: `paths: {RouteId(1): "/live", …}`.
    let routes: BTreeSet<&str> = world
        .router
        .split("RouteId(")
        .filter_map(|part| part.split_once("): \"")?.1.split('"').next())
        // The last two are where everything else ends.
        .filter(|path| path.starts_with('/') && *path != "/" && !path.contains("axum_fallback"))
        .collect();
    let (_, description) = world.get("/openapi.json").await;
    let described: BTreeSet<&str> = operations(&description).into_iter().map(|(path, ..)| path).collect();
    assert!(described.len() > 10, "{described:?}");
    assert_eq!(routes, described);
    world.stop().await;
}

#[test]
fn the_events_of_the_stream_are_described() {
    let description = serde_json::to_value(openapi()).unwrap();
    let event = &description["components"]["schemas"]["Event"]["properties"];
    let described: BTreeSet<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    let fields = ["at_ms", "chain", "contract", "detail", "event", "request", "sequence"];
    assert_eq!(described, BTreeSet::from(fields));
}

#[test]
fn every_operation_says_what_it_is() {
    let description = serde_json::to_value(openapi()).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&description) {
        let place = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{place}: its name is another's");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{place}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{place}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(!parameter["description"].as_str().unwrap_or_default().is_empty(), "{place}: {parameter}");
        }
        let in_path = operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path");
        assert_eq!(in_path.count(), path.matches('{').count(), "{place}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{place}: {status}");
            let is_problem = status.starts_with(['4', '5']) && path != "/ready";
            assert_eq!(response["content"].get("application/problem+json").is_some(), is_problem, "{place}: {status}");
        }
    }
}

#[test]
fn what_writes_says_that_it_needs_the_token() {
    let description = serde_json::to_value(openapi()).unwrap();
    for (path, method, operation) in operations(&description) {
        let needs_token = operation["security"][0].get("token").is_some();
        assert_eq!(needs_token, method != "get", "{method} {path}");
    }
    assert_eq!(description["components"]["securitySchemes"]["token"]["scheme"], "bearer");
}

#[test]
fn every_reference_leads_somewhere() {
    fn look(value: &Value, description: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(description.pointer(pointer).is_some(), "{reference}");
                }
                object.values().for_each(|value| look(value, description));
            }
            Value::Array(values) => values.iter().for_each(|value| look(value, description)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let description = serde_json::to_value(openapi()).unwrap();
    look(&description, &description);
}

/// What other crates make is described by types that mirror theirs.
#[test]
fn what_mirrors_another_crates_type_has_its_names() {
    let description = serde_json::to_value(openapi()).unwrap();
    let schema = |name: &str| &description["components"]["schemas"][name];
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>();
    let request = substrate::Request {
        genesis: GenesisHash([1; 32]),
        instance: "PhatOracle".to_owned(),
        sequence: 1,
        parent_hash: BlockHash([2; 32]),
        requester: vec![3; 32],
        contract_id: ContractId([4; 32]),
        min_revision: 0,
        payload_hash: Digest([5; 32]),
        max_output: 32,
        expires_at: 1,
        payment: 1,
    };
    assert_eq!(fields(&serde_json::to_value(&request).unwrap()), fields(&schema("SubstrateRequest")["properties"]));
    let outcomes: Vec<Value> = Outcome::ALL.iter().map(|outcome| serde_json::to_value(outcome).unwrap()).collect();
    assert_eq!(schema("Outcome")["enum"], Value::from(outcomes));
    let refusals = [
        EntryRefusal::NotPending,
        EntryRefusal::Expired,
        EntryRefusal::ExecutedInFuture,
        EntryRefusal::NotRegistered,
        EntryRefusal::BadSignatures,
        EntryRefusal::Paused,
    ];
    let shown = schema("EntryRefusal").to_string();
    for refusal in refusals {
        let name = serde_json::to_string(&refusal).unwrap();
        assert!(shown.contains(&name), "{name}: {shown}");
    }
}

#[tokio::test]
async fn every_path_takes_the_methods_that_are_described_and_no_other() {
    let world = World::new().await;
    let (_, description) = world.get("/openapi.json").await;
    for (path, item) in description["paths"].as_object().unwrap() {
        let mut described: BTreeSet<String> = item.as_object().unwrap().keys().map(|key| key.to_uppercase()).collect();
        // axum answers HEAD where GET is answered.
        if described.contains("GET") {
            described.insert("HEAD".to_owned());
        }
        let path = path.replace("{id}", &format!("0x{}", "11".repeat(32))).replace(['{', '}'], "");
        let response = world.write(Method::TRACE, &path).send().await.unwrap();
        let allowed = response.headers()["allow"].to_str().unwrap();
        let allowed: BTreeSet<String> = allowed.split(',').map(|method| method.trim().to_owned()).collect();
        assert_eq!(answer(response).await.0, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(allowed, described, "{path}");
    }
    world.stop().await;
}

#[tokio::test]
async fn every_described_write_is_refused_without_the_token() {
    let world = World::new().await;
    let (_, description) = world.get("/openapi.json").await;
    let mut refused = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"][0].get("token").is_none() {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let url = format!("{}{}", world.url, path.replace("{id}", &format!("0x{}", "11".repeat(32))));
            let response = world.http.request(method, url).send().await.unwrap();
            assert_eq!(answer(response).await.0, StatusCode::UNAUTHORIZED, "{path}");
            refused += 1;
        }
    }
    assert!(refused > 5, "{refused}");
    world.stop().await;
}

#[tokio::test]
async fn the_page_and_all_that_it_loads_come_from_here() {
    let world = World::new().await;
    let get = async |path: &str| world.http.get(format!("{}{path}", world.url)).send().await.unwrap();
    // `/docs` leads here.
    let page = get("/docs").await;
    assert_eq!(page.url().path(), "/docs/");
    assert_eq!(page.headers()["content-type"], "text/html");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let html = page.text().await.unwrap();
    let mut loaded = 0;
    for part in html.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        let file = part.strip_prefix("./").unwrap_or(part);
        let response = get(&format!("/docs/{file}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{file}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/"), "{file}: {kind}");
        loaded += 1;
    }
    assert!(loaded >= 4, "{html}");
    // The policy lets no inline script run, so the page must have none.
    assert!(!html.contains("<script>"), "{html}");
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    let initializer = get("/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(initializer.contains("\"/openapi.json\""), "{initializer}");
    assert_eq!(answer(get("/docs/nothing.js").await).await.0, StatusCode::NOT_FOUND);
    world.stop().await;
}
