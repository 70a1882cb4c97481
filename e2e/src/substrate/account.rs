//! An account that asks.

use super::node::Runtime;
use crate::{Asked, Consumer, Heard, Question};
use anyhow::{Context, Result};
use async_trait::async_trait;
use phat_protocol::RequestId;
use std::{collections::BTreeMap, str::FromStr};
use subxt::{PolkadotConfig, dynamic::Value};
use subxt_signer::{SecretUri, sr25519::Keypair};
use tokio::sync::Mutex;

/// What a question brings, in the smallest unit: more than its answer costs a relayer.
const PAYMENT: u128 = 1_000_000_000_000;

/// An account with its sr25519 key.
#[derive(Clone)]
pub(crate) struct Signer(Keypair);

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Signer({})", hex::encode(self.account()))
    }
}

impl Signer {
    /// The account of a secret: a seed in hexadecimal, or a path of the development phrase.
    pub(crate) fn of(secret: &str) -> Result<Self> {
        Ok(Self(Keypair::from_uri(&SecretUri::from_str(secret)?)?))
    }

    pub(crate) fn account(&self) -> [u8; 32] {
        self.0.public_key().0
    }

    pub(crate) const fn keypair(&self) -> &impl subxt::tx::Signer<PolkadotConfig> {
        &self.0
    }
}

/// An account that asks by extrinsic, and hears by the pallet's events.
#[derive(Debug)]
pub struct AccountConsumer {
    runtime: Runtime,
    signer: Signer,
    ledger: Mutex<super::ledger::Ledger>,
}

impl AccountConsumer {
    pub(super) fn new(runtime: &Runtime, signer: Signer) -> Self {
        Self { runtime: runtime.clone(), signer, ledger: Mutex::default() }
    }

    async fn fields(&self, question: &Question) -> Result<Vec<Value>> {
        let expires_at = self.runtime.time().await? + question.lifetime;
        Ok(vec![
            Value::from_bytes(question.contract_id.0),
            Value::u128(question.min_revision.into()),
            Value::from_bytes(&question.payload),
            Value::u128(question.max_output.into()),
            Value::u128(expires_at.into()),
            Value::u128(PAYMENT),
        ])
    }
}

#[async_trait(?Send)]
impl Consumer for AccountConsumer {
    async fn ask(&self, question: &Question) -> Result<Asked> {
        let fields = self.fields(question).await?;
        let block = self.runtime.included(&self.signer, super::INSTANCE, "request", fields).await?;
        block.asked(self.runtime.genesis()).into_iter().next().context("the extrinsic made no request")
    }

    async fn ask_together(&self, questions: &[Question]) -> Result<Vec<Asked>> {
        let mut calls = Vec::with_capacity(questions.len());
        for question in questions {
            calls.push(self.fields(question).await?);
        }
        let blocks = self.runtime.included_together(&self.signer, super::INSTANCE, "request", calls).await?;
        let mut asked = Vec::new();
        for block in blocks {
            asked.extend(block.asked(self.runtime.genesis()));
        }
        Ok(asked)
    }

    async fn all_heard(&self) -> Result<BTreeMap<RequestId, Vec<Heard>>> {
        let mut heard = BTreeMap::<_, Vec<_>>::new();
        for (_, answer) in self.ledger.lock().await.at_head(&self.runtime).await?.answers() {
            heard.entry(answer.report.request_id).or_default().push(Heard {
                outcome: answer.report.outcome,
                output: answer.report.output.clone(),
                executed_at: answer.report.executed_at,
            });
        }
        Ok(heard)
    }
}
