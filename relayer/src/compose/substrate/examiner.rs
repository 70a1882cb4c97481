use crate::{
    compose::doctor::Examiner,
    doctor::{Deployed, Pallet, Registration},
};
use async_trait::async_trait;
use phat_connector::{ChainError, EndpointReport};
use phat_connector_substrate::{Submission, SubstrateChain};
use phat_enclave_api::Status;

/// Looks at the oracle pallet of one Substrate chain.
pub(super) struct SubstrateExaminer {
    pub(super) chain: SubstrateChain,
    pub(super) submission: Submission,
}

#[async_trait]
impl Examiner for SubstrateExaminer {
    async fn look_at_endpoints(&self) -> Vec<EndpointReport> {
        self.chain.look_at_endpoints().await
    }

    async fn deployed(&self) -> Result<Deployed, ChainError> {
        let found = self.chain.examine().await?;
        Ok(Deployed::Pallet(Pallet {
            runtime: format!("{} {}", found.spec_name, found.spec_version),
            is_whole: found.has_oracle,
            takes_submissions: found.takes_unsigned || self.submission == Submission::Signed,
            states: found.states,
            calls: found.calls.to_string(),
        }))
    }

    async fn registration(&self, status: &Status) -> Result<Registration, ChainError> {
        let record = self.chain.worker(status.keys.worker).await.map_err(super::chain_error)?;
        let (_, pair_allowed) = self.chain.may_register(status.measurement, status.config_hash).await?;
        Ok(Registration {
            operator: record.operator.map(|operator| format!("0x{}", hex::encode(operator))),
            expiry: record.expiry,
            revoked: record.revoked,
            active: record.active,
            measurement: record.measurement,
            config_hash: record.config_hash,
            // Who may is the runtime's secret, and told by the attempt.
            may_register: true,
            pair_allowed,
        })
    }
}
