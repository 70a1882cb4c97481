use super::{ApiChain, COMPONENT_TIMEOUT, ChainAnswer, ChainsAnswer, Problem, Shared};
use crate::health::Component;
use axum::{Json, extract::State};
use futures_util::future::join_all;
use phat_connector::ChainError;
use std::{fmt, future::Future};
use tokio::time::timeout;

/// Every configured chain: where it stands, the wallet there, and how many requests are in each state.
#[utoipa::path(
    get, path = "/v1/chains", operation_id = "list_chains", tag = "chains",
    responses((status = 200, description = "All of them.", body = ChainsAnswer))
)]
pub(super) async fn list(State(api): State<Shared>) -> Result<Json<ChainsAnswer>, Problem> {
    let chains = api.state.chains.iter().map(|(name, chain)| look(&api, name, chain));
    let chains = join_all(chains).await.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(ChainsAnswer { chains }))
}

async fn look(api: &Shared, name: &str, chain: &ApiChain) -> Result<ChainAnswer, Problem> {
    let cursor = api.state.read.cursor(name).await?;
    let requests = api.state.read.counts(name).await?;
    let (facts, head, balance) =
        tokio::join!(in_time(chain.status.facts()), in_time(chain.source.head()), in_time(chain.sink.balance()),);
    let mut troubles = Vec::new();
    let facts = noted(facts, &mut troubles);
    let head = noted(head, &mut troubles);
    let balance = noted(balance, &mut troubles);
    troubles.extend(api.state.health.troubles(&Component::Chain(name.to_owned()), &troubles));
    let confirmed = head.map(|head| head.confirmed);
    // Blocks from 0 on are to be watched where none was.
    let watched = cursor.map_or(0, |block| block.number + 1);
    Ok(ChainAnswer {
        name: name.to_owned(),
        facts,
        latest: head.map(|head| head.latest),
        confirmed,
        cursor,
        lag_blocks: confirmed.map(|block| (block.number + 1).saturating_sub(watched)),
        submitter: chain.sink.submitter(),
        balance,
        requests,
        troubles,
    })
}

/// Why a chain end said nothing of use.
#[derive(Debug)]
pub(super) enum Silence {
    Failed(ChainError),
    TooLate,
}

impl fmt::Display for Silence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(formatter),
            Self::TooLate => write!(formatter, "no answer within {} s", COMPONENT_TIMEOUT.as_secs()),
        }
    }
}

/// What the chain end answers within the time that a component has.
pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, ChainError>>) -> Result<T, Silence> {
    match timeout(COMPONENT_TIMEOUT, call).await {
        Ok(answer) => answer.map_err(Silence::Failed),
        Err(_) => Err(Silence::TooLate),
    }
}

fn noted<T>(answer: Result<T, Silence>, troubles: &mut Vec<String>) -> Option<T> {
    answer
        .map_err(|silence| {
            let trouble = silence.to_string();
            if !troubles.contains(&trouble) {
                troubles.push(trouble);
            }
        })
        .ok()
}
