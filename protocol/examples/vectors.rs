//! Prints the vector file: for every id, digest and encoding, inputs and what they must give.
#![expect(clippy::print_stdout, reason = "the output is the file")]

use k256::ecdsa::SigningKey;
use phat_protocol::{
    ActionKind, Amount, BlockHash, Chain, ContractId, ContractSeed, Digest, EvmAddress, GenesisHash, OracleChain,
    OracleRequest, Outcome, Owner, OwnerAction, Payee, Report, ReportData, RequestId, Salt, WorkerAddress, WorkerKeys,
    code_hash, config_hash, evm, keccak256, random_word, secrets_aad, selector, simulated_quote_digest, substrate,
    vrf_alpha,
};
use phat_vrf::SecretKey;
use serde_json::{Value, json};

/// Bytes that look random and are the same on every run.
fn bytes<const LENGTH: usize>(seed: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    for (index, chunk) in bytes.chunks_mut(32).enumerate() {
        let hash = keccak256(format!("{seed}/{index}").as_bytes());
        chunk.copy_from_slice(&hash[..chunk.len()]);
    }
    bytes
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn key(seed: &str) -> SigningKey {
    SigningKey::from_slice(&bytes::<32>(seed)).expect("a hash is a valid scalar but for odds of 2^-128")
}

fn address_of(key: &SigningKey) -> EvmAddress {
    let point = key.verifying_key().to_encoded_point(false);
    let hash = keccak256(&point.as_bytes()[1..]);
    EvmAddress::try_from(&hash[12..]).expect("20 of 32 bytes")
}

/// r‖s‖v over the digest as it is; RFC 6979 makes it the same on every run.
fn sign(key: &SigningKey, digest: &Digest) -> [u8; 65] {
    let (signature, recovery) = key.sign_prehash_recoverable(&digest.0).expect("a digest has 32 bytes");
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + recovery.to_byte();
    bytes
}

fn contract_ids() -> Vec<Value> {
    let owners = [Owner::NOBODY, Owner::from(EvmAddress(bytes("owner"))), Owner::from(bytes::<32>("account"))];
    let init_data: [&[u8]; 3] = [&[], &[0x9b, 0xae, 0x9d, 0x5e], b"\x9b\xae\x9d\x5e\x10four"];
    owners
        .into_iter()
        .zip(init_data)
        .map(|(owner, init_data)| {
            let code = code_hash(init_data);
            let salt = Salt(bytes("salt"));
            let seed = ContractSeed { code_hash: code, init_data, owner, salt };
            json!({
                "codeHash": code, "initData": hex(init_data), "owner": owner, "salt": salt,
                "deployer": hex(owner.deployer()), "expected": seed.contract_id(),
            })
        })
        .collect()
}

fn evm_request(payload: &[u8], extreme: bool) -> evm::Request {
    evm::Request {
        chain_id: if extreme { u64::MAX } else { 31_337 },
        oracle: EvmAddress(bytes("oracle")),
        sequence: if extreme { u64::MAX } else { 1 },
        parent_hash: BlockHash(bytes("parent")),
        consumer: EvmAddress(bytes("consumer")),
        contract_id: ContractId(bytes("contract")),
        min_revision: if extreme { u64::MAX } else { 0 },
        payload_hash: Digest(keccak256(payload)),
        callback_gas_limit: if extreme { 5_000_000 } else { 100_000 },
        max_output: if extreme { 16_384 } else { 32 },
        expires_at: if extreme { u64::MAX } else { 1_800_000_000 },
        payment: if extreme { Amount([0xff; 32]) } else { Amount::from(1_000_000_000_000_000) },
    }
}

fn evm_requests() -> Vec<Value> {
    [(b"".as_slice(), true), (br#"{"base":"BTC","quote":"USD"}"#, false)]
        .into_iter()
        .map(|(payload, extreme)| {
            let request = evm_request(payload, extreme);
            json!({
                "chainId": request.chain_id.to_string(),
                "oracle": request.oracle,
                "request": {
                    "sequence": request.sequence.to_string(),
                    "parentHash": request.parent_hash,
                    "consumer": request.consumer,
                    "contractId": request.contract_id,
                    "minRevision": request.min_revision.to_string(),
                    "payloadHash": request.payload_hash,
                    "callbackGasLimit": request.callback_gas_limit.to_string(),
                    "maxOutput": request.max_output.to_string(),
                    "expiresAt": request.expires_at.to_string(),
                    "payment": request.payment,
                },
                "payload": hex(payload),
                "expected": request.request_id(),
            })
        })
        .collect()
}

fn report(request_id: RequestId, outcome: Outcome, output: &[u8], payee: Payee) -> Report {
    Report { request_id, outcome, output: output.to_vec(), executed_at: 1_799_999_999, payee }
}

fn report_json(report: &Report) -> Value {
    json!({
        "outcome": report.outcome.number().to_string(),
        "output": hex(&report.output),
        "executedAt": report.executed_at.to_string(),
        "payee": report.payee,
    })
}

fn evm_reports() -> Vec<Value> {
    let payee = Payee::from(EvmAddress(bytes("payee")));
    let output = bytes::<32>("output");
    [(Outcome::Ok, output.as_slice(), false), (Outcome::TimedOut, &[], true)]
        .into_iter()
        .map(|(outcome, output, extreme)| {
            let request = evm_request(b"", extreme);
            let report = report(request.request_id(), outcome, output, payee);
            let digest = request.report_digest(&report);
            let worker = key("worker");
            json!({
                "chainId": request.chain_id.to_string(),
                "oracle": request.oracle,
                "requestId": report.request_id,
                "report": report_json(&report),
                "digest": digest,
                "slotHash": evm::slot_hash(outcome.number(), output, report.executed_at),
                "signature": hex(sign(&worker, &digest)),
                "signer": address_of(&worker),
            })
        })
        .collect()
}

fn keys() -> WorkerKeys {
    WorkerKeys {
        worker: WorkerAddress(address_of(&key("worker")).0),
        x25519: Digest(bytes("x25519")),
        vrf_key_hash: Digest([0; 32]),
    }
}

fn evm_report_data() -> (Value, ReportData) {
    let registration = evm::Registration {
        chain_id: 31_337,
        registry: EvmAddress(bytes("registry")),
        operator: EvmAddress(bytes("operator")),
        block_number: 12_345_678,
        block_hash: BlockHash(bytes("block")),
    };
    let config = Digest(bytes("config"));
    let data = registration.report_data(&keys(), &config);
    let value = json!({
        "chainId": registration.chain_id.to_string(),
        "registry": registration.registry,
        "operator": registration.operator,
        "worker": keys().worker,
        "x25519Key": keys().x25519,
        "vrfKeyHash": keys().vrf_key_hash,
        "configHash": config,
        "blockNumber": registration.block_number.to_string(),
        "blockHash": registration.block_hash,
        "expected": hex(data.0),
    });
    (value, data)
}

fn simulated_quote(data: &ReportData) -> Value {
    let measurement = Digest(bytes("measurement"));
    let digest = simulated_quote_digest(&measurement, data);
    let development = SigningKey::from_slice(&keccak256(b"phat-development-attestation-key/v1"))
        .expect("this hash is a valid scalar");
    json!({
        "measurement": measurement,
        "reportData": hex(data.0),
        "digest": digest,
        "signature": hex(sign(&development, &digest)),
        "signer": address_of(&development),
    })
}

fn owner_actions() -> Vec<Value> {
    [ActionKind::Message, ActionKind::Secrets, ActionKind::Query]
        .into_iter()
        .map(|kind| {
            let action = OwnerAction {
                contract_id: ContractId(bytes("contract")),
                nonce: 7,
                not_after: 1_800_000_000,
                kind,
                data: b"\x01\x02\x03\x04".to_vec(),
            };
            json!({
                "contractId": action.contract_id,
                "nonce": action.nonce.to_string(),
                "notAfter": action.not_after.to_string(),
                "kind": kind.number().to_string(),
                "data": hex(&action.data),
                "evmDigest": action.evm_digest(),
                "substrateMessage": hex(action.substrate_message()),
                "secretsAad": hex(secrets_aad(&action.contract_id, action.nonce)),
            })
        })
        .collect()
}

fn substrate_request() -> substrate::Request {
    substrate::Request {
        genesis: GenesisHash(bytes("genesis")),
        instance: "PhatOracle".into(),
        sequence: 1,
        parent_hash: BlockHash(bytes("parent")),
        requester: bytes::<32>("requester").to_vec(),
        contract_id: ContractId(bytes("contract")),
        min_revision: 3,
        payload_hash: Digest(keccak256(b"question")),
        max_output: 1_024,
        expires_at: 1_800_000_000,
        payment: u128::from(u64::MAX) + 1,
    }
}

fn substrate_vectors() -> [(String, Value); 4] {
    let request = substrate_request();
    let report = report(request.request_id(), Outcome::ContractError, b"\x02", Payee(bytes("account")));
    let registration = substrate::Registration {
        genesis: request.genesis,
        instance: request.instance.clone(),
        operator: bytes::<32>("operator").to_vec(),
        block_number: 77,
        block_hash: BlockHash(bytes("block")),
    };
    let config = Digest(bytes("config"));
    let worker = key("worker");
    let digest = request.report_digest(&report);
    [
        (
            "substrateRequestId".into(),
            json!([{
                "genesis": request.genesis, "instance": request.instance, "sequence": request.sequence.to_string(),
                "parentHash": request.parent_hash, "requester": hex(&request.requester),
                "contractId": request.contract_id, "minRevision": request.min_revision.to_string(),
                "payloadHash": request.payload_hash, "maxOutput": request.max_output.to_string(),
                "expiresAt": request.expires_at.to_string(), "payment": request.payment.to_string(),
                "expected": request.request_id(),
            }]),
        ),
        (
            "substrateReport".into(),
            json!([{
                "genesis": request.genesis, "instance": request.instance, "requestId": report.request_id,
                "report": report_json(&report), "digest": digest, "signature": hex(sign(&worker, &digest)),
                "signer": address_of(&worker),
            }]),
        ),
        (
            "substrateReportData".into(),
            json!([{
                "genesis": registration.genesis, "instance": registration.instance,
                "operator": hex(&registration.operator), "worker": keys().worker, "x25519Key": keys().x25519,
                "vrfKeyHash": keys().vrf_key_hash, "configHash": config,
                "blockNumber": registration.block_number.to_string(), "blockHash": registration.block_hash,
                "expected": hex(registration.report_data(&keys(), &config).0),
            }]),
        ),
        ("substrateSubmission".into(), submissions()),
    ]
}

fn submissions() -> Value {
    let submission = substrate::Submission {
        genesis: GenesisHash(bytes("genesis")),
        instance: "PhatOracle".to_owned(),
        submitter: bytes("submitter"),
        nonce: 7,
        last_block: 12_345_678,
        entries_hash: Digest(bytes("entries")),
    };
    json!([{
        "genesis": submission.genesis, "instance": submission.instance, "submitter": hex(submission.submitter),
        "nonce": submission.nonce.to_string(), "lastBlock": submission.last_block.to_string(),
        "entriesHash": submission.entries_hash, "digest": submission.digest(),
    }])
}

fn oracle_requests() -> Vec<Value> {
    let of = |request: &dyn OracleChain, payload: &[u8]| {
        let guest: OracleRequest = request.oracle_request(payload.to_vec(), BlockHash(bytes("block")));
        let chain = match guest.chain {
            Chain::Evm(id) => json!({ "evm": id.to_string() }),
            Chain::Substrate(genesis) => json!({ "substrate": genesis }),
        };
        json!({
            "chain": chain, "oracle": hex(&guest.oracle), "requestId": guest.request_id,
            "consumer": hex(&guest.consumer), "payload": hex(&guest.payload),
            "expiresAt": guest.expires_at.to_string(), "blockHash": guest.block_hash,
            "callInput": hex(guest.call_input()),
        })
    };
    vec![of(&evm_request(b"question", false), b"question"), of(&substrate_request(), b"question")]
}

/// A proof of the VRF, and whose it is.
fn vrf(secret: &[u8; 32], alpha: &[u8]) -> Value {
    let secret_key = SecretKey::from_scalar(secret).expect("a scalar");
    let proof = secret_key.prove(alpha).expect("a proof");
    let public_key = secret_key.public().to_bytes();
    json!({
        "secretKey": hex(secret),
        "publicKey": hex(public_key),
        "vrfKeyHash": hex(keccak256(&public_key)),
        "alpha": hex(alpha),
        "proof": hex(proof.to_bytes()),
        "output": hex(proof.output().expect("a proof")),
    })
}

/// RFC 9381's own examples of the suite (appendix B.1), and inputs of other lengths.
fn ecvrf() -> Vec<Value> {
    let of = |digits: &str| -> [u8; 32] {
        hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok()).expect("32 bytes")
    };
    let sample = of("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let ansi = of("2ca1411a41b17b24cc8c3b089cfd033f1920202a6c0de8abb97df1498d50d2c8");
    let text = b"Example using ECDSA key from Appendix L.4.2 of ANSI.X9-62-2005";
    let mut vectors = vec![vrf(&sample, b"sample"), vrf(&sample, b"test"), vrf(&ansi, text), vrf(&sample, b"")];
    vectors.extend((0..8).map(|index| vrf(&bytes(&format!("vrf/{index}")), &[index; 100])));
    vectors
}

fn randomness() -> Vec<Value> {
    let of = |index: u8| {
        let request_id = RequestId(bytes(&format!("request/{index}")));
        let block_hash = BlockHash(bytes(&format!("block/{index}")));
        let mut value = vrf(&bytes("vrf key"), &vrf_alpha(&request_id, &block_hash).0);
        let output = hex::decode(&value["output"].as_str().expect("a string")[2..]).expect("hexadecimal digits");
        let output: [u8; 32] = output.try_into().expect("32 bytes");
        value["requestId"] = json!(request_id);
        value["blockHash"] = json!(block_hash);
        value["words"] = [0, 1, 63].map(|index| hex(random_word(&output, index))).into();
        value
    };
    (0..4).map(of).collect()
}

fn main() {
    let (report_data, data) = evm_report_data();
    let mut vectors = json!({
        "codeHash": [{ "wasm": hex(b"\0asm\x01\0\0\0"), "expected": code_hash(b"\0asm\x01\0\0\0") }],
        "configHash": [{ "json": "{\"a\":1}", "expected": config_hash(b"{\"a\":1}") }],
        "contractId": contract_ids(),
        "ecvrf": ecvrf(),
        "evmReport": evm_reports(),
        "evmReportData": [report_data],
        "evmRequestId": evm_requests(),
        "oracleRequest": oracle_requests(),
        "ownerAction": owner_actions(),
        "randomness": randomness(),
        "selector": [{ "name": "new", "expected": hex(selector("new")) }],
        "simulatedQuote": [simulated_quote(&data)],
    });
    for (name, value) in substrate_vectors() {
        vectors[name] = value;
    }
    println!("{vectors:#}");
}
