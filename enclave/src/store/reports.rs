use super::{Store, StoreError, records::SealedReport};
use parity_scale_codec::{DecodeAll, Encode};
use phat_protocol::RequestId;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

const REPORTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("reports");
/// (expires_at, request id). The host may change this table: a report is forgotten for what is
/// sealed in it alone.
const BY_EXPIRY: TableDefinition<'_, (u64, [u8; 32]), ()> = TableDefinition::new("reports-by-expiry");

pub(super) fn create_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(REPORTS)?;
    transaction.open_table(BY_EXPIRY)?;
    Ok(())
}

impl Store {
    /// The report that answers this request, where one was sealed and not yet forgotten.
    pub(crate) fn report(&self, id: RequestId) -> Result<Option<SealedReport>, StoreError> {
        self.read(|transaction| match transaction.open_table(REPORTS)?.get(id.0)? {
            Some(row) => self.open_report(id, row.value()).map(Some),
            None => Ok(None),
        })
    }

    /// Seals all the reports in one durable commit, and gives the one that is kept for each: the
    /// earlier one, where there was one.
    pub(crate) fn put_reports(&self, reports: &[SealedReport], now: u64) -> Result<Vec<SealedReport>, StoreError> {
        self.write(now, |transaction| {
            let mut table = transaction.open_table(REPORTS)?;
            let mut by_expiry = transaction.open_table(BY_EXPIRY)?;
            let mut kept = Vec::with_capacity(reports.len());
            for report in reports {
                let id = report.report.request_id;
                let earlier = match table.get(id.0)? {
                    Some(row) => Some(self.open_report(id, row.value())?),
                    None => None,
                };
                if earlier.is_none() {
                    table.insert(id.0, self.seal("reports", &id.0, &report.encode())?.as_slice())?;
                    by_expiry.insert((report.expires_at, id.0), ())?;
                }
                kept.push(earlier.unwrap_or_else(|| report.clone()));
            }
            Ok(kept)
        })
    }

    /// Raises the mark to `now` and forgets at most `batch` reports whose requests it has passed.
    /// The count of forgotten reports; fewer than `batch` when none is left to forget.
    pub(crate) fn forget_reports(&self, batch: usize, now: u64) -> Result<usize, StoreError> {
        self.write(now, |transaction| {
            let mark = self.mark().max(now);
            let mut table = transaction.open_table(REPORTS)?;
            let mut by_expiry = transaction.open_table(BY_EXPIRY)?;
            let passed = by_expiry
                .range(..=(mark, [0xff; 32]))?
                .take(batch)
                .map(|row| row.map(|(key, _)| key.value()))
                .collect::<Result<Vec<_>, _>>()?;
            for (expires_at, id) in &passed {
                by_expiry.remove((*expires_at, *id))?;
                let expiry = match table.get(*id)? {
                    Some(row) => self.open_report(RequestId(*id), row.value()).ok().map(|report| report.expires_at),
                    None => None,
                };
                match expiry {
                    Some(expiry) if expiry <= mark => {
                        table.remove(*id)?;
                    }
                    // The index was wrong: the report stays for its whole time.
                    Some(expiry) => {
                        by_expiry.insert((expiry, *id), ())?;
                    }
                    None => {}
                }
            }
            Ok(passed.len())
        })
    }

    fn open_report(&self, id: RequestId, sealed: &[u8]) -> Result<SealedReport, StoreError> {
        let plain = self.unseal("reports", &id.0, sealed)?;
        SealedReport::decode_all(&mut plain.as_slice())
            .ok()
            .filter(|report| report.report.request_id == id)
            .ok_or_else(|| StoreError::damaged("reports", &id.0))
    }
}
