//! What others do beside the relayer.

use crate::{Asked, Environment, Evm, Guest, OracleEnd, consumer::mined, phat_oracle};
use anyhow::{Result, ensure};
use phat_enclave_api::{Enclave, Instantiate};
use phat_protocol::{ContractId, Owner, Salt};
use std::fs;

impl Environment<Evm> {
    /// Carries the enclave's answer to the chain in the relayer's place, from another account.
    ///
    /// # Errors
    /// When the enclave or the chain refuses.
    pub async fn answer_as_a_stranger(&self, asked: &Asked) -> Result<()> {
        let execution = self.enclave.client().execute(&self.execution_of(asked).await?).await?;
        let report = phat_oracle::Report {
            outcome: execution.report.outcome.number(),
            output: execution.report.output.clone().into(),
            executed_at: execution.report.executed_at,
            payee: execution.report.payee.0,
        };
        let oracle = phat_oracle::PhatOracle::new(self.end.oracle.address, self.end.chain.provider());
        let signatures = vec![execution.signature.0.to_vec().into()];
        mined(oracle.fulfill(asked.on_chain()?, report, signatures)).await.map(drop)
    }
}

impl<End: OracleEnd> Environment<End> {
    /// Puts a Phat Contract into the enclave without telling the relayer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn install(&self, guest: &Guest) -> Result<ContractId> {
        let client = self.enclave.client();
        let code = client.put_code(fs::read(&guest.wasm)?.into()).await?;
        let instantiate = Instantiate {
            code_hash: code.code_hash,
            init_data: guest.init_data(),
            owner: Owner::NOBODY,
            salt: Salt::default(),
        };
        let contract = client.instantiate(&instantiate).await?;
        ensure!(contract.contract_id == guest.contract_id()?, "the contract got another id");
        Ok(contract.contract_id)
    }
}
