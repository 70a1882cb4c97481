//! What `relayer doctor` wants to know of a chain's contracts beyond what serving them needs.

use crate::{
    EvmChain, abi,
    bindings::{
        PHATORACLE_BYTECODE, WORKERREGISTRY_BYTECODE,
        worker_registry::{HasRoleCall, IsPairAllowedCall},
    },
    node::{header_call, read_header},
};
use ethers::{
    abi::{AbiDecode, AbiEncode},
    types::{Address, BlockNumber, Bytes},
    utils::keccak256,
};
use phat_connector::{
    ChainError, OracleStatus,
    rpc::{Call, Reply},
};
use phat_protocol::{Digest, EvmAddress};

/// What a chain's contracts and its node are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The oracle's code.
    pub oracle: DeployedCode,
    /// The code of the oracle's registry of workers.
    pub registry: DeployedCode,
    /// Whether the node knows a block that is `safe`.
    pub has_safe: bool,
    /// Whether the node knows a block that is `finalized`.
    pub has_finalized: bool,
}

/// Code on a chain, beside what this release deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeployedCode {
    /// It is what this release deploys, but for the values that a constructor fixes.
    OfThisRelease,
    /// It is something else.
    Other {
        /// keccak256 of it.
        hash: Digest,
        /// Its length in bytes; 0 where there is no contract.
        size: usize,
    },
}

impl EvmChain {
    /// Looks at the contracts' code and at the node's finality.
    ///
    /// # Errors
    /// As [`facts`](OracleStatus::facts).
    pub async fn examine(&self) -> Result<Examination, ChainError> {
        let registry = self.registry_address().await?;
        let code = |address: EvmAddress| Call::new("eth_getCode", (abi::address(address), BlockNumber::Latest));
        let [oracle, registry, safe, finalized] = self
            .0
            .node
            .batch([
                code(self.oracle()),
                code(registry),
                header_call(BlockNumber::Safe),
                header_call(BlockNumber::Finalized),
            ])
            .await?;
        Ok(Examination {
            oracle: compared(&oracle.read::<Bytes>()?, &PHATORACLE_BYTECODE),
            registry: compared(&registry.read::<Bytes>()?, &WORKERREGISTRY_BYTECODE),
            has_safe: is_known(safe),
            has_finalized: is_known(finalized),
        })
    }

    /// Whether the registry lets the wallet register workers, and whether it allows workers with this
    /// code and configuration.
    ///
    /// # Errors
    /// When the chain can't be read, or there is no registry.
    pub async fn may_register(&self, measurement: Digest, config_hash: Digest) -> Result<(bool, bool), ChainError> {
        let registry = self.registry_address().await?;
        let role = HasRoleCall { role: keccak256("OPERATOR_ROLE"), account: abi::address(self.account()) };
        let pair = IsPairAllowedCall { measurement: measurement.0, config_hash: config_hash.0 };
        let call = |data: Vec<u8>| {
            let call = serde_json::json!({ "to": abi::address(registry), "data": Bytes::from(data) });
            Call::new("eth_call", (call, BlockNumber::Latest))
        };
        let [role, pair] = self.0.node.batch([call(role.encode()), call(pair.encode())]).await?;
        let read = |reply: Reply| {
            let answered: Bytes = reply.read().map_err(ChainError::from)?;
            bool::decode(&answered).map_err(|_| ChainError::NoOracle {
                address: registry.to_string(),
                cause: format!("no registry: it answers {answered}"),
            })
        };
        Ok((read(role)?, read(pair)?))
    }

    async fn registry_address(&self) -> Result<EvmAddress, ChainError> {
        let registry = self.facts().await?.registry;
        registry.parse::<Address>().map(abi::from_address).map_err(|_| ChainError::Malformed {
            method: "registry()".to_owned(),
            cause: format!("{registry:?} is no address"),
        })
    }
}

/// Whether the node answered a block. Nodes that don't know a tag answer null or an error.
fn is_known(reply: Reply) -> bool {
    matches!(read_header(reply), Ok(Some(_)))
}

fn compared(deployed: &[u8], creation: &[u8]) -> DeployedCode {
    if runtime(creation).is_some_and(|code| is_same(code, deployed)) {
        DeployedCode::OfThisRelease
    } else {
        DeployedCode::Other { hash: Digest(keccak256(deployed)), size: deployed.len() }
    }
}

/// The code that a contract will have, and what data may follow it: all that comes after the
/// constructor, which the compiler ends with the first `INVALID`.
fn runtime(creation: &[u8]) -> Option<&[u8]> {
    const INVALID: u8 = 0xfe;
    const PUSHES: std::ops::RangeInclusive<u8> = 0x60..=0x7f;
    let mut at = 0;
    loop {
        match *creation.get(at)? {
            INVALID => return creation.get(at + 1..),
            push if PUSHES.contains(&push) => at += 1 + usize::from(push - PUSHES.start() + 1),
            _ => at += 1,
        }
    }
}

/// Whether `deployed` is `code`, as it stands within the code that creates it, with its immutable
/// values filled in: those are the operands of `PUSH32` that are zero in `code` (Solidity's
/// documentation, "Contract Metadata" and `immutableReferences`).
fn is_same(code: &[u8], deployed: &[u8]) -> bool {
    const PUSH32: u8 = 0x7f;
    /// One word: the compiler puts an unused one behind.
    const TRAILING_DATA: usize = 32;
    let mut at = 0;
    while let (Some(expected), Some(found)) = (code.get(at), deployed.get(at)) {
        if expected != found {
            return false;
        }
        let operand = code.get(at + 1..at + 33);
        let is_immutable = *expected == PUSH32 && operand.is_some_and(|word| word.iter().all(|byte| *byte == 0));
        at += if is_immutable { 33 } else { 1 };
    }
    code.len().checked_sub(deployed.len()).is_some_and(|more| more <= TRAILING_DATA)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PUSH1 0xfe, an instruction, INVALID.
    const INIT: [u8; 4] = [0x60, 0xfe, 0x52, 0xfe];

    fn template() -> Vec<u8> {
        [&[0x01, 0x7f][..], &[0; 32], &[0x02, 0x7f, 0x00, 0x01]].concat()
    }

    #[test]
    fn code_with_its_immutables_filled_in_is_of_this_release() {
        for data in [&[][..], &[7; 32]] {
            let creation = [&INIT[..], &template(), data].concat();
            let mut deployed = template();
            assert_eq!(compared(&deployed, &creation), DeployedCode::OfThisRelease);
            deployed[2..34].fill(9);
            assert_eq!(compared(&deployed, &creation), DeployedCode::OfThisRelease);
        }
    }

    #[test]
    fn code_that_differs_in_one_byte_is_another() {
        let creation = [&INIT[..], &template()].concat();
        for at in [0, 1, 34, 35, 36, 37] {
            let mut deployed = template();
            deployed[at] ^= 0x80;
            assert!(matches!(compared(&deployed, &creation), DeployedCode::Other { size: 38, .. }), "{at}");
        }
    }

    #[test]
    fn code_that_is_a_part_of_ours_is_another() {
        let creation = [&INIT[..], &template()].concat();
        for part in [&template()[..5], &template()[34..], &[][..], &[1; 500]] {
            let other = DeployedCode::Other { hash: Digest(keccak256(part)), size: part.len() };
            assert_eq!(compared(part, &creation), other);
        }
        // Without an end of its constructor, code creates nothing.
        assert!(matches!(compared(&template(), &template()), DeployedCode::Other { .. }));
    }
}
