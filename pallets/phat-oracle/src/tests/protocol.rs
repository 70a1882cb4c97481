//! The pallet against the vectors that hold every party to the same bytes, and against the crate that computes them.

use super::mock::*;
use crate::{Report, RequestState, StoredRequest, Submission};
use codec::{Decode, Encode};
use phat_protocol::{GenesisHash, OracleChain, Outcome, Payee, keccak256, substrate};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use sp_core::H256;
use sp_runtime::AccountId32;

fn vectors(name: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../../../../protocol/vectors.json")).expect("JSON");
    let vectors = vectors[name].as_array().expect("a list").clone();
    assert!(!vectors.is_empty());
    vectors
}

fn text<'v>(vector: &'v Value, field: &str) -> &'v str {
    vector[field].as_str().expect("a text")
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(vector, field).trim_start_matches("0x")).expect("digits")
}

fn word(vector: &Value, field: &str) -> [u8; 32] {
    bytes(vector, field).try_into().expect("32 bytes")
}

fn number<N: core::str::FromStr>(vector: &Value, field: &str) -> N
where
    N::Err: core::fmt::Debug,
{
    text(vector, field).parse().expect("a number")
}

#[test]
fn a_report_has_the_digest_of_the_vectors_and_their_signer() {
    for vector in vectors("substrateReport") {
        let signed = &vector["report"];
        let report = Report {
            outcome: number(signed, "outcome"),
            output: bytes(signed, "output").try_into().expect("short"),
            executed_at: number(signed, "executedAt"),
            payee: AccountId32::new(word(signed, "payee")),
        };
        assert_eq!(text(&vector, "instance"), "PhatOracle");
        chain().execute_with(|| {
            frame_system::BlockHash::<Test>::insert(0, H256(word(&vector, "genesis")));
            let digest = PhatOracle::report_digest(&word(&vector, "requestId"), &report);
            assert_eq!(digest, word(&vector, "digest"));
            let signature = bytes(&vector, "signature").try_into().expect("65 bytes");
            let signer = crate::signature::signer(&signature, &digest).expect("signed");
            assert_eq!(signer.to_vec(), bytes(&vector, "signer"));
        });
    }
}

#[test]
fn a_submission_has_the_digest_of_the_vectors() {
    for vector in vectors("substrateSubmission") {
        let submission = Submission {
            submitter: AccountId32::new(word(&vector, "submitter")),
            nonce: number(&vector, "nonce"),
            last_block: number(&vector, "lastBlock"),
        };
        chain().execute_with(|| {
            frame_system::BlockHash::<Test>::insert(0, H256(word(&vector, "genesis")));
            let of_vector = substrate::Submission {
                genesis: word(&vector, "genesis").into(),
                instance: text(&vector, "instance").into(),
                submitter: submission.submitter.clone().into(),
                nonce: submission.nonce,
                last_block: submission.last_block,
                entries_hash: word(&vector, "entriesHash").into(),
            };
            assert_eq!(of_vector.digest().0, word(&vector, "digest"));
            let entries = vec![entry([1; 32], report(b"that"))];
            let entries_hash = keccak256(&entries.encode()).into();
            let digest = substrate::Submission { entries_hash, ..of_vector }.digest();
            assert_eq!(PhatOracle::submission_digest(&submission, &entries), digest.0);
        });
    }
}

#[test]
fn a_stored_request_has_the_id_of_the_vectors() {
    for vector in vectors("substrateRequestId") {
        // The vector has the payload's hash alone: what is stored gives everything else.
        let stored = StoredRequest {
            sequence: number(&vector, "sequence"),
            parent_hash: word(&vector, "parentHash"),
            requester: AccountId32::new(word(&vector, "requester")),
            contract_id: word(&vector, "contractId"),
            min_revision: number(&vector, "minRevision"),
            payload: Default::default(),
            max_output: number(&vector, "maxOutput"),
            expires_at: number(&vector, "expiresAt"),
            payment: number::<u128>(&vector, "payment"),
            submitted_at: 0_u32,
            state: RequestState::Pending,
        };
        let mut identified = stored.identified(word(&vector, "genesis"), text(&vector, "instance"));
        identified.payload_hash = word(&vector, "payloadHash").into();
        assert_eq!(identified.request_id().0, word(&vector, "expected"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_pallet_and_the_protocol_sign_the_same(
        genesis in any::<[u8; 32]>(),
        request_id in any::<[u8; 32]>(),
        outcome in 0_u8..10,
        output in vec(any::<u8>(), 0..200),
        executed_at in any::<u64>(),
        payee in any::<[u8; 32]>(),
    ) {
        let report = Report {
            outcome,
            output: output.clone().try_into().expect("short"),
            executed_at,
            payee: AccountId32::new(payee),
        };
        let expected = phat_protocol::Report {
            request_id: request_id.into(),
            outcome: Outcome::try_from(outcome).expect("an outcome"),
            output,
            executed_at,
            payee: Payee(payee),
        };
        let request = substrate::Request {
            genesis: GenesisHash(genesis),
            instance: "PhatOracle".into(),
            sequence: 0,
            parent_hash: Default::default(),
            requester: Vec::new(),
            contract_id: Default::default(),
            min_revision: 0,
            payload_hash: Default::default(),
            max_output: 0,
            expires_at: 0,
            payment: 0,
        };
        chain().execute_with(|| {
            frame_system::BlockHash::<Test>::insert(0, H256(genesis));
            assert_eq!(PhatOracle::report_digest(&request_id, &report), request.report_digest(&expected).0);
        });
        prop_assert_eq!(Report::decode(&mut report.encode().as_slice()), Ok(report));
    }
}
