//! Transactions that ask, signed beforehand: asking is no part of what is measured.

use crate::{Asker, CHAIN_ID, Chain, Question, settings::ether};
use anyhow::{Context, Result};
use ethers::{
    providers::Middleware,
    signers::{LocalWallet, Signer},
    types::{Bytes, Eip1559TransactionRequest, H256, U256, transaction::eip2718::TypedTransaction},
};
use rand::rngs::OsRng;

/// Far above what a transaction of the bench costs a gas.
const MAX_FEE_GWEI: u64 = 100;

/// An account that asks the same question again and again.
#[derive(Debug)]
pub(super) struct Asks {
    chain: Chain,
    wallet: LocalWallet,
    draft: Eip1559TransactionRequest,
    nonce: u64,
}

impl Asks {
    /// A new account with enough money.
    pub(super) async fn new(chain: &Chain, asker: &Asker, question: &Question) -> Result<Self> {
        let wallet = LocalWallet::new(&mut OsRng).with_chain_id(CHAIN_ID);
        chain.set_balance(wallet.address(), ether(1_000)).await?;
        let call = asker.transaction(question).await?;
        let mut draft = Eip1559TransactionRequest::new()
            .from(wallet.address())
            .to(call.to().context("a call of nobody")?.clone())
            .data(call.data().context("a call of nothing")?.clone())
            .value(call.value().copied().unwrap_or_default())
            .chain_id(CHAIN_ID)
            .max_fee_per_gas(U256::exp10(9) * MAX_FEE_GWEI)
            .max_priority_fee_per_gas(U256::exp10(9));
        let gas = chain.provider().estimate_gas(&TypedTransaction::Eip1559(draft.clone()), None).await?;
        // The first request of a consumer costs most; some more, since the next block isn't this one.
        draft = draft.gas(gas + gas / 4);
        Ok(Self { chain: chain.clone(), wallet, draft, nonce: 0 })
    }

    /// The next transaction, signed.
    pub(super) fn sign(&mut self) -> Result<Bytes> {
        let transaction = TypedTransaction::Eip1559(self.draft.clone().nonce(self.nonce));
        let signature = self.wallet.sign_transaction_sync(&transaction)?;
        self.nonce += 1;
        Ok(transaction.rlp_signed(&signature))
    }

    /// Has so many questions asked while no block is made, and then makes the few blocks that hold them.
    pub(super) async fn ask_at_once(&mut self, count: usize) -> Result<()> {
        let provider = self.chain.provider();
        provider.request::<_, ()>("evm_setAutomine", [false]).await?;
        for _ in 0..count {
            let signed = self.sign()?;
            provider.request::<_, H256>("eth_sendRawTransaction", [signed]).await?;
        }
        while provider.get_transaction_count(self.wallet.address(), None).await? < self.nonce.into() {
            provider.request::<_, String>("evm_mine", ()).await?;
        }
        Ok(provider.request::<_, ()>("evm_setAutomine", [true]).await?)
    }
}
