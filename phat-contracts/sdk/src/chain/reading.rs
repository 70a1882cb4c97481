use super::{EndpointError, Quorum, Reply, reply::document};
use crate::{Host, Level, answer::hex_text};
use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// The longest responses (status, headers and body) of all endpoints together, in bytes.
const MAX_RESPONSES: usize = 1024 * 1024;

/// A block of another chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Which endpoint, by its place in the [`Quorum`], answered what.
pub type Answers<T> = Vec<(usize, T)>;

/// What enough endpoints say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed<T> {
    /// What they say.
    pub value: T,
    /// Who they are, by their places.
    pub by: Vec<usize>,
}

/// Why a chain gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Too few endpoints answered.
    #[error("{answered} of {endpoints} endpoints told {what}, {minimum} needed{}", Reasons(.failures))]
    TooFew {
        /// What they were asked.
        what: &'static str,
        /// How many did.
        answered: usize,
        /// How many there are.
        endpoints: usize,
        /// How many must.
        minimum: usize,
        /// The others, and why they didn't.
        failures: Vec<(String, EndpointError)>,
    },
    /// Too few of those that answered say the same, or as many say something else.
    #[error("the endpoints contradict each other about {what}: {agreeing} of {answered} agree, {minimum} needed{}",
        if *.agreeing >= *.minimum { ", and as many say something else" } else { "" })]
    Disagreement {
        /// What they were asked.
        what: &'static str,
        /// How many did at most.
        agreeing: usize,
        /// How many answered.
        answered: usize,
        /// How many must agree.
        minimum: usize,
    },
}

/// Endpoints with what there is to say of them.
struct Reasons<'r>(&'r [(String, EndpointError)]);

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, reason)) in self.0.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(formatter, "{separator}{name}: {reason}")?;
        }
        Ok(())
    }
}

/// One reading of a chain.
pub struct Reading<'r> {
    host: &'r mut dyn Host,
    quorum: &'r Quorum,
    /// Who failed last, and why.
    failures: Vec<(String, EndpointError)>,
}

impl<'r> Reading<'r> {
    /// Begins one.
    pub fn new(host: &'r mut dyn Host, quorum: &'r Quorum) -> Self {
        Self { host, quorum, failures: Vec::new() }
    }

    /// All endpoints, by their places.
    #[must_use]
    pub fn everyone(&self) -> Vec<usize> {
        (0..self.quorum.endpoints.len()).collect()
    }

    /// Asks these endpoints at once, and gives what `read` makes of their replies. Who fails is left out, and named in
    /// the log.
    pub fn ask<T>(
        &mut self,
        whom: &[usize],
        method: &str,
        params: impl Fn(usize) -> String,
        read: impl Fn(Reply<'_>) -> Result<T, EndpointError>,
    ) -> Answers<T> {
        let asked: Vec<_> =
            whom.iter().filter_map(|place| Some((*place, self.quorum.endpoints.get(*place)?))).collect();
        let requests: Vec<_> = asked.iter().map(|(place, endpoint)| endpoint.call(method, &params(*place))).collect();
        if requests.is_empty() {
            return Vec::new();
        }
        let results = self.host.http_batch(&requests, self.quorum.timeout_ms, MAX_RESPONSES);
        let mut answers = Vec::new();
        for ((place, endpoint), result) in asked.into_iter().zip(results) {
            let answer = document(result).and_then(|document| Reply::read(&document).and_then(&read));
            match answer {
                Ok(answer) => answers.push((place, answer)),
                Err(error) => {
                    self.host.log(Level::Warn, &format!("{}: {method}: {error}", endpoint.name));
                    self.failures.push((endpoint.name.clone(), error));
                }
            }
        }
        answers
    }

    /// The block to read at: the highest that `minimum` endpoints call final, by the hash that they agree on.
    ///
    /// `heads` is what each endpoint calls its latest final block; `hash_at` asks endpoints for the hash at a height.
    /// An endpoint whose own final block is lower is asked too: it may know the block.
    ///
    /// # Errors
    /// [`ChainError`]
    pub fn final_block(
        &mut self,
        heads: &[(usize, Block)],
        hash_at: impl FnOnce(&mut Self, &[usize], u64) -> Answers<[u8; 32]>,
    ) -> Result<Agreed<Block>, ChainError> {
        const WHAT: &str = "its finalised block";
        let mut heights: Vec<u64> = heads.iter().map(|(_, head)| head.number).collect();
        heights.sort_unstable_by(|one, other| other.cmp(one));
        let lowest_of_enough = heights.get(self.quorum.minimum.saturating_sub(1)).copied();
        let number = lowest_of_enough.ok_or_else(|| self.too_few(WHAT, heads.len()))?;
        let (there, elsewhere): (Vec<_>, Vec<_>) = heads.iter().partition(|(_, head)| head.number == number);
        let mut hashes: Answers<[u8; 32]> = there.iter().map(|(place, head)| (*place, head.hash)).collect();
        let elsewhere: Vec<usize> = elsewhere.iter().map(|(place, _)| *place).collect();
        hashes.extend(hash_at(self, &elsewhere, number));
        let Agreed { value: hash, by } = self.agree("the block's hash", hashes)?;
        self.host.log(Level::Info, &format!("block {number} {}", hex_text(&hash)));
        Ok(Agreed { value: Block { number, hash }, by })
    }

    /// What at least `minimum` endpoints say, where no other answer has as many voices as that.
    ///
    /// # Errors
    /// [`ChainError`]
    pub fn agree<T: PartialEq>(&self, what: &'static str, answers: Answers<T>) -> Result<Agreed<T>, ChainError> {
        let (answered, minimum) = (answers.len(), self.quorum.minimum);
        if answered < minimum {
            return Err(self.too_few(what, answered));
        }
        let mut groups: Vec<Agreed<T>> = Vec::new();
        for (place, value) in answers {
            match groups.iter_mut().find(|group| group.value == value) {
                Some(group) => group.by.push(place),
                None => groups.push(Agreed { value, by: Vec::from([place]) }),
            }
        }
        groups.sort_by_key(|group| core::cmp::Reverse(group.by.len()));
        let rivals = groups.iter().filter(|group| group.by.len() >= minimum).count();
        let agreeing = groups.first().map_or(0, |group| group.by.len());
        let first = groups.into_iter().next().filter(|_| rivals == 1);
        first.ok_or(ChainError::Disagreement { what, agreeing, answered, minimum })
    }

    fn too_few(&self, what: &'static str, answered: usize) -> ChainError {
        let Quorum { endpoints, minimum, .. } = self.quorum;
        let (endpoints, minimum) = (endpoints.len(), *minimum);
        ChainError::TooFew { what, answered, endpoints, minimum, failures: self.failures.clone() }
    }
}
