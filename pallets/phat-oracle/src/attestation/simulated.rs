use super::{AttestationVerifier, Attested, EvidenceRefused};
use crate::{WorkerAddress, signature::signer};
use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{Weight, constants::WEIGHT_REF_TIME_PER_MICROS},
};
use phat_protocol::{Digest, ReportData, simulated_quote_digest};

/// Evidence for development: a signature where a real quote has hardware. It proves nothing, since anyone can know the
/// key that signs: no runtime that holds anything of worth has this as its verifier.
///
/// Evidence is abi.encode(bytes32 measurement, bytes reportData, bytes signature), as `SimulatedAttestationVerifier`
/// takes it on EVM, by the key with the address `Key`, whose private scalar is commonly
/// keccak256("phat-development-attestation-key/v1").
pub struct SimulatedVerifier<Key>(PhantomData<Key>);

/// Three words of head, the report data with its length, and the signature with its length, filled up to whole words.
const LENGTH: usize = 3 * 32 + (32 + 64) + (32 + 96);

impl<Key: Get<WorkerAddress>> AttestationVerifier for SimulatedVerifier<Key> {
    fn verify(evidence: &[u8], _: u64) -> Result<Attested, EvidenceRefused> {
        let evidence: &[u8; LENGTH] = evidence.try_into().map_err(|_| EvidenceRefused)?;
        let (measurement, report_data, signature) = decode(evidence).ok_or(EvidenceRefused)?;
        let digest = simulated_quote_digest(&Digest(measurement), &ReportData(report_data));
        if signer(&signature, &digest.0) != Some(Key::get()) {
            return Err(EvidenceRefused);
        }
        Ok(Attested { measurement, report_data })
    }

    fn weight(_: u32) -> Weight {
        // One recovery takes about 50 µs, and the two hashes in wasm a few.
        Weight::from_parts(WEIGHT_REF_TIME_PER_MICROS.saturating_mul(150), 0)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn evidence(measurement: [u8; 32], report_data: &[u8; 64]) -> alloc::vec::Vec<u8> {
        let secret = phat_protocol::keccak256(b"phat-development-attestation-key/v1");
        let digest = simulated_quote_digest(&Digest(measurement), &ReportData(*report_data));
        let signature = crate::benchmarking::sign(&secret, &digest.0);
        let parts: [&[u8]; 8] = [
            &measurement,
            &word(3 * 32),
            &word(3 * 32 + 32 + 64),
            &word(64),
            report_data,
            &word(65),
            &signature,
            &[0; 31],
        ];
        parts.concat()
    }
}

/// The one way to lay the three out (Contract ABI Specification).
fn decode(evidence: &[u8; LENGTH]) -> Option<([u8; 32], [u8; 64], [u8; 65])> {
    let (measurement, rest) = evidence.split_first_chunk::<32>()?;
    let (report_data_at, rest) = rest.split_first_chunk::<32>()?;
    let (signature_at, rest) = rest.split_first_chunk::<32>()?;
    let (report_data_length, rest) = rest.split_first_chunk::<32>()?;
    let (report_data, rest) = rest.split_first_chunk::<64>()?;
    let (signature_length, rest) = rest.split_first_chunk::<32>()?;
    let (signature, padding) = rest.split_first_chunk::<65>()?;
    let head = [report_data_at, signature_at, report_data_length, signature_length];
    let is_laid_out = head == [&word(3 * 32), &word(3 * 32 + 32 + 64), &word(64), &word(65)];
    let is_padded = padding.iter().all(|byte| *byte == 0);
    (is_laid_out && is_padded).then_some((*measurement, *report_data, *signature))
}

fn word(value: u8) -> [u8; 32] {
    let mut word = [0; 32];
    word[31] = value;
    word
}
