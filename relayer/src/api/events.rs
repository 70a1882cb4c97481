//! The stream of events. It is read from the table, in the order of commits, so nothing is missed
//! between two connections; a commit only wakes it.

use super::{PROBLEM, Problem, ProblemKind, Shared, extract::Query};
use crate::{
    schema,
    store::{Event, EventFilter, StoreError},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream;
use phat_protocol::{ContractId, RequestId};
use serde::Deserialize;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until},
};
use utoipa::IntoParams;

/// The most events that one read looks through. A client that doesn't read has no more of them wait
/// in memory.
const PAGE: u32 = 200;
/// How long a stream rests after a read, so that many commits cost each stream one.
const REST: Duration = Duration::from_millis(100);
/// How often a line without meaning is sent when nothing happens, so that proxies keep the connection
/// and a client that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Where a client that connects again says what it saw last (HTML, server-sent events).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// The sequence after which to begin; 0 begins with the first event ever. Without it, and without
    /// `Last-Event-ID`, what happens from now on is told.
    after: Option<u64>,
    /// Events of this chain alone, by its configured name.
    chain: Option<String>,
    /// Events of this request alone.
    #[param(value_type = Option<schema::RequestId>)]
    request: Option<RequestId>,
    /// Events of this contract alone, and of requests that ask it.
    #[param(value_type = Option<schema::ContractId>)]
    contract: Option<ContractId>,
}

/// What happens, as it is committed: a stream of server-sent events.
///
/// `id:` is the event's sequence, `event:` its name, and `data:` the whole event as JSON (schema
/// `Event`). A client that lost its connection goes on with `Last-Event-ID`, which browsers send of
/// themselves. The stream ends when the relayer stops.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "stream_events", tag = "events",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<u64>, Header, description = "Like `after`, and before it."),
    ),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        (status = 503, description = "As many streams are open as `api.max_streams` allows, or the database doesn't \
            answer.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn stream(
    State(api): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&api.streams).try_acquire_owned().map_err(|_| {
        Problem::new(ProblemKind::Unavailable, "as many streams are open as api.max_streams allows; try again later")
    })?;
    let changes = api.state.events.changes();
    let after = match last_event_id(&headers)?.or(query.after) {
        Some(after) => after,
        None => api.state.events.newest_event().await?,
    };
    let filter = EventFilter { chain: query.chain, request: query.request, contract: query.contract };
    let reader = Reader { api, filter, after, changes, read: VecDeque::new(), rested: Instant::now(), _permit: permit };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(told(&event)), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let sequence = value.to_str().ok().and_then(|text| text.parse().ok());
    let malformed = || Problem::new(ProblemKind::Malformed, "Last-Event-ID is not the sequence of an event");
    sequence.map(Some).ok_or_else(malformed)
}

fn told(event: &Event) -> sse::Event {
    // A struct of text and numbers always becomes JSON, on one line.
    let data = serde_json::to_string(event).unwrap_or_default();
    sse::Event::default().id(event.sequence.to_string()).event(&event.event).data(data)
}

/// One client's place in the table.
struct Reader {
    api: Shared,
    filter: EventFilter,
    after: u64,
    changes: watch::Receiver<u64>,
    read: VecDeque<Event>,
    /// When it may read again.
    rested: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event, once there is one; none when the relayer stops or the database fails.
    async fn next(&mut self) -> Option<Event> {
        while self.read.is_empty() {
            let cancel = &self.api.state.stopping;
            if cancel.is_cancelled() {
                return None;
            }
            // What is committed from here on wakes us, so nothing falls between the read and the wait.
            self.changes.mark_unchanged();
            match self.more().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "the store failed a stream of events");
                    return None;
                }
            }
            let cancel = &self.api.state.stopping;
            tokio::select! {
                () = cancel.cancelled() => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
            tokio::select! {
                () = cancel.cancelled() => return None,
                () = sleep_until(self.rested) => {}
            }
        }
        self.read.pop_front()
    }

    /// Reads on; says whether there is something to tell or to read.
    async fn more(&mut self) -> Result<bool, StoreError> {
        let page = self.api.state.events.events(&self.filter, self.after, PAGE).await?;
        self.rested = Instant::now() + REST;
        self.after = page.reached;
        self.read.extend(page.events);
        Ok(page.is_full || !self.read.is_empty())
    }
}
