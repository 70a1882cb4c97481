//! The enclave, taken at its word only as far as the operator said: a worker that nothing vouches
//! for is refused unless the configuration accepts it.

use async_trait::async_trait;
use bytes::Bytes;
use phat_enclave_api::{
    Act, Acted, Attestation, Call, CallResult, Code, Contract, Enclave, EnclaveError, Execute, Execution, Instantiate,
    Quote, QuoteFor, Simulate, Simulation, Status,
};
use phat_protocol::ContractId;

/// An enclave whose attestation is looked at before its answers are.
pub struct VettedEnclave<Inner> {
    inner: Inner,
    allow_simulated: bool,
}

impl<Inner> VettedEnclave<Inner> {
    /// `inner`, with simulated attestation accepted or not.
    pub const fn new(inner: Inner, allow_simulated: bool) -> Self {
        Self { inner, allow_simulated }
    }

    fn vet(&self, attestation: Attestation) -> Result<(), EnclaveError> {
        match attestation {
            Attestation::Simulated if !self.allow_simulated => Err(simulated_not_allowed()),
            Attestation::Simulated => Ok(()),
        }
    }
}

/// Why a simulated enclave isn't worked with where the configuration doesn't accept it.
pub(crate) fn simulated_not_allowed() -> EnclaveError {
    EnclaveError::Fault(
        "its attestation is simulated: nothing vouches for it; set enclave.allow_simulated = true to accept it"
            .to_owned(),
    )
}

#[async_trait]
impl<Inner: Enclave> Enclave for VettedEnclave<Inner> {
    /// Answers for any enclave: whoever looks sees what vouches for it.
    async fn status(&self) -> Result<Status, EnclaveError> {
        self.inner.status().await
    }

    async fn quote(&self, quote_for: &QuoteFor) -> Result<Quote, EnclaveError> {
        let quote = self.inner.quote(quote_for).await?;
        self.vet(quote.attestation)?;
        Ok(quote)
    }

    async fn put_code(&self, wasm: Bytes) -> Result<Code, EnclaveError> {
        self.inner.put_code(wasm).await
    }

    async fn instantiate(&self, instantiate: &Instantiate) -> Result<Contract, EnclaveError> {
        self.inner.instantiate(instantiate).await
    }

    async fn contract(&self, id: ContractId) -> Result<Option<Contract>, EnclaveError> {
        self.inner.contract(id).await
    }

    async fn execute(&self, execute: &Execute) -> Result<Execution, EnclaveError> {
        let execution = self.inner.execute(execute).await?;
        self.vet(execution.attestation)?;
        Ok(execution)
    }

    async fn simulate(&self, simulate: &Simulate) -> Result<Simulation, EnclaveError> {
        self.inner.simulate(simulate).await
    }

    async fn call(&self, call: &Call) -> Result<CallResult, EnclaveError> {
        self.inner.call(call).await
    }

    async fn act(&self, act: &Act) -> Result<Acted, EnclaveError> {
        self.inner.act(act).await
    }
}
