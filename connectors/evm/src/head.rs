//! Where a chain stands, as its endpoints show it.

use crate::node::{Header, Node, header_call, read_header, read_latest};
use ethers::types::BlockNumber;
use phat_connector::{
    ChainError, Finality,
    rpc::{CallError, Endpoint, Reply},
};

impl Node {
    /// The newest block, and the newest that counts. Where several endpoints must agree, each is one that as many of
    /// them have reached, and the second one that as many show the same.
    pub(crate) async fn head(&self, finality: Finality) -> Result<(Header, Header), ChainError> {
        if self.endpoints().quorum() <= 1 {
            return match finality {
                Finality::Latest(depth) => self.below_latest(depth).await,
                Finality::Safe => self.latest_and(BlockNumber::Safe).await,
                Finality::Finalized => self.latest_and(BlockNumber::Finalized).await,
            };
        }
        self.agreed_head(finality).await
    }

    /// The newest block and the one `depth` below it.
    async fn below_latest(&self, depth: u64) -> Result<(Header, Header), ChainError> {
        let latest = self.latest().await?;
        let number = latest.block.number.saturating_sub(depth);
        if number == latest.block.number {
            return Ok((latest, latest));
        }
        Ok((latest, self.known_block(number).await?))
    }

    /// The newest block and the one with that tag. A chain that has none yet has confirmed its first
    /// block alone.
    async fn latest_and(&self, tag: BlockNumber) -> Result<(Header, Header), ChainError> {
        let [latest, tagged] = self.batch([header_call(BlockNumber::Latest), header_call(tag)]).await?;
        let latest = read_latest(latest)?;
        match read_header(tagged)? {
            Some(tagged) => Ok((latest, tagged)),
            None => Ok((latest, self.known_block(0).await?)),
        }
    }

    async fn known_block(&self, number: u64) -> Result<Header, ChainError> {
        self.header(number).await?.ok_or_else(|| missing(number))
    }

    async fn agreed_head(&self, finality: Finality) -> Result<(Header, Header), ChainError> {
        let quorum = self.endpoints().quorum();
        let seen = self.endpoints().survey("eth_getBlockByNumber", |endpoint| newest_of(endpoint, finality)).await?;
        let mut latest: Vec<Header> = seen.iter().map(|(_, (latest, _))| *latest).collect();
        latest.sort_unstable_by_key(|header| std::cmp::Reverse(header.block.number));
        let mut confirmed: Vec<u64> = seen.iter().map(|(_, (_, confirmed))| *confirmed).collect();
        confirmed.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        // A survey has at least a quorum of answers.
        let (Some(latest), Some(number)) = (latest.get(quorum - 1), confirmed.get(quorum - 1)) else {
            return Err(missing(0));
        };
        let ask = |endpoint: Endpoint| async move {
            let replies = self.endpoints().batch_at(endpoint, vec![header_call((*number).into())]).await?;
            let header = replies.into_iter().next().map(read_header).transpose()?.flatten();
            header.ok_or_else(|| CallError::Failed(missing(*number)))
        };
        let key = |header: &Header| header.block;
        let confirmed = self.endpoints().agree("eth_getBlockByNumber", Some(*number), key, ask).await?;
        Ok((*latest, confirmed))
    }
}

/// An endpoint's newest block, and the height of the newest that counts.
async fn newest_of(endpoint: Endpoint, finality: Finality) -> Result<(Header, u64), CallError> {
    let tag = match finality {
        Finality::Latest(_) => BlockNumber::Latest,
        Finality::Safe => BlockNumber::Safe,
        Finality::Finalized => BlockNumber::Finalized,
    };
    let replies = endpoint.batch(vec![header_call(BlockNumber::Latest), header_call(tag)]).await?;
    let [latest, tagged]: [Reply; 2] = replies.try_into().map_err(|_| missing(0))?;
    let latest = read_latest(latest)?;
    let tagged = read_header(tagged)?.map_or(0, |header| header.block.number);
    let confirmed = match finality {
        Finality::Latest(depth) => latest.block.number.saturating_sub(depth),
        Finality::Safe | Finality::Finalized => tagged,
    };
    Ok((latest, confirmed))
}

fn missing(number: u64) -> ChainError {
    ChainError::Malformed {
        method: "eth_getBlockByNumber".to_owned(),
        cause: format!("block {number} is missing below the newest"),
    }
}
