//! Whether an action is its contract's owner's.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use phat_enclave_api::Refusal;
use phat_protocol::{ContractId, EvmAddress, Owner, OwnerAction, keccak256};
use schnorrkel::PublicKey;

/// What sr25519 signs in, on every Substrate chain.
const SUBSTRATE_CONTEXT: &[u8] = b"substrate";

/// Checks the owner's signature: secp256k1 over the EIP-712 digest where the owner is an EVM address
/// (65 bytes, low s, v of 27 or 28), sr25519 in the context `substrate` otherwise (64 bytes).
///
/// # Errors
/// When nobody owns the contract, which is judged before all else, or the signature is not the owner's.
pub(crate) fn verify(
    contract_id: ContractId,
    owner: &Owner,
    action: &OwnerAction,
    signature: &[u8],
) -> Result<(), Refusal> {
    if owner.is_nobody() {
        return Err(Refusal::NoOwner { contract_id });
    }
    let signed = match owner.evm_address() {
        Some(address) => recovered(action, signature) == Some(address),
        None => is_sr25519(owner, action, signature),
    };
    if signed { Ok(()) } else { Err(Refusal::BadSignature { contract_id }) }
}

/// The address whose key signed.
fn recovered(action: &OwnerAction, signature: &[u8]) -> Option<EvmAddress> {
    let (rs, v) = signature.split_first_chunk::<64>()?;
    let [v] = v else { return None };
    let parity = RecoveryId::try_from(v.checked_sub(27).filter(|parity| *parity < 2)?).ok()?;
    let rs = Signature::from_slice(rs).ok()?;
    if rs.normalize_s().is_some() {
        return None;
    }
    let key = VerifyingKey::recover_from_prehash(&action.evm_digest().0, &rs, parity).ok()?;
    let hash = keccak256(key.to_encoded_point(false).as_bytes().get(1..)?);
    EvmAddress::try_from(hash.get(12..)?).ok()
}

fn is_sr25519(owner: &Owner, action: &OwnerAction, signature: &[u8]) -> bool {
    let Ok(key) = PublicKey::from_bytes(owner.as_bytes()) else { return false };
    let Ok(signature) = schnorrkel::Signature::from_bytes(signature) else { return false };
    key.verify_simple(SUBSTRATE_CONTEXT, &action.substrate_message(), &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::WorkerKey;
    use phat_protocol::ActionKind;
    use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};

    const CONTRACT: ContractId = ContractId([7; 32]);

    fn action() -> OwnerAction {
        OwnerAction { contract_id: CONTRACT, nonce: 1, not_after: 100, kind: ActionKind::Message, data: vec![1, 2] }
    }

    fn evm_key() -> WorkerKey {
        WorkerKey::from_scalar(&[0x42; 32]).unwrap()
    }

    fn evm_owner() -> Owner {
        Owner::from(EvmAddress(evm_key().address().0))
    }

    fn sr25519_key() -> Keypair {
        MiniSecretKey::from_bytes(&[9; 32]).unwrap().expand_to_keypair(ExpansionMode::Ed25519)
    }

    fn sr25519_owner() -> Owner {
        Owner::from(sr25519_key().public.to_bytes())
    }

    fn sr25519_signature(action: &OwnerAction) -> Vec<u8> {
        sr25519_key().sign_simple(SUBSTRATE_CONTEXT, &action.substrate_message()).to_bytes().to_vec()
    }

    /// Each of the action's fields, changed.
    fn alterations() -> [OwnerAction; 5] {
        [
            OwnerAction { contract_id: ContractId([8; 32]), ..action() },
            OwnerAction { nonce: 2, ..action() },
            OwnerAction { not_after: 101, ..action() },
            OwnerAction { kind: ActionKind::Query, ..action() },
            OwnerAction { data: vec![1], ..action() },
        ]
    }

    #[test]
    fn an_evm_owner_signs_every_field_with_secp256k1() {
        let signature = evm_key().sign(&action().evm_digest()).unwrap();
        assert_eq!(verify(CONTRACT, &evm_owner(), &action(), &signature.0), Ok(()));
        let bad = Err(Refusal::BadSignature { contract_id: CONTRACT });
        for altered in alterations() {
            assert_eq!(verify(CONTRACT, &evm_owner(), &altered, &signature.0), bad, "{altered:?}");
        }
        assert_eq!(verify(CONTRACT, &Owner::from(EvmAddress([5; 20])), &action(), &signature.0), bad);
        assert_eq!(verify(CONTRACT, &sr25519_owner(), &action(), &signature.0), bad);
    }

    #[test]
    fn the_other_form_of_a_secp256k1_signature_is_refused() {
        let signature = evm_key().sign(&action().evm_digest()).unwrap();
        let bad = Err(Refusal::BadSignature { contract_id: CONTRACT });
        let rs = Signature::from_slice(&signature.0[..64]).unwrap();
        let (r, s) = rs.split_scalars();
        let high = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
        // It recovers to the same key, and would be a second signature of the same action.
        let malleable = [high.to_bytes().as_slice(), &[signature.0[64] ^ 7]].concat();
        let zero_based = [&signature.0[..64], &[signature.0[64] - 27]].concat();
        let longer = [&signature.0[..], &[0]].concat();
        for form in [malleable, zero_based, longer, signature.0[..64].to_vec(), Vec::new()] {
            assert_eq!(verify(CONTRACT, &evm_owner(), &action(), &form), bad, "{form:?}");
        }
    }

    #[test]
    fn a_substrate_owner_signs_every_field_with_sr25519() {
        let signature = sr25519_signature(&action());
        assert_eq!(verify(CONTRACT, &sr25519_owner(), &action(), &signature), Ok(()));
        let bad = Err(Refusal::BadSignature { contract_id: CONTRACT });
        for altered in alterations() {
            assert_eq!(verify(CONTRACT, &sr25519_owner(), &altered, &signature), bad, "{altered:?}");
        }
        assert_eq!(verify(CONTRACT, &sr25519_owner(), &action(), &signature[..63]), bad);
        let unwrapped = sr25519_key().sign_simple(b"other", &action().substrate_message()).to_bytes();
        assert_eq!(verify(CONTRACT, &sr25519_owner(), &action(), &unwrapped), bad);
    }

    #[test]
    fn a_contract_that_nobody_owns_obeys_no_one() {
        let signature = evm_key().sign(&action().evm_digest()).unwrap();
        let refused = verify(CONTRACT, &Owner::NOBODY, &action(), &signature.0);
        assert_eq!(refused, Err(Refusal::NoOwner { contract_id: CONTRACT }));
    }
}
