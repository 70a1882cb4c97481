use crate::api::{Registered, Registrar, RegistrarError};
use async_trait::async_trait;
use phat_connector::{ChainError, OracleStatus};
use phat_connector_evm::{
    EvmChain,
    admin::{AdminError, EvmAdmin, WorkerEvidence},
};
use phat_enclave_api::{Quote, QuoteFor};
use phat_protocol::{EvmAddress, evm::Registration};

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
        let registering = self.admin.register_worker(registration.registry, &evidence).await;
        let mined = registering.map_err(|error| refused(error, registration))?;
        let record = self.admin.worker(registration.registry, quote.keys.worker).await.map_err(failed)?;
        Ok(Registered { transaction: mined.hash, block: mined.block.number, expires_at: record.expiry })
    }
}

/// What the registry says against a registration.
fn refused(error: AdminError, registration: &Registration) -> RegistrarError {
    let Registration { registry, chain_id, .. } = registration;
    match failed(error) {
        RegistrarError::Chain(ChainError::Reverted { reason }) if is_pair_not_allowed(&reason) => {
            RegistrarError::PairNotAllowed {
                registry: registry.to_string(),
                remedy: format!(
                    "relayer oracle allow --rpc-url URL --chain-id {chain_id} --registry {registry} --enclave ENDPOINT \
                     --key-file FILE"
                ),
            }
        }
        error @ (RegistrarError::Chain(_)
        | RegistrarError::PairNotAllowed { .. }
        | RegistrarError::NotMined { .. }
        | RegistrarError::Failed { .. }) => error,
    }
}

/// Whether it is the registry's error of that name: a name, and its arguments where it has any.
fn is_pair_not_allowed(reason: &str) -> bool {
    reason.split('(').next() == Some("PairNotAllowed")
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

#[cfg(test)]
mod tests {
    use super::*;
    use phat_protocol::BlockHash;

    #[test]
    fn a_worker_that_the_registry_does_not_allow_is_told_the_command_that_allows_it() {
        let registration = Registration {
            chain_id: 31337,
            registry: EvmAddress([0xab; 20]),
            operator: EvmAddress([1; 20]),
            block_number: 7,
            block_hash: BlockHash([2; 32]),
        };
        let reverted = |reason: &str| AdminError::Chain(ChainError::Reverted { reason: reason.to_owned() });
        for reason in ["PairNotAllowed", "PairNotAllowed(0x01, 0x02)"] {
            let words = refused(reverted(reason), &registration).to_string();
            let remedy =
                format!("`relayer oracle allow --rpc-url URL --chain-id 31337 --registry {} ", registration.registry);
            assert!(words.contains(&remedy), "{words}");
        }
        let other = refused(reverted("EvidenceTooOld"), &registration).to_string();
        assert!(other.contains("EvidenceTooOld") && !other.contains("oracle allow"), "{other}");
    }
}
