//! What the chain shows of the relayer's work.

use crate::{
    Chain, Fulfilment, Oracle, SentReport,
    phat_oracle::{
        BatchStoppedFilter, EntrySkippedFilter, FulfillBatchCall, FulfillCall, PhatOracle, PhatOracleCalls, Report,
        RequestFulfilledFilter, RequestSubmittedFilter,
    },
};
use anyhow::{Context, Result, ensure};
use ethers::{
    abi::AbiDecode,
    contract::EthLogDecode,
    providers::{Http, Middleware, Provider},
    types::{Address, H256, TransactionReceipt},
};
use phat_connector::TxHash;
use phat_protocol::{Digest, Outcome, Payee, RequestId};
use std::collections::{BTreeMap, BTreeSet};

/// Reads blocks, transactions and events; writes nothing.
#[derive(Clone, Debug)]
pub struct History {
    chain: Chain,
    oracle: PhatOracle<Provider<Http>>,
}

impl History {
    /// Of one oracle.
    #[must_use]
    pub fn new(chain: &Chain, oracle: &Oracle) -> Self {
        Self { chain: chain.clone(), oracle: PhatOracle::new(oracle.address, chain.provider()) }
    }

    /// Every answer that was accepted, by request.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn fulfilments(&self) -> Result<BTreeMap<RequestId, Vec<Fulfilment>>> {
        let mut fulfilments = BTreeMap::<_, Vec<_>>::new();
        let events = self.oracle.event::<RequestFulfilledFilter>().from_block(0).query_with_meta().await?;
        for (event, meta) in events {
            fulfilments.entry(RequestId(event.request_id)).or_default().push(Fulfilment {
                block: meta.block_number.as_u64(),
                transaction: TxHash(Digest(meta.transaction_hash.0)),
                outcome: event.outcome,
                callback_ok: event.callback_ok,
            });
        }
        Ok(fulfilments)
    }

    /// Every request that the chain holds.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn requests(&self) -> Result<BTreeSet<RequestId>> {
        let events = self.oracle.event::<RequestSubmittedFilter>().from_block(0).query().await?;
        Ok(events.into_iter().map(|event| RequestId(event.request_id)).collect())
    }

    /// The receipt of a transaction.
    ///
    /// # Errors
    /// When the node doesn't answer, or knows no such transaction.
    pub async fn receipt(&self, transaction: TxHash) -> Result<TransactionReceipt> {
        let receipt = self.chain.provider().get_transaction_receipt(H256(transaction.0.0)).await?;
        receipt.with_context(|| format!("{transaction} is in no block"))
    }

    /// Fails unless each of `sender`'s transactions to the oracle succeeded, and each entry of them had
    /// an effect.
    ///
    /// # Errors
    /// With the transaction or event that says otherwise.
    pub async fn expect_no_wasted_fulfilment(&self, sender: Address) -> Result<()> {
        self.expect_no_waste_but(sender, &BTreeSet::new()).await
    }

    /// The same, but for entries that answer one of the requests that are `gone`.
    ///
    /// # Errors
    /// With the transaction or event that says otherwise.
    pub async fn expect_no_waste_but(&self, sender: Address, gone: &BTreeSet<RequestId>) -> Result<()> {
        for receipt in self.chain.receipts_from(sender).await? {
            if receipt.status != Some(1.into()) {
                let entries = self.entries(receipt.transaction_hash).await?;
                let excused = !entries.is_empty() && entries.iter().all(|(id, _, _)| gone.contains(id));
                ensure!(excused, "{:?} was reverted", receipt.transaction_hash);
            }
            for log in receipt.logs.into_iter().filter(|log| log.address == self.oracle.address()) {
                let log = log.into();
                if let Ok(skipped) = EntrySkippedFilter::decode_log(&log) {
                    let excused = gone.contains(&RequestId(skipped.request_id));
                    ensure!(excused, "{:?} carried an entry without effect: {skipped:?}", receipt.transaction_hash);
                }
                if let Ok(stopped) = BatchStoppedFilter::decode_log(&log) {
                    anyhow::bail!("{:?} ran out of gas: {stopped:?}", receipt.transaction_hash);
                }
            }
        }
        Ok(())
    }

    /// Every report and its signatures that `sender` ever got into a block, by request.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn sent_reports(&self, sender: Address) -> Result<BTreeMap<RequestId, Vec<SentReport>>> {
        let mut reports = BTreeMap::<_, Vec<_>>::new();
        for receipt in self.chain.receipts_from(sender).await? {
            for (id, report, signatures) in self.entries(receipt.transaction_hash).await? {
                let outcome = Outcome::try_from(report.outcome).map_err(|error| anyhow::anyhow!("{error}"))?;
                let report = phat_protocol::Report {
                    request_id: id,
                    outcome,
                    output: report.output.to_vec(),
                    executed_at: report.executed_at,
                    payee: Payee(report.payee),
                };
                reports.entry(id).or_default().push(SentReport { report, signatures });
            }
        }
        Ok(reports)
    }

    /// The requests that a transaction answers, with their reports and signatures; none where it is no answer.
    async fn entries(&self, transaction: H256) -> Result<Vec<(RequestId, Report, Vec<Vec<u8>>)>> {
        let transaction = self.chain.provider().get_transaction(transaction).await?;
        let input = transaction.context("a transaction without a body")?.input;
        let entries: Vec<_> = match PhatOracleCalls::decode(&input) {
            Ok(PhatOracleCalls::FulfillBatch(FulfillBatchCall { entries })) => {
                entries.into_iter().map(|entry| (entry.request, entry.report, entry.signatures)).collect()
            }
            Ok(PhatOracleCalls::Fulfill(FulfillCall { request, report, signatures })) => {
                vec![(request, report, signatures)]
            }
            // Registration, deployment: not for the oracle.
            Ok(_) | Err(_) => Vec::new(),
        };
        let mut answers = Vec::with_capacity(entries.len());
        for (request, report, signatures) in entries {
            let id = self.oracle.request_id_of(request).call().await?;
            answers.push((RequestId(id), report, signatures.into_iter().map(|signature| signature.to_vec()).collect()));
        }
        Ok(answers)
    }
}
