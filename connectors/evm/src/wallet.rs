use crate::abi;
use ethers::{
    signers::{LocalWallet, Signer},
    types::{Address, Eip1559TransactionRequest, TransactionRequest, U256, transaction::eip2718::TypedTransaction},
    utils::keccak256,
};
use phat_connector::{Account, ChainError, Fees, TxHash};
use phat_protocol::{Digest, EvmAddress};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use zeroize::Zeroizing;

/// Text that is no secp256k1 key. It isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a secp256k1 private key, 64 hexadecimal digits with or without 0x")]
pub struct InvalidKey;

/// A key that signs transactions for one chain.
#[derive(Clone)]
pub(crate) struct Wallet(LocalWallet);

impl Wallet {
    pub(crate) fn new(key: &SecretString, chain_id: u64) -> Result<Self, InvalidKey> {
        let text = key.expose_secret().trim();
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), bytes.as_mut_slice()).map_err(|_| InvalidKey)?;
        let wallet = LocalWallet::from_bytes(bytes.as_slice()).map_err(|_| InvalidKey)?;
        Ok(Self(wallet.with_chain_id(chain_id)))
    }

    pub(crate) fn address(&self) -> Address {
        self.0.address()
    }

    pub(crate) fn account(&self) -> EvmAddress {
        abi::from_address(self.0.address())
    }

    /// Signs a transaction; gives its hash and the bytes to broadcast.
    pub(crate) fn sign(&self, unsigned: &Unsigned) -> Result<(TxHash, Vec<u8>), ChainError> {
        let transaction = unsigned.typed(self.0.chain_id());
        // Only a remote signer can fail here; the signature that `ethers` gives both is the same.
        let signature = self
            .0
            .sign_transaction_sync(&transaction)
            .map_err(|error| ChainError::Malformed { method: "signing".to_owned(), cause: error.to_string() })?;
        let raw = transaction.rlp_signed(&signature).to_vec();
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

impl fmt::Debug for Wallet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Wallet").field(&self.account()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    #[test]
    fn a_wallet_prints_its_address_alone() {
        let wallet = Wallet::new(&SecretString::from(format!("0x{KEY}")), 1).unwrap();
        assert_eq!(format!("{wallet:?}"), "Wallet(0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266)");
    }

    #[test]
    fn a_key_that_is_none_is_refused_unrepeated() {
        for text in ["", "0x", &KEY[1..], &"f".repeat(64), &"0".repeat(64)] {
            let refused = Wallet::new(&SecretString::from(text), 1).unwrap_err();
            assert!(!refused.to_string().contains("fff"));
        }
    }
}
