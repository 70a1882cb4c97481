//! Whom guests trust: certificates, and the clock that judges them.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use parity_scale_codec::Encode;
use phat_executor::{AllowEntry, Denial, ExecutorConfig, HttpResult, Run, RunResult};
use std::sync::atomic::Ordering;
use support::{
    executor_of, guest,
    http::{get, response},
    query, run,
    server::{self, Authority},
};

async fn over_tls(authority: &Authority, server: &server::Server, host: &str, trusted: bool) -> RunResult {
    let mut config = ExecutorConfig::default();
    config.egress.allow.push(AllowEntry {
        host: host.into(),
        port: server.address.port(),
        http: false,
        root_pem: trusted.then(|| authority.root_pem()),
    });
    let executor = executor_of(&config, &[(host, &["127.0.0.1"])]);
    let input = get(format!("https://{host}:{}/echo", server.address.port())).encode();
    run(&executor, Run { input, ..query(&guest::fetcher()) }).await
}

#[tokio::test]
async fn a_root_of_an_allow_entry_is_trusted_for_its_pair_and_nothing_else_is() {
    let authority = Authority::new();
    let server = authority.https("api.test", |_| ()).await;
    assert_eq!(response(&over_tls(&authority, &server, "api.test", true).await).text(), "GET [] ");
    assert_eq!(response(&over_tls(&authority, &server, "api.test", false).await).status, 523);
    assert_eq!(response(&over_tls(&authority, &server, "other.test", true).await).status, 523);
    assert_eq!(response(&over_tls(&Authority::new(), &server, "api.test", true).await).status, 523);
}

#[tokio::test]
async fn a_certificate_is_judged_by_the_hosts_clock() {
    let authority = Authority::new();
    let valid =
        |from, to| move |params: &mut rcgen::CertificateParams| (params.not_before, params.not_after) = (from, to);
    let day = rcgen::date_time_ymd;
    // The host's clock stands in January 2027, whatever the machine's says.
    let current = authority.https("api.test", valid(day(2027, 1, 1), day(2027, 2, 1))).await;
    assert_eq!(response(&over_tls(&authority, &current, "api.test", true).await).status, 200);
    let expired = authority.https("api.test", valid(day(2020, 1, 1), day(2027, 1, 1))).await;
    assert_eq!(response(&over_tls(&authority, &expired, "api.test", true).await).status, 523);
}

#[tokio::test]
async fn a_redirect_from_https_never_leads_down_to_http() {
    let authority = Authority::new();
    let (secure, plain) = (authority.https("api.test", |_| ()).await, server::http().await);
    let mut config = plain.config();
    config.egress.allow.push(AllowEntry {
        host: "api.test".into(),
        port: secure.address.port(),
        http: true,
        root_pem: Some(authority.root_pem()),
    });
    let executor = executor_of(&config, &[("api.test", &["127.0.0.1"])]);
    let to: String = url::form_urlencoded::byte_serialize(plain.url("http", "/echo").as_bytes()).collect();
    let url = format!("https://api.test:{}/redirect?code=302&to={to}", secure.address.port());
    let result = run(&executor, Run { input: get(url).encode(), ..query(&guest::fetcher()) }).await;
    assert_eq!(result.http[0].result, HttpResult::Denied(Denial::Downgrade));
    assert_eq!(response(&result).status, 523);
    assert_eq!(plain.connections.load(Ordering::SeqCst), 0);
}
