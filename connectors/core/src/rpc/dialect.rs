use super::{CallError, Endpoint};
use async_trait::async_trait;
use std::fmt;

/// What an endpoint is asked about itself, and what its errors mean. Each chain family has one for each chain.
#[async_trait]
pub trait Dialect: fmt::Debug + Send + Sync {
    /// The configured chain, as [`look`](Self::look) tells one.
    fn chain(&self) -> String;

    /// Asks an endpoint which chain it serves, and how high its newest block is.
    ///
    /// # Errors
    /// Where it doesn't say.
    async fn look(&self, endpoint: &Endpoint) -> Result<(String, u64), CallError>;

    /// Asks an endpoint how high its newest block is.
    ///
    /// # Errors
    /// Where it doesn't say.
    async fn newest(&self, endpoint: &Endpoint) -> Result<u64, CallError>;

    /// What the codes of the errors mean that nodes answer.
    fn codes(&self) -> &'static ErrorCodes;

    /// Whether what is sent together goes as one JSON-RPC batch. Nodes that refuse batches get the calls beside each
    /// other.
    fn batches(&self) -> bool;

    /// How often a call is sent again at once whose connection broke. Where one answer takes many calls in a row, each
    /// of them must get through.
    fn retries(&self) -> u32;
}

/// Codes of errors that nodes answer, beyond those that are nothing but an answer.
#[derive(Debug)]
pub struct ErrorCodes {
    /// The call itself can't be served, now or later.
    pub permanent: &'static [i64],
    /// The node's own trouble, where no data is beside it.
    pub own_trouble: &'static [i64],
    /// The node lacks what it was asked about, which another may have.
    pub lacking: &'static [i64],
    /// The node asks for fewer calls.
    pub limit: &'static [i64],
}
