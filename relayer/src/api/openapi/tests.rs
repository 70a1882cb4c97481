use super::*;
use crate::api::{reads, writes};
use axum::Router;
use serde_json::Value;
use std::collections::BTreeSet;

fn description() -> Value {
    serde_json::to_value(openapi()).unwrap()
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

#[test]
fn every_route_is_described_and_nothing_else() {
    let router = Router::from(reads()).merge(Router::from(writes()));
    // axum shows its routes nowhere else: `paths: {RouteId(1): "/live", …}`.
    let shown = format!("{router:?}");
    let routes: BTreeSet<&str> = shown
        .split("RouteId(")
        .filter_map(|part| part.split_once("): \"")?.1.split('"').next())
        .filter(|path| path.starts_with('/'))
        .collect();
    let description = description();
    let described: BTreeSet<&str> = operations(&description).into_iter().map(|(path, ..)| path).collect();
    assert!(described.len() > 10, "{described:?}");
    assert_eq!(routes, described);
}

#[test]
fn every_operation_says_what_it_is() {
    let description = description();
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
        let placeholders = path.matches('{').count();
        let in_path = operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path");
        assert_eq!(in_path.count(), placeholders, "{place}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{place}: {status}");
            let is_problem = status.starts_with(['4', '5']) && path != "/ready";
            assert_eq!(response["content"].get(PROBLEM).is_some(), is_problem, "{place}: {status}");
        }
    }
}

#[test]
fn what_needs_the_token_says_so() {
    let description = description();
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
    let description = description();
    look(&description, &description);
}
