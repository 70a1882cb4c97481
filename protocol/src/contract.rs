use crate::{
    CodeHash, ContractId, EvmAddress, Salt,
    abi::Words,
    hash::{blake2_256, keccak256},
};
use core::fmt;
use parity_scale_codec::{Decode, Encode};

/// Who may change a contract: an EVM address left-padded with zeros, an AccountId32, or nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Owner(pub crate::Digest);

impl Owner {
    /// The owner of an immutable contract.
    pub const NOBODY: Self = Self(crate::Digest([0; 32]));

    /// The owner's 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0.0
    }

    /// Whether no one owns the contract.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.0.is_zero()
    }

    /// Whether this owner signs with secp256k1 (12 leading zero bytes) rather than with sr25519.
    #[must_use]
    pub fn evm_address(&self) -> Option<EvmAddress> {
        crate::Payee(self.0.0).evm_address()
    }

    /// Who `deploy` sees as its caller: the owner, or 32 bytes 0xff where there is none (never the
    /// zero caller of requests).
    #[must_use]
    pub fn deployer(&self) -> [u8; 32] {
        if self.is_nobody() { [0xff; 32] } else { self.0.0 }
    }
}

impl From<[u8; 32]> for Owner {
    fn from(bytes: [u8; 32]) -> Self {
        Self(crate::Digest(bytes))
    }
}

impl From<EvmAddress> for Owner {
    fn from(address: EvmAddress) -> Self {
        Self(crate::Digest(crate::abi::left_pad(&address.0)))
    }
}

impl From<ContractId> for Owner {
    fn from(parent: ContractId) -> Self {
        Self(crate::Digest(parent.0))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl core::str::FromStr for Owner {
    type Err = crate::MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// All that a contract id is a hash of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractSeed<'a> {
    /// Hash of the wasm bytes.
    pub code_hash: CodeHash,
    /// The exact input of `deploy`: the constructor's selector and arguments.
    pub init_data: &'a [u8],
    /// Who may change the contract.
    pub owner: Owner,
    /// What tells it from others of the same seed.
    pub salt: Salt,
}

impl ContractSeed<'_> {
    /// keccak256(abi.encode(keccak256("phat-contract/v1"), code_hash, keccak256(init_data), owner, salt)).
    #[must_use]
    pub fn contract_id(&self) -> ContractId {
        ContractId(
            Words::tagged("phat-contract/v1")
                .word(&self.code_hash.0)
                .word(&keccak256(self.init_data))
                .word(self.owner.as_bytes())
                .word(&self.salt.0)
                .keccak256(),
        )
    }
}

/// BLAKE2b-256 of a contract's wasm bytes, the hash that a `.contract` file carries.
#[must_use]
pub fn code_hash(wasm: &[u8]) -> CodeHash {
    CodeHash(blake2_256(wasm))
}

/// The salt of a contract that a guest instantiates: keccak256 of the bytes that the guest gave.
/// Its owner is the parent's id.
#[must_use]
pub fn child_contract_salt(guest_salt: &[u8]) -> Salt {
    Salt(keccak256(guest_salt))
}

/// An ink! message's selector: the first four bytes of BLAKE2b-256 of its name.
#[must_use]
pub fn selector(name: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = blake2_256(name.as_bytes());
    [a, b, c, d]
}
