//! The JSON-RPC server.

use super::{Limits, Provider, SYNTHETIC_CHAIN_ID, SyntheticChain, Trouble, chain::quantity, limits::Bucket};
use crate::phat_oracle::{PausedCall, RegistryCall, SlotsCall, ThresholdCall};
use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ethers::{
    abi::{AbiDecode, AbiEncode},
    contract::EthCall,
    types::{Address, Bytes as Data, U256},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    future::{IntoFuture, pending},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

/// Slots of requests that wait for an answer.
const PENDING: u64 = 1;
/// Revert without data, as geth answers it.
const REVERTED: i64 = 3;

/// What was asked of the endpoint, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// HTTP requests.
    pub requests: u64,
    /// Calls in them that were answered, by method.
    pub served: BTreeMap<String, u64>,
    /// Queries for logs that were refused since they asked for too many blocks.
    pub too_wide: u64,
    /// Queries for logs that were refused since the answer had too many logs or bytes.
    pub too_much: u64,
    /// HTTP requests that came too soon.
    pub too_soon: u64,
    /// HTTP requests that were answered with status 503, or met the endpoint's trouble.
    pub failed: u64,
    /// When the first query for logs came.
    pub first_query: Option<Instant>,
    /// When logs up to the newest block were answered last.
    pub reached_head: Option<Instant>,
}

/// A server of a synthetic chain on a free loopback port.
#[derive(Debug)]
pub struct SyntheticNode {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Desk {
    chain: SyntheticChain,
    limits: Limits,
    bucket: Bucket,
    tally: Tally,
    refusals: usize,
}

impl SyntheticNode {
    /// Serves `chain` within `limits`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(chain: SyntheticChain, limits: Limits) -> Result<Self> {
        let bucket = Bucket::full(Instant::now());
        let desk = Arc::new(Mutex::new(Desk { chain, limits, bucket, tally: Tally::default(), refusals: 0 }));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&desk));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = axum::serve(listener, router).into_future();
        let server = tokio::spawn(async move {
            // It ends with its guard alone.
            let _ = serving.await;
        });
        Ok(Self { address, desk, server })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Reads or changes the chain; between two calls.
    pub fn with_chain<T>(&self, change: impl FnOnce(&mut SyntheticChain) -> T) -> T {
        change(&mut lock(&self.desk).chain)
    }

    /// Changes the limits, for calls that come from now on.
    pub fn with_limits(&self, change: impl FnOnce(&mut Limits)) {
        change(&mut lock(&self.desk).limits);
    }

    /// What was asked so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        lock(&self.desk).tally.clone()
    }
}

impl Drop for SyntheticNode {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(State(desk): State<Arc<Mutex<Desk>>>, body: Bytes) -> Response {
    let (latency, refused) = lock(&desk).admit();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match refused {
        Some(Refused::Never) => return pending().await,
        Some(Refused::Garbage) => return "<html>no JSON</html>".into_response(),
        Some(Refused::Later(seconds)) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response();
        }
        Some(Refused::Unavailable) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        None => {}
    }
    let answer = match serde_json::from_slice::<Value>(&body) {
        // Calls of one batch see one state of the chain.
        Ok(Value::Array(calls)) => {
            let mut desk = lock(&desk);
            Value::Array(calls.iter().map(|call| desk.answer(call)).collect())
        }
        Ok(call) => lock(&desk).answer(&call),
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// A whole HTTP request that isn't served.
enum Refused {
    Never,
    Garbage,
    Later(u64),
    Unavailable,
}

impl Desk {
    /// How long the request takes, and whether it is served.
    fn admit(&mut self) -> (std::time::Duration, Option<Refused>) {
        self.tally.requests += 1;
        let latency = self.limits.latency;
        let trouble = self.limits.trouble.map(|trouble| match trouble {
            Trouble::Hangs => Refused::Never,
            Trouble::Garbage => Refused::Garbage,
            Trouble::Limited(seconds) => Refused::Later(seconds),
        });
        if trouble.is_some() {
            self.tally.failed += 1;
            return (latency, trouble);
        }
        let is_one_of = |every: Option<u64>| every.is_some_and(|every| self.tally.requests.is_multiple_of(every));
        if let Some(rate) = self.limits.rate
            && (is_one_of(rate.every) || !self.bucket.take(rate, Instant::now()))
        {
            self.tally.too_soon += 1;
            return (latency, Some(Refused::Later(rate.retry_after)));
        }
        if is_one_of(self.limits.hiccups) {
            self.tally.failed += 1;
            return (latency, Some(Refused::Unavailable));
        }
        (latency, None)
    }

    fn answer(&mut self, call: &Value) -> Value {
        let method = call["method"].as_str().unwrap_or_default();
        let mut answer = match self.result(method, &call["params"]) {
            Ok(result) => {
                *self.tally.served.entry(method.to_owned()).or_default() += 1;
                json!({ "result": result })
            }
            Err((code, message)) => json!({ "error": { "code": code, "message": message } }),
        };
        answer["jsonrpc"] = "2.0".into();
        answer["id"] = call["id"].clone();
        answer
    }

    fn result(&mut self, method: &str, params: &Value) -> Result<Value, (i64, String)> {
        match method {
            "eth_chainId" => Ok(quantity(SYNTHETIC_CHAIN_ID).into()),
            "eth_blockNumber" => Ok(quantity(self.chain.head()).into()),
            "eth_getBlockByNumber" => Ok(self.chain.block(self.height(&params[0])?)),
            "eth_getLogs" => self.logs(&params[0]),
            "eth_getCode" => Ok("0x60".into()),
            "eth_call" => call(&params[0]).map(|answer| Data::from(answer).to_string().into()),
            "eth_getBalance" => Ok("0xde0b6b3a7640000".into()),
            "eth_getTransactionCount" => Ok("0x0".into()),
            "eth_gasPrice" | "eth_maxPriorityFeePerGas" => Ok("0x3b9aca00".into()),
            "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Ok(Value::Null),
            _ => Err((-32601, format!("the method {method} does not exist"))),
        }
    }

    /// The height that a block parameter names.
    fn height(&self, at: &Value) -> Result<u64, (i64, String)> {
        let head = self.chain.head();
        match at.as_str().unwrap_or_default() {
            "latest" | "pending" => Ok(head),
            "safe" => Ok(head.saturating_sub(self.chain.safe)),
            "finalized" => Ok(head.saturating_sub(self.chain.finalized)),
            "earliest" => Ok(0),
            number => u64::from_str_radix(number.trim_start_matches("0x"), 16)
                .map_err(|_| (-32602, format!("invalid argument: {number:?}"))),
        }
    }

    fn logs(&mut self, filter: &Value) -> Result<Value, (i64, String)> {
        self.tally.first_query.get_or_insert_with(Instant::now);
        let (from, to) = (self.height(&filter["fromBlock"])?, self.height(&filter["toBlock"])?);
        if from > to {
            return Err((-32000, "invalid block range params".to_owned()));
        }
        let provider = match self.limits.providers.as_slice() {
            [] => Provider::Geth,
            providers => providers[self.refusals % providers.len()],
        };
        if let Some(most) = self.limits.range
            && to - from >= most
        {
            (self.tally.too_wide, self.refusals) = (self.tally.too_wide + 1, self.refusals + 1);
            return Err(provider.range(most));
        }
        let logs = self.chain.logs(from..=to);
        if let Some(most) = self.limits.results
            && logs.len() > most
        {
            (self.tally.too_much, self.refusals) = (self.tally.too_much + 1, self.refusals + 1);
            return Err(provider.results(most));
        }
        let logs = Value::Array(logs);
        if let Some(most) = self.limits.bytes
            && logs.to_string().len() > most
        {
            (self.tally.too_much, self.refusals) = (self.tally.too_much + 1, self.refusals + 1);
            return Err(provider.bytes(most));
        }
        if to >= self.chain.head() {
            self.tally.reached_head = Some(Instant::now());
        }
        Ok(logs)
    }
}

/// What the oracle answers to the views that a relayer reads.
fn call(transaction: &Value) -> Result<Vec<u8>, (i64, String)> {
    let data = transaction["data"].as_str().or_else(|| transaction["input"].as_str()).unwrap_or_default();
    let data: Data = data.parse().map_err(|_| (-32602, "invalid data".to_owned()))?;
    let selector = data.get(..4).unwrap_or_default();
    if selector == RegistryCall::selector() {
        Ok(Address::from([0x0b; 20]).encode())
    } else if selector == ThresholdCall::selector() {
        Ok(U256::one().encode())
    } else if selector == PausedCall::selector() {
        Ok(false.encode())
    } else if let Ok(SlotsCall { request_ids }) = SlotsCall::decode(&data) {
        let mut pending = [0; 32];
        U256::from(PENDING).to_big_endian(&mut pending);
        Ok(vec![pending; request_ids.len()].encode())
    } else {
        Err((REVERTED, "execution reverted".to_owned()))
    }
}
