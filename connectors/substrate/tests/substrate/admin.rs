//! Registering workers.

use crate::stage::{CONFIG_HASH, Stage, address, evidence, key, sign};
use phat_connector::ChainError;
use phat_connector_substrate::admin::AdminError;
use phat_protocol::{Digest, ReportData};

#[tokio::test]
async fn evidence_that_the_oracle_refuses_registers_nobody_and_is_named() {
    let stage = Stage::set().await;
    let other = k256::ecdsa::SigningKey::from_slice(&[0x66; 32]).unwrap();
    let registration = stage.chain.registration().await.unwrap();
    let good = evidence(&registration, &other);

    let mut unknown_pair = good.clone();
    unknown_pair.config_hash = Digest([9; 32]);
    let mut forged = good.clone();
    let place = forged.quote.len() - 96;
    forged.quote[place..place + 65].copy_from_slice(&sign(&other, Digest([1; 32])).0);
    let mut of_other_block = good.clone();
    of_other_block.block_hash.0[0] ^= 1;
    for (refused, expected) in
        [(unknown_pair, "EvidenceMismatch"), (forged, "EvidenceRefused"), (of_other_block, "BlockNotRecent")]
    {
        let error = stage.chain.register_worker(&refused).await.unwrap_err();
        let AdminError::Failed { reason, .. } = &error else { panic!("{error:?}") };
        assert_eq!(reason, &format!("PhatOracle.{expected}"));
    }
    assert!(!stage.chain.worker(address(&other)).await.unwrap().active);
    let mined = stage.chain.register_worker(&good).await.unwrap();
    assert!(mined.block.number > registration.block_number);
    assert!(stage.chain.worker(address(&other)).await.unwrap().active);
    let _: ReportData = registration.report_data(&good.keys, &CONFIG_HASH);
}

#[tokio::test]
async fn an_account_without_funds_registers_nobody() {
    let stage = Stage::set().await;
    let poor = stage.chain.submitting_as(&key("//Nobody"));
    let registration = poor.registration().await.unwrap();
    let error = poor.register_worker(&evidence(&registration, &stage.worker)).await.unwrap_err();
    assert!(matches!(error, AdminError::Chain(ChainError::InsufficientFunds { .. })), "{error:?}");
}
