use crate::{
    abi,
    key::{Message, SigningKey},
};
use ethers::{
    types::{
        Address, Eip1559TransactionRequest, Signature, TransactionRequest, U256, transaction::eip2718::TypedTransaction,
    },
    utils::keccak256,
};
use phat_connector::{Account, ChainError, Fees, TxHash};
use phat_protocol::{Digest, EvmAddress};

/// An account that signs transactions for one chain.
#[derive(Clone, Debug)]
pub(crate) struct Wallet {
    key: SigningKey,
    chain_id: u64,
}

impl Wallet {
    pub(crate) fn new(key: &SigningKey, chain_id: u64) -> Self {
        Self { key: key.clone(), chain_id }
    }

    pub(crate) fn address(&self) -> Address {
        self.key.address()
    }

    pub(crate) fn account(&self) -> EvmAddress {
        self.key.account()
    }

    /// Signs a transaction; gives its hash and the bytes to broadcast.
    pub(crate) async fn sign(&self, unsigned: &Unsigned) -> Result<(TxHash, Vec<u8>), ChainError> {
        let transaction = unsigned.typed(self.chain_id);
        let Signature { r, s, v } = self.key.sign(Message::new(&transaction.rlp())).await?;
        // EIP-155's, from which typed transactions take the parity alone.
        let v = self.chain_id.saturating_mul(2).saturating_add(8).saturating_add(v);
        let raw = transaction.rlp_signed(&Signature { r, s, v }).to_vec();
        Ok((TxHash(Digest(keccak256(&raw))), raw))
    }
}

/// The account holds less than a transaction may cost.
pub(crate) fn insufficient(account: Address, balance: U256, needed: U256) -> ChainError {
    ChainError::InsufficientFunds {
        account: Account(abi::from_address(account).to_string()),
        balance: abi::amount(balance),
        needed: abi::amount(needed),
    }
}

/// A transaction before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Unsigned {
    /// None creates a contract.
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Vec<u8>,
    pub(crate) nonce: u64,
    pub(crate) gas_limit: u64,
    pub(crate) fees: Fees,
    /// Whether it is EIP-1559's or, on a chain without base fees, a legacy one with EIP-155's chain id.
    pub(crate) has_base_fee: bool,
}

impl Unsigned {
    fn typed(&self, chain_id: u64) -> TypedTransaction {
        let mut transaction = if self.has_base_fee {
            let request = Eip1559TransactionRequest::new()
                .max_fee_per_gas(abi::uint(self.fees.max_fee))
                .max_priority_fee_per_gas(abi::uint(self.fees.max_priority_fee));
            TypedTransaction::Eip1559(request)
        } else {
            TypedTransaction::Legacy(TransactionRequest::new().gas_price(abi::uint(self.fees.max_fee)))
        };
        if let Some(to) = self.to {
            transaction.set_to(to);
        }
        transaction.set_chain_id(chain_id);
        transaction.set_value(self.value);
        transaction.set_data(self.data.clone().into());
        transaction.set_nonce(self.nonce);
        transaction.set_gas(self.gas_limit);
        transaction
    }
}
