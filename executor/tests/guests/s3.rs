//! `s3`, asking a real server that checks signatures.

use crate::{
    answer, ask, assert_error, deployment,
    support::{
        executor_of,
        server::{self, Server},
    },
    word,
};
use axum::{
    Router,
    body::Body,
    error_handling::HandleError,
    http::{Response, StatusCode},
};
use parity_scale_codec::Encode;
use phat_executor::{AllowEntry, Executor, ExecutorConfig, Run, RunResult, Secrets};
use phat_protocol::Outcome;
use s3s::{
    HttpError, S3Result,
    auth::SimpleAuth,
    config::{S3Config, StaticConfigProvider},
    host::{S3Host, VirtualHost},
    service::S3ServiceBuilder,
};
use serde_json::{Value, json};
use std::{fs, sync::Arc};
use tempfile::TempDir;

const DOMAIN: &str = "s3.example";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const STYLES: [&str; 2] = ["path", "virtual"];

/// Buckets are in front of [`DOMAIN`], on any port.
struct AnyPort;

impl S3Host for AnyPort {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.split(':').next().unwrap_or(host);
        let bucket = name.strip_suffix(DOMAIN).and_then(|front| front.strip_suffix('.'));
        Ok(bucket.map_or_else(|| VirtualHost::new(name), |bucket| VirtualHost::new(DOMAIN).with_bucket(bucket)))
    }
}

/// A server with one bucket, `prices`, and an executor whose guests may go there.
struct Storage {
    server: Server,
    executor: Executor,
    directory: TempDir,
}

impl Storage {
    async fn start() -> Self {
        let directory = TempDir::new().expect("a folder");
        fs::create_dir(directory.path().join("prices")).expect("a bucket");
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(directory.path()).expect("a server"));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        service.set_host(AnyPort);
        // The guests' clock stands still, far from the server's.
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = u32::MAX;
        service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        let failed = async |error: HttpError| {
            let body = Body::from(format!("{error:?}"));
            Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(body).expect("a response")
        };
        let site = Router::new().fallback_service(HandleError::new(service.build(), failed));
        let server = server::http_of(site).await;
        let hosts = [DOMAIN.to_owned(), format!("prices.{DOMAIN}")];
        let mut config = ExecutorConfig::default();
        config.egress.allow.extend(hosts.iter().map(|host| AllowEntry { host: host.clone(), ..server.allowed() }));
        let names = hosts.each_ref().map(|host| (host.as_str(), ["127.0.0.1"].as_slice()));
        let executor = executor_of(&config, &names);
        Self { server, executor, directory }
    }

    fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.server.address.port())
    }

    /// A contract that does this, with these secrets, which may be sent to both of the bucket's origins.
    fn contract(&self, style: &str, operation: Value, secret_key: &str) -> Run {
        let mut init = json!({
            "origin": self.origin(DOMAIN),
            "region": "eu-central-1",
            "bucket": "prices",
            "style": style,
            "credentials": {"access_key": "id", "secret_key": "key"},
        });
        let members = operation.as_object().expect("an object").clone();
        init.as_object_mut().expect("an object").extend(members);
        let origins = vec![self.origin(DOMAIN), self.origin(&format!("prices.{DOMAIN}"))];
        let set = vec![
            ("id".to_owned(), ACCESS_KEY.as_bytes().to_vec(), origins.clone()),
            ("key".to_owned(), secret_key.as_bytes().to_vec(), origins),
        ];
        let secrets = Arc::new(Secrets::from_plain(&set.encode()).expect("secrets"));
        Run { secrets, ..deployment("s3", init.to_string().as_bytes()) }
    }

    async fn run(&self, style: &str, operation: Value, payload: &str) -> RunResult {
        ask(&self.executor, self.contract(style, operation, SECRET_KEY), payload).await
    }

    /// What an operation that must succeed answers.
    async fn output(&self, style: &str, operation: Value, payload: &str) -> Vec<u8> {
        let result = self.run(style, operation.clone(), payload).await;
        let answer = result.answer(16 * 1024);
        let said = String::from_utf8_lossy(&answer.output);
        assert_eq!(answer.outcome, Outcome::Ok, "{style} {operation}: {said} {:?}", result.logs);
        answer.output
    }
}

/// Bytes as `abi.encode` pads them.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(32), 0);
    padded
}

fn length(of: usize) -> Vec<u8> {
    word(u128::try_from(of).expect("a length"))
}

fn encoded(bytes: &[u8]) -> Vec<u8> {
    [word(32), length(bytes.len()), padded(bytes)].concat()
}

#[tokio::test]
async fn what_is_written_is_there_is_listed_and_is_read() {
    for style in STYLES {
        let storage = Storage::start().await;
        let key = "daily/{pair}/a%20b+(1).json";
        let put = json!({"operation": "put", "key": key, "content": {"price": "{price}"}, "type": "string"});
        let tag = storage.output(style, put, r#"{"pair":"BTC","price":"97214.53"}"#).await;
        let written = fs::read(storage.directory.path().join("prices/daily/BTC/a b+(1).json")).expect("an object");
        assert_eq!(written, br#"{"price":"97214.53"}"#, "{style}");

        let head = json!({"operation": "head", "key": key, "type": "(bool,uint256,string)"});
        let there = storage.output(style, head.clone(), r#"{"pair":"BTC"}"#).await;
        assert_eq!(there[..96], [word(1), length(written.len()), word(96)].concat(), "{style}");
        assert_eq!(there[96..], tag[32..], "{style}: the ETag is the one that was answered");
        let absent = storage.output(style, head, r#"{"pair":"ETH"}"#).await;
        assert_eq!(absent[..64], [word(0), word(0)].concat(), "{style}");

        let list = json!({"operation": "list", "prefix": "daily/{pair}/", "type": "(string[],bool)"});
        let listed = storage.output(style, list.clone(), r#"{"pair":"BTC"}"#).await;
        let name = b"daily/BTC/a b+(1).json";
        let expected = [word(64), word(0), word(1), word(32), length(name.len()), padded(name)].concat();
        assert_eq!(listed, expected, "{style}");
        let none = storage.output(style, list, r#"{"pair":"ETH"}"#).await;
        assert_eq!(none, [word(64), word(0), word(0)].concat(), "{style}");

        let whole = json!({"operation": "get", "key": key, "type": "string"});
        assert_eq!(storage.output(style, whole, r#"{"pair":"BTC"}"#).await, encoded(&written), "{style}");
        let value = json!({"operation": "get", "key": key, "pointer": "/price", "type": "uint256", "decimals": 2});
        let result = storage.run(style, value, r#"{"pair":"BTC"}"#).await;
        assert_eq!(result.answer(32).output, word(9_721_453), "{style}");
        assert!(result.fuel_used < 3_800_000, "{}", result.fuel_used);
    }
}

#[tokio::test]
async fn a_payload_is_written_as_it_is() {
    let storage = Storage::start().await;
    storage.output("path", json!({"operation": "put", "key": "latest", "type": "string"}), "\u{1}any bytes").await;
    assert_eq!(fs::read(storage.directory.path().join("prices/latest")).expect("an object"), b"\x01any bytes");
}

#[tokio::test]
async fn a_signed_url_opens_one_object() {
    for style in STYLES {
        let storage = Storage::start().await;
        fs::write(storage.directory.path().join("prices/a b"), "hello").expect("an object");
        let presign = json!({"operation": "presign", "key": "{name}", "type": "string"});
        let output = storage.output(style, presign, r#"{"name":"a b"}"#).await;
        let url = String::from_utf8_lossy(&output[64..]).trim_end_matches('\0').to_owned();
        let fetched = async |url: &str| {
            let probed = answer(&storage.executor, deployment("probe", b""), &format!("fetch {url}")).await;
            String::from_utf8_lossy(&probed.output).into_owned()
        };
        assert_eq!(fetched(&url).await, "200 5 hello", "{style}: {url}");
        let other = fetched(&url.replace("a%20b", "c")).await;
        assert!(other.starts_with("403 "), "{style}: {other}");
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_named() {
    let storage = Storage::start().await;
    let get = json!({"operation": "get", "key": "a", "type": "bytes"});
    let missing = storage.run("path", get.clone(), "").await.answer(1024);
    assert_error(&missing, Outcome::ContractError, 6, "not found: NoSuchKey");
    let forged = storage.contract("path", get.clone(), "another key");
    let forged = answer(&storage.executor, forged, "").await;
    assert_error(&forged, Outcome::ContractError, 4, "status 403: SignatureDoesNotMatch");
}

#[tokio::test]
async fn credentials_go_nowhere_but_to_their_origins_and_nothing_goes_without_them() {
    let storage = Storage::start().await;
    let get = json!({"operation": "get", "key": "a", "type": "bytes"});
    let contract = storage.contract("path", get, SECRET_KEY);
    let without = Run { secrets: Arc::default(), ..contract.clone() };
    let result = ask(&storage.executor, without, "").await;
    assert_error(&result.answer(1024), Outcome::ContractError, 9, "there is no secret \"id\"");
    assert!(result.http.is_empty());

    let elsewhere = vec!["https://elsewhere.example".to_owned()];
    let set = vec![
        ("id".to_owned(), ACCESS_KEY.as_bytes().to_vec(), elsewhere.clone()),
        ("key".to_owned(), SECRET_KEY.as_bytes().to_vec(), elsewhere),
    ];
    let secrets = Arc::new(Secrets::from_plain(&set.encode()).expect("secrets"));
    let bound = answer(&storage.executor, Run { secrets, ..contract }, "").await;
    assert_error(&bound, Outcome::EgressDenied, 2, "unreachable: ");
}

#[tokio::test]
async fn compute_reads_rows_of_a_bucket_that_is_not_public() {
    let storage = Storage::start().await;
    fs::write(storage.directory.path().join("prices/rows 1.csv"), "v\n0.1\n0.2\n").expect("an object");
    let compute = |secret_key: &str| {
        let Run { secrets, .. } = storage.contract("path", json!({}), secret_key);
        let signing = json!({"region": "eu-1", "credentials": {"access_key": "id", "secret_key": "key"}});
        let source = json!({"name": "s", "origin": storage.origin(DOMAIN), "path": "/prices/{name}", "s3": signing});
        let init = json!({
            "sources": [source], "format": "csv", "column": "v", "compute": "sum", "type": "uint256", "decimals": 1,
        });
        Run { secrets, ..deployment("compute", init.to_string().as_bytes()) }
    };
    let payload = r#"{"name":"rows 1.csv"}"#;
    assert_eq!(answer(&storage.executor, compute(SECRET_KEY), payload).await.output, word(3));
    let forged = answer(&storage.executor, compute("another key"), payload).await;
    assert_error(&forged, Outcome::ContractError, 4, "s: status 403");
}
