//! `price-median`, asking real servers.

use crate::{
    BTC_USD, answer, ask, assert_error, deployment,
    support::{
        executor, executor_of,
        server::{self, Authority, Server},
    },
    word,
};
use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use phat_executor::{AllowEntry, ExecutorConfig, HttpResult, LogLevel, Run, RunResult};
use phat_protocol::{Answer, Outcome};
use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Barrier;

/// Sources on loopback, and the executor's configuration that lets guests come there.
struct Sources {
    origins: Vec<String>,
    config: ExecutorConfig,
    _servers: Vec<Server>,
}

impl Sources {
    fn of(servers: Vec<Server>) -> Self {
        let mut config = ExecutorConfig::default();
        config.egress.allow.extend(servers.iter().map(Server::allowed));
        let origins = servers.iter().map(|server| server.url("http", "")).collect();
        Self { origins, config, _servers: servers }
    }

    /// One for each price.
    async fn quoting(prices: &[&str]) -> Self {
        let mut servers = Vec::new();
        for price in prices {
            servers.push(source(document(price)).await);
        }
        Self::of(servers)
    }

    /// One more, at which nothing listens.
    fn and_one_down(mut self) -> Self {
        let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let entry = AllowEntry { host: "127.0.0.1".into(), port: closed.port(), http: true, root_pem: None };
        self.config.egress.allow.push(entry);
        self.origins.push(format!("http://{closed}"));
        self
    }

    fn deployment(&self, more: &str) -> Run {
        deployed_for(&self.origins, more)
    }

    async fn ask(&self, more: &str) -> RunResult {
        ask(&executor(&self.config), self.deployment(more), BTC_USD).await
    }

    async fn answer(&self, more: &str) -> Answer {
        self.ask(more).await.answer(16 * 1024)
    }
}

fn deployed_for(origins: &[String], more: &str) -> Run {
    let source = |(index, origin): (usize, &String)| {
        format!(
            r#"{{"name":"s{index}","origin":"{origin}","path":"/ticker?pair={{base}}{{quote}}",
                "pointer":"/result/{{base}}{{quote}}/0","names":{{"BTC":"XBT"}}}}"#
        )
    };
    let sources: Vec<_> = origins.iter().enumerate().map(source).collect();
    let init = format!(r#"{{"sources":[{}],"type":"uint256","decimals":8{more}}}"#, sources.join(","));
    deployment("price-median", init.as_bytes())
}

fn document(price: &str) -> String {
    format!(r#"{{"error": [], "result": {{"XBTUSD": ["{price}", "0.5"]}}}}"#)
}

async fn source(response: impl IntoResponse + Clone + Send + Sync + 'static) -> Server {
    server::http_of(Router::new().route("/ticker", get(async move || response.clone()))).await
}

/// Answers with these two good sources and one that answers so.
async fn beside(response: impl IntoResponse + Clone + Send + Sync + 'static) -> RunResult {
    let good = [source(document("64000")).await, source(document("64100")).await];
    Sources::of(good.into_iter().chain([source(response).await]).collect()).ask("").await
}

fn ok(price: u128) -> Answer {
    Answer { outcome: Outcome::Ok, output: word(price) }
}

#[track_caller]
fn assert_warned(result: &RunResult, line: &str) {
    let warned = result.logs.iter().any(|log| log.level == LogLevel::Warn && log.message.starts_with(line));
    assert!(warned, "{line}: {:?}", result.logs);
}

#[tokio::test]
async fn the_median_of_three_is_answered() {
    let sources = Sources::quoting(&["64123.45", "64200", "64100.123456789"]).await;
    let result = sources.ask("").await;
    assert_eq!(result.answer(1024), ok(6_412_345_000_000));
    assert_eq!(result.http.len(), 3);
    assert!(result.fuel_used < 6_500_000, "{}", result.fuel_used);
    let lines: Vec<_> = result.logs.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["s0: 6412345000000", "s1: 6420000000000", "s2: 6410012345678", "answer: 6412345000000"]);
}

#[tokio::test]
async fn an_even_count_answers_with_the_mean_of_the_two_in_the_middle() {
    assert_eq!(Sources::quoting(&["64000", "64000.00000003"]).await.answer("").await, ok(6_400_000_000_001));
    assert_eq!(
        Sources::quoting(&["3", "1", "9", "2"]).await.answer(r#","max_deviation_bps":10000,"minimum":1"#).await,
        ok(200_000_000)
    );
}

#[tokio::test]
async fn equal_prices_are_answered_as_they_are() {
    assert_eq!(Sources::quoting(&["64000"; 5]).await.answer(r#","max_deviation_bps":0"#).await, ok(6_400_000_000_000));
}

#[tokio::test]
async fn one_source_that_fails_is_done_without() {
    let down = Sources::quoting(&["64000", "64100"]).await.and_one_down().ask("").await;
    for (result, said) in [
        (down, "s2: unreachable"),
        (beside(StatusCode::INTERNAL_SERVER_ERROR).await, "s2: status 500"),
        (beside("<html>busy</html>").await, "s2: not JSON"),
        (beside(vec![b'"', 0xff, b'"']).await, "s2: not JSON"),
        (beside(r#"{"error": ["EQuery:Unknown asset pair"]}"#).await, "s2: the pointer finds nothing"),
        (beside("x".repeat(1024 * 1024)).await, "s2: too long"),
    ] {
        assert_eq!(result.answer(1024), ok(6_405_000_000_000), "{said}");
        assert_warned(&result, said);
    }
}

#[tokio::test]
async fn a_source_that_is_late_is_waited_for_no_longer_than_the_time_out() {
    let late = server::http_of(Router::new().route("/ticker", get(std::future::pending::<()>))).await;
    let servers = vec![late, source(document("64000")).await, source(document("64100")).await];
    let result = Sources::of(servers).ask(r#","timeout_ms":200"#).await;
    assert_eq!(result.answer(1024), ok(6_405_000_000_000));
    assert_warned(&result, "s0: late");
    // The run had 10 seconds: what ended the wait was the contract's own setting.
    assert!(result.http[0].duration < Duration::from_secs(4), "{:?}", result.http[0]);
}

#[tokio::test]
async fn one_source_that_lies_tenfold_changes_nothing() {
    for lie in ["640000", "6400", "0.00000001", "99999999999"] {
        let result = Sources::quoting(&["64000", lie, "64100"]).await.ask("").await;
        assert_eq!(result.answer(1024), ok(6_405_000_000_000), "{lie}");
        assert_warned(&result, "s1: ");
    }
}

#[tokio::test]
async fn too_few_prices_are_an_error_that_names_who_failed() {
    let sources = Sources::of(vec![source(document("64000")).await, source(StatusCode::BAD_GATEWAY).await]);
    let answer = sources.and_one_down().answer("").await;
    let said = "1 of 3 sources gave a price, 2 needed: s1: status 502; s2: unreachable";
    assert_error(&answer, Outcome::ContractError, 2, said);
}

#[tokio::test]
async fn two_sources_that_contradict_each_other_make_no_answer() {
    let answer = Sources::quoting(&["64000", "640000"]).await.answer("").await;
    assert_error(&answer, Outcome::ContractError, 3, "0 prices are within 500 basis points");
}

#[tokio::test]
async fn a_denied_source_is_done_without_and_alone_denies_the_run() {
    let mut sources = Sources::quoting(&["64000", "64100"]).await;
    sources.origins.push("https://10.0.0.1".to_owned());
    let result = sources.ask("").await;
    assert_eq!(result.answer(1024), ok(6_405_000_000_000));
    assert_warned(&result, "s2: denied");
    assert!(matches!(result.http[2].result, HttpResult::Denied(_)), "{:?}", result.http[2]);
    let answer = sources.answer(r#","minimum":3"#).await;
    assert_error(&answer, Outcome::EgressDenied, 2, "2 of 3 sources gave a price, 3 needed: s2: denied");
}

/// Each of the five answers only when all five were asked.
#[tokio::test]
async fn all_sources_are_asked_at_once() {
    let (together, waited) = (Arc::new(Barrier::new(5)), Arc::new(AtomicUsize::new(0)));
    let mut servers = Vec::new();
    for price in ["64000", "64100", "64200", "64300", "64400"] {
        let (together, waited, document) = (Arc::clone(&together), Arc::clone(&waited), document(price));
        let answer = async move || {
            together.wait().await;
            waited.fetch_add(1, Ordering::SeqCst);
            document
        };
        servers.push(server::http_of(Router::new().route("/ticker", get(answer))).await);
    }
    assert_eq!(Sources::of(servers).answer("").await, ok(6_420_000_000_000));
    assert_eq!(waited.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn ten_sources_are_asked_in_two_batches() {
    let sources = Sources::quoting(&["64000"; 10]).await;
    let result = sources.ask(r#","minimum":10"#).await;
    assert_eq!(result.answer(1024), ok(6_400_000_000_000));
    assert_eq!(result.http.len(), 10);
}

#[tokio::test]
async fn sources_are_asked_over_https() {
    let authority = Authority::new();
    let mut config = ExecutorConfig::default();
    let mut origins = Vec::new();
    let mut servers = Vec::new();
    for price in ["64000", "64100"] {
        let document = document(price);
        let site = Router::new().route("/ticker", get(async move || document));
        let server = authority.https_of(site, "prices.example", |_| ()).await;
        let (host, port) = ("prices.example".to_owned(), server.address.port());
        origins.push(format!("https://{host}:{port}"));
        config.egress.allow.push(AllowEntry { host, port, http: false, root_pem: Some(authority.root_pem()) });
        servers.push(server);
    }
    let executor = executor_of(&config, &[("prices.example", &["127.0.0.1"])]);
    assert_eq!(answer(&executor, deployed_for(&origins, ""), BTC_USD).await, ok(6_405_000_000_000));
}
