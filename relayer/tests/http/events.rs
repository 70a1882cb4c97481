//! The stream of events, as a client reads it.

use crate::world::{MAX_STREAMS, World, answer};
use phat_protocol::{ContractId, Outcome};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

const CONTRACT: ContractId = ContractId([8; 32]);
const OTHER: ContractId = ContractId([9; 32]);
/// How long anything that is on its way may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event as it came.
#[derive(Debug)]
struct Told {
    id: u64,
    event: String,
    data: Value,
}

/// A client that reads a stream.
struct Listener {
    response: Response,
    buffer: String,
}

impl Listener {
    async fn open(world: &World, query: &str, last_event_id: Option<u64>) -> Self {
        let response = ask(world, query, last_event_id).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// The next event; none once the stream has ended well.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((frame, rest)) = self.buffer.split_once("\n\n") {
                let told = read(frame);
                self.buffer = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    None => continue,
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("nothing came").unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk?).unwrap());
        }
    }

    async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.next().await.unwrap().event);
        }
        names
    }
}

async fn ask(world: &World, query: &str, last_event_id: Option<u64>) -> Response {
    let mut request = world.http.get(format!("{}/v1/events{query}", world.url));
    if let Some(id) = last_event_id {
        request = request.header("last-event-id", id);
    }
    request.send().await.unwrap()
}

/// A frame's event; none for a comment.
fn read(frame: &str) -> Option<Told> {
    let field = |name: &str| {
        let mut lines = frame.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        lines.next().map(str::to_owned)
    };
    let data: Value = serde_json::from_str(&field("data")?).unwrap();
    Some(Told { id: field("id").unwrap().parse().unwrap(), event: field("event").unwrap(), data })
}

#[tokio::test]
async fn a_stream_tells_what_is_committed_while_it_is_open() {
    let world = World::new().await;
    world.observe("local", CONTRACT, 1).await;
    let mut listener = Listener::open(&world, "", None).await;
    let id = world.observe("local", CONTRACT, 3).await;
    let told = listener.next().await.unwrap();
    assert_eq!(told.event, "observed");
    assert_eq!(told.data["event"], "observed");
    assert_eq!(told.data["sequence"], told.id);
    assert_eq!(told.data["request"], id.to_string());
    assert_eq!(told.data["contract"], CONTRACT.to_string());
    assert_eq!(told.data["chain"], "local");
    assert_eq!(told.data["detail"]["block"], 10);
    assert!(told.data["at_ms"].as_i64().unwrap() > 1_700_000_000_000);
    world.fulfil(id, Outcome::Ok, b"42").await;
    assert_eq!(listener.names(5).await, ["reported", "submitted", "replaced", "settled", "final"]);
    world.stop().await;
}

#[tokio::test]
async fn a_client_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    let world = World::new().await;
    // More than one read of the table.
    for sequence in 1..=450 {
        world.observe("local", CONTRACT, sequence).await;
    }
    let mut seen = Vec::new();
    let mut listener = Listener::open(&world, "?after=0", None).await;
    while seen.len() < 230 {
        seen.push(listener.next().await.unwrap().id);
    }
    let last = seen.last().copied();
    drop(listener);
    // The header stands before the query, as a browser repeats the query it had.
    let mut listener = Listener::open(&world, "?after=0", last).await;
    while seen.len() < 450 {
        seen.push(listener.next().await.unwrap().id);
    }
    assert_eq!(seen, (1..=450).collect::<Vec<u64>>());
    world.stop().await;
}

#[tokio::test]
async fn a_stream_tells_what_was_asked_for_alone() {
    let world = World::new().await;
    let first = world.observe("local", CONTRACT, 1).await;
    let second = world.observe("local", OTHER, 3).await;
    let third = world.observe("elsewhere", CONTRACT, 5).await;
    world.ignore(first).await;
    for (query, expected) in [
        (format!("?after=0&request={first}"), vec![first, first]),
        (format!("?after=0&contract={OTHER}"), vec![second]),
        ("?after=0&chain=elsewhere".to_owned(), vec![third]),
        (format!("?after=0&chain=local&contract={CONTRACT}"), vec![first, first]),
    ] {
        let mut listener = Listener::open(&world, &query, None).await;
        for id in expected {
            assert_eq!(listener.next().await.unwrap().data["request"], id.to_string(), "{query}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn what_an_operator_does_is_told() {
    let world = World::new().await;
    let mut listener = Listener::open(&world, "?chain=local", None).await;
    let pause = world.write(Method::POST, "/v1/chains/local/pause").json(&serde_json::json!({ "reason": "upgrade" }));
    assert_eq!(answer(pause.send().await.unwrap()).await.0, StatusCode::OK);
    let told = listener.next().await.unwrap();
    assert_eq!(told.event, "paused");
    assert_eq!(told.data["request"], Value::Null);
    assert_eq!(told.data["detail"]["reason"], "upgrade");
    let resume = world.write(Method::POST, "/v1/chains/local/resume");
    assert_eq!(answer(resume.send().await.unwrap()).await.0, StatusCode::OK);
    assert_eq!(listener.next().await.unwrap().event, "resumed");
    let register = world.write(Method::POST, "/v1/chains/local/worker");
    assert_eq!(answer(register.send().await.unwrap()).await.0, StatusCode::OK);
    let told = listener.next().await.unwrap();
    assert_eq!((told.event.as_str(), &told.data["detail"]["block"]), ("registered", &Value::from(42)));
    world.stop().await;
}

#[tokio::test]
async fn streams_beyond_the_setting_are_refused_until_one_ends() {
    let world = World::new().await;
    let mut open = Vec::new();
    for _ in 0..MAX_STREAMS.get() {
        open.push(Listener::open(&world, "", None).await);
    }
    let (status, body) = answer(ask(&world, "", None).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body["detail"].as_str().unwrap().contains("api.max_streams"), "{body}");
    open.pop();
    let reopened = timeout(PATIENCE, async {
        // The server learns that a client is gone when it next has something to send.
        let mut sequence = 1;
        while ask(&world, "", None).await.status() != StatusCode::OK {
            world.observe("local", CONTRACT, sequence).await;
            sequence += 1;
        }
    });
    reopened.await.expect("the place stayed taken");
    world.stop().await;
}

#[tokio::test]
async fn streams_end_well_when_the_relayer_stops() {
    let world = World::new().await;
    let mut listener = Listener::open(&world, "", None).await;
    let stopped = tokio::spawn(world.stop());
    assert!(listener.next().await.is_none());
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_place_that_can_not_be_read_is_a_problem() {
    let world = World::new().await;
    let request = world.http.get(format!("{}/v1/events", world.url)).header("last-event-id", "yesterday");
    let (status, body) = answer(request.send().await.unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["detail"].as_str().unwrap().contains("Last-Event-ID"), "{body}");
    let (status, _) = world.get("/v1/events?after=-1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    world.stop().await;
}
