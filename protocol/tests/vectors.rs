//! The committed vectors, read from the file and computed again from their inputs. The Solidity
//! tests read the same file.
#![cfg(feature = "serde")]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use phat_protocol::{
    ContractSeed, Digest, EvmAddress, OracleChain, Outcome, OwnerAction, Report, ReportData, WorkerKeys, code_hash,
    config_hash, evm, keccak256, random_word, secrets_aad, selector, simulated_quote_digest, substrate, vrf_alpha,
};
use phat_vrf::{Proof, PublicKey};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn vectors(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../vectors.json")).unwrap();
    let vectors = file[name].as_array().unwrap_or_else(|| panic!("no vectors named {name}")).clone();
    assert!(!vectors.is_empty(), "{name} is empty");
    vectors
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap().parse().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

fn signer(digest: &Digest, signature: &[u8]) -> EvmAddress {
    let recovery = RecoveryId::from_byte(signature[64] - 27).unwrap();
    let parsed = Signature::from_slice(&signature[..64]).unwrap();
    assert!(parsed.normalize_s().is_none(), "s is high");
    let key = VerifyingKey::recover_from_prehash(&digest.0, &parsed, recovery).unwrap();
    EvmAddress::try_from(&keccak256(&key.to_encoded_point(false).as_bytes()[1..])[12..]).unwrap()
}

fn report(vector: &Value) -> Report {
    let report = &vector["report"];
    Report {
        request_id: read(&vector["requestId"]),
        outcome: Outcome::try_from(number::<u8>(&report["outcome"])).unwrap(),
        output: bytes(&report["output"]),
        executed_at: number(&report["executedAt"]),
        payee: read(&report["payee"]),
    }
}

fn evm_request(vector: &Value) -> evm::Request {
    let request = &vector["request"];
    evm::Request {
        chain_id: number(&vector["chainId"]),
        oracle: read(&vector["oracle"]),
        sequence: number(&request["sequence"]),
        parent_hash: read(&request["parentHash"]),
        consumer: read(&request["consumer"]),
        contract_id: read(&request["contractId"]),
        min_revision: number(&request["minRevision"]),
        payload_hash: read(&request["payloadHash"]),
        callback_gas_limit: number(&request["callbackGasLimit"]),
        max_output: number(&request["maxOutput"]),
        expires_at: number(&request["expiresAt"]),
        payment: read(&request["payment"]),
    }
}

fn substrate_request(vector: &Value) -> substrate::Request {
    substrate::Request {
        genesis: read(&vector["genesis"]),
        instance: read(&vector["instance"]),
        sequence: number(&vector["sequence"]),
        parent_hash: read(&vector["parentHash"]),
        requester: bytes(&vector["requester"]),
        contract_id: read(&vector["contractId"]),
        min_revision: number(&vector["minRevision"]),
        payload_hash: read(&vector["payloadHash"]),
        max_output: number(&vector["maxOutput"]),
        expires_at: number(&vector["expiresAt"]),
        payment: number(&vector["payment"]),
    }
}

#[test]
fn hashes_of_code_configuration_and_names_match() {
    for vector in vectors("codeHash") {
        assert_eq!(code_hash(&bytes(&vector["wasm"])), read(&vector["expected"]));
    }
    for vector in vectors("configHash") {
        assert_eq!(config_hash(vector["json"].as_str().unwrap().as_bytes()), read(&vector["expected"]));
    }
    for vector in vectors("selector") {
        assert_eq!(selector(vector["name"].as_str().unwrap()).as_slice(), bytes(&vector["expected"]));
    }
}

#[test]
fn contract_ids_match() {
    for vector in vectors("contractId") {
        let init_data = bytes(&vector["initData"]);
        let seed = ContractSeed {
            code_hash: read(&vector["codeHash"]),
            init_data: &init_data,
            owner: read(&vector["owner"]),
            salt: read(&vector["salt"]),
        };
        assert_eq!(seed.contract_id(), read(&vector["expected"]));
        assert_eq!(seed.owner.deployer().as_slice(), bytes(&vector["deployer"]));
    }
}

#[test]
fn evm_request_ids_match() {
    for vector in vectors("evmRequestId") {
        let request = evm_request(&vector);
        assert_eq!(request.payload_hash.0, keccak256(&bytes(&vector["payload"])));
        assert_eq!(request.request_id(), read(&vector["expected"]));
    }
}

#[test]
fn evm_reports_match_and_recover_their_signer() {
    for vector in vectors("evmReport") {
        let report = report(&vector);
        let request = evm::Request {
            chain_id: number(&vector["chainId"]),
            oracle: read(&vector["oracle"]),
            ..evm_request(&vectors("evmRequestId")[0])
        };
        let digest = request.report_digest(&report);
        assert_eq!(digest, read(&vector["digest"]));
        assert_eq!(signer(&digest, &bytes(&vector["signature"])), read(&vector["signer"]));
        let slot = evm::slot_hash(report.outcome.number(), &report.output, report.executed_at);
        assert_eq!(slot, read(&vector["slotHash"]));
    }
}

fn keys(vector: &Value) -> WorkerKeys {
    WorkerKeys {
        worker: read(&vector["worker"]),
        x25519: read(&vector["x25519Key"]),
        vrf_key_hash: read(&vector["vrfKeyHash"]),
    }
}

#[test]
fn report_data_matches_on_both_families() {
    for vector in vectors("evmReportData") {
        let registration = evm::Registration {
            chain_id: number(&vector["chainId"]),
            registry: read(&vector["registry"]),
            operator: read(&vector["operator"]),
            block_number: number(&vector["blockNumber"]),
            block_hash: read(&vector["blockHash"]),
        };
        let data = registration.report_data(&keys(&vector), &read(&vector["configHash"]));
        assert_eq!(data.0.as_slice(), bytes(&vector["expected"]));
    }
    for vector in vectors("substrateReportData") {
        let registration = substrate::Registration {
            genesis: read(&vector["genesis"]),
            instance: read(&vector["instance"]),
            operator: bytes(&vector["operator"]),
            block_number: number(&vector["blockNumber"]),
            block_hash: read(&vector["blockHash"]),
        };
        let data = registration.report_data(&keys(&vector), &read(&vector["configHash"]));
        assert_eq!(data.0.as_slice(), bytes(&vector["expected"]));
    }
}

#[test]
fn simulated_quotes_match_and_recover_the_development_key() {
    for vector in vectors("simulatedQuote") {
        let data = ReportData(bytes(&vector["reportData"]).try_into().unwrap());
        let digest = simulated_quote_digest(&read(&vector["measurement"]), &data);
        assert_eq!(digest, read(&vector["digest"]));
        assert_eq!(signer(&digest, &bytes(&vector["signature"])), read(&vector["signer"]));
    }
}

#[test]
fn owner_actions_match() {
    let kinds = ["message", "secrets", "query"];
    for vector in vectors("ownerAction") {
        let kind: usize = number(&vector["kind"]);
        let action: OwnerAction = read(&json!({
            "contract_id": vector["contractId"],
            "nonce": number::<u64>(&vector["nonce"]),
            "not_after": number::<u64>(&vector["notAfter"]),
            "kind": kinds[kind],
            "data": vector["data"],
        }));
        assert_eq!(action.evm_digest(), read(&vector["evmDigest"]));
        assert_eq!(action.substrate_message(), bytes(&vector["substrateMessage"]));
        assert_eq!(secrets_aad(&action.contract_id, action.nonce).as_slice(), bytes(&vector["secretsAad"]));
    }
}

#[test]
fn substrate_requests_and_reports_match() {
    let requests = vectors("substrateRequestId");
    for vector in &requests {
        assert_eq!(substrate_request(vector).request_id(), read(&vector["expected"]));
    }
    for vector in vectors("substrateReport") {
        let request = substrate::Request {
            genesis: read(&vector["genesis"]),
            instance: read(&vector["instance"]),
            ..substrate_request(&requests[0])
        };
        let digest = request.report_digest(&report(&vector));
        assert_eq!(digest, read(&vector["digest"]));
        assert_eq!(signer(&digest, &bytes(&vector["signature"])), read(&vector["signer"]));
    }
}

#[test]
fn submissions_match() {
    for vector in vectors("substrateSubmission") {
        let submission = substrate::Submission {
            genesis: read(&vector["genesis"]),
            instance: read(&vector["instance"]),
            submitter: bytes(&vector["submitter"]).try_into().unwrap(),
            nonce: number(&vector["nonce"]),
            last_block: number(&vector["lastBlock"]),
            entries_hash: read(&vector["entriesHash"]),
        };
        assert_eq!(submission.digest(), read(&vector["digest"]));
    }
}

#[test]
fn what_the_guest_gets_matches() {
    let mut requests: Vec<Box<dyn OracleChain>> = Vec::new();
    for vector in vectors("evmRequestId") {
        requests.push(Box::new(evm_request(&vector)));
    }
    for vector in vectors("substrateRequestId") {
        requests.push(Box::new(substrate_request(&vector)));
    }
    for vector in vectors("oracleRequest") {
        let input = bytes(&vector["callInput"]);
        assert_eq!(input[..4], phat_protocol::HANDLE_REQUEST);
        let guest: phat_protocol::OracleRequest = parity_scale_codec::DecodeAll::decode_all(&mut &input[4..]).unwrap();
        assert_eq!(guest.request_id, read(&vector["requestId"]));
        assert_eq!(guest.payload, bytes(&vector["payload"]));
        assert_eq!(guest.oracle, bytes(&vector["oracle"]));
        assert_eq!(guest.consumer, bytes(&vector["consumer"]));
        assert_eq!(guest.expires_at, number::<u64>(&vector["expiresAt"]));
        assert_eq!(guest.block_hash, read(&vector["blockHash"]));
        assert_eq!(guest.call_input(), input);
        // Where the vector's request is in the file too, the trait gives the same bytes.
        for request in requests.iter().filter(|request| request.request_id() == guest.request_id) {
            assert_eq!(request.oracle_request(guest.payload.clone(), guest.block_hash).call_input(), input);
        }
    }
}

/// The output that a vector's proof shows.
fn output(vector: &Value) -> [u8; 32] {
    let key = PublicKey::from_bytes(bytes(&vector["publicKey"]).try_into().unwrap()).unwrap();
    assert_eq!(keccak256(&key.to_bytes()).as_slice(), bytes(&vector["vrfKeyHash"]));
    let proof = Proof::from_bytes(bytes(&vector["proof"]).try_into().unwrap());
    let output = key.verify(&bytes(&vector["alpha"]), &proof).unwrap();
    assert_eq!(output.as_slice(), bytes(&vector["output"]));
    output
}

#[test]
fn proofs_of_the_vrf_verify_and_random_words_follow_from_them() {
    for vector in vectors("ecvrf") {
        output(&vector);
    }
    for vector in vectors("randomness") {
        let output = output(&vector);
        let alpha = vrf_alpha(&read(&vector["requestId"]), &read(&vector["blockHash"]));
        assert_eq!(alpha.0.as_slice(), bytes(&vector["alpha"]));
        for (word, index) in vector["words"].as_array().unwrap().iter().zip([0, 1, 63]) {
            assert_eq!(random_word(&output, index).as_slice(), bytes(word));
        }
    }
}
