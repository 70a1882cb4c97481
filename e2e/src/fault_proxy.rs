//! A JSON-RPC endpoint in front of the node's, that fails as a scenario says, or holds calls where it says.

mod fault;
mod http;
mod tamper;

pub use fault::{Fault, Rule};

use anyhow::Result;
use fault::Plan;
use http::{Message, Response};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Which calls are held, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// None.
    Nothing,
    /// All, before the node sees them.
    Everything,
    /// Those of this method, before the node sees them.
    Calls(&'static str),
    /// The answers to those of this method: the node has seen them.
    Answers(&'static str),
}

/// Passes calls on to a node, but for what happens to them on the way. A call whose caller goes away
/// meanwhile is dropped where it is. Websockets pass through it as they are, but for [`Fault::Drop`],
/// [`Fault::Hang`] and [`Fault::Reset`] on `eth_subscribe`, which happen to them when they open.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    post: Arc<Post>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Post {
    node: SocketAddr,
    client: reqwest::Client,
    hold: watch::Sender<Hold>,
    held: AtomicUsize,
    plan: Mutex<Plan>,
}

impl FaultProxy {
    /// In front of the node at this address; holds and breaks nothing yet.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(node: SocketAddr) -> Result<Self> {
        let post = Arc::new(Post {
            node,
            client: reqwest::Client::builder().no_proxy().build()?,
            hold: watch::Sender::new(Hold::Nothing),
            held: AtomicUsize::new(0),
            plan: Mutex::new(Plan::new(0)),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, stop, serving) = (listener.local_addr()?, CancellationToken::new(), Arc::clone(&post));
        let tasks = TaskTracker::new();
        let cancel = stop.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serve(Arc::clone(&serving), stream);
                tasks.spawn(cancel.clone().run_until_cancelled_owned(async move {
                    // A connection that fails is one that its client sees fail: there is no one else to tell.
                    let _ = serving.await;
                }));
            }
        }));
        Ok(Self { address, post, stop })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its URL for websockets.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// From now on these are held; what was held for another reason goes on.
    pub fn hold(&self, hold: Hold) {
        self.post.hold.send_replace(hold);
    }

    /// How many calls are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.post.held.load(Ordering::SeqCst)
    }

    /// From now on these rules hold, and those before don't.
    pub fn inject(&self, rules: impl IntoIterator<Item = Rule>) {
        self.post.plan().inject(rules);
    }

    /// From now on nothing is broken. What is slow or hung already stays so until its caller gives up.
    pub fn lift(&self) {
        self.inject([]);
    }

    /// Where the random numbers begin that decide about rules with a probability.
    pub fn reseed(&self, seed: u64) {
        self.post.plan().reseed(seed);
    }

    /// How often each fault happened so far. One that only changes answers is counted where there was something to
    /// change.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.post.plan().counts()
    }

    /// How often this one did.
    #[must_use]
    pub fn count(&self, fault: &Fault) -> u64 {
        self.counts().get(fault.name()).copied().unwrap_or_default()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Counts as held while it lives.
struct Held<'p>(&'p AtomicUsize);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What becomes of a request.
enum Fate {
    Answered(Response),
    Closed,
    Reset,
}

impl Post {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_while(&self, held: impl Fn(Hold) -> bool) {
        let mut hold = self.hold.subscribe();
        if held(*hold.borrow_and_update()) {
            self.held.fetch_add(1, Ordering::SeqCst);
            let _held = Held(&self.held);
            // The sender lives as long as the post.
            let _ = hold.wait_for(|now| !held(*now)).await;
        }
    }

    fn count(&self, fault: &Fault) {
        self.plan().count(fault);
    }

    /// Brings about what happens to a request before it reaches the node; none where it is to reach it.
    async fn before(&self, faults: &[Fault]) -> Option<Fate> {
        for fault in faults {
            let fate = match fault {
                Fault::Delay(time) => {
                    self.count(fault);
                    tokio::time::sleep(*time).await;
                    continue;
                }
                Fault::Hang => {
                    self.count(fault);
                    std::future::pending().await
                }
                Fault::Drop => Fate::Closed,
                Fault::Reset => Fate::Reset,
                Fault::RateLimit(retry_after) => Fate::Answered(Response::page(429, *retry_after)),
                Fault::ServerError(status) => Fate::Answered(Response::page(*status, None)),
                Fault::LoseAnswer
                | Fault::Truncate
                | Fault::StaleHead(_)
                | Fault::MissingLogs
                | Fault::DuplicatedLogs
                | Fault::MissingReceipts
                | Fault::WrongChain(_) => continue,
            };
            self.count(fault);
            return Some(fate);
        }
        None
    }

    /// The node's answer, as true as the faults leave it.
    async fn ask(&self, mut asked: Value, faults: &[Fault]) -> Result<Value> {
        let mut node = format!("http://{}", self.node);
        let mut behind = None;
        for fault in faults {
            if let Fault::WrongChain(other) = fault {
                self.count(fault);
                node.clone_from(other);
            }
            if let Fault::StaleHead(blocks) = fault {
                let newest = json!({"jsonrpc": "2.0", "id": 0, "method": "eth_blockNumber", "params": []});
                let newest = tamper::number_of(&self.pass(&node, &newest).await?["result"]).unwrap_or_default();
                let height = newest.saturating_sub(*blocks);
                behind = Some((height, tamper::ask_below(&mut asked, height)));
            }
        }
        let mut answer = self.pass(&node, &asked).await?;
        for fault in faults {
            let changed = match fault {
                Fault::StaleHead(_) => behind.is_some_and(|(height, asked_below)| {
                    tamper::hide_above(&asked, &mut answer, height) || asked_below
                }),
                Fault::MissingLogs => tamper::without_logs(&asked, &mut answer),
                Fault::DuplicatedLogs => tamper::with_logs_twice(&asked, &mut answer),
                Fault::MissingReceipts => tamper::without_receipts(&asked, &mut answer),
                Fault::Delay(_)
                | Fault::Drop
                | Fault::LoseAnswer
                | Fault::Hang
                | Fault::Reset
                | Fault::Truncate
                | Fault::RateLimit(_)
                | Fault::ServerError(_)
                | Fault::WrongChain(_) => false,
            };
            if changed {
                self.count(fault);
            }
        }
        Ok(answer)
    }

    async fn pass(&self, node: &str, body: &Value) -> Result<Value> {
        Ok(self.client.post(node).json(body).send().await?.json().await?)
    }

    async fn fate(&self, body: &[u8]) -> Fate {
        let Ok(asked) = serde_json::from_slice::<Value>(body) else {
            return Fate::Answered(Response::page(400, None));
        };
        let methods = tamper::methods(&asked);
        let calls = |method: &str| methods.iter().any(|called| called == method);
        self.wait_while(|hold| match hold {
            Hold::Everything => true,
            Hold::Calls(method) => calls(method),
            Hold::Nothing | Hold::Answers(_) => false,
        })
        .await;
        let faults = self.plan().draw(&methods);
        if let Some(fate) = self.before(&faults).await {
            return fate;
        }
        let answer = self.ask(asked, &faults).await;
        self.wait_while(|hold| match hold {
            Hold::Answers(method) => calls(method),
            Hold::Nothing | Hold::Everything | Hold::Calls(_) => false,
        })
        .await;
        let Ok(answer) = answer else { return Fate::Answered(Response::page(502, None)) };
        let mut response = Response::json(answer.to_string().into_bytes());
        for fault in &faults {
            if *fault == Fault::LoseAnswer {
                self.count(fault);
                return Fate::Closed;
            }
            if *fault == Fault::Truncate {
                self.count(fault);
                response.truncated = true;
            }
        }
        Fate::Answered(response)
    }

    /// Joins a websocket to the node's.
    async fn join(&self, opening: Message, mut stream: BufReader<TcpStream>) -> io::Result<()> {
        let faults = self.plan().draw(&["eth_subscribe".to_owned()]);
        match self.before(&faults).await {
            Some(Fate::Reset) => return stream.get_ref().set_zero_linger(),
            Some(Fate::Answered(response)) => return response.write(&mut stream).await,
            Some(Fate::Closed) => return Ok(()),
            None => {}
        }
        let mut node = TcpStream::connect(self.node).await?;
        node.write_all(&opening.head).await?;
        copy_bidirectional(&mut stream, &mut node).await.map(drop)
    }
}

async fn serve(post: Arc<Post>, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(message) = http::read(&mut stream).await? {
        if message.upgrades {
            return post.join(message, stream).await;
        }
        let fate = tokio::select! {
            fate = post.fate(&message.body) => fate,
            () = http::closed(&mut stream) => return Ok(()),
        };
        match fate {
            Fate::Answered(response) => {
                response.write(&mut stream).await?;
                if response.truncated {
                    return Ok(());
                }
            }
            Fate::Closed => return Ok(()),
            // Closing it now sends the reset.
            Fate::Reset => return stream.get_ref().set_zero_linger(),
        }
    }
    Ok(())
}
