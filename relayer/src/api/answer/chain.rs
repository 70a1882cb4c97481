use super::EndpointAnswer;
use crate::{
    request::StateName,
    schema,
    store::{OpenAttemptRecord, Pause, Rescan, Stage},
};
use phat_connector::{Account, BlockRef, ChainFacts, Finality};
use phat_protocol::Amount;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `GET /v1/chains`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainsAnswer {
    /// Every configured chain.
    pub chains: Vec<ChainAnswer>,
}

/// `GET /v1/chains/{name}`, and one chain of [`ChainsAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainAnswer {
    /// Its configured name.
    pub name: String,
    /// What chain and oracle say of themselves.
    #[schema(value_type = Option<schema::ChainFacts>)]
    pub facts: Option<ChainFacts>,
    /// When a block counts, as it was configured.
    #[schema(value_type = String)]
    pub finality: Finality,
    /// The newest block.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub latest: Option<BlockRef>,
    /// The newest block at the configured finality.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub confirmed: Option<BlockRef>,
    /// The block up to which the chain was watched.
    #[schema(value_type = Option<schema::BlockRef>)]
    pub cursor: Option<BlockRef>,
    /// Confirmed blocks that were not watched yet.
    pub lag_blocks: Option<u64>,
    /// How much older, in seconds of the chain's own time, the watched block is than the newest confirmed one.
    pub lag_seconds: Option<u64>,
    /// The accounts that submit and pay; the first is the payee of reports.
    pub wallets: Vec<WalletAnswer>,
    /// The attempts whose end is not known, by nonce: the first 100.
    pub open_attempts: Vec<OpenAttemptRecord>,
    /// What waits for each stage; a stage that nothing waits for is left out.
    pub waiting: Vec<WaitingAnswer>,
    /// The pause that holds for it, if one does.
    pub paused: Option<Pause>,
    /// The order to go over old blocks again that stands, if one does.
    pub rescan: Option<Rescan>,
    /// Its endpoints, in the order of the configuration.
    pub endpoints: Vec<EndpointAnswer>,
    /// How many requests are in each state.
    pub requests: BTreeMap<StateName, u64>,
    /// What went wrong.
    pub troubles: Vec<String>,
}

/// An account that submits and pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WalletAnswer {
    /// The account.
    #[schema(value_type = String)]
    pub account: Account,
    /// What it has, smallest unit.
    #[schema(value_type = Option<schema::Amount>)]
    pub balance: Option<Amount>,
    /// The least that it should have, as it was configured.
    #[schema(value_type = Option<schema::Amount>)]
    pub min_balance: Option<Amount>,
}

/// The requests that wait for one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingAnswer {
    /// The stage.
    pub stage: Stage,
    /// How many wait.
    pub requests: u64,
    /// Since when the oldest waits.
    pub oldest_since_ms: i64,
    /// How long that is, milliseconds.
    pub oldest_age_ms: u64,
}
