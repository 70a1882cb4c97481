//! Extrinsics on their way.

use crate::{
    chopsticks::Options,
    stage::{Stage, UNIT, eventually, key, receipt, sent, sign},
};
use phat_connector::{
    Acceptance, ChainError, EntryEffect, EntryRefusal, Fees, OracleStatus, ReportSink, RequestSource,
};
use phat_connector_substrate::TipPolicy;
use phat_protocol::{Amount, Digest, OracleChain};
use serde_json::json;

/// How far ahead of its clock the development chain lets reports be, in seconds.
const EXECUTED_AHEAD: u64 = 3 * 60 * 60;

#[tokio::test]
async fn a_batch_answers_what_it_can_and_says_why_not_the_rest() {
    let stage = Stage::set().await;
    let (first, second) = (stage.ask().await, stage.ask().await);
    let answered = stage.answer(&first, b"one").await;
    stage.deliver(std::slice::from_ref(&answered)).await;
    let mut of_stranger = stage.answer(&second, b"two").await;
    let stranger = k256::ecdsa::SigningKey::from_slice(&[0x66; 32]).unwrap();
    of_stranger.signatures = vec![sign(&stranger, second.request.report_digest(&of_stranger.report))];
    let good = stage.answer(&second, b"three").await;
    let (sent, receipt) = stage.deliver(&[answered, of_stranger, good]).await;
    assert!(receipt.succeeded && receipt.hash == sent.hash);
    let expected = [
        (first.id, EntryEffect::Skipped(EntryRefusal::NotPending)),
        (second.id, EntryEffect::Skipped(EntryRefusal::NotRegistered)),
        (second.id, EntryEffect::Fulfilled { callback_ok: true }),
    ];
    assert_eq!(receipt.effects, expected);
}

#[tokio::test]
async fn a_transaction_is_known_before_it_is_sent_and_sending_it_twice_is_harmless() {
    let stage = Stage::set_with(Options { blocks: "Manual", ..Options::default() }, |_| {}).await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, b"an answer").await;
    let prepared = stage.prepare(&[entry]).await;
    assert_eq!(stage.chain.receipts(&[sent(&stage.chain, &prepared)]).await.unwrap(), []);
    for _ in 0..2 {
        assert_eq!(stage.chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    }
    assert_eq!(stage.chain.mined_nonce().await.unwrap(), prepared.nonce);
    stage.node.mine(1).await;
    let receipt = receipt(&stage.chain, &prepared).await;
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    assert_eq!(stage.chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::NonceUsed);
    assert_eq!(stage.chain.mined_nonce().await.unwrap(), prepared.nonce + 1);
}

#[tokio::test]
async fn the_receipt_is_of_the_one_that_was_included_and_a_strangers_is_none() {
    let stage = Stage::set_with(Options { blocks: "Manual", ..Options::default() }, |_| {}).await;
    let outlook = stage.chain.outlook().await.unwrap();
    let nonce = outlook.mined_nonce;
    let tipped = Fees { max_fee: Amount::from(UNIT), max_priority_fee: Amount::from(UNIT) };
    let first = stage.chain.prepare_filler(nonce, outlook.fees).await.unwrap();
    let second = stage.chain.prepare_filler(nonce, tipped).await.unwrap();
    assert_ne!(first.hash, second.hash);
    assert_eq!(stage.chain.broadcast(&second.raw).await.unwrap(), Acceptance::Pooled);
    let balance = stage.chain.balance().await.unwrap().to_u128().unwrap();
    stage.node.mine(1).await;
    let paid = balance - stage.chain.balance().await.unwrap().to_u128().unwrap();
    assert!((UNIT..2 * UNIT).contains(&paid), "the tip was paid: {paid}");
    let both = [sent(&stage.chain, &first), sent(&stage.chain, &second)];
    let receipts = stage.chain.receipts(&both).await.unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.hash).collect::<Vec<_>>(), [second.hash]);
    assert!(receipts[0].succeeded && receipts[0].effects.is_empty());
    assert_eq!(stage.chain.receipts(&both[..1]).await.unwrap(), [], "a stranger used its nonce");
}

#[tokio::test]
async fn an_extrinsic_expires_with_its_era_and_its_nonce_is_free_again() {
    let stage = Stage::set_with(Options::default(), |settings| settings.mortality = 4).await;
    let outlook = stage.chain.outlook().await.unwrap();
    let prepared = stage.chain.prepare_filler(outlook.mined_nonce, outlook.fees).await.unwrap();
    stage.node.mine(8).await;
    assert_eq!(stage.chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Expired);
    assert_eq!(stage.chain.receipts(&[sent(&stage.chain, &prepared)]).await.unwrap(), []);
    let again = stage.chain.prepare_filler(prepared.nonce, outlook.fees).await.unwrap();
    assert_ne!(again.hash, prepared.hash);
    assert_eq!(stage.chain.broadcast(&again.raw).await.unwrap(), Acceptance::Pooled);
    receipt(&stage.chain, &again).await;
}

#[tokio::test]
async fn nonces_of_the_pool_are_counted_and_used_in_their_order() {
    let stage = Stage::set_with(Options { blocks: "Manual", ..Options::default() }, |_| {}).await;
    let outlook = stage.chain.outlook().await.unwrap();
    let mut prepared = Vec::new();
    for nonce in outlook.mined_nonce..outlook.mined_nonce + 3 {
        let filler = stage.chain.prepare_filler(nonce, outlook.fees).await.unwrap();
        assert_eq!(stage.chain.broadcast(&filler.raw).await.unwrap(), Acceptance::Pooled);
        prepared.push(filler);
    }
    let pooled = stage.chain.outlook().await.unwrap();
    assert_eq!((pooled.mined_nonce, pooled.pending_nonce), (outlook.mined_nonce, outlook.mined_nonce + 3));
    stage.node.mine(1).await;
    for filler in &prepared {
        assert!(receipt(&stage.chain, filler).await.succeeded);
    }
    assert_eq!(stage.chain.mined_nonce().await.unwrap(), outlook.mined_nonce + 3);
}

#[tokio::test]
async fn an_account_that_can_t_pay_is_told() {
    let stage = Stage::set().await;
    let poor = stage.chain.submitting_as(&key("//Nobody"));
    let outlook = poor.outlook().await.unwrap();
    assert_eq!((outlook.mined_nonce, poor.balance().await.unwrap()), (0, Amount::default()));
    let error = poor.prepare_filler(0, outlook.fees).await.unwrap_err();
    let ChainError::InsufficientFunds { account, balance, needed } = error else { panic!("{error:?}") };
    assert_eq!((account, balance), (poor.submitter(), Amount::default()));
    assert!(needed > balance);
}

#[tokio::test]
async fn tips_stay_within_their_bounds() {
    let tips = TipPolicy { min_tip: Some(Amount::from(7)), max_tip: Some(Amount::from(5)) };
    let stage = Stage::set_with(Options::default(), |settings| settings.tips = tips).await;
    let outlook = stage.chain.outlook().await.unwrap();
    assert_eq!(outlook.fees, Fees { max_fee: Amount::from(5), max_priority_fee: Amount::from(5) });
    assert_eq!(outlook.fee_cap, Some(Amount::from(5)));
    assert!(outlook.gas_limit > 1_000_000_000, "a millisecond at least: {}", outlook.gas_limit);
}

#[tokio::test]
async fn a_report_for_another_chain_or_oracle_is_not_signed_for() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let good = stage.answer(&asked, b"an answer").await;
    let outlook = stage.chain.outlook().await.unwrap();
    let mut elsewhere = good.clone();
    let phat_protocol::Request::Substrate(request) = &mut elsewhere.request else { panic!("of Substrate") };
    request.genesis.0[0] ^= 1;
    let mut of_other = good.clone();
    of_other.report.request_id = phat_protocol::RequestId([9; 32]);
    for entry in [elsewhere, of_other] {
        let error =
            stage.chain.prepare(std::slice::from_ref(&entry), outlook.mined_nonce, outlook.fees).await.unwrap_err();
        assert!(matches!(error, ChainError::Reverted { .. }), "{error:?}");
        assert!(stage.chain.refusals(&[entry]).await.is_err());
    }
    assert!(stage.chain.prepare(&[], outlook.mined_nonce, outlook.fees).await.is_err());
}

#[tokio::test]
async fn what_the_oracle_would_refuse_is_named_before_it_is_sent() {
    let stage = Stage::set().await;
    let asked = stage.ask_for(120).await;
    let good = stage.answer(&asked, b"an answer").await;
    let now = stage.chain.head().await.unwrap().timestamp;
    let signed = |change: &dyn Fn(&mut phat_protocol::Report)| {
        let mut entry = good.clone();
        change(&mut entry.report);
        entry.signatures = vec![sign(&stage.worker, entry.request.report_digest(&entry.report))];
        entry
    };
    // Each block has the clock go on.
    let in_future = signed(&|report| report.executed_at = now + EXECUTED_AHEAD + 100);
    let too_long = signed(&|report| report.output = vec![0; 101]);
    let mut unsigned = good.clone();
    unsigned.signatures.clear();
    let mut forged = good.clone();
    forged.signatures[0].0[64] = 29;
    let stranger = k256::ecdsa::SigningKey::from_slice(&[0x66; 32]).unwrap();
    let mut of_stranger = good.clone();
    of_stranger.signatures = vec![sign(&stranger, good.request.report_digest(&good.report))];
    let entries = [good.clone(), in_future, too_long, unsigned, forged, of_stranger];
    let expected = [
        None,
        Some(EntryRefusal::ExecutedInFuture),
        Some(EntryRefusal::Other("OutputTooLong".to_owned())),
        Some(EntryRefusal::BadSignatures),
        Some(EntryRefusal::BadSignatures),
        Some(EntryRefusal::NotRegistered),
    ];
    assert_eq!(stage.chain.refusals(&entries).await.unwrap(), expected);
    // The oracle says the same when it comes to it.
    let (_, receipt) = stage.deliver(&entries[1..]).await;
    let skipped = expected[1..].iter().flatten().cloned().map(|refusal| (asked.id, EntryEffect::Skipped(refusal)));
    assert_eq!(receipt.effects, skipped.collect::<Vec<_>>());

    stage.send_as_root("set_paused", vec![("paused".to_owned(), subxt::dynamic::Value::bool(true))]).await;
    assert_eq!(stage.chain.refusals(&entries[..1]).await.unwrap(), [Some(EntryRefusal::Paused)]);
    assert!(stage.chain.facts().await.unwrap().paused);
    let (_, receipt) = stage.deliver(&entries[..1]).await;
    assert!(!receipt.succeeded && receipt.effects.is_empty(), "{receipt:?}");
    stage.send_as_root("set_paused", vec![("paused".to_owned(), subxt::dynamic::Value::bool(false))]).await;

    stage.node.travel((now + 300) * 1_000).await;
    stage.node.mine(1).await;
    assert_eq!(stage.chain.refusals(&entries[..1]).await.unwrap(), [Some(EntryRefusal::Expired)]);
}

#[tokio::test]
async fn a_receipt_is_gone_with_its_block_though_its_nonce_is_used_again() {
    let stage = Stage::set().await;
    let before = stage.chain.head().await.unwrap().latest.number;
    let outlook = stage.chain.outlook().await.unwrap();
    let first = stage.chain.prepare_filler(outlook.mined_nonce, outlook.fees).await.unwrap();
    assert_eq!(stage.chain.broadcast(&first.raw).await.unwrap(), Acceptance::Pooled);
    let included = receipt(&stage.chain, &first).await;
    stage.node.set_head(before).await;
    let tipped = Fees { max_fee: Amount::from(UNIT), max_priority_fee: Amount::from(UNIT) };
    let second = stage.chain.prepare_filler(first.nonce, tipped).await.unwrap();
    assert_eq!(stage.chain.broadcast(&second.raw).await.unwrap(), Acceptance::Pooled);
    let in_its_place = receipt(&stage.chain, &second).await;
    assert_eq!(in_its_place.block.number, included.block.number);
    assert_eq!(stage.chain.receipts(&[sent(&stage.chain, &first)]).await.unwrap(), []);
}

#[tokio::test]
async fn an_extrinsic_that_a_reorganisation_takes_back_can_be_sent_again() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, b"an answer").await;
    let before = stage.chain.head().await.unwrap().latest.number;
    let (prepared, included) = stage.deliver(&[entry]).await;
    stage.node.set_head(before).await;
    assert_eq!(stage.chain.receipts(&[sent(&stage.chain, &prepared)]).await.unwrap(), []);
    assert_eq!(stage.chain.mined_nonce().await.unwrap(), prepared.nonce);
    assert_eq!(stage.chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    let again = receipt(&stage.chain, &prepared).await;
    assert_eq!(again.block.number, included.block.number);
    let _: Digest = again.hash.0;
    eventually("the block's place", async || stage.chain.block(again.block.number).await.unwrap() == Some(again.block))
        .await;
    assert_eq!(stage.node.rpc("author_pendingExtrinsics", json!([])).await, json!([]));
}
