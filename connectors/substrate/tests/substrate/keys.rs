//! Submitters of every scheme.

use crate::stage::{Stage, UNIT, receipt};
use phat_connector::{Acceptance, ReportSink};
use phat_connector_substrate::{KeyScheme, SubmitterKey};
use secrecy::SecretString;
use subxt::dynamic::Value;

#[tokio::test]
async fn keys_of_every_scheme_submit() {
    let stage = Stage::set().await;
    for scheme in [KeyScheme::Sr25519, KeyScheme::Ed25519, KeyScheme::Ecdsa] {
        let key = SubmitterKey::from_secret(&SecretString::from("//Submitter"), scheme).unwrap();
        let to = Value::unnamed_variant("Id", [Value::from_bytes(key.account())]);
        let arguments = vec![("dest".to_owned(), to), ("value".to_owned(), Value::u128(10 * UNIT))];
        stage.send("//Bob", "Balances", "transfer_keep_alive", arguments).await;
        let chain = stage.chain.submitting_as(&key);
        let asked = stage.ask().await;
        let entry = stage.answer(&asked, scheme.to_string().as_bytes()).await;
        let outlook = chain.outlook().await.unwrap();
        let prepared = chain.prepare(&[entry], outlook.mined_nonce, outlook.fees).await.unwrap();
        assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled, "{scheme}");
        assert!(receipt(&chain, &prepared).await.succeeded, "{scheme}");
        assert_eq!(chain.mined_nonce().await.unwrap(), 1, "{scheme}");
        // What is accepted is free: the fee that was taken first came back.
        assert_eq!(chain.balance().await.unwrap().to_u128(), Some(10 * UNIT), "{scheme}");
    }
}
