use crate::{
    api::StateSpan,
    clock::Millis,
    request::StateName,
    store::{EventRecord, RequestLife},
};

/// The states that a request was in, from the events that tell of them.
pub(super) fn spans(life: &RequestLife, now: Millis) -> Vec<StateSpan> {
    let entered: Vec<(StateName, i64)> = life.events.iter().filter_map(entered).collect();
    let until = entered.iter().skip(1).map(|(_, at)| Some(*at)).chain([None]);
    entered
        .iter()
        .zip(until)
        .map(|((state, from_ms), until_ms)| StateSpan {
            state: *state,
            from_ms: *from_ms,
            until_ms,
            duration_ms: since(*from_ms, until_ms.unwrap_or(now.0)),
        })
        .collect()
}

/// The state that the event tells of, and when it began.
fn entered(event: &EventRecord) -> Option<(StateName, i64)> {
    event.event.parse().ok().map(|state| (state, event.at_ms))
}

/// The milliseconds between two times; a clock that was set back makes it none.
fn since(from_ms: i64, until_ms: i64) -> u64 {
    u64::try_from(until_ms.saturating_sub(from_ms)).unwrap_or(0)
}
