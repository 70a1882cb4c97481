use super::{
    Store, StoreError,
    records::{Committed, ContractRecord, LoadedContract, NewContract, Put, SecretSet, StateRecord},
};
use parity_scale_codec::{DecodeAll, Encode};
use phat_protocol::{CodeHash, ContractId};
use redb::{ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Wasm by its hash; not sealed, since the hash says whether it is whole.
const CODE: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("code");
pub(super) const CONTRACTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("contracts");
pub(super) const STATE: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("state");

pub(super) fn create_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(CODE)?;
    transaction.open_table(CONTRACTS)?;
    transaction.open_table(STATE)?;
    Ok(())
}

impl Store {
    /// Keeps code that was checked. Keeping it again changes nothing.
    pub(crate) fn put_code(&self, code_hash: CodeHash, wasm: &[u8], now: u64) -> Result<(), StoreError> {
        if self.code(code_hash)?.is_some_and(|kept| *kept == *wasm) {
            return Ok(());
        }
        self.write(now, |transaction| {
            transaction.open_table(CODE)?.insert(code_hash.0, wasm)?;
            Ok(())
        })
    }

    /// The code with this hash, where it is kept and whole.
    pub(crate) fn code(&self, code_hash: CodeHash) -> Result<Option<Arc<[u8]>>, StoreError> {
        let kept = self.read(|transaction| {
            Ok(transaction.open_table(CODE)?.get(code_hash.0)?.map(|row| Arc::<[u8]>::from(row.value())))
        })?;
        // What the host changed is as good as gone: it may be put again.
        Ok(kept.filter(|wasm| phat_protocol::code_hash(wasm) == code_hash))
    }

    /// Keeps a new contract, and those that its `deploy` made, each with the state that the run left it.
    /// All of them are kept or none: where there is such a contract already, nothing changes.
    pub(crate) fn put_contracts(
        &self,
        first: &NewContract,
        others: &[NewContract],
        now: u64,
    ) -> Result<Put, StoreError> {
        let mut rows = Vec::with_capacity(others.len() + 1);
        for NewContract { record, state } in std::iter::once(first).chain(others) {
            let id = record.contract_id();
            let state = StateRecord { revision: record.revision, state: state.clone(), secrets: SecretSet::default() };
            rows.push((
                id,
                self.seal("contracts", &id.0, &record.encode())?,
                self.seal("state", &id.0, &state.to_plain())?,
            ));
        }
        self.write(now, |transaction| {
            let (mut contracts, mut states) = (transaction.open_table(CONTRACTS)?, transaction.open_table(STATE)?);
            let id = first.record.contract_id();
            let kept = contracts.get(id.0)?.map(|row| self.open_contract(id, row.value())).transpose()?;
            if let Some(kept) = kept {
                return Ok(Put::Kept(kept));
            }
            // Before the first insertion: what was written when this returns is committed.
            for (id, _, _) in &rows {
                if contracts.get(id.0)?.is_some() {
                    return Ok(Put::Exists(*id));
                }
            }
            for (id, record, state) in &rows {
                contracts.insert(id.0, record.as_slice())?;
                states.insert(id.0, state.as_slice())?;
            }
            Ok(Put::Kept(first.record.clone()))
        })
    }

    pub(crate) fn contract(&self, id: ContractId) -> Result<Option<ContractRecord>, StoreError> {
        self.read(|transaction| match transaction.open_table(CONTRACTS)?.get(id.0)? {
            Some(row) => self.open_contract(id, row.value()).map(Some),
            None => Ok(None),
        })
    }

    /// How many contracts there are.
    pub(crate) fn contracts(&self) -> Result<u64, StoreError> {
        self.read(|transaction| Ok(transaction.open_table(CONTRACTS)?.len()?))
    }

    /// A contract with its code and its state, all of one moment.
    ///
    /// # Errors
    /// Among others, when the host took its code or its state away before they were first read.
    pub(crate) fn load_contract(&self, id: ContractId) -> Result<Option<LoadedContract>, StoreError> {
        let loaded = self.read(|transaction| {
            let Some(row) = transaction.open_table(CONTRACTS)?.get(id.0)?.map(|row| row.value().to_vec()) else {
                return Ok(None);
            };
            let record = self.open_contract(id, &row)?;
            if let Some(committed) = self.loaded.committed(id, record.revision) {
                return Ok(Some((record, committed)));
            }
            let damaged = || StoreError::damaged("state", &id.0);
            let row = transaction.open_table(STATE)?.get(id.0)?.ok_or_else(damaged)?;
            let kept = self.open_state(id, record.revision, row.value())?;
            let secrets = Arc::new(kept.secrets.secrets().ok_or_else(damaged)?);
            let committed = Committed { state: Arc::new(kept.state), secrets };
            self.loaded.keep_committed(id, record.revision, &committed);
            Ok(Some((record, committed)))
        })?;
        let Some((record, Committed { state, secrets })) = loaded else { return Ok(None) };
        let code_hash = record.code_hash;
        let code = match self.loaded.code(code_hash) {
            Some(code) => code,
            None => {
                let code = self.code(code_hash)?.ok_or_else(|| StoreError::damaged("code", &code_hash.0))?;
                self.loaded.keep_code(code_hash, &code);
                code
            }
        };
        Ok(Some(LoadedContract { record, code, state, secrets }))
    }

    /// The state and the secrets that a contract has at this revision.
    pub(super) fn open_state(&self, id: ContractId, revision: u64, sealed: &[u8]) -> Result<StateRecord, StoreError> {
        let plain = Zeroizing::new(self.unseal("state", &id.0, sealed)?);
        StateRecord::decode_all(&mut plain.as_slice())
            .ok()
            .filter(|record| record.revision == revision)
            .ok_or_else(|| StoreError::damaged("state", &id.0))
    }

    pub(super) fn open_contract(&self, id: ContractId, sealed: &[u8]) -> Result<ContractRecord, StoreError> {
        let plain = self.unseal("contracts", &id.0, sealed)?;
        ContractRecord::decode_all(&mut plain.as_slice())
            .ok()
            .filter(|record| record.contract_id() == id)
            .ok_or_else(|| StoreError::damaged("contracts", &id.0))
    }
}
