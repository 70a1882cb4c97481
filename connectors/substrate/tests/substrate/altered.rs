//! A node whose words are altered on their way.

use crate::chopsticks::Chopsticks;
use axum::{Json, Router, extract::State, routing::post};
use jsonrpsee::{
    core::client::{ClientT, Error},
    core::params::ArrayParams,
    ws_client::{WsClient, WsClientBuilder},
};
use phat_connector::rpc::EndpointUrl;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, task::JoinHandle};

/// What the node is to answer instead of what it would: an answer, or code and message of an error.
pub(crate) type Instead = Result<Value, (i64, &'static str)>;

/// Sees a method and its parameters, and may put words into the node's mouth.
type Alter = dyn Fn(&str, &Value) -> Option<Instead> + Send + Sync;

pub(crate) struct Altered {
    port: u16,
    alter: Arc<Mutex<Arc<Alter>>>,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    node: Arc<WsClient>,
    alter: Arc<Mutex<Arc<Alter>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Altered {
    pub(crate) async fn start(node: &Chopsticks) -> Self {
        let client = WsClientBuilder::default()
            .max_response_size(64 * 1024 * 1024)
            .build(format!("ws://127.0.0.1:{}", node.port))
            .await
            .unwrap();
        let nothing: Arc<Alter> = Arc::new(|_, _| None);
        let alter = Arc::new(Mutex::new(nothing));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { node: Arc::new(client), alter: alter.clone(), asked: asked.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/", post(answer)).with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, alter, asked, task }
    }

    pub(crate) fn http(&self) -> EndpointUrl {
        format!("http://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// Alters the node's words from now on.
    pub(crate) fn alter(&self, alter: impl Fn(&str, &Value) -> Option<Instead> + Send + Sync + 'static) {
        *self.alter.lock().unwrap() = Arc::new(alter);
    }

    /// The calls whose method, or first parameter, is this, so far.
    pub(crate) fn asked_for(&self, word: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == word).count()
    }
}

impl Drop for Altered {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Shared>, Json(request): Json<Value>) -> Json<Value> {
    let method = request["method"].as_str().unwrap_or_default().to_owned();
    let params = request["params"].clone();
    {
        let mut asked = shared.asked.lock().unwrap();
        asked.push(method.clone());
        asked.extend(params[0].as_str().map(str::to_owned));
    }
    let alter = shared.alter.lock().unwrap().clone();
    let answered = match alter(&method, &params) {
        Some(instead) => instead.map_err(|(code, message)| json!({ "code": code, "message": message })),
        None => {
            let mut list = ArrayParams::new();
            params.as_array().into_iter().flatten().for_each(|param| list.insert(param).unwrap());
            let answered = shared.node.request::<Value, _>(&method, list).await;
            answered.map_err(|error| {
                if let Error::Call(error) = error { json!(error) } else { json!({ "code": -32603, "message": "lost" }) }
            })
        }
    };
    Json(match answered {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }),
    })
}
