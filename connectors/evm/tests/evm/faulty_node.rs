//! An endpoint that answers as a test says, truly or not.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use phat_connector_evm::{EvmChain, EvmSettings};
use phat_protocol::EvmAddress;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub(crate) const ORACLE: EvmAddress = EvmAddress([0x0a; 20]);

/// What the endpoint says to one call.
pub(crate) enum Answer {
    Result(Value),
    Error(i64, &'static str, Option<Value>),
    /// This status and `Retry-After`, for the whole HTTP request.
    Status(u16, Option<&'static str>),
    /// This body, for the whole HTTP request.
    Body(String),
    Never,
}

/// What was asked: where, with which authorization, and the call.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) uri: Uri,
    pub(crate) method: String,
    pub(crate) authorization: Option<String>,
    pub(crate) params: Value,
}

type Answers = dyn Fn(&str, &Value) -> Answer + Send + Sync;

#[derive(Clone)]
struct Shared {
    answers: Arc<Answers>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Whether chain id and height are answered here.
    identified: bool,
}

pub(crate) struct FaultyNode {
    pub(crate) port: u16,
    shared: Shared,
    task: tokio::task::JoinHandle<()>,
}

impl FaultyNode {
    /// A node of chain 1 that says so, and whose newest block is far ahead of any; the rest is as `answers` say.
    pub(crate) async fn start(answers: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        Self::whole(answers, true).await
    }

    /// A node that answers everything as `answers` say.
    pub(crate) async fn of(answers: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        Self::whole(answers, false).await
    }

    async fn whole(answers: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static, identified: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared { answers: Arc::new(answers), asked: Arc::default(), identified };
        let app = Router::new().fallback(serve).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { port, shared, task }
    }

    /// A chain end that believes this endpoint, with chain id 1.
    pub(crate) fn chain(&self) -> EvmChain {
        self.chain_with(|_| {})
    }

    pub(crate) fn chain_with(&self, adjust: impl FnOnce(&mut EvmSettings)) -> EvmChain {
        let url = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let mut settings = EvmSettings::new(url, 1, ORACLE);
        adjust(&mut settings);
        EvmChain::connect(settings, &crate::stage::key(crate::anvil::SUBMITTER_KEY)).unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for FaultyNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let calls = request.as_array().cloned().unwrap_or_else(|| vec![request.clone()]);
    let mut replies = Vec::new();
    for call in calls {
        let method = call["method"].as_str().unwrap().to_owned();
        let params = call["params"].clone();
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let answer = match method.as_str() {
            "eth_chainId" if shared.identified => Answer::Result(json!("0x1")),
            "eth_blockNumber" if shared.identified => Answer::Result(json!("0xffffff")),
            _ => {
                let asked = Asked { uri: uri.clone(), method: method.clone(), authorization, params: params.clone() };
                shared.asked.lock().unwrap().push(asked);
                (shared.answers)(&method, &params)
            }
        };
        let reply = match answer {
            Answer::Result(result) => json!({ "result": result }),
            Answer::Error(code, message, None) => json!({ "error": { "code": code, "message": message } }),
            Answer::Error(code, message, Some(data)) => {
                json!({ "error": { "code": code, "message": message, "data": data } })
            }
            Answer::Status(status, retry_after) => {
                let status = StatusCode::from_u16(status).unwrap();
                return match retry_after {
                    Some(seconds) => (status, [("retry-after", seconds)]).into_response(),
                    None => status.into_response(),
                };
            }
            Answer::Body(body) => return body.into_response(),
            Answer::Never => return std::future::pending().await,
        };
        let mut reply = reply;
        reply["jsonrpc"] = "2.0".into();
        reply["id"] = call["id"].clone();
        replies.push(reply);
    }
    let reply = if request.is_array() { Value::Array(replies) } else { replies.remove(0) };
    ([("content-type", "application/json")], reply.to_string()).into_response()
}

/// A block as nodes answer it, with `byte` all over its hash.
pub(crate) fn block(number: u64, byte: u8) -> Value {
    let hash = format!("0x{}", hex::encode([byte; 32]));
    json!({
        "number": format!("{number:#x}"),
        "hash": hash,
        "parentHash": hash,
        "sha3Uncles": hash,
        "miner": format!("0x{}", "00".repeat(20)),
        "stateRoot": hash,
        "transactionsRoot": hash,
        "receiptsRoot": hash,
        "logsBloom": format!("0x{}", "00".repeat(256)),
        "difficulty": "0x0",
        "gasLimit": "0x1c9c380",
        "gasUsed": "0x0",
        "timestamp": "0x64",
        "extraData": "0x",
        "baseFeePerGas": "0x3b9aca00",
        "transactions": [],
        "uncles": [],
        "size": "0x1",
    })
}
