//! A node that serves the JSON-RPC interface specification alone: chopsticks behind a proxy that refuses all else, and that
//! keeps to the specification where chopsticks is lenient or differs.

use crate::{
    archive::{self, Ask, is_of_archive},
    chopsticks::Chopsticks,
};
use jsonrpsee::{
    core::{client::ClientT, params::ArrayParams},
    ws_client::{WsClient, WsClientBuilder},
};
use phat_connector::rpc::EndpointUrl;
use serde_json::{Value, json};
use soketto::{
    handshake::{Client, Server, ServerResponse, server::Response},
    {Receiver, Sender},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// Operations at once for one follow, as polkadot-sdk has it.
const MOST_OPERATIONS: usize = 16;
/// The fewest broadcasts at once that the specification allows.
const MOST_BROADCASTS: usize = 4;

/// What the calls begin with that aren't served.
const LEGACY: [&str; 4] = ["author_", "chain_", "state_", "system_"];
/// The calls of an archive that are used.
const ARCHIVE: [&str; 5] =
    ["archive_v1_body", "archive_v1_call", "archive_v1_hashByHeight", "archive_v1_header", "archive_v1_storage"];

/// Whether the specification has a method.
pub(crate) fn is_modern(method: &str) -> bool {
    method == "rpc_methods"
        || ["chainHead_v1_", "chainSpec_v1_", "transaction_v1_"].iter().any(|it| method.starts_with(it))
}

pub(crate) struct ModernNode {
    pub(crate) port: u16,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

/// What all connections have in common.
#[derive(Default)]
struct Shared {
    asked: Vec<String>,
    /// Who can be spoken to, with the follows of each.
    connections: Vec<(mpsc::UnboundedSender<Value>, Arc<Mutex<Session>>)>,
    stopped_broadcasts: usize,
    /// Whom the archive asks, where there is one.
    archive: Option<Arc<WsClient>>,
}

/// One connection.
#[derive(Default)]
struct Session {
    /// The methods of calls that weren't answered yet, by the calls' ids.
    calls: HashMap<String, (String, Value)>,
    /// The blocks that each follow pins.
    follows: HashMap<String, HashSet<String>>,
    operations: HashSet<String>,
    broadcasts: Vec<String>,
}

impl ModernNode {
    pub(crate) async fn start(node: &Chopsticks) -> Self {
        Self::start_with(node, None).await
    }

    /// One that serves `archive_v1_…` too.
    pub(crate) async fn with_archive(node: &Chopsticks) -> Self {
        let client = WsClientBuilder::default().build(node.web_socket().expose()).await.unwrap();
        Self::start_with(node, Some(Arc::new(client))).await
    }

    async fn start_with(node: &Chopsticks, archive: Option<Arc<WsClient>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new(Shared { archive, ..Shared::default() }));
        let (all, upstream) = (Arc::clone(&shared), node.port);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, upstream, Arc::clone(&all)));
            }
        });
        Self { port, shared, task }
    }

    pub(crate) fn web_socket(&self) -> EndpointUrl {
        format!("ws://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// How often a method was called.
    pub(crate) fn asked_for(&self, method: &str) -> usize {
        self.shared.lock().unwrap().asked.iter().filter(|asked| *asked == method).count()
    }

    /// The methods that were called though the node doesn't serve them.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.shared
            .lock()
            .unwrap()
            .asked
            .iter()
            .filter(|asked| {
                !is_modern(asked) && !is_of_archive(asked) && LEGACY.iter().any(|legacy| asked.starts_with(legacy))
            })
            .cloned()
            .collect()
    }

    /// How many broadcasts were stopped.
    pub(crate) fn stopped_broadcasts(&self) -> usize {
        self.shared.lock().unwrap().stopped_broadcasts
    }

    /// How many blocks all follows pin.
    pub(crate) fn pinned(&self) -> usize {
        let shared = self.shared.lock().unwrap();
        shared
            .connections
            .iter()
            .map(|(_, session)| session.lock().unwrap().follows.values().map(HashSet::len).sum::<usize>())
            .sum()
    }

    /// Ends all follows, as a node does that has no room for what they pin.
    pub(crate) fn stop_follows(&self) {
        let shared = self.shared.lock().unwrap();
        for (client, session) in &shared.connections {
            for (id, _) in session.lock().unwrap().follows.drain() {
                let _ = client.send(event(&id, &json!({ "event": "stop" })));
            }
        }
    }
}

impl Drop for ModernNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn event(id: &str, result: &Value) -> Value {
    announcement("chainHead_v1_followEvent", id, result)
}

fn announcement(method: &str, id: &str, result: &Value) -> Value {
    let params = json!({ "subscription": id, "result": result });
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

impl Ask for WsClient {
    async fn ask(&self, method: &str, params: Value) -> Result<Value, String> {
        let mut list = ArrayParams::new();
        params.as_array().into_iter().flatten().for_each(|param| list.insert(param).unwrap());
        self.request(method, list).await.map_err(|error| error.to_string())
    }
}

type Socket = Compat<TcpStream>;

async fn serve(client: TcpStream, upstream: u16, shared: Arc<Mutex<Shared>>) -> Option<()> {
    let mut server = Server::new(client.compat());
    let key = server.receive_request().await.ok()?.key();
    server.send_response(&Response::Accept { key, protocol: None }).await.ok()?;
    let (to_client, from_client) = server.into_builder().finish();
    let node = TcpStream::connect(("127.0.0.1", upstream)).await.ok()?;
    let mut handshake = Client::new(node.compat(), "127.0.0.1", "/");
    let ServerResponse::Accepted { .. } = handshake.handshake().await.ok()? else { return None };
    let (to_node, from_node) = handshake.into_builder().finish();
    let session = Arc::new(Mutex::new(Session::default()));
    let (say, said) = mpsc::unbounded_channel();
    shared.lock().unwrap().connections.push((say.clone(), Arc::clone(&session)));
    tokio::select! {
        _ = ask(from_client, to_node, &say, &session, &shared) => {}
        _ = hear(from_node, &say, &session, &shared) => {}
        _ = speak(to_client, said) => {}
    }
    session.lock().unwrap().follows.clear();
    Some(())
}

async fn speak(mut client: Sender<Socket>, mut said: mpsc::UnboundedReceiver<Value>) -> Option<()> {
    while let Some(message) = said.recv().await {
        client.send_text(message.to_string()).await.ok()?;
        client.flush().await.ok()?;
    }
    None
}

async fn read(from: &mut Receiver<Socket>) -> Option<Value> {
    let mut data = Vec::new();
    from.receive_data(&mut data).await.ok()?;
    serde_json::from_slice(&data).ok()
}

async fn ask(
    mut client: Receiver<Socket>,
    mut node: Sender<Socket>,
    say: &mpsc::UnboundedSender<Value>,
    session: &Mutex<Session>,
    shared: &Mutex<Shared>,
) -> Option<()> {
    loop {
        let request = read(&mut client).await?;
        let method = request["method"].as_str()?.to_owned();
        {
            let mut shared = shared.lock().unwrap();
            shared.asked.push(method.clone());
            // What the runtime is asked counts as well.
            shared.asked.extend(request["params"][2].as_str().map(str::to_owned));
        }
        let archive = shared.lock().unwrap().archive.clone();
        if let Some(archive) = archive.filter(|_| is_of_archive(&method)) {
            let (answer, events) = archive::answer(&*archive, &method, &request["params"]).await.ok()?;
            let id = format!("search {}", request["id"]);
            let answer = if events.is_empty() { answer } else { json!(id) };
            say.send(json!({ "jsonrpc": "2.0", "id": request["id"], "result": answer })).ok()?;
            for event in events {
                say.send(announcement("archive_v1_storageEvent", &id, &event)).ok()?;
            }
            continue;
        }
        let instead = session.lock().unwrap().instead(&method, &request["params"]);
        if let Some(instead) = instead {
            let mut answer = json!({ "jsonrpc": "2.0", "id": request["id"] });
            match instead {
                Ok(result) => answer["result"] = result,
                Err(code) => answer["error"] = json!({ "code": code, "message": "as the specification has it" }),
            }
            say.send(answer).ok()?;
            continue;
        }
        if method == "transaction_v1_stop" {
            shared.lock().unwrap().stopped_broadcasts += 1;
        }
        session.lock().unwrap().calls.insert(request["id"].to_string(), (method, request["params"].clone()));
        node.send_text(request.to_string()).await.ok()?;
        node.flush().await.ok()?;
    }
}

impl Session {
    /// What is answered without the node: a result, or an error's code.
    fn instead(&mut self, method: &str, params: &Value) -> Option<Result<Value, i64>> {
        if !is_modern(method) {
            return Some(Err(-32601));
        }
        let operations = ["chainHead_v1_body", "chainHead_v1_call", "chainHead_v1_storage"];
        let is_operation = operations.contains(&method);
        let stale = if is_operation { json!({ "result": "limitReached" }) } else { Value::Null };
        if method.starts_with("chainHead_v1_") && method != "chainHead_v1_follow" {
            let Some(pinned) = self.follows.get_mut(params[0].as_str().unwrap_or_default()) else {
                return Some(Ok(stale));
            };
            if method == "chainHead_v1_unpin" {
                let hashes: Vec<&str> = params[1].as_array()?.iter().filter_map(Value::as_str).collect();
                if hashes.iter().collect::<HashSet<_>>().len() != hashes.len() {
                    return Some(Err(-32804));
                }
                if !hashes.iter().all(|hash| pinned.contains(*hash)) {
                    return Some(Err(-32801));
                }
                pinned.retain(|hash| !hashes.contains(&hash.as_str()));
            } else if (is_operation || method == "chainHead_v1_header") && !pinned.contains(params[1].as_str()?) {
                return Some(Err(-32801));
            }
        }
        if is_operation && self.operations.len() >= MOST_OPERATIONS {
            return Some(Ok(stale));
        }
        if method == "transaction_v1_broadcast" && self.broadcasts.len() >= MOST_BROADCASTS {
            return Some(Ok(Value::Null));
        }
        if method == "transaction_v1_stop" {
            let place = self.broadcasts.iter().position(|id| params[0] == id.as_str());
            let Some(place) = place else { return Some(Err(-32602)) };
            self.broadcasts.remove(place);
        }
        None
    }
}

async fn hear(
    mut node: Receiver<Socket>,
    say: &mpsc::UnboundedSender<Value>,
    session: &Mutex<Session>,
    shared: &Mutex<Shared>,
) -> Option<()> {
    loop {
        let mut message = read(&mut node).await?;
        let mut after = None;
        {
            let (shared, mut session) = (shared.lock().unwrap(), session.lock().unwrap());
            match session.calls.remove(&message["id"].to_string()) {
                Some((method, _)) => {
                    answered(&method, &mut message["result"], &mut session);
                    if method == "rpc_methods" && shared.archive.is_some() {
                        let methods = message["result"]["methods"].as_array_mut().unwrap();
                        methods.extend(ARCHIVE.map(|method| json!(method)));
                    }
                }
                None => {
                    let id = message["params"]["subscription"].as_str()?.to_owned();
                    after = announced(&id, &mut message["params"]["result"], &mut session);
                    // Of a follow that was stopped nothing is told any more.
                    if !session.follows.contains_key(&id) {
                        continue;
                    }
                }
            }
        }
        say.send(message).ok()?;
        if let Some(after) = after {
            say.send(after).ok()?;
        }
    }
}

/// The node answered.
fn answered(method: &str, result: &mut Value, session: &mut Session) {
    match method {
        "rpc_methods" => {
            if let Some(methods) = result["methods"].as_array_mut() {
                methods.retain(|method| method.as_str().is_some_and(is_modern));
            }
        }
        "chainHead_v1_follow" => {
            session.follows.insert(result.as_str().unwrap_or_default().to_owned(), HashSet::new());
        }
        "chainHead_v1_body" | "chainHead_v1_call" | "chainHead_v1_storage" => {
            session.operations.extend(result["operationId"].as_str().map(str::to_owned));
        }
        "transaction_v1_broadcast" => session.broadcasts.extend(result.as_str().map(str::to_owned)),
        _ => {}
    }
}

/// A follow announced something. Answers what is to be announced after it.
fn announced(id: &str, event: &mut Value, session: &mut Session) -> Option<Value> {
    let pinned = session.follows.get_mut(id);
    // Chopsticks tells the version alone.
    for runtime in ["finalizedBlockRuntime", "newRuntime"] {
        if event[runtime].is_object() {
            event[runtime] = json!({ "type": "valid", "spec": event[runtime].take() });
        }
    }
    match event["event"].as_str().unwrap_or_default() {
        "initialized" => {
            let hashes: Vec<String> = serde_json::from_value(event["finalizedBlockHashes"].clone()).unwrap();
            // Chopsticks doesn't tell which block is the best.
            let best = json!({ "event": "bestBlockChanged", "bestBlockHash": hashes.last() });
            pinned.into_iter().for_each(|pinned| pinned.extend(hashes.iter().cloned()));
            return Some(self::event(id, &best));
        }
        "newBlock" => {
            pinned.into_iter().for_each(|pinned| pinned.extend(event["blockHash"].as_str().map(str::to_owned)));
        }
        "operationBodyDone"
        | "operationCallDone"
        | "operationStorageDone"
        | "operationInaccessible"
        | "operationError" => {
            session.operations.remove(event["operationId"].as_str().unwrap_or_default());
        }
        _ => {}
    }
    None
}
