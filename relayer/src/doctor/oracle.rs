use super::{Check, remedy};
use phat_connector::{ChainError, ChainFacts, Finality, Head};
use phat_protocol::Digest;

/// What a chain's oracle is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// Contracts on an EVM chain.
    Contracts(Contracts),
    /// A pallet in a Substrate chain's runtime.
    Pallet(Pallet),
}

/// A pallet in a Substrate chain's runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pallet {
    /// The runtime's name and version.
    pub runtime: String,
    /// Whether the runtime has all parts of the oracle that a relayer uses.
    pub is_whole: bool,
    /// Whether reports can be submitted as the relayer is told to: unsigned, if that is how.
    pub takes_submissions: bool,
    /// For how many blocks back the node has states, at least.
    pub states: u64,
    /// The calls that the node is asked by.
    pub calls: String,
}

/// What a chain's contracts and its node are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The oracle's code.
    pub oracle: CodeOnChain,
    /// The code of its registry of workers.
    pub registry: CodeOnChain,
    /// Whether the node knows a block that is `safe`.
    pub has_safe: bool,
    /// Whether the node knows a block that is `finalized`.
    pub has_finalized: bool,
}

/// Code on a chain, beside what this release deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeOnChain {
    /// It is the same.
    OfThisRelease,
    /// It is something else.
    Other {
        /// Its hash, as the chain makes it.
        hash: Digest,
        /// Its length in bytes.
        size: usize,
    },
}

/// A chain: whether its node answers, is of the right chain, knows the configured finality, and has an
/// oracle that this relayer can serve.
#[must_use]
pub fn oracle(
    chain: &str,
    finality: Finality,
    facts: &Result<ChainFacts, ChainError>,
    head: &Result<Head, ChainError>,
    deployed: &Result<Deployed, ChainError>,
) -> Vec<Check> {
    let subject = format!("chain {chain}");
    let facts = match facts {
        Ok(facts) => facts,
        // The rest would only follow from it.
        Err(error) => return vec![Check::fail(subject, error.to_string(), remedy::of_chain(chain, error))],
    };
    let mut checks = vec![match head {
        Ok(head) => Check::ok(&subject, format!("the node answers; block {}", head.latest.number)),
        Err(error) => Check::fail(&subject, error.to_string(), remedy::of_chain(chain, error)),
    }];
    let subject = format!("chain {chain}: oracle");
    checks.push(if facts.paused {
        Check::fail(&subject, format!("oracle {} is paused", facts.oracle), "its admin unpauses it")
    } else {
        Check::ok(&subject, format!("oracle {}, registry {}", facts.oracle, facts.registry))
    });
    checks.push(threshold(chain, facts));
    match deployed {
        Ok(Deployed::Contracts(contracts)) => checks.extend(made_of(chain, finality, contracts)),
        Ok(Deployed::Pallet(pallet)) => checks.push(in_runtime(chain, pallet)),
        Err(error) => checks.push(Check::fail(subject, error.to_string(), remedy::of_chain(chain, error))),
    }
    checks
}

/// A relayer has one enclave, so it collects one signature.
fn threshold(chain: &str, facts: &ChainFacts) -> Check {
    let subject = format!("chain {chain}: threshold");
    match facts.threshold {
        0 | 1 => Check::ok(subject, "the oracle asks for one signature"),
        threshold => Check::fail(
            subject,
            format!("the oracle asks for {threshold} signatures, and one relayer collects one"),
            "its admin lowers it (setThreshold), or name another oracle",
        ),
    }
}

fn made_of(chain: &str, finality: Finality, contracts: &Contracts) -> Vec<Check> {
    let code = |what: &str, code: CodeOnChain| {
        let subject = format!("chain {chain}: {what} code");
        match code {
            CodeOnChain::OfThisRelease => Check::ok(subject, format!("that of release {}", env!("CARGO_PKG_VERSION"))),
            CodeOnChain::Other { hash, size } => Check::warn(
                subject,
                format!("{size} bytes with hash {hash}, which is not what this release deploys"),
                "see that it is a release that works with this one; `relayer oracle deploy` deploys this release's",
            ),
        }
    };
    let subject = format!("chain {chain}: finality");
    let known = match finality {
        Finality::Latest(_) => true,
        Finality::Safe => contracts.has_safe,
        Finality::Finalized => contracts.has_finalized,
    };
    let finality_check = if known {
        Check::ok(subject, format!("{finality}, which the node knows"))
    } else {
        Check::fail(
            subject,
            format!("the node knows no block that is {finality}"),
            format!("set chains.{chain}.finality to `latest - N`, or another chains.{chain}.rpc_url"),
        )
    };
    vec![code("oracle", contracts.oracle), code("registry", contracts.registry), finality_check]
}

fn in_runtime(chain: &str, pallet: &Pallet) -> Check {
    let subject = format!("chain {chain}: runtime");
    let Pallet { runtime, is_whole, takes_submissions, states, calls } = pallet;
    if *is_whole && !takes_submissions {
        Check::fail(
            subject,
            format!("{runtime} lets no unsigned submissions in"),
            format!("set chains.{chain}.submission to `signed`, and give the wallet a little"),
        )
    } else if *is_whole {
        let node = format!("the node is asked by {calls}, and has states of at least {states} blocks back");
        Check::ok(subject, format!("{runtime}; {node}"))
    } else {
        Check::fail(
            subject,
            format!("{runtime} lacks parts of the oracle that this release uses"),
            "see that the runtime has a release of pallet-phat-oracle that works with this one",
        )
    }
}
