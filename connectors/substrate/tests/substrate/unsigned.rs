//! Reports that an account without money brings.

use crate::{
    chopsticks::Options,
    stage::{PAYMENT, Stage, eventually, key, receipt, sent},
};
use phat_connector::{
    Acceptance, ChainError, Entry, EntryEffect, EntryRefusal, ObservedRequest, OracleStatus, ReportSink, RequestSource,
    ResolutionKind,
};
use phat_connector_substrate::{KeyScheme, Submission, SubmitterKey, SubstrateChain};
use phat_protocol::{Amount, Payee};
use secrecy::SecretString;

/// Whose account holds nothing.
const NOBODY: &str = "//Nobody";

/// A node, and a chain end of an account that holds nothing.
async fn set(blocks: &'static str) -> (Stage, SubstrateChain) {
    let stage = Stage::set_with(Options { blocks, ..Options::default() }, |_| {}).await;
    let unsigned = unsigned(&stage);
    assert_eq!(unsigned.balance().await.unwrap(), Amount::default());
    (stage, unsigned)
}

fn unsigned(stage: &Stage) -> SubstrateChain {
    stage.again(|settings| settings.submission = Submission::Unsigned).submitting_as(&key(NOBODY))
}

/// A report that pays whom the chain end submits for.
async fn answer(stage: &Stage, chain: &SubstrateChain, asked: &ObservedRequest, output: &[u8]) -> Entry {
    stage.answer_to(chain.payee(), asked, output).await
}

#[tokio::test]
async fn an_account_that_holds_nothing_answers_and_is_paid() {
    let (stage, chain) = set("Instant").await;
    let (first, second) = (stage.ask().await, stage.ask().await);
    let entries = [answer(&stage, &chain, &first, b"one").await, answer(&stage, &chain, &second, b"two").await];
    let outlook = chain.outlook().await.unwrap();
    assert_eq!((outlook.mined_nonce, outlook.pending_nonce, outlook.fee_cap), (0, 0, Some(Amount::default())));
    assert!(outlook.is_unsigned);
    let prepared = chain.prepare(&entries, 0, outlook.fees).await.unwrap();
    assert!((1..outlook.gas_limit).contains(&prepared.gas_limit), "{} is no weight", prepared.gas_limit);
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    let receipt = receipt(&chain, &prepared).await;
    assert!(receipt.succeeded);
    let expected = [first, second].map(|asked| (asked.id, EntryEffect::Fulfilled { callback_ok: true }));
    assert_eq!(receipt.effects, expected);
    assert_eq!(chain.balance().await.unwrap(), Amount::from(2 * PAYMENT));
    assert_eq!(chain.mined_nonce().await.unwrap(), 1);
    let signed = stage.chain.submitting_as(&key(NOBODY));
    assert_eq!(signed.mined_nonce().await.unwrap(), 0, "its account signed nothing");
}

#[tokio::test]
async fn a_submission_is_sent_twice_without_harm_and_found_by_whoever_starts_anew() {
    let (stage, chain) = set("Manual").await;
    let asked = stage.ask().await;
    let entry = answer(&stage, &chain, &asked, b"an answer").await;
    let fees = chain.outlook().await.unwrap().fees;
    let prepared = chain.prepare(&[entry], 3, fees).await.unwrap();
    assert_eq!(chain.receipts(&[sent(&chain, &prepared)]).await.unwrap(), []);
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    stage.node.mine(1).await;
    // As after a crash between the broadcast and the receipt, with more blocks since.
    stage.node.mine(9).await;
    let anew = unsigned(&stage);
    assert_eq!(anew.mined_nonce().await.unwrap(), 4, "the nonces below are lost");
    assert_eq!(anew.broadcast(&prepared.raw).await.unwrap(), Acceptance::NonceUsed);
    let receipt = receipt(&anew, &prepared).await;
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    let resolutions = stage.resolutions(&asked).await;
    assert_eq!(resolutions.len(), 1);
    assert_eq!((resolutions[0].block, resolutions[0].transaction), (receipt.block, prepared.hash));
}

#[tokio::test]
async fn what_another_answered_spoils_the_submission_and_is_left_out_of_the_next() {
    let (stage, chain) = set("Instant").await;
    let (closed, open) = (stage.ask().await, stage.ask().await);
    let entries = [answer(&stage, &chain, &closed, b"one").await, answer(&stage, &chain, &open, b"two").await];
    let fees = chain.outlook().await.unwrap().fees;
    let alone = chain.prepare(&entries[..1], 0, fees).await.unwrap();
    let both = chain.prepare(&entries, 1, fees).await.unwrap();
    stage.deliver(&[stage.answer(&closed, b"another's").await]).await;
    for spoilt in [&alone, &both] {
        assert_eq!(chain.broadcast(&spoilt.raw).await.unwrap(), Acceptance::Expired);
    }
    let refused = chain.prepare(&entries[..1], 0, fees).await.unwrap_err();
    assert!(matches!(refused, ChainError::Reverted { .. }), "{refused:?}");
    let next = chain.prepare(&entries, 1, fees).await.unwrap();
    assert_ne!(next.hash, both.hash);
    assert_eq!(chain.broadcast(&next.raw).await.unwrap(), Acceptance::Pooled);
    let receipt = receipt(&chain, &next).await;
    assert_eq!(receipt.effects, [(open.id, EntryEffect::Fulfilled { callback_ok: true })]);
    let all = [sent(&chain, &alone), sent(&chain, &both), sent(&chain, &next)];
    assert_eq!(chain.receipts(&all).await.unwrap(), [receipt], "the others were never included");
    let resolutions = stage.resolutions(&closed).await;
    assert_eq!(resolutions.len(), 1);
    assert!(matches!(resolutions[0].kind, ResolutionKind::Fulfilled { .. }));
}

#[tokio::test]
async fn what_pays_another_is_not_brought() {
    let (stage, chain) = set("Instant").await;
    let (mine, theirs) = (stage.ask().await, stage.ask().await);
    let fees = chain.outlook().await.unwrap().fees;
    let of_another = stage.answer_to(Payee([9; 32]), &theirs, b"one").await;
    let refused = chain.prepare(std::slice::from_ref(&of_another), 0, fees).await.unwrap_err();
    let ChainError::Reverted { reason } = refused else { panic!("{refused:?}") };
    assert!(reason.contains("pays another"), "{reason}");
    let refusals = chain.refusals(std::slice::from_ref(&of_another)).await.unwrap();
    assert!(
        matches!(&refusals[..], [Some(EntryRefusal::Other(reason))] if reason.contains("pays another")),
        "{refusals:?}"
    );
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&of_another)).await.unwrap(), [None], "signed, it would do");
    let entries = [of_another, answer(&stage, &chain, &mine, b"two").await];
    let prepared = chain.prepare(&entries, 0, fees).await.unwrap();
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    assert_eq!(receipt(&chain, &prepared).await.effects.len(), 1);
}

#[tokio::test]
async fn a_submission_expires_and_its_nonce_is_free_again() {
    let (stage, _) = set("Instant").await;
    let chain = stage.again(|settings| {
        settings.submission = Submission::Unsigned;
        settings.mortality = 4;
    });
    let asked = stage.ask().await;
    let entry = answer(&stage, &chain, &asked, b"an answer").await;
    let fees = chain.outlook().await.unwrap().fees;
    let prepared = chain.prepare(std::slice::from_ref(&entry), 0, fees).await.unwrap();
    stage.node.mine(5).await;
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Expired);
    let again = chain.prepare(&[entry], 0, fees).await.unwrap();
    assert_ne!(again.hash, prepared.hash);
    assert_eq!(chain.broadcast(&again.raw).await.unwrap(), Acceptance::Pooled);
    receipt(&chain, &again).await;
}

#[tokio::test]
async fn a_submission_that_a_reorganisation_takes_back_is_good_again() {
    let (stage, chain) = set("Instant").await;
    let asked = stage.ask().await;
    let before = stage.chain.head().await.unwrap().latest.number;
    let fees = chain.outlook().await.unwrap().fees;
    let prepared = chain.prepare(&[answer(&stage, &chain, &asked, b"an answer").await], 0, fees).await.unwrap();
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    receipt(&chain, &prepared).await;
    stage.node.set_head(before).await;
    stage.node.mine(2).await;
    assert_eq!(chain.receipts(&[sent(&chain, &prepared)]).await.unwrap(), []);
    assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled);
    receipt(&chain, &prepared).await;
}

#[tokio::test]
async fn keys_of_every_scheme_submit_unsigned() {
    let (stage, _) = set("Instant").await;
    for scheme in [KeyScheme::Sr25519, KeyScheme::Ed25519, KeyScheme::Ecdsa] {
        let key = SubmitterKey::from_secret(&SecretString::from(NOBODY), scheme).unwrap();
        let chain = stage.again(|settings| settings.submission = Submission::Unsigned).submitting_as(&key);
        let asked = stage.ask().await;
        let fees = chain.outlook().await.unwrap().fees;
        let entries = [answer(&stage, &chain, &asked, b"an answer").await];
        let prepared = chain.prepare(&entries, 0, fees).await.unwrap();
        let alike = chain.prepare(&entries, 0, fees).await.unwrap();
        assert_ne!(alike.hash, prepared.hash, "what was sent is known by its hash");
        assert_eq!(chain.broadcast(&prepared.raw).await.unwrap(), Acceptance::Pooled, "{scheme}");
        assert!(receipt(&chain, &prepared).await.succeeded);
    }
}

#[tokio::test]
async fn nobody_fills_a_nonce_for_free() {
    let (_stage, chain) = set("Instant").await;
    let fees = chain.outlook().await.unwrap().fees;
    assert!(matches!(chain.prepare_filler(0, fees).await, Err(ChainError::Reverted { .. })));
    assert!(chain.examine().await.unwrap().takes_unsigned);
}

#[tokio::test]
async fn what_was_signed_before_is_found_by_an_end_that_submits_unsigned() {
    let stage = Stage::set().await;
    let (signed, unsigned) = (&stage.chain, stage.again(|settings| settings.submission = Submission::Unsigned));
    assert_ne!(signed.submitter(), unsigned.submitter(), "each has nonces of its own");
    let asked = stage.ask().await;
    let (prepared, found) = stage.deliver(&[stage.answer(&asked, b"an answer").await]).await;
    assert_eq!(unsigned.receipts(&[sent(signed, &prepared)]).await.unwrap(), [found]);
    assert_eq!(unsigned.receipts(&[sent(&unsigned, &prepared)]).await.unwrap(), []);
    eventually("the account's own nonce", async || signed.mined_nonce().await.unwrap() > prepared.nonce).await;
}
