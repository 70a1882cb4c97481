use crate::api::{Registered, Registrar, RegistrarError};
use async_trait::async_trait;
use phat_connector::{ChainError, OracleStatus};
use phat_connector_evm::{
    EvmChain,
    admin::{AdminError, EvmAdmin, WorkerEvidence},
};
use phat_enclave_api::{Quote, QuoteFor};
use phat_protocol::EvmAddress;

/// Registers the worker at the registry of one EVM chain's oracle, as the chain's wallet.
pub(super) struct EvmRegistrar {
    pub(super) chain: EvmChain,
    pub(super) admin: EvmAdmin,
}

impl EvmRegistrar {
    async fn registry(&self) -> Result<EvmAddress, ChainError> {
        let registry = self.chain.facts().await?.registry;
        registry.parse().map_err(|_| ChainError::NoOracle {
            address: self.chain.oracle().to_string(),
            cause: format!("its registry is {registry:?}"),
        })
    }
}

#[async_trait]
impl Registrar for EvmRegistrar {
    async fn quote_for(&self) -> Result<QuoteFor, RegistrarError> {
        let registry = self.registry().await?;
        self.admin.registration(registry).await.map(QuoteFor::Evm).map_err(failed)
    }

    async fn register(&self, quote_for: &QuoteFor, quote: &Quote) -> Result<Registered, RegistrarError> {
        let registration = match quote_for {
            QuoteFor::Evm(registration) => registration,
            QuoteFor::Substrate(_) => {
                return Err(ChainError::WrongChain {
                    endpoint: "the quote".to_owned(),
                    expected: self.chain.chain_id().to_string(),
                    found: "a Substrate chain".to_owned(),
                }
                .into());
            }
        };
        let evidence = WorkerEvidence {
            keys: quote.keys,
            config_hash: quote.config_hash,
            block_number: registration.block_number,
            quote: quote.evidence.clone(),
        };
        let mined = self.admin.register_worker(registration.registry, &evidence).await.map_err(failed)?;
        let record = self.admin.worker(registration.registry, quote.keys.worker).await.map_err(failed)?;
        Ok(Registered { transaction: mined.hash, block: mined.block.number, expires_at: record.expiry })
    }
}

fn failed(error: AdminError) -> RegistrarError {
    match error {
        AdminError::Chain(error) => error.into(),
        AdminError::NotMined { hash, .. } => RegistrarError::NotMined { transaction: hash },
        AdminError::Failed { hash, block } => RegistrarError::Failed { transaction: hash, block: block.number },
        AdminError::SimulatedAttestation { chain_id } => {
            RegistrarError::Chain(ChainError::Reverted { reason: format!("simulated attestation on chain {chain_id}") })
        }
    }
}
