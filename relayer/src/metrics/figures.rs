//! What is read when somebody asks, and not counted: it is right after a restart, and what doesn't
//! answer shows no stale value.

use super::Exposition;
use crate::{request::StateName, store::Queues};
use phat_connector::{Account, EndpointReport, EndpointState, Head};
use phat_enclave_api::Status;
use phat_protocol::Amount;
use std::{collections::BTreeMap, time::Duration};

/// Wei of one ether.
const ETHER: f64 = 1e18;

/// What is known of one chain now; what didn't answer is missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChainFigures {
    pub(crate) queues: Option<Queues>,
    pub(crate) head: Option<Head>,
    pub(crate) wallets: Vec<WalletFigures>,
    /// For how long watching has been behind the confirmed head.
    pub(crate) behind: Option<Duration>,
    /// Whether an operator paused it.
    pub(crate) paused: Option<bool>,
    pub(crate) endpoints: Vec<EndpointReport>,
}

/// What is known of one account that submits.
#[derive(Clone, Debug)]
pub(crate) struct WalletFigures {
    pub(crate) account: Account,
    pub(crate) balance: Option<Amount>,
    pub(crate) min_balance: Option<Amount>,
}

/// Everything that is shown beside the counters.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) now: Duration,
    pub(crate) started: Duration,
    pub(crate) chains: BTreeMap<String, ChainFigures>,
    pub(crate) enclave: Option<Status>,
    /// Troubles that tasks met last, by component.
    pub(crate) troubles: BTreeMap<String, usize>,
}

impl Figures {
    /// As metrics, on their own.
    pub(crate) fn exposition(&self) -> Exposition {
        let mut exposition = Exposition::default();
        self.show_process(&mut exposition);
        self.show_queues(&mut exposition);
        self.show_heads(&mut exposition);
        self.show_endpoints(&mut exposition);
        self.show_enclave(&mut exposition);
        exposition
    }

    fn show_process(&self, exposition: &mut Exposition) {
        exposition
            .gauge("phat_relayer_build_info", "1, labelled with the release.", &["version"])
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        exposition
            .quantity("phat_relayer_start_time_seconds", "When the process started, unix time.", &[])
            .with_label_values::<&str>(&[])
            .set(self.started.as_secs_f64());
        let troubles = exposition.gauge(
            "phat_relayer_troubles",
            "Troubles that tasks met with a component and did not get over yet.",
            &["component"],
        );
        for (component, count) in &self.troubles {
            troubles.with_label_values(&[component]).set(whole(*count));
        }
    }

    fn show_queues(&self, exposition: &mut Exposition) {
        let requests = exposition.gauge("phat_relayer_requests", "Requests in each state.", &["chain", "state"]);
        let ages = exposition.quantity(
            "phat_relayer_queue_age_seconds",
            "For how long the oldest request has waited for a stage; 0 when none waits.",
            &["chain", "stage"],
        );
        let open = exposition.gauge(
            "phat_relayer_open_attempts",
            "Nonces whose transactions are not known to be mined at the configured finality.",
            &["chain"],
        );
        for (chain, queues) in self.chains.iter().filter_map(|(name, chain)| Some((name, chain.queues.as_ref()?))) {
            for state in StateName::ALL {
                let count = queues.requests.get(&state).copied().unwrap_or(0);
                requests.with_label_values(&[chain.as_str(), state.as_str()]).set(whole(count));
            }
            let waiting =
                [(StateName::Observed, "execute"), (StateName::Reported, "submit"), (StateName::Submitted, "settle")];
            for (state, stage) in waiting {
                let since = queues.oldest.get(&state).and_then(|since| u64::try_from(since.0).ok());
                let age = since.map_or(Duration::ZERO, |since| self.now.saturating_sub(Duration::from_millis(since)));
                ages.with_label_values(&[chain.as_str(), stage]).set(age.as_secs_f64());
            }
            open.with_label_values(&[chain]).set(whole(queues.open_attempts));
        }
    }

    fn show_heads(&self, exposition: &mut Exposition) {
        let up = exposition.gauge("phat_relayer_chain_up", "Whether the chain's endpoint answers: 1 or 0.", &["chain"]);
        let heights = exposition.gauge(
            "phat_relayer_block_height",
            "Heights: the newest block, the newest at the configured finality, the last that was watched.",
            &["chain", "block"],
        );
        let head_age = exposition.quantity(
            "phat_relayer_head_age_seconds",
            "Age of the newest block, by its own timestamp.",
            &["chain"],
        );
        let lag_blocks = exposition.gauge(
            "phat_relayer_watch_lag_blocks",
            "Blocks at the configured finality that were not watched yet.",
            &["chain"],
        );
        let lag_seconds = exposition.quantity(
            "phat_relayer_watch_lag_seconds",
            "For how long watching has been behind the newest block at the configured finality.",
            &["chain"],
        );
        let balance = exposition.quantity(
            "phat_relayer_wallet_balance_ether",
            "What an account that submits has, in ether.",
            &["chain", "wallet"],
        );
        let least = exposition.quantity(
            "phat_relayer_wallet_min_balance_ether",
            "The least that an account should have, in ether, where that is configured.",
            &["chain", "wallet"],
        );
        let paused =
            exposition.gauge("phat_relayer_paused", "Whether an operator paused the chain: 1 or 0.", &["chain"]);
        for (chain, figures) in &self.chains {
            if let Some(is_paused) = figures.paused {
                paused.with_label_values(&[chain]).set(i64::from(is_paused));
            }
            up.with_label_values(&[chain]).set(i64::from(figures.head.is_some()));
            let watched = figures.queues.as_ref().and_then(|queues| queues.watched);
            if let Some(watched) = watched {
                heights.with_label_values(&[chain.as_str(), "watched"]).set(whole(watched));
            }
            if let Some(head) = &figures.head {
                heights.with_label_values(&[chain.as_str(), "latest"]).set(whole(head.latest.number));
                heights.with_label_values(&[chain.as_str(), "confirmed"]).set(whole(head.confirmed.number));
                let age = self.now.saturating_sub(Duration::from_secs(head.timestamp));
                head_age.with_label_values(&[chain]).set(age.as_secs_f64());
                if figures.queues.is_some() {
                    lag_blocks.with_label_values(&[chain]).set(whole(lag(watched, head)));
                }
            }
            if let Some(behind) = figures.behind {
                lag_seconds.with_label_values(&[chain]).set(behind.as_secs_f64());
            }
            for wallet in &figures.wallets {
                for (gauge, amount) in [(&balance, wallet.balance), (&least, wallet.min_balance)] {
                    if let Some(amount) = amount {
                        gauge.with_label_values(&[chain, &wallet.account.0]).set(ether(amount));
                    }
                }
            }
        }
    }

    fn show_endpoints(&self, exposition: &mut Exposition) {
        let states = exposition.gauge(
            "phat_relayer_endpoint_state",
            "1 for the state that the endpoint is in, 0 for each other.",
            &["chain", "endpoint", "state"],
        );
        let in_use = exposition.gauge(
            "phat_relayer_endpoint_in_use",
            "Whether the endpoint is the one that served last: 1 or 0.",
            &["chain", "endpoint"],
        );
        let lag = exposition.gauge(
            "phat_relayer_endpoint_lag_blocks",
            "How many blocks the endpoint was behind the others when it showed its newest block.",
            &["chain", "endpoint"],
        );
        let latency = exposition.quantity(
            "phat_relayer_endpoint_latency_seconds",
            "How long the endpoint's answers take, as a moving average.",
            &["chain", "endpoint"],
        );
        let reports = self.chains.iter().flat_map(|(chain, of)| of.endpoints.iter().map(move |report| (chain, report)));
        for (chain, report) in reports {
            let labels = [chain.as_str(), report.name.as_str()];
            for state in EndpointState::ALL {
                let [chain, endpoint] = labels;
                let is_it = i64::from(state == report.state);
                states.with_label_values(&[chain, endpoint, state.as_str()]).set(is_it);
            }
            in_use.with_label_values(&labels).set(i64::from(report.in_use));
            if let Some(blocks) = report.lag {
                lag.with_label_values(&labels).set(whole(blocks));
            }
            if let Some(average) = report.latency {
                latency.with_label_values(&labels).set(average.as_secs_f64());
            }
        }
    }

    fn show_enclave(&self, exposition: &mut Exposition) {
        let mut gauge = |name, help, value: Option<i64>| {
            let gauge = exposition.gauge(name, help, &[]);
            if let Some(value) = value {
                gauge.with_label_values::<&str>(&[]).set(value);
            }
        };
        let status = self.enclave.as_ref();
        gauge("phat_enclave_up", "Whether the enclave answers: 1 or 0.", Some(i64::from(status.is_some())));
        gauge(
            "phat_enclave_faulty",
            "Whether the enclave can't sign now (a full disk, say): 1 or 0.",
            status.map(|status| i64::from(status.fault.is_some())),
        );
        gauge(
            "phat_enclave_running",
            "Runs that have not ended, simulations included.",
            status.map(|status| whole(status.running)),
        );
        gauge(
            "phat_enclave_contracts",
            "Contracts in the enclave's store.",
            status.map(|status| whole(status.contracts)),
        );
        let skew = exposition.quantity(
            "phat_enclave_clock_skew_seconds",
            "The enclave's clock less the relayer's; beyond 60 s either way requests are refused.",
            &[],
        );
        let executions = exposition.counter(
            "phat_enclave_executions_total",
            "Runs of requests that the enclave started since it was started.",
            &[],
        );
        let info = exposition.gauge(
            "phat_enclave_info",
            "1, labelled with the enclave's release and what vouches for it.",
            &["version", "attestation"],
        );
        if let Some(status) = status {
            let (theirs, ours) = (whole(status.now), whole(self.now.as_secs()));
            let skew_seconds = i32::try_from(theirs.saturating_sub(ours)).unwrap_or(i32::MAX);
            skew.with_label_values::<&str>(&[]).set(f64::from(skew_seconds));
            executions.with_label_values::<&str>(&[]).inc_by(status.executions);
            info.with_label_values(&[status.version.clone(), status.attestation.to_string()]).set(1);
        }
    }
}

/// Confirmed blocks that were not watched; from 0 on where none was.
pub(crate) fn lag(watched: Option<u64>, head: &Head) -> u64 {
    let next = watched.map_or(0, |number| number.saturating_add(1));
    head.confirmed.number.saturating_add(1).saturating_sub(next)
}

/// As near as a floating-point number comes, which is all that the format has.
fn ether(amount: Amount) -> f64 {
    amount.to_string().parse::<f64>().map_or(f64::NAN, |wei| wei / ETHER)
}

fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
