//! What owners' actions change, each in one durable commit: all of it or nothing.

use super::{
    Store, StoreError,
    contracts::{CONTRACTS, STATE},
    records::{NewContract, SecretSet, StateRecord},
};
use parity_scale_codec::Encode;
use phat_executor::StateChanges;
use phat_protocol::ContractId;
use redb::ReadableTable;
use std::collections::BTreeMap;

/// One action's step from a revision to the next.
#[derive(Debug)]
pub(crate) struct Advance {
    /// The contract that was acted on.
    pub(crate) contract: ContractId,
    /// The revision that it was judged at.
    pub(crate) revision: u64,
    /// What was written, by contract: to this one, and to those that it made before.
    pub(crate) changes: BTreeMap<ContractId, StateChanges>,
    /// Contracts that the action made, with their states.
    pub(crate) made: Vec<NewContract>,
    /// The new set of secrets; none keeps the old one.
    pub(crate) secrets: Option<SecretSet>,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// It is committed, and this is the contract's revision.
    Done(u64),
    /// Another action came first; this is the contract's revision. Nothing was changed.
    Moved(u64),
    /// A contract that the action made is there already. Nothing was changed.
    Exists(ContractId),
}

/// What came of accepting an owner's query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// No query with this nonce or a lower one is accepted again.
    Now,
    /// This nonce was accepted before.
    Before(u64),
}

impl Store {
    /// Commits a step: the revisions of the contract and of all that it wrote to rise by one.
    pub(crate) fn advance(&self, step: Advance, now: u64) -> Result<Advanced, StoreError> {
        let Advance { contract, revision, mut changes, made, mut secrets } = step;
        changes.entry(contract).or_default();
        self.write(now, |transaction| {
            let (mut contracts, mut states) = (transaction.open_table(CONTRACTS)?, transaction.open_table(STATE)?);
            // Everything is read and judged before the first insertion: what was written when this
            // returns is committed.
            let mut rows = Vec::with_capacity(changes.len() + made.len());
            for (id, changes) in changes {
                let missing = |table| move || StoreError::damaged(table, &id.0);
                let row = contracts.get(id.0)?.ok_or_else(missing("contracts"))?;
                let mut record = self.open_contract(id, row.value())?;
                if id == contract && record.revision != revision {
                    return Ok(Advanced::Moved(record.revision));
                }
                let row = states.get(id.0)?.ok_or_else(missing("state"))?;
                let mut kept = self.open_state(id, record.revision, row.value())?;
                for (key, value) in changes {
                    match value {
                        Some(value) => kept.state.insert(key, value),
                        None => kept.state.remove(&key),
                    };
                }
                if id == contract
                    && let Some(secrets) = secrets.take()
                {
                    kept.secrets = secrets;
                }
                record.revision += 1;
                kept.revision = record.revision;
                rows.push((id, record, kept));
            }
            for NewContract { record, state } in made {
                let id = record.contract_id();
                if contracts.get(id.0)?.is_some() {
                    return Ok(Advanced::Exists(id));
                }
                let kept = StateRecord { revision: record.revision, state, secrets: SecretSet::default() };
                rows.push((id, record, kept));
            }
            for (id, record, kept) in rows {
                contracts.insert(id.0, self.seal("contracts", &id.0, &record.encode())?.as_slice())?;
                states.insert(id.0, self.seal("state", &id.0, &kept.to_plain())?.as_slice())?;
            }
            Ok(Advanced::Done(revision + 1))
        })
    }

    /// Accepts a query of the contract's owner, before it runs: its nonce, and every lower one, never
    /// serves again.
    pub(crate) fn accept_query(&self, contract: ContractId, nonce: u64, now: u64) -> Result<Accepted, StoreError> {
        self.write(now, |transaction| {
            let mut contracts = transaction.open_table(CONTRACTS)?;
            let row = contracts.get(contract.0)?.map(|row| self.open_contract(contract, row.value())).transpose()?;
            let mut record = row.ok_or_else(|| StoreError::damaged("contracts", &contract.0))?;
            if nonce <= record.query_nonce {
                return Ok(Accepted::Before(record.query_nonce));
            }
            record.query_nonce = nonce;
            let sealed = self.seal("contracts", &contract.0, &record.encode())?;
            contracts.insert(contract.0, sealed.as_slice())?;
            Ok(Accepted::Now)
        })
    }

    /// Whether a contract was made by another, or by one that this made.
    pub(crate) fn descends(&self, contract: ContractId, ancestor: ContractId) -> Result<bool, StoreError> {
        let mut child = contract;
        // It ends: an id is a hash over the owner's, so no chain of owners comes back to itself.
        while let Some(record) = self.contract(child)? {
            let parent = ContractId(*record.owner.as_bytes());
            if parent == ancestor {
                return Ok(true);
            }
            child = parent;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
