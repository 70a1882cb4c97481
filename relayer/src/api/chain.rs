use super::{
    ApiChain, COMPONENT_TIMEOUT, ChainAnswer, ChainsAnswer, PROBLEM, Problem, Shared, WaitingAnswer, WalletAnswer,
    endpoint, extract::Path,
};
use crate::{clock::Millis, health::Component, pipeline::Submitter};
use axum::{Json, extract::State};
use futures_util::future::join_all;
use phat_connector::{BlockRef, ChainError, Head};
use phat_protocol::Amount;
use std::{fmt, future::Future};
use tokio::time::timeout;

/// The most open attempts that are shown.
const OPEN_ATTEMPTS: u32 = 100;

/// Every chain: where it stands, its endpoints, the wallets there, what waits, and how many requests are in each state.
#[utoipa::path(
    get, path = "/v1/chains", operation_id = "list_chains", tag = "chains",
    responses((status = 200, description = "All of them.", body = ChainsAnswer))
)]
pub(super) async fn list(State(api): State<Shared>) -> Result<Json<ChainsAnswer>, Problem> {
    let chains = api.state.chains.iter().map(|(name, chain)| look(&api, name, chain));
    let chains = join_all(chains).await.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(ChainsAnswer { chains }))
}

/// One chain: where it stands, its endpoints, the wallets there, what waits, and how many requests are in each state.
#[utoipa::path(
    get, path = "/v1/chains/{name}", operation_id = "show_chain", tag = "chains",
    params(("name" = String, Path, description = "The chain's configured name.")),
    responses(
        (status = 200, description = "The chain.", body = ChainAnswer),
        (status = 404, description = "No chain is configured under that name.", body = Problem, content_type = PROBLEM),
    )
)]
pub(super) async fn show(State(api): State<Shared>, Path(name): Path<String>) -> Result<Json<ChainAnswer>, Problem> {
    let chain = api.chain(&name)?;
    look(&api, &name, chain).await.map(Json)
}

async fn look(api: &Shared, name: &str, chain: &ApiChain) -> Result<ChainAnswer, Problem> {
    let read = &api.state.read;
    let (cursor, requests, ages, open_attempts, mut pauses, rescan) = tokio::try_join!(
        read.cursor(name),
        read.counts(name),
        read.stage_ages(name),
        read.open_attempt_records(name, OPEN_ATTEMPTS),
        api.state.admin.pauses(),
        api.state.admin.rescan(name),
    )?;
    let (facts, standing, balances) =
        tokio::join!(in_time(chain.status.facts()), in_time(stand(chain, cursor)), balances(chain),);
    let mut troubles = Vec::new();
    let facts = noted(facts, &mut troubles);
    let standing = noted(standing, &mut troubles);
    let wallets = balances.into_iter().map(|(submitter, balance)| WalletAnswer {
        account: submitter.account(),
        balance: noted(balance, &mut troubles),
        min_balance: submitter.min_balance,
    });
    let wallets = wallets.collect();
    troubles.extend(api.state.health.troubles(&Component::Chain(name.to_owned()), &troubles));
    let now = Millis::now(&*api.state.clock);
    Ok(ChainAnswer {
        name: name.to_owned(),
        facts,
        finality: chain.finality,
        latest: standing.map(|standing| standing.head.latest),
        confirmed: standing.map(|standing| standing.head.confirmed),
        cursor,
        lag_blocks: standing.map(|standing| standing.lag_blocks),
        lag_seconds: standing.and_then(|standing| standing.lag_seconds),
        wallets,
        open_attempts,
        waiting: ages
            .into_iter()
            .map(|age| WaitingAnswer {
                stage: age.stage,
                requests: age.requests,
                oldest_since_ms: age.oldest_since.0,
                oldest_age_ms: u64::try_from(now.0.saturating_sub(age.oldest_since.0)).unwrap_or(0),
            })
            .collect(),
        paused: pauses.chains.remove(name),
        rescan,
        endpoints: endpoint::answers(chain, now),
        requests,
        troubles,
    })
}

/// What each wallet has, or why that isn't known.
pub(super) async fn balances(chain: &ApiChain) -> Vec<(&Submitter, Result<Amount, Silence>)> {
    join_all(chain.submitters.iter().map(async |submitter| (submitter, in_time(submitter.sink.balance()).await))).await
}

/// Where a chain stands, and how far behind it was watched.
#[derive(Clone, Copy)]
struct Standing {
    head: Head,
    lag_blocks: u64,
    lag_seconds: Option<u64>,
}

async fn stand(chain: &ApiChain, cursor: Option<BlockRef>) -> Result<Standing, ChainError> {
    let head = chain.source.head().await?;
    // Blocks from 0 on are to be watched where none was.
    let watched = cursor.map_or(0, |block| block.number + 1);
    let lag_blocks = (head.confirmed.number + 1).saturating_sub(watched);
    let lag_seconds = match cursor {
        _ if lag_blocks == 0 => Some(0),
        Some(block) => {
            chain.source.block_time(block.number).await?.map(|at| head.confirmed_timestamp.saturating_sub(at))
        }
        None => None,
    };
    Ok(Standing { head, lag_blocks, lag_seconds })
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
