use axum::{Json, Router, routing::get};
use phat_enclave_api::{Attestation, Status};
use phat_protocol::{Digest, WorkerAddress, WorkerKeys};
use std::{io, net::Ipv4Addr};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const WORKER: WorkerAddress = WorkerAddress([7; 20]);

/// An enclave that says who it is, and nothing else.
pub(crate) struct TestEnclave {
    pub(crate) endpoint: String,
    server: JoinHandle<io::Result<()>>,
}

/// Starts one on a free port.
pub(crate) async fn start() -> TestEnclave {
    let status = Status {
        attestation: Attestation::Simulated,
        version: "0".to_owned(),
        keys: WorkerKeys { worker: WORKER, x25519: Digest([8; 32]), vrf_key_hash: Digest::default() },
        measurement: Digest([1; 32]),
        config_hash: Digest([2; 32]),
        config: serde_json::Value::Null,
        now: 0,
        contracts: 0,
        running: 0,
        executions: 0,
        fault: None,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/status", get(|| async { Json(status) }));
    TestEnclave { endpoint, server: tokio::spawn(async move { axum::serve(listener, router).await }) }
}

impl TestEnclave {
    pub(crate) fn stop(self) {
        self.server.abort();
    }
}
