use crate::api::{Registered, Registrar, RegistrarError};
use async_trait::async_trait;
use phat_connector::ChainError;
use phat_connector_substrate::{
    SubstrateChain,
    admin::{AdminError, WorkerEvidence},
};
use phat_enclave_api::{Quote, QuoteFor};
use phat_protocol::Digest;

/// Registers the worker at the oracle pallet of one Substrate chain, as the chain's wallet.
pub(super) struct SubstrateRegistrar {
    pub(super) chain: SubstrateChain,
}

#[async_trait]
impl Registrar for SubstrateRegistrar {
    async fn quote_for(&self) -> Result<QuoteFor, RegistrarError> {
        let registration = self.chain.registration().await.map_err(super::chain_error)?;
        Ok(QuoteFor::Substrate(registration))
    }

    async fn register(&self, quote_for: &QuoteFor, quote: &Quote) -> Result<Registered, RegistrarError> {
        let registration = match quote_for {
            QuoteFor::Substrate(registration) => registration,
            QuoteFor::Evm(registration) => {
                return Err(ChainError::WrongChain {
                    endpoint: "the quote".to_owned(),
                    expected: self.chain.genesis().to_string(),
                    found: registration.chain_id.to_string(),
                }
                .into());
            }
        };
        let evidence = WorkerEvidence {
            keys: quote.keys,
            config_hash: quote.config_hash,
            measurement: quote.measurement,
            block_number: registration.block_number,
            block_hash: registration.block_hash,
            quote: quote.evidence.clone(),
        };
        let registering = self.chain.register_worker(&evidence).await;
        let mined = registering
            .map_err(|error| refused(error, self.chain.instance(), evidence.measurement, evidence.config_hash))?;
        let record = self.chain.worker(quote.keys.worker).await.map_err(super::chain_error)?;
        Ok(Registered { transaction: mined.hash, block: mined.block.number, expires_at: record.expiry })
    }
}

/// What the pallet says against a registration.
fn refused(error: AdminError, instance: &str, measurement: Digest, config_hash: Digest) -> RegistrarError {
    match error {
        AdminError::Failed { reason, .. } if reason.ends_with("PairNotAllowed") => RegistrarError::PairNotAllowed {
            registry: instance.to_owned(),
            remedy: format!("{instance}.allow_pair({measurement}, {config_hash})"),
        },
        AdminError::NotMined { hash, .. } => RegistrarError::NotMined { transaction: hash },
        error @ (AdminError::Chain(_) | AdminError::Replaced { .. } | AdminError::Failed { .. }) => {
            super::chain_error(error).into()
        }
    }
}
