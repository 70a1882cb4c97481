//! The example in TypeScript: its types hold, and its bundle answers.

use super::script;
use crate::{
    ask,
    support::{executor, server},
    word,
};
use axum::{Router, http::StatusCode, routing::get};
use phat_protocol::Outcome;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../phat-contracts/js/example")
}

/// Runs a script of the example's package.json.
fn npm(script: &str) {
    let folder = example();
    assert!(folder.join("node_modules/esbuild").is_dir(), "esbuild isn't installed: run `cargo xtask setup`");
    let done = Command::new("npm").args(["run", "--silent", script]).current_dir(folder).output().expect("npm starts");
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "npm run {script}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn the_example_fits_the_types() {
    npm("check");
}

#[tokio::test]
async fn the_example_s_bundle_answers() {
    npm("build");
    let bundle = fs::read_to_string(example().join("dist/price.js")).expect("a bundle");
    let quoting = |price: &'static str| get(move || async move { format!(r#"{{"price":"{price}"}}"#) });
    let site = server::http_of(
        Router::new()
            .route("/a", quoting("97214.53"))
            .route("/b", quoting("97216.53"))
            .route("/c", quoting("972145.3"))
            .route("/d", get(|| async { StatusCode::INTERNAL_SERVER_ERROR })),
    )
    .await;
    let sources = ["/a", "/b", "/c", "/d"].map(|path| site.url("http", path));
    let result = ask(&executor(&site.config()), script(&bundle), &json!({"sources": sources}).to_string()).await;
    let answer = result.answer(32);
    assert_eq!((answer.outcome, answer.output), (Outcome::Ok, word(9_721_653_000_000)), "{:?}", result.logs);
    assert!(result.logs.iter().any(|line| line.message.ends_with("/d answered 500")), "{:?}", result.logs);
}
