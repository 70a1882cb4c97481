//! Secrets in scripts.

use super::{offline, script};
use crate::{
    ask,
    support::{executor, server},
};
use axum::{Router, http::HeaderMap, routing::get};
use parity_scale_codec::Encode;
use phat_executor::{Run, Secrets};
use phat_protocol::Outcome;
use std::sync::Arc;

/// The same deployment for a contract that has these secrets.
fn given(secrets: &[(&str, &[u8], Vec<String>)], deployment: Run) -> Run {
    let plain = secrets.encode();
    Run { secrets: Arc::new(Secrets::from_plain(&plain).expect("a set of secrets")), ..deployment }
}

#[tokio::test]
async fn main_gets_the_secrets_by_name() {
    let source = "function main(request, secrets) {
        return [Object.keys(secrets), secrets.token, secrets.raw instanceof Uint8Array, secrets.none].join('|');
    }";
    let long = "x".repeat(3000);
    let secrets = [("raw", &[0xff, 0][..], vec![]), ("token", long.as_bytes(), vec![])];
    let answer = ask(&offline(), given(&secrets, script(source)), "").await.answer(16 * 1024);
    assert_eq!(String::from_utf8_lossy(&answer.output), format!("raw,token|{long}|true|"));
}

#[tokio::test]
async fn a_secret_that_was_read_goes_to_its_origins_alone() {
    let said = |headers: HeaderMap| async move {
        headers.get("authorization").map_or("nobody", |value| value.to_str().unwrap_or("?")).to_owned()
    };
    let site = Router::new().route("/who", get(said));
    let (own, other) = (server::http_of(site.clone()).await, server::http_of(site).await);
    let mut config = own.config();
    config.egress.allow.push(other.allowed());
    let read = "const headers = { authorization: secrets.token };";
    for (before, server, expected) in
        [(read, &own, "hush"), ("const headers = {};", &other, "nobody"), (read, &other, "TypeError")]
    {
        let source = format!(
            "async function main(request, secrets) {{ {before}
                try {{ return await (await fetch('{}', {{ headers }})).text(); }} catch (error) {{ return error.name; }}
            }}",
            server.url("http", "/who")
        );
        let secrets = [("token", &b"hush"[..], vec![own.url("http", "")])];
        let answer = ask(&executor(&config), given(&secrets, script(&source)), "").await.answer(1024);
        assert_eq!(answer.outcome, Outcome::Ok, "{}", String::from_utf8_lossy(&answer.output));
        assert_eq!(String::from_utf8_lossy(&answer.output), expected, "{source}");
    }
}
