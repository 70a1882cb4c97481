//! A wallet whose key stays with a signer: a server on loopback that speaks Web3Signer's REST API.

use crate::{
    anvil::{ADMIN_KEY, Anvil, CHAIN_ID, SUBMITTER_KEY},
    stage::{Stage, send},
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::post,
};
use ethers::{signers::LocalWallet, types::H256, utils::keccak256};
use phat_connector::{ChainError, ReportSink};
use phat_connector_evm::{EvmChain, EvmSettings, PublicKey, SigningKey, Web3Signer};
use phat_protocol::EvmAddress;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What the server does next.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Signs,
    SignsAs(&'static str),
    Answers(u16, &'static str),
    Hangs,
}

struct Server {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn public_key(private: &str) -> PublicKey {
    let wallet: LocalWallet = private.parse().unwrap();
    PublicKey::from_bytes(wallet.signer().verifying_key().to_encoded_point(true).as_bytes()).unwrap()
}

impl Server {
    /// Serves the submitter's key.
    async fn start() -> Self {
        let mood = Arc::new(Mutex::new(Mood::Signs));
        let router =
            Router::new().route("/base/api/v1/eth1/sign/{identifier}", post(sign)).with_state(Arc::clone(&mood));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, mood, serving }
    }

    fn key(&self) -> SigningKey {
        let url = format!("http://somebody:sesame@127.0.0.1:{}/base/", self.port).parse().unwrap();
        let public_key = public_key(SUBMITTER_KEY);
        let signer = Web3Signer::open(&url, &public_key, Duration::from_secs(3), None).unwrap();
        assert!(!format!("{signer:?}").contains("sesame"));
        SigningKey::elsewhere(&public_key, Arc::new(signer))
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

async fn sign(
    State(mood): State<Arc<Mutex<Mood>>>,
    Path(identifier): Path<String>,
    axum::Json(body): axum::Json<Value>,
) -> impl IntoResponse {
    let mood = *mood.lock().unwrap();
    let private = match mood {
        Mood::Signs => SUBMITTER_KEY,
        Mood::SignsAs(other) => other,
        Mood::Answers(status, text) => return (StatusCode::from_u16(status).unwrap(), text.to_owned()),
        Mood::Hangs => std::future::pending().await,
    };
    if identifier != public_key(SUBMITTER_KEY).to_string() {
        return (StatusCode::NOT_FOUND, String::new());
    }
    let data = hex::decode(body["data"].as_str().unwrap().strip_prefix("0x").unwrap()).unwrap();
    let signature = private.parse::<LocalWallet>().unwrap().sign_hash(H256(keccak256(data))).unwrap();
    (StatusCode::OK, format!("0x{signature}"))
}

#[tokio::test]
async fn a_report_is_delivered_by_a_wallet_whose_key_is_elsewhere() {
    let stage = Stage::set().await;
    let server = Server::start().await;
    let remote = stage.chain.submitting_as(&server.key());
    assert_eq!(remote.account(), stage.chain.account());
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, 7).await;
    let fees = remote.outlook().await.unwrap().fees;
    let by_hand = stage.chain.prepare(std::slice::from_ref(&entry), 0, fees).await.unwrap();
    let signed = remote.prepare(&[entry], 0, fees).await.unwrap();
    assert_eq!(signed, by_hand, "both sign alike");
    assert!(send(&remote, &signed).await.succeeded);
}

#[tokio::test]
async fn a_legacy_transaction_is_signed_elsewhere_too() {
    let anvil = Anvil::start(&["--hardfork", "berlin", "--gas-price", "3000000000"]).await;
    let server = Server::start().await;
    let settings = EvmSettings::new(anvil.http(), CHAIN_ID, EvmAddress([0x0a; 20]));
    let chain = EvmChain::connect(settings, &server.key()).unwrap();
    let filler = chain.prepare_filler(0, chain.outlook().await.unwrap().fees).await.unwrap();
    assert!(filler.raw[0] >= 0xc0, "a bare list, not an EIP-2718 envelope");
    assert!(send(&chain, &filler).await.succeeded);
}

#[tokio::test]
async fn what_goes_wrong_at_the_signer_is_told_apart() {
    let anvil = Anvil::start(&[]).await;
    let server = Server::start().await;
    let settings = EvmSettings::new(anvil.http(), CHAIN_ID, EvmAddress([0x0a; 20]));
    let chain = EvmChain::connect(settings, &server.key()).unwrap();
    let fees = chain.outlook().await.unwrap().fees;
    let signature = "0x11";
    for (mood, transient, words) in [
        (Mood::Answers(500, ""), true, "failed with status 500"),
        (Mood::Answers(503, ""), true, "failed with status 503"),
        (Mood::Answers(429, ""), true, "failed with status 429"),
        (Mood::Answers(404, ""), false, "has no such key"),
        (Mood::Answers(400, ""), false, "refuses with status 400"),
        (Mood::Answers(302, ""), false, "refuses with status 302"),
        (Mood::Answers(200, signature), false, "the answer is no signature"),
        (Mood::SignsAs(ADMIN_KEY), false, "not of the account's key"),
        (Mood::Hangs, true, "no answer in time"),
    ] {
        server.is(mood);
        let error = chain.prepare_filler(0, fees).await.unwrap_err();
        let ChainError::NotSigned { account, transient: found, cause } = &error else { panic!("{error:?}") };
        assert_eq!(*account, chain.submitter());
        assert_eq!(*found, transient, "{mood:?}");
        assert!(cause.contains(words), "{mood:?}: {cause}");
        assert!(!cause.contains("sesame"), "{cause}");
    }
    server.is(Mood::Answers(200, "x".repeat(5_000).leak()));
    assert!(chain.prepare_filler(0, fees).await.unwrap_err().to_string().contains("no signature"));
    let gone = server.key();
    drop(server);
    let chain = chain.submitting_as(&gone);
    let error = chain.prepare_filler(0, fees).await.unwrap_err();
    assert!(matches!(error, ChainError::NotSigned { transient: true, .. }), "{error:?}");
    // Nothing that is asked of the chain alone needs the signer.
    assert!(chain.balance().await.is_ok());
}
