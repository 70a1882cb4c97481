use crate::{
    compose::doctor::Examiner,
    doctor::{CodeOnChain, Contracts, Deployed, Registration},
};
use async_trait::async_trait;
use phat_connector::{ChainError, EndpointReport, OracleStatus};
use phat_connector_evm::{
    DeployedCode, EvmChain,
    admin::{AdminError, EvmAdmin},
};
use phat_enclave_api::Status;
use phat_protocol::EvmAddress;

/// Looks at the contracts on one EVM chain.
pub(super) struct EvmExaminer {
    pub(super) chain: EvmChain,
    pub(super) admin: EvmAdmin,
}

#[async_trait]
impl Examiner for EvmExaminer {
    async fn look_at_endpoints(&self) -> Vec<EndpointReport> {
        self.chain.look_at_endpoints().await
    }

    async fn deployed(&self) -> Result<Deployed, ChainError> {
        let code = |code| match code {
            DeployedCode::OfThisRelease => CodeOnChain::OfThisRelease,
            DeployedCode::Other { hash, size } => CodeOnChain::Other { hash, size },
        };
        let found = self.chain.examine().await?;
        Ok(Deployed::Contracts(Contracts {
            oracle: code(found.oracle),
            registry: code(found.registry),
            has_safe: found.has_safe,
            has_finalized: found.has_finalized,
        }))
    }

    async fn registration(&self, status: &Status) -> Result<Registration, ChainError> {
        let registry = self.chain.facts().await?.registry;
        let malformed = || ChainError::Malformed { method: "registry()".to_owned(), cause: format!("{registry:?}") };
        let registry: EvmAddress = registry.parse().map_err(|_| malformed())?;
        let record = self.admin.worker(registry, status.keys.worker).await.map_err(|error| match error {
            AdminError::Chain(error) => error,
            // Reading sends nothing.
            AdminError::NotMined { .. } | AdminError::Failed { .. } | AdminError::SimulatedAttestation { .. } => {
                malformed()
            }
        })?;
        let (may_register, pair_allowed) = self.chain.may_register(status.measurement, status.config_hash).await?;
        Ok(Registration {
            operator: record.operator.map(|operator| operator.to_string()),
            expiry: record.expiry,
            revoked: record.revoked,
            active: record.active,
            measurement: record.measurement,
            config_hash: record.config_hash,
            may_register,
            pair_allowed,
        })
    }
}
