//! The JavaScript contract: scripts as init data, and what they find.

mod bundle;
mod calls;
mod docs;
mod errors;
mod eval;
mod language;
mod messages;
mod network;
mod secrets;
mod start;

use crate::{ask, deployment, support::executor};
use phat_executor::{Executor, ExecutorConfig, Run, RunEnd};
use phat_protocol::{Answer, Outcome};
use serde_json::{Value, json};

/// A contract of this script and these settings.
fn contract(script: &str, mut settings: Value) -> Run {
    settings["script"] = script.into();
    deployment("js", settings.to_string().as_bytes())
}

fn script(script: &str) -> Run {
    contract(script, json!({}))
}

/// An executor that lets scripts go nowhere.
fn offline() -> Executor {
    executor(&ExecutorConfig::default())
}

/// What a script answers.
async fn answer(executor: &Executor, contract: Run, payload: &str) -> Answer {
    ask(executor, contract, payload).await.answer(16 * 1024)
}

/// The text that a script answers, where it does.
async fn text(executor: &Executor, source: &str) -> String {
    let result = ask(executor, script(source), "").await;
    let answer = result.answer(16 * 1024);
    let output = String::from_utf8_lossy(&answer.output).into_owned();
    assert_eq!(answer.outcome, Outcome::Ok, "{output}\n{source}\n{:?} {:?}", result.logs, result.end);
    output
}

/// What the expression is, as a text, in a function that may await.
async fn value(executor: &Executor, expression: &str) -> String {
    let source = format!("async function main(request, secrets) {{ return String({expression}); }}");
    text(executor, &source).await
}

#[track_caller]
fn assert_returned(end: &RunEnd, flags: u32, data: &[u8]) {
    assert_eq!(end, &RunEnd::Returned { flags, data: data.to_vec() });
}
