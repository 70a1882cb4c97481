//! What a call must be before it is worked on. The caller is not trusted: everything that a report
//! will say is recomputed from the request's content.

use phat_enclave_api::{Execute, Refusal};
use phat_protocol::{BlockHash, ContractId, OracleChain, Payee, Request, RequestId, bounds, keccak256};

/// A request whose content is in order. Time is not yet judged: whether a report was sealed comes
/// before that.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) id: RequestId,
    pub(crate) request: Request,
    pub(crate) payload: Vec<u8>,
    pub(crate) block_hash: BlockHash,
    pub(crate) executed_at: u64,
    pub(crate) payee: Payee,
}

impl Question {
    /// Computes the request's id and checks all that no clock decides.
    pub(crate) fn read(execute: Execute) -> Result<Self, Refusal> {
        let Execute { request, payload, block_hash, executed_at, payee } = execute;
        within("payload", payload.len(), bounds::MAX_PAYLOAD)?;
        within("max_output", request.max_output(), bounds::MAX_OUTPUT)?;
        match &request {
            Request::Evm(evm) => {
                within("callback_gas_limit", evm.callback_gas_limit, bounds::MAX_CALLBACK_GAS)?;
                starts_at_one(evm.sequence)?;
                payee.evm_address().ok_or(Refusal::BadPayee)?;
            }
            Request::Substrate(substrate) => starts_at_one(substrate.sequence)?,
        }
        if keccak256(&payload) != request.payload_hash() {
            return Err(Refusal::WrongPayload);
        }
        Ok(Self { id: request.request_id(), request, payload, block_hash, executed_at, payee })
    }

    /// Checks the request's times against the enclave's, all in unix seconds.
    pub(crate) fn check_time(&self, now: u64) -> Result<(), Refusal> {
        let expires_at = self.request.expires_at();
        if expires_at <= now {
            return Err(Refusal::Expired { expires_at, now });
        }
        if self.executed_at.abs_diff(now) > bounds::MAX_EXECUTED_SKEW {
            return Err(Refusal::ClockSkew { executed_at: self.executed_at, now });
        }
        let lifetime = expires_at.saturating_sub(self.executed_at);
        if lifetime > bounds::MAX_LIFETIME {
            let most = bounds::MAX_LIFETIME;
            return Err(Refusal::OutOfBounds { what: format!("expires in {lifetime} s, and the most is {most} s") });
        }
        Ok(())
    }

    pub(crate) fn contract_id(&self) -> ContractId {
        self.request.contract_id()
    }

    /// What the contract is called with.
    pub(crate) fn input(&self) -> Vec<u8> {
        self.request.oracle_request(self.payload.clone(), self.block_hash).call_input()
    }
}

fn within<Size: TryInto<u32> + Copy + std::fmt::Display>(what: &str, size: Size, most: u32) -> Result<(), Refusal> {
    match size.try_into() {
        Ok(fits) if fits <= most => Ok(()),
        Ok(_) | Err(_) => Err(Refusal::OutOfBounds { what: format!("{what} is {size}, and the most is {most}") }),
    }
}

fn starts_at_one(sequence: u64) -> Result<(), Refusal> {
    if sequence == 0 { Err(Refusal::OutOfBounds { what: "sequence starts at 1".to_owned() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
