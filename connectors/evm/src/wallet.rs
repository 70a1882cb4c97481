use crate::abi;
use ethers::{
    signers::{LocalWallet, Signer},
    types::{Address, transaction::eip2718::TypedTransaction},
    utils::keccak256,
};
use phat_connector::TxHash;
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
    pub(crate) fn sign(&self, transaction: &TypedTransaction) -> Result<(TxHash, Vec<u8>), InvalidKey> {
        let signature = self.0.sign_transaction_sync(transaction).map_err(|_| InvalidKey)?;
        let raw = transaction.rlp_signed(&signature).to_vec();
        Ok((TxHash(Digest(keccak256(&raw))), raw))
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
