//! The scripts in docs/writing-contracts.md answer.

use super::script;
use crate::{
    ask,
    support::{executor, server},
    word,
};
use axum::{Router, routing::get};
use phat_executor::Executor;
use phat_protocol::Outcome;

const PAGE: &str = include_str!("../../../../docs/writing-contracts.md");

/// The page's blocks in JavaScript.
fn snippets() -> Vec<&'static str> {
    PAGE.split("```js\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

async fn answered(executor: &Executor, source: &str, payload: &str) -> Vec<u8> {
    let answer = ask(executor, script(source), payload).await.answer(16 * 1024);
    assert_eq!(answer.outcome, Outcome::Ok, "{}", String::from_utf8_lossy(&answer.output));
    answer.output
}

#[tokio::test]
async fn the_page_s_scripts_answer() {
    let site = Router::new().route("/price/BTC/USD", get(|| async { r#"{"price":"97214.53"}"# }));
    let site = server::http_of(site).await;
    let executor = executor(&site.config());
    let [price, encoded] = snippets()[..] else { panic!("the page has two scripts") };

    let price = price.replace("https://api.example.com", &site.url("http", ""));
    let output = answered(&executor, &price, r#"{"base":"BTC","quote":"USD"}"#).await;
    assert_eq!(output, word(9_721_453_000_000));

    // abi.encode(text of three letters, number), which is ASCII here.
    let text = |text: &str, number: u128| {
        let mut padded = text.as_bytes().to_vec();
        padded.resize(32, 0);
        [word(64), word(number), word(3), padded].concat()
    };
    let payload = String::from_utf8(text("abc", 1)).expect("ASCII");
    assert_eq!(answered(&executor, encoded, &payload).await, text("ABC", 2));
}
