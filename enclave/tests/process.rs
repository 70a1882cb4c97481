//! The enclave as a process: its command line, its files, its start and its end.

mod support;

use phat_enclave_api::{Client, ClientSettings, Enclave as _, EnclaveError, Endpoint, QuoteFor, Simulate};
use phat_protocol::{BlockHash, Chain, EvmAddress, Outcome, evm};
use std::{process::Command, time::Duration};
use support::{
    Home, guest,
    outside::{ALLOW, enclave, mode, words},
    request,
    source::Source,
};
use tokio::net::UnixStream;

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
async fn a_second_signal_ends_the_process_while_a_run_goes_on() {
    for second in ["TERM", "INT"] {
        let source = Source::start().await;
        source.answer(false);
        let home = Home::new();
        let open = source.allowed();
        // Without the second signal it would wait for the run longer than the test waits for its end.
        let process = home.start(&[(ALLOW, &open), ("PHAT_ENCLAVE__SHUTDOWN__TIMEOUT", "10m")]).await;
        let contract = process.deploy(&guest::asker(source.port)).await;
        let asked = request(contract.contract_id, 1, b"");
        let call = tokio::spawn({
            let client = process.client.clone();
            async move { client.execute(&asked).await }
        });
        source.wait_for_asked(1).await;
        process.signal("TERM");
        let closed = async {
            while UnixStream::connect(home.socket()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(support::PATIENCE, closed).await.expect("it still listens");
        process.signal(second);
        let log = home.path().join("log");
        assert_eq!(process.ended().await.code(), Some(130), "{}", std::fs::read_to_string(log).unwrap());
        call.await.unwrap().expect_err("nobody is left to answer");
    }
}

#[tokio::test]
async fn a_log_that_goes_to_a_file_has_no_colours() {
    let home = Home::new();
    let process = home.start(&[]).await;
    assert!(process.terminate().await.success());
    let log = std::fs::read_to_string(home.path().join("log")).unwrap();
    assert!(log.contains("listens on"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[tokio::test]
async fn it_may_open_as_many_files_as_the_system_allows() {
    let home = Home::new();
    let log = std::fs::File::create(home.path().join("log")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -Sn 256 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_enclave"), "serve"]);
    shell.arg("--data-dir").arg(home.data()).arg("--listen").arg(home.endpoint().to_string());
    let child = shell.stderr(log).spawn().unwrap();
    let client = Client::new(home.endpoint(), ClientSettings::default()).unwrap();
    let process = support::Process { child, client };
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while process.client.status().await.is_err() {
        assert!(std::time::Instant::now() < deadline, "it never answers");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.child.id())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_ne!(words[1], "256", "the hard limit leaves nothing to raise: ulimit -Hn 4096");
    assert_eq!(words[0], words[1]);
    // A crash leaves no memory behind: not in a file, nor with a program that takes it.
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"]);
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
