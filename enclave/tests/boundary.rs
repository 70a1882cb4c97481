//! What an enclave process shows to its host, and what it refuses.

mod support;

use phat_enclave_api::{
    Client, ClientSettings, Enclave as _, EnclaveError, Endpoint, Instantiate, QuoteFor, Refusal, Simulate,
};
use phat_protocol::{BlockHash, Chain, ContractSeed, EvmAddress, OracleChain, Outcome, Owner, Salt, evm};
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
    time::Duration,
};
use support::{Home, guest, request, source::Source};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

const ALLOW: &str = "PHAT_ENCLAVE__EGRESS__ALLOW";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn enclave(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_enclave")).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn its_files_and_its_socket_are_its_owners_alone() {
    let home = Home::new();
    let enclave = home.start(&[]).await;
    assert_eq!(mode(&home.data()), 0o700);
    for file in std::fs::read_dir(home.data()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&home.socket()), 0o600);
    assert!(enclave.terminate().await.success());
    assert!(!home.socket().exists(), "the socket stays behind");
}

#[tokio::test]
async fn a_second_process_on_the_same_directory_or_socket_is_refused_with_words() {
    let home = Home::new();
    let first = home.start(&[]).await;
    let other = Home::new();
    let (data, socket) = (home.data(), other.endpoint().to_string());
    let refused = enclave(&["serve", "--data-dir", data.to_str().unwrap(), "--listen", &socket], &[]);
    assert!(!refused.status.success());
    assert!(words(&refused).contains("another enclave works in"), "{}", words(&refused));

    let (data, socket) = (other.data(), home.endpoint().to_string());
    let refused = enclave(&["serve", "--data-dir", data.to_str().unwrap(), "--listen", &socket], &[]);
    assert!(!refused.status.success());
    assert!(words(&refused).contains("another process listens on"), "{}", words(&refused));
    first.client.status().await.expect("the first one goes on");
}

#[tokio::test]
async fn loopback_serves_too_and_says_which_port_it_got() {
    let home = Home::new();
    let log = std::fs::File::create(home.path().join("log")).unwrap();
    let data = home.data();
    let child = Command::new(env!("CARGO_BIN_EXE_enclave"))
        .args(["serve", "--data-dir", data.to_str().unwrap(), "--listen", "http://127.0.0.1:0"])
        .env("PHAT_ENCLAVE__LOG__FORMAT", "json")
        .stderr(log)
        .spawn()
        .unwrap();
    let mut process =
        support::Process { child, client: Client::new(home.endpoint(), ClientSettings::default()).unwrap() };
    let deadline = std::time::Instant::now() + support::PATIENCE;
    let endpoint: Endpoint = loop {
        let log = std::fs::read_to_string(home.path().join("log")).unwrap();
        let told = log.split("listens on ").nth(1).and_then(|rest| rest.split(' ').next());
        if let Some(endpoint) = told {
            break endpoint.parse().unwrap();
        }
        assert!(std::time::Instant::now() < deadline, "it never listens: {log}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    process.client = Client::new(endpoint, ClientSettings::default()).unwrap();
    process.client.status().await.unwrap();
}

#[tokio::test]
async fn three_mistakes_in_the_configuration_are_three_messages() {
    let home = Home::new();
    let file = home.path().join("enclave.toml");
    std::fs::write(&file, "[limits]\nwall_time = 5\nspeed = 1\n").unwrap();
    let environment = [("PHAT_ENCLAVE__STORE__COMMIT_BATCH", "0")];
    let data = home.data();
    let serve = ["serve", "--data-dir", data.to_str().unwrap(), "--listen", "unix:/nowhere", "--config"];
    for arguments in [serve.as_slice(), &["config", "check", "--config"], &["config", "show", "--config"]] {
        let refused = enclave(&[arguments, &[file.to_str().unwrap()]].concat(), &environment);
        assert!(!refused.status.success());
        for mistake in ["limits.wall_time (", "limits.speed (", "store.commit_batch ("] {
            assert!(words(&refused).contains(mistake), "{mistake}: {}", words(&refused));
        }
    }
    assert!(!home.data().exists(), "it started all the same");
}

#[test]
fn settings_that_the_executor_refuses_are_refused_by_config_check() {
    let allow = r#"[{ host = "a", port = 1, root_pem = "no certificate" }]"#;
    let refused = enclave(&["config", "check"], &[(ALLOW, allow)]);
    assert!(!refused.status.success());
    assert!(words(&refused).contains("egress.allow[0].root_pem"), "{}", words(&refused));
}

#[test]
fn the_sample_and_the_shown_configuration_are_the_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let hash = enclave(&["config", "check"], &[]).stdout;
    assert!(String::from_utf8_lossy(&hash).contains("0x"));
    for command in ["sample", "show"] {
        let file = directory.path().join(command);
        std::fs::write(&file, enclave(&["config", command], &[]).stdout).unwrap();
        let checked = enclave(&["config", "check", "--config", file.to_str().unwrap()], &[]);
        assert_eq!(checked.stdout, hash, "{command}: {}", words(&checked));
    }
}

#[tokio::test]
async fn every_output_says_simulated() {
    let home = Home::new();
    let process = home.start(&[]).await;
    let client = &process.client;
    assert_eq!(client.status().await.unwrap().attestation, guest::SIMULATED);
    let quote_for = QuoteFor::Evm(evm::Registration {
        chain_id: 31337,
        registry: EvmAddress([1; 20]),
        operator: EvmAddress([2; 20]),
        block_number: 3,
        block_hash: BlockHash([4; 32]),
    });
    assert_eq!(client.quote(&quote_for).await.unwrap().attestation, guest::SIMULATED);
    let contract = process.deploy(&guest::dice()).await;
    let execution = client.execute(&request(contract.contract_id, 1, b"")).await.unwrap();
    assert_eq!(execution.attestation, guest::SIMULATED);
    let simulate = Simulate {
        contract_id: contract.contract_id,
        payload: Vec::new(),
        chain: Chain::Evm(1),
        consumer: EvmAddress([1; 20]),
        max_output: 100,
    };
    let simulation = client.simulate(&simulate).await.unwrap();
    assert_eq!((simulation.attestation, simulation.outcome), (guest::SIMULATED, Outcome::Ok));
    let endpoint = home.endpoint().to_string();
    for arguments in [
        ["status", "--endpoint", &endpoint].as_slice(),
        &["status", "--json", "--endpoint", &endpoint],
        &["config", "check"],
        &["--help"],
        &["serve", "--help"],
    ] {
        let output = enclave(arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", words(&output));
        let said = String::from_utf8_lossy(&output.stdout).to_lowercase();
        assert!(said.contains("simulated"), "{arguments:?}: {said}");
    }
    assert!(std::fs::read_to_string(home.path().join("log")).unwrap().contains("with simulated attestation"));
}

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

/// Sends a request with this header line, and gives the answer's status and body.
async fn raw(socket: &Path, line: &str, header: &str, body: &[u8]) -> (u16, serde_json::Value) {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: enclave\r\nconnection: close\r\n{header}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses the length may close before it has read all.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).expect("JSON"))
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

#[tokio::test]
async fn a_process_that_is_told_to_stop_finishes_its_runs_first() {
    let source = Source::start().await;
    source.answer(false);
    let home = Home::new();
    let open = source.allowed();
    let process = home.start(&[(ALLOW, &open)]).await;
    let contract = process.deploy(&guest::asker(source.port)).await;
    let asked = request(contract.contract_id, 1, b"");
    let call = tokio::spawn({
        let (client, asked) = (process.client.clone(), asked.clone());
        async move { client.execute(&asked).await.unwrap() }
    });
    source.wait_for_asked(1).await;
    let socket = home.socket();
    let stopped = tokio::spawn(process.terminate());
    // It takes no more calls from the moment that it stops.
    let closed = async {
        while UnixStream::connect(&socket).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(support::PATIENCE, closed).await.expect("it still listens");
    source.answer(true);
    let answer = call.await.unwrap();
    assert!(stopped.await.unwrap().success());
    assert_eq!(answer.report.outcome, Outcome::Ok);
    let process = home.start(&[(ALLOW, &open)]).await;
    assert_eq!(process.client.execute(&asked).await.unwrap(), answer);
}

#[tokio::test]
async fn a_run_that_outlives_the_shutdowns_time_is_dropped_unsigned() {
    let source = Source::start().await;
    source.answer(false);
    let home = Home::new();
    let open = source.allowed();
    let process = home.start(&[(ALLOW, &open), ("PHAT_ENCLAVE__SHUTDOWN__TIMEOUT", "50ms")]).await;
    let contract = process.deploy(&guest::asker(source.port)).await;
    let asked = request(contract.contract_id, 1, b"");
    let call = tokio::spawn({
        let (client, asked) = (process.client.clone(), asked.clone());
        async move { client.execute(&asked).await }
    });
    source.wait_for_asked(1).await;
    assert!(process.terminate().await.success());
    let unanswered = call.await.unwrap().unwrap_err();
    assert!(matches!(unanswered, EnclaveError::Fault(_) | EnclaveError::Unreachable { .. }), "{unanswered}");
    source.answer(true);
    let process = home.start(&[(ALLOW, &open)]).await;
    process.client.execute(&asked).await.unwrap();
    assert_eq!(process.client.status().await.unwrap().executions, 1);
}
