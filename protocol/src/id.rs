use alloc::string::String;
use core::{fmt, str::FromStr};
use parity_scale_codec::{Decode, Encode};

/// Text that is not `0x` and the right number of hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and {expected} hexadecimal digits, found {found:?}")]
pub struct MalformedId {
    /// How many digits the id has.
    pub expected: usize,
    /// What was given.
    pub found: String,
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident: $length:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// The id's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Whether every byte is zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0.iter().all(|byte| *byte == 0)
            }
        }

        impl From<[u8; $length]> for $name {
            fn from(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = MalformedId;

            fn try_from(bytes: &[u8]) -> Result<Self, MalformedId> {
                bytes.try_into().map(Self).map_err(|_| MalformedId { expected: 2 * $length, found: hex::encode(bytes) })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("0x")?;
                for byte in &self.0 {
                    write!(formatter, "{byte:02x}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                let malformed = || MalformedId { expected: 2 * $length, found: text.into() };
                let digits = text.strip_prefix("0x").ok_or_else(malformed)?;
                let mut bytes = [0; $length];
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| malformed())?;
                Ok(Self(bytes))
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id! {
    /// Names one request: a hash of everything in it.
    RequestId: 32;
    /// Names one Phat Contract: a hash of code, init data, owner and salt.
    ContractId: 32;
    /// BLAKE2b-256 of a contract's wasm bytes.
    CodeHash: 32;
    /// What tells two contracts of the same code, init data and owner apart.
    Salt: 32;
    /// What a signature signs.
    Digest: 32;
    /// A block's hash on the request's chain.
    BlockHash: 32;
    /// A Substrate chain's name: the hash of its first block.
    GenesisHash: 32;
    /// Who is paid for a report: an AccountId32, or an EVM address left-padded with zeros.
    Payee: 32;
    /// An account or contract on an EVM chain.
    EvmAddress: 20;
    /// A worker's name: the Ethereum-style address of its secp256k1 key.
    WorkerAddress: 20;
}

impl From<EvmAddress> for Payee {
    fn from(address: EvmAddress) -> Self {
        Self(crate::abi::left_pad(&address.0))
    }
}

impl Payee {
    /// The EVM address that this names; none when it is zero or its upper 12 bytes are not.
    #[must_use]
    pub fn evm_address(&self) -> Option<EvmAddress> {
        let (padding, address) = self.0.split_at(12);
        if self.is_zero() || padding.iter().any(|byte| *byte != 0) {
            return None;
        }
        EvmAddress::try_from(address).ok()
    }
}
