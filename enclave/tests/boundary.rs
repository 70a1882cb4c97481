//! What an enclave process takes from its host, what it refuses, and what it lets out.

#[path = "boundary/owner.rs"]
mod owner;
mod support;

use parity_scale_codec::Encode;
use phat_enclave_api::{Enclave as _, EnclaveError, Instantiate, Refusal};
use phat_protocol::{ContractSeed, OracleChain, Outcome, Owner, Salt, child_contract_salt};
use support::{
    Home, guest,
    outside::{ALLOW, raw},
    request,
    source::Source,
};

#[tokio::test]
async fn code_that_is_no_contract_is_refused_with_every_reason() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let refused = async |wasm: Vec<u8>| match process.client.put_code(wasm.into()).await {
        Err(EnclaveError::Refused(Refusal::BadModule { reasons })) => reasons,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(b"no wasm at all".to_vec()).await.len(), 1);
    let reasons = refused(
        wat::parse_str(
            r#"(module
                 (import "env" "memory" (memory 65))
                 (import "seal0" "launch_rocket" (func))
                 (func (export "deploy")))"#,
        )
        .unwrap(),
    )
    .await;
    for part in ["call", "launch_rocket", "65"] {
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{part}: {reasons:?}");
    }
    // One byte more than the limit is refused as such, and not as a message that can't be read.
    let reasons = refused([b"\0asm\x01\0\0\0".as_slice(), &vec![0; 2 * 1024 * 1024]].concat()).await;
    assert!(reasons.iter().any(|reason| reason.contains("2097152")), "{reasons:?}");
}

#[tokio::test]
async fn what_a_constructor_made_is_kept_with_it() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let code_of =
        async |wat: &str| process.client.put_code(wat::parse_str(wat).unwrap().into()).await.unwrap().code_hash;
    let (child_code, code_hash) = (code_of(&guest::dice()).await, code_of(&guest::parent()).await);
    let owner = Owner::from([7; 32]);
    let deployed = |init_data: Vec<u8>| Instantiate { code_hash, init_data, owner, salt: Salt([0; 32]) };
    let child_of = |parent| {
        let (owner, salt) = (Owner::from(parent), child_contract_salt(&[]));
        ContractSeed { code_hash: child_code, init_data: &[], owner, salt }.contract_id()
    };
    let parent = process.client.instantiate(&deployed(child_code.0.to_vec())).await.unwrap();
    let child = child_of(parent.contract_id);
    process.kill();
    let process = home.start(&[]).await;
    let kept = process.client.contract(child).await.unwrap().unwrap();
    assert_eq!((kept.owner, kept.revision, kept.code_hash), (Owner::from(parent.contract_id), 0, child_code));
    assert_eq!(process.client.execute(&request(child, 1, b"")).await.unwrap().report.outcome, Outcome::Ok);
    assert_eq!(process.client.status().await.unwrap().contracts, 2);

    // One that needs code which this enclave lacks may go better elsewhere: nothing is kept of it.
    let more = deployed([&child_code.0[..], &[0]].concat());
    let fault = process.client.instantiate(&more).await.unwrap_err();
    assert!(matches!(&fault, EnclaveError::Fault(words) if words.contains("needs code 0x00")), "{fault:?}");
    assert_eq!(process.client.status().await.unwrap().contracts, 2);
}

#[tokio::test]
async fn a_contract_is_what_its_id_says_and_is_made_once() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let contract = process.deploy(&guest::dice()).await;
    assert_eq!(process.deploy(&guest::dice()).await, contract);
    let seed =
        ContractSeed { code_hash: contract.code_hash, init_data: &[], owner: Owner::NOBODY, salt: Salt([0; 32]) };
    assert_eq!((contract.contract_id, contract.revision), (seed.contract_id(), 0));
    let other = Instantiate {
        code_hash: contract.code_hash,
        init_data: b"other".to_vec(),
        owner: Owner::NOBODY,
        salt: Salt([0; 32]),
    };
    assert_ne!(process.client.instantiate(&other).await.unwrap().contract_id, contract.contract_id);
    assert_eq!(process.client.status().await.unwrap().contracts, 2);
}

#[tokio::test]
async fn a_contract_without_code_or_whose_deploy_fails_is_not_made() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let wasm = wat::parse_str(guest::undeployable()).unwrap();
    let code_hash = phat_protocol::code_hash(&wasm);
    let instantiate = Instantiate { code_hash, init_data: Vec::new(), owner: Owner::NOBODY, salt: Salt([0; 32]) };
    let refused = process.client.instantiate(&instantiate).await.unwrap_err();
    assert!(matches!(refused, EnclaveError::Refused(Refusal::UnknownCode { .. })), "{refused}");
    process.client.put_code(wasm.into()).await.unwrap();
    let refused = process.client.instantiate(&instantiate).await.unwrap_err();
    let EnclaveError::Refused(Refusal::DeployFailed { outcome, .. }) = refused else { panic!("{refused}") };
    assert_eq!(outcome, Outcome::Trapped);
    assert_eq!(process.client.status().await.unwrap().contracts, 0);
}

#[tokio::test]
async fn the_ready_made_contract_answers_with_what_its_source_says() {
    let source = Source::start().await;
    let home = Home::new();
    let process = home.start(&[(ALLOW, &source.allowed())]).await;
    let artifact = concat!(env!("CARGO_MANIFEST_DIR"), "/../phat-contracts/artifacts/http-json.wasm");
    let wasm = std::fs::read(artifact).expect("`cargo xtask guests` makes it");
    let code_hash = process.client.put_code(wasm.into()).await.unwrap().code_hash;
    let json = format!(
        r#"{{"origin":"http://127.0.0.1:{}","path":"/number","pointer":"","type":"uint256","decimals":2}}"#,
        source.port
    );
    let init_data = (phat_protocol::selector("new"), json.into_bytes()).encode();
    let instantiate = Instantiate { code_hash, init_data, owner: Owner::NOBODY, salt: Salt([0; 32]) };
    let contract = process.client.instantiate(&instantiate).await.unwrap();
    let execution = process.client.execute(&request(contract.contract_id, 1, b"")).await.unwrap();
    assert_eq!(execution.report.outcome, Outcome::Ok, "{execution:?}");
    let mut word = [0; 32];
    word[30..].copy_from_slice(&700_u16.to_be_bytes());
    assert_eq!(execution.report.output, word);
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn a_contract_that_never_ends_is_a_signed_time_out_that_is_not_run_again() {
    let home = Home::new();
    let limits = [("PHAT_ENCLAVE__LIMITS__WALL_TIME", "300ms"), ("PHAT_ENCLAVE__LIMITS__GRACE", "10ms")];
    let process = home.start(&limits).await;
    let contract = process.deploy(&guest::spinner()).await;
    let asked = request(contract.contract_id, 1, b"");
    let execution = process.client.execute(&asked).await.unwrap();
    assert_eq!(execution.report.outcome, Outcome::TimedOut);
    assert!(execution.reason.is_some());
    assert_eq!(process.client.execute(&asked).await.unwrap(), execution);
    assert_eq!(process.client.status().await.unwrap().executions, 1);
}

#[tokio::test]
async fn messages_that_cannot_be_read_are_refused_as_such_on_every_route() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let socket = home.socket();
    let long = vec![b' '; 65 * 1024];
    let longer = vec![b' '; 5 * 1024 * 1024];
    for (line, body, wanted) in [
        ("POST /v1/execute", b"{}".as_slice(), 400),
        ("POST /v1/execute", b"{", 400),
        ("POST /v1/execute", &long, 413),
        ("POST /v1/simulate", b"{}", 400),
        ("POST /v1/simulate", &long, 413),
        ("POST /v1/call", b"{}", 400),
        ("POST /v1/call", &longer, 413),
        ("POST /v1/act", b"{}", 400),
        ("POST /v1/act", &longer, 413),
        ("POST /v1/quote", b"{}", 400),
        ("POST /v1/quote", &long, 413),
        ("POST /v1/contracts", b"{}", 400),
        ("POST /v1/contracts", &longer, 413),
        ("PUT /v1/code", &longer, 413),
        ("GET /v1/contracts/0x12", b"", 400),
        ("GET /v1/nothing", b"", 400),
        ("DELETE /v1/status", b"", 400),
    ] {
        // Not declared as JSON, a message is not even looked at.
        let (status, problem) = raw(&socket, line, "content-type: text/plain", body).await;
        let undeclared = line.starts_with("POST");
        assert_eq!(status, if undeclared { 415 } else { wanted }, "{line}: {problem}");
        let (status, problem) = raw(&socket, line, "content-type: application/json", body).await;
        assert_eq!(status, wanted, "{line}: {problem}");
        assert_eq!(problem["refused"]["kind"], "malformed", "{line}: {problem}");
    }
    process.client.status().await.expect("it goes on");
}

#[tokio::test]
async fn the_log_names_the_request_and_never_what_was_asked_or_answered() {
    const ASKED: &str = "a payload that nobody may read";
    const LINE: &str = "what the contract logged";
    let home = Home::new();
    let process = home.start(&[]).await;
    let contract = process.deploy(&guest::talker(LINE)).await;
    let asked = request(contract.contract_id, 1, ASKED.as_bytes());
    let execution = process.client.execute(&asked).await.unwrap();
    assert_eq!((execution.logs.len(), execution.logs[0].level), (1, 3));
    assert_eq!(execution.logs[0].message, LINE);
    assert!(process.terminate().await.success());
    let log = std::fs::read_to_string(home.path().join("log")).unwrap();
    assert!(log.contains(&asked.request.request_id().to_string()), "{log}");
    assert!(!log.contains(ASKED) && !log.contains(LINE), "{log}");
}
