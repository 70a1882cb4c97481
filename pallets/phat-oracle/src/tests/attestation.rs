use super::mock::*;
use crate::{AttestationVerifier, EvidenceRefused};
use phat_protocol::{Digest, WorkerAddress};

type Verifier = <Test as crate::Config>::Verifier;

fn genuine() -> Vec<u8> {
    registration(&worker(3), OPERATORS[0].clone()).evidence.into_inner()
}

#[test]
fn genuine_evidence_gives_what_it_vouches_for() {
    test(|| {
        let evidence = genuine();
        let attested = Verifier::verify(&evidence, NOW).expect("genuine");
        assert_eq!(attested.measurement, MEASUREMENT);
        assert_eq!(attested.report_data, evidence[128..192]);
    });
}

#[test]
fn evidence_with_any_byte_changed_is_refused() {
    test(|| {
        let evidence = genuine();
        for index in 0..evidence.len() {
            let mut changed = evidence.clone();
            changed[index] ^= 1;
            assert_eq!(Verifier::verify(&changed, NOW), Err(EvidenceRefused), "byte {index}");
        }
    });
}

#[test]
fn evidence_of_another_length_is_refused() {
    test(|| {
        let evidence = genuine();
        assert_eq!(Verifier::verify(&evidence[..evidence.len() - 1], NOW), Err(EvidenceRefused));
        assert_eq!(Verifier::verify(&[evidence, vec![0; 32]].concat(), NOW), Err(EvidenceRefused));
        assert_eq!(Verifier::verify(&[], NOW), Err(EvidenceRefused));
    });
}

#[test]
fn the_development_key_is_that_of_the_vectors() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../../protocol/vectors.json")).expect("JSON");
    for vector in vectors["simulatedQuote"].as_array().expect("a list") {
        let text = |field: &str| vector[field].as_str().expect("a text");
        let signer: WorkerAddress = text("signer").parse().expect("an address");
        assert_eq!(address(&development_key()), signer.0);
        let digest: Digest = text("digest").parse().expect("a digest");
        let signature = hex::decode(&text("signature")[2..]).expect("digits").try_into().expect("65 bytes");
        assert_eq!(crate::signature::signer(&signature, &digest.0), Some(signer.0));
    }
}
