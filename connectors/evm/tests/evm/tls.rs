use crate::{
    anvil::{Anvil, CHAIN_ID, SUBMITTER_KEY},
    proxy::Proxy,
    stage::key,
};
use phat_connector::{ChainError, RequestSource};
use phat_connector_evm::{EvmChain, EvmSettings};
use phat_protocol::EvmAddress;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};

const SOON: Duration = Duration::from_secs(20);

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::default()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let keys = KeyPair::generate().unwrap();
        let pem = params.self_signed(&keys).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, keys) }
    }

    fn server(&self, name: &str, adjust: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        adjust(&mut params);
        let keys = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&keys, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(keys.serialize_der()).unwrap();
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap()
    }
}

fn chain(url: &str, ca_certificate: Option<&Authority>) -> EvmChain {
    let mut settings = EvmSettings::new(url.parse().unwrap(), CHAIN_ID, EvmAddress([0x0a; 20]));
    settings.ca_certificate = ca_certificate.map(|authority| authority.pem.clone());
    EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap()
}

#[tokio::test]
async fn a_node_behind_a_private_authority_is_reached_over_https_and_wss() {
    let anvil = Anvil::start(&[]).await;
    let authority = Authority::new("ours");
    let proxy = Proxy::start(anvil.port, Some(authority.server("127.0.0.1", |_| {}))).await;
    anvil.mine(3).await;
    for scheme in ["https", "wss"] {
        let chain = chain(&format!("{scheme}://127.0.0.1:{}", proxy.port), Some(&authority));
        assert_eq!(chain.head().await.unwrap().latest.number, 3, "{scheme}");
    }
    let announced = chain(&format!("wss://127.0.0.1:{}", proxy.port), Some(&authority));
    let (heads, mut rung) = watch::channel(0);
    let listening = tokio::spawn(async move { announced.listen(&heads).await });
    let heard = async {
        while *rung.borrow_and_update() <= 3 {
            anvil.mine(1).await;
            let _late = timeout(Duration::from_millis(200), rung.changed()).await;
        }
    };
    timeout(SOON, heard).await.expect("a new block rings");
    listening.abort();
}

/// What is said of a server whose certificate is no good, over either scheme.
async fn refused(server: ServerConfig, trusted: Option<&Authority>, named: &str) {
    let anvil = Anvil::start(&[]).await;
    let proxy = Proxy::start(anvil.port, Some(server)).await;
    for scheme in ["https", "wss"] {
        let chain = chain(&format!("{scheme}://127.0.0.1:{}", proxy.port), trusted);
        let error = chain.head().await.unwrap_err();
        let ChainError::Unreachable { cause, .. } = &error else { panic!("{scheme}: {error:?}") };
        assert!(cause.contains("certificate") && cause.contains(named), "{scheme}: {cause}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    refused(theirs.server("127.0.0.1", |_| {}), Some(&ours), "UnknownIssuer").await;
    refused(theirs.server("127.0.0.1", |_| {}), None, "UnknownIssuer").await;
}

#[tokio::test]
async fn a_certificate_that_expired_is_refused() {
    let authority = Authority::new("ours");
    let expired = authority.server("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    refused(expired, Some(&authority), "expired").await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new("ours");
    refused(authority.server("node.example", |_| {}), Some(&authority), "not valid for name").await;
}
