//! What a provider doesn't serve, and how it says so.

use std::time::Duration;
use tokio::time::Instant;

/// Whose codes and words a refusal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Alchemy.
    Alchemy,
    /// Infura.
    Infura,
    /// QuickNode.
    QuickNode,
    /// A public endpoint of BNB Chain.
    Bnb,
    /// A node of one's own: geth.
    Geth,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Alchemy, Self::Infura, Self::QuickNode, Self::Bnb, Self::Geth];

    /// What it answers to a range of more than `most` blocks.
    pub(super) fn range(self, most: u64) -> (i64, String) {
        match self {
            Self::Alchemy => (-32600, format!("You can make eth_getLogs requests with up to a {most} block range.")),
            Self::Infura => (-32005, format!("query exceeds the limit of {most} blocks")),
            Self::QuickNode => (-32614, format!("eth_getLogs is limited to a {most} range")),
            Self::Bnb => (-32000, format!("exceed maximum block range: {most}")),
            Self::Geth => (-32602, format!("block range greater than {most} max")),
        }
    }

    /// What it answers where there are more than `most` logs.
    pub(super) fn results(self, most: usize) -> (i64, String) {
        match self {
            Self::Alchemy => {
                (-32602, "Log response size exceeded. This block range should work: [0x0, 0x0]".to_owned())
            }
            Self::Infura | Self::Geth => (-32005, format!("query returned more than {most} results")),
            Self::QuickNode => (-32602, format!("eth_getLogs returned more than {most} results")),
            Self::Bnb => (-32000, "query timeout exceeded".to_owned()),
        }
    }

    /// What it answers in place of an answer of more than `most` bytes.
    pub(super) fn bytes(self, most: usize) -> (i64, String) {
        match self {
            Self::Alchemy | Self::Infura => (-32000, format!("Response size should not be greater than {most} bytes")),
            Self::QuickNode | Self::Bnb => (-32008, "Response is too big".to_owned()),
            Self::Geth => (-32003, "response too large".to_owned()),
        }
    }
}

/// So many HTTP requests a second, and so many at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
    /// What the refusal's `Retry-After` says, in seconds.
    pub retry_after: u64,
    /// Every so manieth request is too much, however slowly they come.
    pub every: Option<u64>,
}

/// What is wrong with the whole endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It takes requests and never answers.
    Hangs,
    /// It answers what is no JSON.
    Garbage,
    /// It answers status 429 to all, with this `Retry-After` in seconds.
    Limited(u64),
}

/// What the endpoint doesn't serve.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The most blocks of a query.
    pub range: Option<u64>,
    /// The most logs of an answer.
    pub results: Option<usize>,
    /// The most bytes of the logs in an answer.
    pub bytes: Option<usize>,
    /// Requests a second.
    pub rate: Option<Rate>,
    /// Every so manieth request is answered with status 503.
    pub hiccups: Option<u64>,
    /// How long every answer takes.
    pub latency: Duration,
    /// Whose words refusals have; each has the next one's. Without any they are geth's.
    pub providers: Vec<Provider>,
    /// What is wrong with it altogether.
    pub trouble: Option<Trouble>,
}

/// Tokens that requests use up and time brings back.
#[derive(Debug)]
pub(super) struct Bucket {
    filled: Instant,
    /// Thousandths.
    tokens: u64,
}

impl Bucket {
    /// None yet used up.
    pub(super) fn full(now: Instant) -> Self {
        Self { filled: now, tokens: u64::MAX }
    }

    /// Whether there was one.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let passed = u64::try_from((now - self.filled).as_millis()).unwrap_or(u64::MAX);
        let most = u64::from(rate.burst) * 1_000;
        self.filled = now;
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(rate.per_second.into())).min(most);
        let taken = self.tokens >= 1_000;
        if taken {
            self.tokens -= 1_000;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_served_and_then_the_rate() {
        let rate = Rate { per_second: 10, burst: 3, retry_after: 1, every: None };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        let served = |bucket: &mut Bucket, at: Instant| (0..100).filter(|_| bucket.take(rate, at)).count();
        assert_eq!(served(&mut bucket, start), 3);
        assert_eq!(served(&mut bucket, start + Duration::from_millis(50)), 0);
        assert_eq!(served(&mut bucket, start + Duration::from_millis(250)), 2);
        assert_eq!(served(&mut bucket, start + Duration::from_secs(60)), 3);
    }
}
