//! The one way from a request to a signature: looked up, judged, run, signed and sealed in one call.

use super::{Answered, Running, Worker, milliseconds};
use crate::{
    admission::Question,
    commit::Sealing,
    runs::{Call, NO_CALLER, kept_logs, reason},
    store::SealedReport,
};
use phat_enclave_api::{Problem, Refusal};
use phat_executor::{Entry, Mode, RunResult, Vrf};
use phat_protocol::{OracleChain, Report};
use std::sync::{Arc, PoisonError, atomic::Ordering};
use tokio::sync::oneshot;

impl Worker {
    /// Answers a question whose flight the caller leads, so that no other run of its id is under way.
    pub(super) async fn answer(&self, question: Question) -> Answered {
        let id = question.id;
        // First of all: a repeat gets the same bytes, whatever the clock says by now.
        if let Some(sealed) = self.in_store(move |store| store.report(id)).await? {
            return Ok(Arc::new(sealed));
        }
        let unsealed = self.unsealed.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(report) = unsealed {
            return self.seal(report).await;
        }
        if let Some(fault) = self.parts.store.fault() {
            return Err(Problem::Fault(fault));
        }
        // The store forgets by its mark: what it may have forgotten is judged by that too.
        let now = self.parts.time.now().max(self.parts.store.mark());
        question.check_time(now).map_err(Problem::Refused)?;
        let _permit = self.requests.try_acquire().map_err(|_| Problem::Busy)?;
        // Counted until it is sealed: a kill before that has the run repeated.
        let _running = Running::start(&self.running);
        let result = self.run_question(&question).await?;
        let report = self.sign(&question, &result)?;
        tracing::info!(
            outcome = %report.report.outcome,
            fuel = report.fuel,
            elapsed_ms = report.elapsed_ms,
            "ran a request"
        );
        self.seal(report).await
    }

    async fn run_question(&self, question: &Question) -> Result<RunResult, Problem> {
        let contract_id = question.contract_id();
        let loaded = self.in_store(move |store| store.load_contract(contract_id)).await?;
        let loaded = loaded.ok_or(Problem::Refused(Refusal::UnknownContract { contract_id }))?;
        let (revision, min_revision) = (loaded.record.revision, question.request.min_revision());
        if revision < min_revision {
            return Err(Problem::Refused(Refusal::StaleRevision { contract_id, revision, min_revision }));
        }
        self.executions.fetch_add(1, Ordering::AcqRel);
        let call = Call {
            contract: contract_id,
            entry: Entry::Call,
            mode: Mode::Query,
            caller: NO_CALLER,
            input: question.input(),
            vrf: Some(Arc::new(self.vrf(question))),
        };
        self.run(call, loaded).await
    }

    /// The random value of a question. A run that is repeated, because its report could not be sealed, gets the
    /// same.
    fn vrf(&self, question: &Question) -> Vrf {
        let keys = &self.parts.keys;
        Vrf::new(keys.vrf(), keys.worker().address(), &question.id, &question.block_hash)
    }

    fn sign(&self, question: &Question, result: &RunResult) -> Result<SealedReport, Problem> {
        let answer = result.answer(question.request.max_output());
        let reason = reason(result, &answer);
        let report = Report {
            request_id: question.id,
            outcome: answer.outcome,
            output: answer.output,
            executed_at: question.executed_at,
            payee: question.payee,
        };
        let key = self.parts.keys.worker();
        let signature = key
            .sign(&question.request.report_digest(&report))
            .map_err(|error| Problem::Fault(format!("the worker key can't sign: {error}")))?;
        Ok(SealedReport {
            report,
            signature,
            worker: key.address(),
            expires_at: question.request.expires_at(),
            reason,
            logs: kept_logs(result, self.parts.log_bytes),
            fuel: result.fuel_used,
            elapsed_ms: milliseconds(result.elapsed),
        })
    }

    /// Returns once the report is durably sealed. One that can't be sealed is kept for the next call
    /// and not released.
    async fn seal(&self, report: SealedReport) -> Answered {
        let id = report.report.request_id;
        let (done, sealed) = oneshot::channel();
        let sealing = Sealing { report: report.clone(), done };
        let outcome = match self.parts.sealings.send(sealing).await {
            Ok(()) => sealed.await.unwrap_or_else(|_| Err("the commit was lost".to_owned())),
            Err(_) => Err("the enclave stops".to_owned()),
        };
        let mut unsealed = self.unsealed.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(kept) => {
                unsealed.remove(&id);
                Ok(Arc::new(kept))
            }
            Err(words) => {
                // What has expired can be answered no more, so nothing is lost with it.
                let now = self.parts.time.now();
                unsealed.retain(|_, report| report.expires_at > now);
                unsealed.insert(id, report);
                Err(Problem::Fault(words))
            }
        }
    }
}
