//! Which endpoints a call goes to, and in which order.

use crate::EndpointState;
use std::{cmp::Ordering, time::Duration};

/// The endpoint that served last keeps serving while its latency is at most so many times that of the fastest,
const SLOWER: u32 = 3;
/// or this little above it.
const LITTLE: Duration = Duration::from_millis(100);
/// An error rate above this tells an endpoint from one with fewer.
const SOME_ERRORS: f64 = 0.1;

/// One endpoint, as it stands when a call is to be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) priority: u32,
    pub(super) state: EndpointState,
    /// Whether it served last.
    pub(super) in_use: bool,
    pub(super) latency: Option<Duration>,
    pub(super) error_rate: f64,
    pub(super) head: Option<u64>,
}

/// The places of the candidates that a call may go to, best first. `reach` is the block that the call is about: who
/// isn't known to have it comes after who is. Those on another chain stand only where there are no others, since
/// whoever asks one makes sure of the chain first; those that rest never do.
pub(super) fn order(candidates: &[Candidate], reach: Option<u64>) -> Vec<usize> {
    let ranks: Vec<Option<u8>> = candidates.iter().map(|candidate| rank(candidate.state)).collect();
    let mut places: Vec<usize> =
        (0..candidates.len()).filter(|place| ranks.get(*place).is_some_and(Option::is_some)).collect();
    if places.is_empty() {
        let elsewhere = |place: &usize| candidates.get(*place).is_some_and(|it| it.state == EndpointState::WrongChain);
        places = (0..candidates.len()).filter(elsewhere).collect();
    }
    let fastest = candidates.iter().filter(|it| it.state.is_well()).filter_map(|it| it.latency).min();
    places.sort_by(|left, right| match (candidates.get(*left), candidates.get(*right)) {
        (Some(left), Some(right)) => compare(left, right, reach, fastest),
        (Some(_) | None, _) => Ordering::Equal,
    });
    places
}

/// The lower, the better; none for what gets no calls.
const fn rank(state: EndpointState) -> Option<u8> {
    match state {
        EndpointState::Untried | EndpointState::Healthy => Some(0),
        EndpointState::Disagreeing => Some(1),
        EndpointState::Lagging => Some(2),
        EndpointState::Failing => Some(3),
        EndpointState::Resting | EndpointState::WrongChain => None,
    }
}

fn compare(left: &Candidate, right: &Candidate, reach: Option<u64>, fastest: Option<Duration>) -> Ordering {
    let is_short = |it: &Candidate| reach.is_some_and(|block| it.head.is_some_and(|head| head < block));
    let leaves = |it: &Candidate| !(it.in_use && is_fast_enough(it.latency, fastest));
    let has_errors = |it: &Candidate| it.error_rate > SOME_ERRORS;
    // Nothing known is tried after what is known to be fast.
    let latency = |it: &Candidate| it.latency.unwrap_or(Duration::MAX);
    rank(left.state)
        .cmp(&rank(right.state))
        .then(is_short(left).cmp(&is_short(right)))
        .then(left.priority.cmp(&right.priority))
        .then(leaves(left).cmp(&leaves(right)))
        .then(has_errors(left).cmp(&has_errors(right)))
        .then(latency(left).cmp(&latency(right)))
}

fn is_fast_enough(latency: Option<Duration>, fastest: Option<Duration>) -> bool {
    match (latency, fastest) {
        (Some(latency), Some(fastest)) => latency <= fastest.saturating_mul(SLOWER) || latency <= fastest + LITTLE,
        (None, _) | (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests;
