//! HTTP from scripts.

use super::{offline, script, text};
use crate::{
    ask,
    support::{
        executor,
        server::{self, Server},
    },
};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode},
    response::AppendHeaders,
    routing::{any, get},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Barrier;

async fn site() -> Server {
    let meeting = Arc::new(Barrier::new(3));
    let meet = move || {
        let meeting = meeting.clone();
        async move {
            meeting.wait().await;
            "met"
        }
    };
    let echo = |method: Method, headers: HeaderMap, body: Bytes| async move {
        let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
        format!("{method} {} {} {}", said("content-type"), said("x-test"), String::from_utf8_lossy(&body))
    };
    server::http_of(
        Router::new()
            .route("/price", get(|| async { r#"{"price":"97214.53"}"# }))
            .route("/bytes", get(|| async { [0u8, 255, 1] }))
            .route("/gone", get(|| async { (StatusCode::NOT_FOUND, "gone") }))
            .route(
                "/headers",
                get(|| async { (AppendHeaders([("x-a", "1"), ("x-a", "2"), ("Set-Cookie", "c=1")]), "") }),
            )
            .route("/large", get(|| async { "x".repeat(300_000) }))
            .route("/meet", get(meet))
            .route("/echo", any(echo)),
    )
    .await
}

/// What a script says that is told where the site is.
async fn told(site: &Server, body: &str) -> String {
    let source = format!("const site = '{}'; async function main() {{ {body} }}", site.url("http", ""));
    text(&executor(&site.config()), &source).await
}

#[tokio::test]
async fn fetch_reads_what_a_server_says() {
    let site = site().await;
    for (body, expected) in [
        ("return (await (await fetch(site + '/price')).json()).price;", "97214.53"),
        ("return await (await fetch(new URL('/price', site))).text();", r#"{"price":"97214.53"}"#),
        ("return new Uint8Array(await (await fetch(site + '/bytes')).arrayBuffer()).toHex();", "00ff01"),
        ("const r = await fetch(site + '/gone'); return [r.status, r.ok, await r.text()].join();", "404,false,gone"),
        (
            "const r = await fetch(site + '/headers'); return r.headers.get('X-A') + r.headers.getSetCookie();",
            "1, 2c=1",
        ),
        ("const r = await fetch(site + '/price'); await r.text(); return r.text().catch((e) => e.name);", "TypeError"),
        (
            "const r = await fetch(site + '/price'); const c = r.clone(); return (await r.text()) === (await c.text()) ? 'same' : 'other';",
            "same",
        ),
    ] {
        assert_eq!(told(&site, body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn fetch_sends_method_headers_and_body() {
    let site = site().await;
    for (init, expected) in [
        ("{method: 'post', body: 'hi', headers: {'X-Test': 'a'}}", "POST text/plain;charset=UTF-8 a hi"),
        ("{method: 'PUT', body: new Uint8Array([104, 105]), headers: [['x-test', 'b']]}", "PUT - b hi"),
        (
            "{method: 'POST', body: new URLSearchParams({a: '1 2'})}",
            "POST application/x-www-form-urlencoded;charset=UTF-8 - a=1+2",
        ),
        (
            "{method: 'POST', body: JSON.stringify({a: 1}), headers: new Headers({'content-type': 'application/json'})}",
            "POST application/json - {\"a\":1}",
        ),
    ] {
        assert_eq!(told(&site, &format!("return (await fetch(site + '/echo', {init})).text();")).await, expected);
    }
    let refused = told(&site, "return fetch(site, {headers: {'a b': '1'}}).catch((error) => error.message);").await;
    assert_eq!(refused, "not a header's name: a b");
}

#[tokio::test]
async fn requests_that_wait_together_are_made_together() {
    let site = site().await;
    let body = "const all = [1, 2, 3].map(() => fetch(site + '/meet').then((response) => response.text()));
                return (await Promise.all(all)).join();";
    let together = tokio::time::timeout(Duration::from_secs(9), told(&site, body)).await;
    assert_eq!(together.expect("no request waits for another's end"), "met,met,met");
    // More than the host makes at once come after one another.
    let many = "return (await Promise.all(Array.from({length: 7}, () => fetch(site + '/price')))).map((r) => r.status).join();";
    assert_eq!(told(&site, many).await, "200,200,200,200,200,200,200");
}

#[tokio::test]
async fn a_request_that_fails_is_a_rejection_with_the_reason() {
    let site = site().await;
    for (body, expected) in [
        (
            "return fetch('http://127.0.0.1:1/').catch((error) => error.name + ': ' + error.message);",
            "TypeError: fetch of http://127.0.0.1:1/ failed: ",
        ),
        ("return fetch('nonsense').catch((error) => error.message);", "fetch of nonsense failed: "),
        ("return fetch(site + '/large').catch((error) => error.message);", "failed: "),
        (
            "return (await Promise.allSettled([fetch('http://127.0.0.1:1/'), fetch(site + '/price')])).map((r) => r.status + (r.reason ?? '')).join();",
            "rejectedTypeError: fetch of http://127.0.0.1:1/ failed: not allowed,fulfilled",
        ),
    ] {
        let said = told(&site, body).await;
        assert!(said.contains(expected), "{body}: {said}");
    }
}

#[tokio::test]
async fn the_reference_s_requests_are_there() {
    let site = site().await;
    for (body, expected) in [
        ("const r = pink.httpRequest({url: site + '/price', returnTextBody: true}); return r.statusCode + r.body;", r#"200{"price":"97214.53"}"#),
        ("return pink.httpRequest({url: site + '/bytes'}).body.toHex() || 'none';", "00ff01"),
        ("return pink.httpRequest({url: site + '/echo', method: 'POST', headers: {'x-test': 't'}, body: 'b', returnTextBody: true}).body;", "POST - t b"),
        ("return pink.httpRequest({url: 'http://127.0.0.1:1/', returnTextBody: true}).statusCode.toString();", "523"),
        ("const [a, b] = pink.batchHttpRequest([{url: site + '/price', returnTextBody: true}, {url: 'http://127.0.0.1:1/'}], 2000);
          return a.body + b.error;", r#"{"price":"97214.53"}not allowed"#),
    ] {
        assert_eq!(told(&site, body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn console_writes_the_run_s_log() {
    let engine = offline();
    let source = "function main() {
        console.log('a', 1, {b: [2n, null]}, new Uint8Array([1]));
        console.error(new Error('bad').message);
        console.debug(new Map([['k', 1]]), undefined);
        return '';
    }";
    let result = ask(&engine, script(source), "").await;
    let logs: Vec<_> = result.logs.iter().map(|line| format!("{:?} {}", line.level, line.message)).collect();
    assert_eq!(logs, ["Info a 1 {b: [2n, null]} 0x01", "Error bad", "Debug Map {\"k\" => 1} undefined"]);
}
