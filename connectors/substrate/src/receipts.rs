//! What became of extrinsics. Nodes know none by its hash: an account's nonce in the states of blocks tells which block
//! used it.

use crate::{block::Applied, chain::Inner, peer::Peer, runtime::ACCOUNT, stored::StoredAccount, words::is_lack};
use futures_util::future::try_join_all;
use phat_connector::{Account, BlockRef, ChainError, Receipt, Sent, TxHash, rpc::CallError};
use phat_protocol::BlockHash;
use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    sync::PoisonError,
};
use subxt::dynamic::Value;

/// The most receipts that are remembered.
const REMEMBERED: usize = 1_024;

/// Receipts that were read, which count while their blocks are there.
#[derive(Debug, Default)]
pub(crate) struct Found(HashMap<TxHash, Receipt>);

impl Inner {
    /// The receipts of extrinsics that are in canonical blocks.
    pub(crate) async fn receipts_of(&self, transactions: &[Sent]) -> Result<Vec<Receipt>, ChainError> {
        if transactions.is_empty() {
            return Ok(Vec::new());
        }
        let key = |receipts: &Vec<Receipt>| receipts.clone();
        let ask = |peer: Peer| async move { self.receipts_at(&peer, transactions).await };
        self.agree("state_queryStorageAt", None, key, ask).await
    }

    async fn receipts_at(&self, peer: &Peer, transactions: &[Sent]) -> Result<Vec<Receipt>, CallError> {
        let head = peer.best().await?;
        let (header, used) = tokio::try_join!(peer.header(head), peer.nonces(transactions, head))?;
        let head = BlockRef { number: header.number, hash: head };
        let mut by_nonce: BTreeMap<(&Account, u64), Vec<TxHash>> = BTreeMap::new();
        let is_used = |sent: &&Sent| used.get(&sent.account).is_some_and(|used| sent.nonce < *used);
        for Sent { hash, account, nonce } in transactions.iter().filter(is_used) {
            by_nonce.entry((account, *nonce)).or_default().push(*hash);
        }
        let receipts = by_nonce.iter().map(|((account, nonce), hashes)| async move {
            match self.remembered(peer, hashes).await? {
                Some(receipt) => Ok(Some(receipt)),
                None => self.receipt_at(peer, account, *nonce, hashes, head).await,
            }
        });
        let receipts: Vec<Receipt> =
            try_join_all(receipts).await.map_err(|error: CallError| error)?.into_iter().flatten().collect();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.0.len() >= REMEMBERED {
            found.0.clear();
        }
        found.0.extend(receipts.iter().map(|receipt| (receipt.hash, receipt.clone())));
        Ok(receipts)
    }

    /// A receipt that was read before, if its block is there still. Where several endpoints must agree, each reads its
    /// own.
    async fn remembered(&self, peer: &Peer, hashes: &[TxHash]) -> Result<Option<Receipt>, CallError> {
        let known = {
            let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            hashes.iter().find_map(|hash| found.0.get(hash).cloned())
        };
        match known {
            Some(receipt) if self.endpoints.quorum() <= 1 => {
                let there = peer.hash(receipt.block.number).await?;
                Ok((there == Some(receipt.block.hash)).then_some(receipt))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// The receipt of that one of the extrinsics which used the nonce; none where it was a stranger's, or where the node
    /// has forgotten.
    async fn receipt_at(
        &self,
        peer: &Peer,
        account: &Account,
        nonce: u64,
        hashes: &[TxHash],
        head: BlockRef,
    ) -> Result<Option<Receipt>, CallError> {
        let Some(block) = peer.user_of(account, nonce, head).await? else { return Ok(None) };
        let told = match peer.told(block.hash).await {
            Ok(told) => told,
            // The oldest block that the node has was made by a runtime that it doesn't tell any more.
            Err(error) if is_lack(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((hash, place)) = hashes.iter().find_map(|hash| Some((*hash, told.place(*hash)?))) else {
            return Ok(None);
        };
        let Applied { succeeded, ref_time, effects, error } = told.applied(place)?;
        if let Some(error) = error {
            tracing::warn!(genesis = %self.genesis, transaction = %hash, block = block.number, error, "an extrinsic failed");
        }
        Ok(Some(Receipt { hash, block, succeeded, gas_used: ref_time, effects }))
    }
}

impl Peer {
    /// The lowest nonce that each account's next extrinsic may have, in the state of a block.
    async fn nonces(&self, transactions: &[Sent], block: BlockHash) -> Result<HashMap<Account, u64>, CallError> {
        let mut accounts: Vec<&Account> = transactions.iter().map(|sent| &sent.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let nonces = accounts
            .into_iter()
            .map(|account| async move { Ok::<_, CallError>((account.clone(), self.nonce(account, block).await?)) });
        Ok(try_join_all(nonces).await?.into_iter().collect())
    }

    /// What an account has in the state of a block.
    pub(crate) async fn account(&self, account: &[u8; 32], block: BlockHash) -> Result<StoredAccount, CallError> {
        let runtime = self.runtime(block).await?;
        let [stored] = self.values([runtime.key(ACCOUNT, vec![Value::from_bytes(account)])?], block).await?;
        Ok(stored.map(|stored| runtime.decode(ACCOUNT, &stored)).transpose()?.unwrap_or_default())
    }

    /// The block that used a nonce, which was used at `head`; none where the states that would tell are forgotten.
    async fn user_of(&self, account: &Account, nonce: u64, head: BlockRef) -> Result<Option<BlockRef>, CallError> {
        let is_used = |number: u64| async move {
            let read = async {
                let hash = self.known_hash(number).await?;
                Ok((self.nonce(account, hash).await?, hash))
            };
            match read.await {
                Ok((next, hash)) => Ok(Some((nonce < next, hash))),
                Err(CallError::Answered(_)) => Ok(None),
                Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error),
            }
        };
        // What is asked for is mostly new: steps back are doubled until the nonce wasn't used yet.
        let (mut used, mut unused) = (head, None);
        let mut step = 1;
        while unused.is_none() && used.number > 0 {
            let number = used.number.saturating_sub(step);
            match is_used(number).await? {
                Some((true, hash)) => used = BlockRef { number, hash },
                Some((false, _)) => unused = Some(number),
                None => break,
            }
            step = step.saturating_mul(2);
        }
        let Some(mut unused) = unused else { return self.oldest_user(is_used, used, step).await };
        while used.number - unused > 1 {
            let number = unused + (used.number - unused) / 2;
            match is_used(number).await? {
                Some((true, hash)) => used = BlockRef { number, hash },
                Some((false, _)) => unused = number,
                None => return Ok(None),
            }
        }
        Ok(Some(used))
    }

    /// The lowest block whose state the node has, where the nonce was used in it or before it.
    async fn oldest_user<Asking>(
        &self,
        is_used: impl Fn(u64) -> Asking,
        mut used: BlockRef,
        step: u64,
    ) -> Result<Option<BlockRef>, CallError>
    where
        Asking: Future<Output = Result<Option<(bool, BlockHash)>, CallError>>,
    {
        let mut unknown = used.number.saturating_sub(step);
        while used.number - unknown > 1 {
            let number = unknown + (used.number - unknown) / 2;
            match is_used(number).await? {
                Some((true, hash)) => used = BlockRef { number, hash },
                // It was used between two blocks whose states are there.
                Some((false, _)) | None => unknown = number,
            }
        }
        Ok(Some(used))
    }
}
