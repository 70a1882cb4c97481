//! The way out: what a guest reaches, what it is told where it doesn't, and what it never reaches.
#![expect(clippy::unwrap_used, reason = "what a test needs and can't have fails it")]

#[path = "egress/environment.rs"]
mod environment;
#[path = "egress/hosts.rs"]
mod hosts;
#[path = "egress/redirects.rs"]
mod redirects;
#[path = "egress/requests.rs"]
mod requests;
#[path = "egress/secrets.rs"]
mod secrets;
#[path = "egress/servers.rs"]
mod servers;
#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;
#[path = "egress/wire.rs"]
mod wire;

use async_trait::async_trait;
use axum::Router;
use futures_util::future::join_all;
use parity_scale_codec::Encode;
use phat_executor::{
    AllowEntry, Denial, Executor, ExecutorConfig, HostServices, HttpResult, Mode, Resolver, Resources, Run, RunResult,
};
use phat_protocol::{ContractId, Outcome};
use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex, atomic::Ordering},
};
use support::{
    executor, executor_of, guest,
    http::{Request, get, response, returned},
    query, run, server,
};
use tokio::sync::Barrier;

async fn fetch(config: &ExecutorConfig, request: Request) -> RunResult {
    run(&executor(config), Run { input: request.encode(), ..query(&guest::fetcher()) }).await
}

#[track_caller]
fn denied(result: &RunResult) -> Denial {
    let answer = response(result);
    assert_eq!(answer.status, 523);
    assert!(result.last_http_denied);
    match &result.http.last().unwrap().result {
        HttpResult::Denied(denial) => {
            assert_eq!(answer.text(), denial.to_string());
            denial.clone()
        }
        other @ (HttpResult::Status(_) | HttpResult::Failed(_)) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_guest_gets_the_response_with_every_header() {
    let server = server::http().await;
    let result = fetch(&server.config(), get(server.url("http", "/twice"))).await;
    let response = response(&result);
    assert_eq!((response.status, response.reason.as_str(), response.text().as_str()), (200, "OK", "twice"));
    let cookies: Vec<_> = response.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(cookies.len(), 2);
    assert_eq!(result.http.len(), 1);
    assert_eq!(result.http[0].result, HttpResult::Status(200));
    assert_eq!(result.http[0].origin, format!("http://{}", server.address));
}

#[tokio::test]
async fn method_headers_and_body_reach_the_server_and_the_host_header_stays_ours() {
    let server = server::http().await;
    let headers = [("X-A", "1"), ("X-B", "2"), ("Host", "elsewhere"), ("Content-Length", "999")];
    let request = Request {
        method: "post".into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: b"body".to_vec(),
        ..get(server.url("http", "/echo"))
    };
    assert_eq!(response(&fetch(&server.config(), request).await).text(), "POST [x-a=1,x-b=2] body");
}

#[tokio::test]
async fn a_server_error_is_a_response_like_any_other() {
    let server = server::http().await;
    let result = fetch(&server.config(), get(server.url("http", "/status?code=500"))).await;
    assert_eq!(response(&result).status, 500);
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = server::http().await;
    let executor = executor(&server.config());
    for _ in 0..5 {
        let input = get(server.url("http", "/echo")).encode();
        assert_eq!(response(&run(&executor, Run { input, ..query(&guest::fetcher()) }).await).status, 200);
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_crowds_connections_are_used_again() {
    const CROWD: usize = 16;
    const ROUNDS: usize = 4;
    // Nobody is answered before all have come, so that each needs a connection of its own.
    let everybody = Arc::new(Barrier::new(CROWD));
    let site = Router::new().fallback(async move || {
        everybody.wait().await;
        "all are here"
    });
    let server = server::http_of(site).await;
    let executor = executor(&server.config());
    for _ in 0..ROUNDS {
        let input = get(server.url("http", "/")).encode();
        let runs = (0..CROWD).map(|_| run(&executor, Run { input: input.clone(), ..query(&guest::fetcher()) }));
        for result in join_all(runs).await {
            assert_eq!(response(&result).status, 200);
        }
    }
    // A connection may be on its way back when the next request looks for one.
    let made = server.connections.load(Ordering::SeqCst);
    assert!((CROWD..2 * CROWD).contains(&made), "{made} connections for {ROUNDS} rounds of {CROWD}");
}

#[tokio::test]
async fn the_hosts_own_network_is_denied_and_never_connected_to() {
    let server = server::http().await;
    let port = server.address.port();
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://0x7f.1:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/meta-data".into(),
        "https://10.0.0.1/".into(),
        "https://[fd00::1]/".into(),
    ] {
        let result = fetch(&ExecutorConfig::default(), get(&url)).await;
        assert!(matches!(denied(&result), Denial::Address { .. }), "{url}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_with_a_private_address_among_others_is_denied() {
    let server = server::http().await;
    let names: &[(&str, &[&str])] =
        &[("inside.test", &["127.0.0.1"]), ("mixed.test", &["93.184.216.34", "192.168.0.1"])];
    let executor = executor_of(&ExecutorConfig::default(), names);
    for (name, address) in [("inside.test", "127.0.0.1"), ("mixed.test", "192.168.0.1")] {
        let input = get(format!("https://{name}:{}/", server.address.port())).encode();
        let result = run(&executor, Run { input, ..query(&guest::fetcher()) }).await;
        let Denial::Resolved { name: found, address: at, .. } = denied(&result) else { panic!("{name}") };
        assert_eq!((found.as_str(), at.to_string().as_str()), (name, address));
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

/// Knows no name, and keeps who asked for which.
#[derive(Default)]
struct Recording(Mutex<Vec<(ContractId, String)>>);

#[async_trait]
impl Resolver for Recording {
    async fn resolve(&self, contract: ContractId, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.lock().unwrap().push((contract, name.to_owned()));
        Err(io::ErrorKind::NotFound.into())
    }
}

#[tokio::test]
async fn the_resolver_is_told_which_contract_asks() {
    let resolver = Arc::new(Recording::default());
    let mut config = ExecutorConfig::default();
    config.egress.allow.push(AllowEntry { host: "b.test".into(), port: 80, http: true, root_pem: None });
    let host = HostServices { resolver: Arc::clone(&resolver) as _, ..support::host(&[]) };
    let Ok(executor) = Executor::new(&config, &Resources::default(), host) else { panic!() };
    for (contract, url) in [(1, "https://a.test/"), (2, "https://a.test/"), (3, "http://b.test/")] {
        let contract = ContractId([contract; 32]);
        let asked = Run { contract, input: get(url).encode(), ..query(&guest::fetcher()) };
        assert_eq!(response(&run(&executor, asked).await).status, 523);
    }
    let asked = [(1, "a.test"), (2, "a.test"), (3, "b.test")];
    let asked = asked.map(|(contract, name)| (ContractId([contract; 32]), name.to_owned()));
    assert_eq!(*resolver.0.lock().unwrap(), asked);
}

#[tokio::test]
async fn http_and_low_ports_are_denied() {
    let config = ExecutorConfig::default();
    for scheme in ["http", "ftp", "ws"] {
        let result = fetch(&config, get(format!("{scheme}://example.com/"))).await;
        assert_eq!(denied(&result), Denial::Scheme(scheme.into()));
    }
    for port in [1, 22, 80, 1023] {
        let result = fetch(&config, get(format!("https://example.com:{port}/"))).await;
        assert_eq!(denied(&result), Denial::Port(port));
    }
}

#[tokio::test]
async fn an_allow_entry_opens_its_pair_alone() {
    let (open, closed) = (server::http().await, server::http().await);
    let result = fetch(&open.config(), get(closed.url("https", "/echo"))).await;
    assert!(matches!(denied(&result), Denial::Address { .. }));
    let mut config = open.config();
    config.egress.allow[0].http = false;
    assert_eq!(denied(&fetch(&config, get(open.url("http", "/echo"))).await), Denial::Scheme("http".into()));
}

fn redirect(from: &server::Server, code: u16, to: &str) -> String {
    let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
    from.url("http", &format!("/redirect?code={code}&to={to}"))
}

#[tokio::test]
async fn a_redirect_is_checked_again() {
    let (open, closed) = (server::http().await, server::http().await);
    let inside = closed.url("https", "/echo");
    let result = fetch(&open.config(), get(redirect(&open, 302, &inside))).await;
    assert!(matches!(denied(&result), Denial::Address { .. }));
    assert_eq!(closed.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn redirects_are_followed_up_to_their_limit() {
    let server = server::http().await;
    let result = fetch(&server.config(), get(redirect(&server, 302, "/echo"))).await;
    assert_eq!(response(&result).text(), "GET [] ");
    let endless = fetch(&server.config(), get(server.url("http", "/loop"))).await;
    assert_eq!(response(&endless).status, 523);
    assert!(response(&endless).text().contains("more than 5 redirects"));
    assert!(!endless.last_http_denied);
}

#[tokio::test]
async fn at_another_origin_nothing_of_the_guests_goes_along() {
    let (first, second) = (server::http().await, server::http().await);
    let mut config = first.config();
    config.egress.allow.push(second.allowed());
    let post = |url: String| Request {
        method: "POST".into(),
        headers: vec![("x-secret".into(), "s".into())],
        body: b"secret".to_vec(),
        ..get(url)
    };
    let elsewhere = redirect(&first, 307, &second.url("http", "/echo"));
    assert_eq!(response(&fetch(&config, post(elsewhere)).await).text(), "POST [] ");
    let here = redirect(&first, 307, "/echo");
    assert_eq!(response(&fetch(&config, post(here)).await).text(), "POST [x-secret=s] secret");
    let see_other = redirect(&first, 303, "/echo");
    assert_eq!(response(&fetch(&config, post(see_other)).await).text(), "GET [x-secret=s] ");
}

#[tokio::test]
async fn a_redirect_changes_the_method_as_http_says() {
    let server = server::http().await;
    for (code, sent, arrives) in [
        (301, "POST", "GET [] "),
        (302, "POST", "GET [] "),
        (302, "PUT", "PUT [] b"),
        (303, "PUT", "GET [] "),
        (308, "POST", "POST [] b"),
    ] {
        let request = Request { method: sent.into(), body: b"b".to_vec(), ..get(redirect(&server, code, "/echo")) };
        assert_eq!(response(&fetch(&server.config(), request).await).text(), arrives, "{code} {sent}");
    }
}

#[tokio::test]
async fn what_is_down_or_no_http_is_unreachable() {
    let gone = server::http().await;
    let (config, url) = (gone.config(), gone.url("http", "/"));
    drop(gone);
    // The port may answer until the listener is gone.
    tokio::task::yield_now().await;
    assert_eq!(response(&fetch(&config, get(url)).await).status, 523);
    for answer in [&b"nonsense\r\n\r\n"[..], b"", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = server::raw(answer).await;
        let result = fetch(&server.config(), get(server.url("http", "/"))).await;
        assert_eq!(response(&result).status, 523, "{}", String::from_utf8_lossy(answer));
        assert!(!result.last_http_denied);
    }
}

#[tokio::test]
async fn malformed_requests_are_answered_and_do_not_trap() {
    let good = get("https://example.com/");
    let many = vec![("a".to_owned(), "b".to_owned()); 257];
    for (request, reason) in [
        (get("not a url"), "invalid URL"),
        (get("https://"), "invalid URL"),
        (get("data:text/plain,hello"), "invalid URL"),
        (get(format!("https://example.com/{}", "a".repeat(9000))), "invalid URL"),
        (Request { method: "G T".into(), ..good.clone() }, "invalid method"),
        (Request { method: String::new(), ..good.clone() }, "invalid method"),
        (Request { headers: vec![("a b".into(), "c".into())], ..good.clone() }, "name of header 0"),
        (Request { headers: vec![("a".into(), "c\r\nd: e".into())], ..good.clone() }, "value of header 0"),
        (Request { headers: many, ..good.clone() }, "more than 256 headers"),
    ] {
        let answer = response(&fetch(&ExecutorConfig::default(), request).await);
        assert_eq!(answer.status, 523);
        assert!(answer.text().contains(reason), "{}", answer.text());
    }
}

#[tokio::test]
async fn undecodable_arguments_trap() {
    let run_of = Run { input: vec![0xff; 8], ..query(&guest::fetcher()) };
    assert_eq!(run(&executor(&ExecutorConfig::default()), run_of).await.answer(0).outcome, Outcome::Trapped);
}

#[tokio::test]
async fn a_failed_run_after_a_denied_call_says_egress_denied() {
    let ask = |then: &str| {
        guest::contract(&format!(
            "(call $capacity (i32.const 60000))
             (call $input (i32.const 0) (i32.const 65532))
             (drop (call $extension (i32.const 1) (i32.load (i32.const 65532))))
             {then}"
        ))
    };
    let executor = executor(&ExecutorConfig::default());
    let input = get("https://10.0.0.1/").encode();
    let answer = async |wat: String| run(&executor, Run { input: input.clone(), ..query(&wat) }).await.answer(100);
    let trapped = answer(ask("unreachable")).await;
    assert_eq!((trapped.outcome, trapped.output), (Outcome::EgressDenied, Vec::new()));
    let error =
        answer(ask("(i32.store (i32.const 0) (i32.const 0x0b0a0100)) (call $return (i32.const 0) (i32.const 4))"));
    let error = error.await;
    assert_eq!((error.outcome, error.output), (Outcome::EgressDenied, vec![10, 11]));
    let fine =
        answer(ask("(i32.store (i32.const 0) (i32.const 0x00000000)) (call $return (i32.const 0) (i32.const 3))"));
    assert_eq!(fine.await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn a_transaction_has_no_internet() {
    let server = server::http().await;
    let executor = executor(&server.config());
    let input = get(server.url("http", "/echo")).encode();
    let result = run(&executor, Run { input, mode: Mode::Transaction, ..query(&guest::fetcher()) }).await;
    assert_eq!((response(&result).status, response(&result).reason), (523, "API Unavailable".into()));
    let input = (vec![get(server.url("http", "/echo"))], 100u64).encode();
    let result = run(&executor, Run { input, mode: Mode::Transaction, ..query(&guest::extension(22)) }).await;
    assert_eq!(returned(&result)[..4], 7u32.to_le_bytes());
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}
