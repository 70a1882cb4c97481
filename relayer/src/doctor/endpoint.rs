use super::Check;
use phat_connector::{EndpointReport, EndpointState};

/// Each endpoint of a chain, as it was found when all were looked at: whether it answers, serves the configured chain,
/// and is where the others are. One that doesn't stands in the way only where none else does.
#[must_use]
pub fn endpoints(chain: &str, reports: &[EndpointReport]) -> Vec<Check> {
    let any_serves = reports.iter().any(|report| report.state.is_well());
    reports.iter().map(|report| endpoint(chain, report, any_serves)).collect()
}

fn endpoint(chain: &str, report: &EndpointReport, any_serves: bool) -> Check {
    let EndpointReport { name, state, head, lag, latency, last_error, .. } = report;
    let subject = format!("chain {chain}: endpoint {name}");
    let why = last_error.clone().unwrap_or_else(|| format!("it is {state}"));
    let remedy = match state {
        EndpointState::Untried | EndpointState::Healthy => {
            let head = head.map_or_else(String::new, |head| format!("; block {head}"));
            let took = latency.map_or_else(String::new, |took| format!(", within {} ms", took.as_millis()));
            return Check::ok(subject, format!("it answers and serves the chain{head}{took}"));
        }
        EndpointState::Lagging => {
            let lag = lag.unwrap_or_default();
            let remedy = "look whether it follows its chain, or name another";
            return Check::warn(subject, format!("it is {lag} blocks behind the others"), remedy);
        }
        EndpointState::Resting => {
            format!("ask its provider for more calls, or raise chains.{chain}.poll_interval")
        }
        EndpointState::Disagreeing => "find out which endpoint is wrong, and replace that one".to_owned(),
        EndpointState::Failing => format!("start the node, or mend its URL under chains.{chain}"),
        EndpointState::WrongChain => format!("mend its URL under chains.{chain}, or chains.{chain}.chain_id"),
    };
    // One that is on another chain is a mistake of the configuration, whoever else serves.
    if any_serves && *state != EndpointState::WrongChain {
        Check::warn(subject, why, remedy)
    } else {
        Check::fail(subject, why, remedy)
    }
}
