//! Redirects that lead astray.

use crate::{
    denied, fetch, redirect,
    support::{
        guest,
        http::{Request, get, response},
        query, run, server,
    },
    wire::Wire,
};
use parity_scale_codec::Encode;
use phat_executor::{Denial, ExecutorConfig, HttpResult, Run};
use std::sync::atomic::Ordering;

fn to(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_not() {
    let server = server::http().await;
    let chain = |hops: usize| (0..hops).fold(server.url("http", "/echo"), |to, _| redirect(&server, 302, &to));
    assert_eq!(response(&fetch(&server.config(), get(chain(5))).await).text(), "GET [] ");
    let answer = response(&fetch(&server.config(), get(chain(6))).await);
    assert_eq!((answer.status, answer.text().as_str()), (523, "more than 5 redirects"));
    let mut config = server.config();
    config.limits.http.redirects = 0;
    assert_eq!(response(&fetch(&config, get(server.url("http", "/echo"))).await).status, 200);
    assert_eq!(response(&fetch(&config, get(chain(1))).await).text(), "more than 0 redirects");
}

#[tokio::test]
async fn no_redirect_leads_where_the_guest_itself_may_not_go() {
    let closed = server::http().await;
    let port = closed.address.port();
    for (location, expected) in [
        (format!("https://127.0.0.1:{port}/"), None),
        (format!("https://[::ffff:127.0.0.1]:{port}/"), None),
        (format!("https://0177.0.0.1:{port}/"), None),
        (format!("https://2130706433:{port}/"), None),
        (format!("https://user:key@127.0.0.1:{port}/"), None),
        (format!("http://127.0.0.1:{port}/"), Some(Denial::Scheme("http".into()))),
        (format!("//127.0.0.1:{port}/"), Some(Denial::Scheme("http".into()))),
        (format!("\\\\127.0.0.1:{port}/"), Some(Denial::Scheme("http".into()))),
        ("ftp://example.com/".into(), Some(Denial::Scheme("ftp".into()))),
        ("file://example.com/etc/passwd".into(), Some(Denial::Scheme("file".into()))),
        ("https://example.com:22/".into(), Some(Denial::Port(22))),
        ("https://example.com:0/".into(), Some(Denial::Port(0))),
    ] {
        let open = Wire::answering(to(&location)).await;
        let result = fetch(&open.config(), get(open.url("/"))).await;
        match (denied(&result), expected) {
            (found, Some(expected)) => assert_eq!(found, expected, "{location}"),
            (found, None) => assert!(matches!(found, Denial::Address { .. }), "{location}: {found}"),
        }
    }
    assert_eq!(closed.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_to_no_url_leads_nowhere_and_is_the_servers_fault() {
    for location in ["https://", "https://256.1.1.1/", "http://[::1", "https://a b/", "\u{80}", "https://\u{ff}/"] {
        let server = Wire::answering(to(location)).await;
        let result = fetch(&server.config(), get(server.url("/"))).await;
        let answer = response(&result);
        assert_eq!((answer.status, result.last_http_denied), (523, false), "{location:?}");
        assert!(answer.text().contains("leads nowhere"), "{location:?}: {}", answer.text());
    }
    for location in ["file:///etc/passwd", "data:text/plain,root:", "javascript:1", "mailto:a@example.com"] {
        let server = Wire::answering(to(location)).await;
        let answer = response(&fetch(&server.config(), get(server.url("/"))).await);
        assert_eq!((answer.status, server.connections()), (523, 1), "{location}");
    }
}

#[tokio::test]
async fn what_is_no_redirect_is_a_response() {
    for answer in [
        "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 300 Multiple Choices\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nlocation: https://127.0.0.1/\r\n\r\n",
        "HTTP/1.1 305 Use Proxy\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 306 Switch Proxy\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nlocation: https://127.0.0.1/\r\nrefresh: 0; https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
    ] {
        let server = Wire::answering(answer).await;
        let result = fetch(&server.config(), get(server.url("/"))).await;
        let status = response(&result).status;
        assert_eq!((Some(status), server.connections()), (answer[9..12].parse().ok(), 1), "{answer}");
        assert_eq!(result.http[0].result, HttpResult::Status(status));
    }
}

#[tokio::test]
async fn what_was_left_behind_at_another_origin_does_not_come_back() {
    let (first, second) = (server::http().await, server::http().await);
    let mut config = first.config();
    config.egress.allow.push(second.allowed());
    // There and back again, keeping the method and the body as 307 asks.
    let back = redirect(&second, 307, &first.url("http", "/echo"));
    let request = Request {
        method: "POST".into(),
        headers: vec![("x-secret".into(), "s".into())],
        body: b"secret".to_vec(),
        ..get(redirect(&first, 307, &back))
    };
    assert_eq!(response(&fetch(&config, request).await).text(), "POST [] ");
}

#[tokio::test]
async fn credentials_in_a_url_stay_at_its_origin_and_are_not_recorded() {
    let target = Wire::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let with_user = |server: &Wire, path: &str| format!("http://user:hush@{}{path}", server.address);
    let result = fetch(&target.config(), get(with_user(&target, "/a"))).await;
    assert_eq!(response(&result).status, 200);
    // RFC 7617: base64 of "user:hush".
    assert!(target.heard().contains("authorization: Basic dXNlcjpodXNo\r\n"), "{}", target.heard());
    assert!(!target.heard().contains("hush"), "{}", target.heard());
    assert_eq!(result.http[0].origin, format!("http://{}", target.address));

    let target = Wire::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let away = Wire::answering(to(&target.url("/b"))).await;
    let mut config = away.config();
    config.egress.allow.extend(target.config().egress.allow);
    let result = fetch(&config, get(with_user(&away, "/a"))).await;
    assert_eq!(response(&result).status, 200);
    assert!(away.heard().contains("authorization: Basic"), "{}", away.heard());
    assert!(!target.heard().to_lowercase().contains("authorization"), "{}", target.heard());
}

#[tokio::test]
async fn a_redirect_to_a_name_is_judged_when_it_resolves() {
    let closed = server::http().await;
    let open = Wire::answering(to(&format!("https://inside.test:{}/", closed.address.port()))).await;
    let executor = crate::support::executor_of(&open.config(), &[("inside.test", &["127.0.0.1"])]);
    let input = get(open.url("/")).encode();
    let result = run(&executor, Run { input, ..query(&guest::fetcher()) }).await;
    assert!(matches!(denied(&result), Denial::Resolved { .. }));
    assert_eq!(closed.connections.load(Ordering::SeqCst), 0);
    let nowhere = Wire::answering(to("https://nowhere.test/")).await;
    let result = fetch(&ExecutorConfig { ..nowhere.config() }, get(nowhere.url("/"))).await;
    assert_eq!((response(&result).status, result.last_http_denied), (523, false));
}
