use super::{Call, CallError, Reply};
use std::fmt;

/// What an endpoint is asked about itself, and what its errors mean. Each chain family has one for each chain.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// The configured chain, as [`found`](Self::found) tells it.
    fn chain(&self) -> String;

    /// The call that tells which chain an endpoint serves.
    fn identity(&self) -> Call;

    /// The chain that it serves, by the answer to [`identity`](Self::identity).
    ///
    /// # Errors
    /// Where the answer can't be read.
    fn found(&self, reply: Reply) -> Result<String, CallError>;

    /// The call that tells an endpoint's newest block.
    fn newest(&self) -> Call;

    /// The newest block's height, by the answer to [`newest`](Self::newest).
    ///
    /// # Errors
    /// Where the answer can't be read.
    fn height(&self, reply: Reply) -> Result<u64, CallError>;

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
    /// The node asks for fewer calls.
    pub limit: &'static [i64],
}
