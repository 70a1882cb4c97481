//! What must hold of every request in the end, whatever happened on its way.

use crate::{Asked, Consumer, Environment, Fulfilment, Heard, OracleEnd, eventually, wait_for};
use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use phat_enclave_api::{Enclave, Execute, Execution};
use phat_protocol::RequestId;
use phat_relayer::request::StateName;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Calls to one part that are under way at once.
const AT_ONCE: usize = 16;

impl<End: OracleEnd> Environment<End> {
    /// Waits until a consumer's callback was told the answer to a request.
    ///
    /// # Errors
    /// When it hears nothing in time.
    pub async fn heard(&self, asker: &End::Consumer, asked: &Asked, deadline: Duration) -> Result<Heard> {
        let what = format!("the answer to {}", asked.id);
        wait_for(&what, deadline, async || Ok(asker.heard(asked.id).await?.into_iter().next())).await
    }

    /// Waits until the relayer says that a request is in a state.
    ///
    /// # Errors
    /// When it isn't in time.
    pub async fn reaches(&self, asked: &Asked, state: &str, deadline: Duration) -> Result<()> {
        let api = self.relayer.api();
        let mut seen = None;
        wait_for(&format!("{} to be {state}", asked.id), deadline, async || {
            seen = api.state_of(asked.id).await?;
            Ok((seen.as_deref() == Some(state)).then_some(()))
        })
        .await
        .with_context(|| format!("it is {seen:?}"))
    }

    /// Waits until every request is answered, and then sees that each was answered exactly once, and
    /// signed with the same bytes wherever its report was seen; that no transaction of the relayer's
    /// wallet failed or carried an entry without effect; and that the relayer knows it all.
    ///
    /// # Errors
    /// With the first request of which that isn't so.
    pub async fn expect_each_answered_once(
        &self,
        asker: &End::Consumer,
        asked: &[Asked],
        deadline: Duration,
    ) -> Result<()> {
        self.expect_one_answer_each(asker, asked, deadline).await?;
        self.end.expect_no_waste_but(&BTreeSet::new()).await
    }

    /// The same, but for what transactions cost in vain.
    ///
    /// # Errors
    /// As [`Self::expect_each_answered_once`].
    pub async fn expect_one_answer_each(
        &self,
        asker: &End::Consumer,
        asked: &[Asked],
        deadline: Duration,
    ) -> Result<()> {
        let mut answered = 0;
        let everyone = wait_for("every request to be answered", deadline, async || {
            answered = self.end.fulfilments().await?.len();
            Ok((answered >= asked.len()).then_some(()))
        });
        everyone.await.with_context(|| format!("{answered} of {} are", asked.len()))?;

        let mut waiting = 0;
        let settled = eventually("every request to be settled", deadline, async || {
            let states = self.database().await?.states().await?;
            waiting = asked.iter().filter(|request| states.get(&request.id) != Some(&StateName::Settled)).count();
            Ok(waiting == 0)
        });
        settled.await.with_context(|| format!("{waiting} are not"))?;

        let sent = self.end.sent_reports().await?;
        let (fulfilled, all_heard) = (self.end.fulfilments().await?, asker.all_heard().await?);
        let again = stream::iter(asked).map(|request| self.executed_again(request)).buffered(AT_ONCE);
        let again: Vec<Execution> = again.try_collect().await?;
        for (request, again) in asked.iter().zip(again) {
            let id = request.id;
            let heard = heard_once(&fulfilled, &all_heard, id)?;
            ensure!(
                again.report.output == heard.output
                    && again.report.outcome == heard.outcome
                    && again.report.executed_at == heard.executed_at,
                "the consumer heard {:?}, and the enclave now says {:?}",
                heard,
                again.report
            );
            let signatures = vec![again.signature.0.to_vec()];
            for sent in sent.get(&id).into_iter().flatten() {
                ensure!(
                    sent.signatures == signatures && sent.report == again.report,
                    "{id} was signed with other bytes: {sent:?} and {again:?}"
                );
            }
        }
        Ok(())
    }

    /// What the enclave says to a request that it has answered.
    async fn executed_again(&self, asked: &Asked) -> Result<Execution> {
        Ok(self.enclave.client().execute(&self.execution_of(asked).await?).await?)
    }

    /// Sees that a request was answered exactly once, and that its consumer heard it.
    ///
    /// # Errors
    /// When that isn't so.
    pub async fn expect_heard_once(&self, asker: &End::Consumer, asked: &Asked) -> Result<()> {
        heard_once(&self.end.fulfilments().await?, &asker.all_heard().await?, asked.id).map(drop)
    }

    /// What the relayer asks of the enclave for a request.
    ///
    /// # Errors
    /// When the enclave doesn't tell its time.
    pub async fn execution_of(&self, asked: &Asked) -> Result<Execute> {
        Ok(Execute {
            request: asked.request.clone(),
            payload: asked.payload.clone(),
            block_hash: asked.block_hash,
            executed_at: self.enclave.status().await?.now,
            payee: self.end.payee(),
        })
    }
}

/// The one answer to a request, which its consumer heard.
fn heard_once<'h>(
    fulfilled: &BTreeMap<RequestId, Vec<Fulfilment>>,
    heard: &'h BTreeMap<RequestId, Vec<Heard>>,
    id: RequestId,
) -> Result<&'h Heard> {
    let times = fulfilled.get(&id).map_or(0, Vec::len);
    ensure!(times == 1, "{id} was answered {times} times");
    let heard = heard.get(&id).map_or(&[] as &[_], Vec::as_slice);
    ensure!(heard.len() == 1, "the consumer heard {} answers to {id}", heard.len());
    heard.first().context("it heard one")
}
