//! A chain's endpoints, as the API shows them and as `/v1/status` judges them.

use super::{ApiChain, EndpointAnswer, finding::Finding};
use crate::clock::Millis;
use phat_connector::{EndpointReport, EndpointState};
use std::time::Duration;

/// All of a chain's endpoints now, in the order of the configuration.
pub(super) fn answers(chain: &ApiChain, now: Millis) -> Vec<EndpointAnswer> {
    chain.endpoints.endpoints().into_iter().map(|report| answer(report, now)).collect()
}

fn answer(report: EndpointReport, now: Millis) -> EndpointAnswer {
    let EndpointReport { name, priority, state, in_use, head, lag, latency, error_rate, last_error, resting, answered } =
        report;
    EndpointAnswer {
        name,
        priority,
        state,
        in_use,
        head,
        lag_blocks: lag,
        latency_ms: latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
        failed_percent: percent(error_rate),
        last_error,
        resting_until_ms: resting.map(|left| now.0.saturating_add(millis(left))),
        answered_at_ms: answered.map(|ago| now.0.saturating_sub(millis(ago))),
    }
}

/// The endpoints that should be looked at, where others do their work.
pub(super) fn notice(name: &str, chain: &ApiChain) -> Vec<Finding> {
    let reports = chain.endpoints.endpoints();
    if reports.len() < 2 {
        // What is wrong with the only one is what is wrong with the chain.
        return Vec::new();
    }
    let noticed = |report: EndpointReport| {
        let EndpointReport { name: endpoint, state, last_error, .. } = report;
        let why = last_error.map_or_else(String::new, |error| format!(": {error}"));
        let remedy = match state {
            EndpointState::Untried | EndpointState::Healthy => return None,
            EndpointState::Lagging => "wait, or look whether it follows its chain; others serve meanwhile".to_owned(),
            EndpointState::Disagreeing => "find out which of them is wrong, and replace that one".to_owned(),
            EndpointState::Failing => "look at it; others serve meanwhile".to_owned(),
            EndpointState::Resting => "ask its provider for more calls; others serve meanwhile".to_owned(),
            EndpointState::WrongChain => format!("mend its URL under chains.{name}"),
        };
        // The error of one that lags is an old one.
        let why = if state == EndpointState::Lagging { String::new() } else { why };
        Some(Finding::noticed(format!("endpoint {endpoint} is {state}{why}"), remedy))
    };
    reports.into_iter().filter_map(noticed).collect()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A share of one as a whole number of a hundredth.
fn percent(share: f64) -> u8 {
    (0..=100_u8).rev().find(|percent| f64::from(*percent) <= share * 100.0 + 0.5).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_percents() {
        for (share, expected) in [(0.0, 0), (0.004, 0), (0.005, 1), (0.2, 20), (0.999, 100), (1.0, 100), (7.0, 100)] {
            assert_eq!(percent(share), expected, "{share}");
        }
    }
}
