use crate::{
    anvil::{ADMIN_KEY, Anvil, CHAIN_ID, SUBMITTER_KEY},
    stage::{Stage, key, made, send, sent},
};
use ethers::signers::Signer as _;
use phat_connector::{
    Acceptance, ChainError, EntryEffect, EntryRefusal, Fees, OnChainState, OracleStatus, ReportSink, RequestSource,
    ResolutionKind,
};
use phat_connector_evm::{EvmChain, EvmSettings, FeePolicy};
use phat_protocol::{Amount, EvmAddress, Outcome, Payee, WorkerAddress, evm::slot_hash};
use serde_json::json;

const GWEI: u128 = 1_000_000_000;

fn fees(max_fee: u128, max_priority_fee: u128) -> Fees {
    Fees { max_fee: Amount::from(max_fee), max_priority_fee: Amount::from(max_priority_fee) }
}

fn chain(anvil: &Anvil, adjust: impl FnOnce(&mut EvmSettings)) -> EvmChain {
    let mut settings = EvmSettings::new(anvil.http(), CHAIN_ID, EvmAddress([0x0a; 20]));
    adjust(&mut settings);
    EvmChain::connect(settings, &key(SUBMITTER_KEY)).unwrap()
}

#[tokio::test]
async fn a_report_reaches_the_consumer() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Pending]);
    let entry = stage.answer(&asked, 77).await;
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&entry)).await.unwrap(), [None]);
    let (sent, receipt) = stage.deliver(&[entry]).await;
    assert!(receipt.succeeded && receipt.gas_used > 0 && receipt.gas_used <= sent.gas_limit);
    assert_eq!(receipt.hash, sent.hash);
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: true })]);
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Closed]);
    assert_eq!(stage.chain.states(&[asked.id], Some(asked.block.number)).await.unwrap(), [OnChainState::Pending]);
    assert_eq!(stage.price(&asked).await, ("77".to_owned(), "0".to_owned(), "true".to_owned()));

    let resolutions = stage.chain.resolutions(&[made(&asked)], receipt.block.number).await.unwrap();
    let [resolution] = &resolutions[..] else { panic!("one resolution, not {resolutions:?}") };
    assert_eq!(resolution.kind, ResolutionKind::Fulfilled { callback_ok: true });
    assert_eq!((resolution.id, resolution.block, resolution.transaction), (asked.id, receipt.block, sent.hash));
    let before = stage.chain.resolutions(&[made(&asked)], asked.block.number).await.unwrap();
    assert_eq!(before, []);
}

#[tokio::test]
async fn a_batch_answers_what_it_can_and_skips_the_rest() {
    let stage = Stage::set().await;
    let first = stage.ask().await;
    let answered = stage.answer(&first, 1).await;
    stage.deliver(std::slice::from_ref(&answered)).await;
    let (second, third, fourth) = (stage.ask().await, stage.ask().await, stage.ask().await);
    let good = stage.answer(&second, 2).await;
    let mut forged = stage.answer(&third, 3).await;
    forged.report.output[0] ^= 1;
    let mut early = stage.answer(&fourth, 4).await;
    early.report.executed_at += 100_000;
    let batch = [answered, good, forged, early];

    let refusals = stage.chain.refusals(&batch).await.unwrap();
    assert_eq!(
        refusals,
        [Some(EntryRefusal::NotPending), None, Some(EntryRefusal::NotRegistered), Some(EntryRefusal::ExecutedInFuture)]
    );
    let (_, receipt) = stage.deliver(&batch).await;
    assert_eq!(
        receipt.effects,
        [
            (first.id, EntryEffect::Skipped(EntryRefusal::NotPending)),
            (second.id, EntryEffect::Fulfilled { callback_ok: true }),
            (third.id, EntryEffect::Skipped(EntryRefusal::NotRegistered)),
            (fourth.id, EntryEffect::Skipped(EntryRefusal::ExecutedInFuture)),
        ]
    );
    assert_eq!(
        stage.chain.states(&[first.id, second.id, third.id, fourth.id], None).await.unwrap(),
        [OnChainState::Closed, OnChainState::Closed, OnChainState::Pending, OnChainState::Pending]
    );
}

#[tokio::test]
async fn a_batch_has_gas_for_every_callback() {
    let stage = Stage::set().await;
    let mut entries = Vec::new();
    for value in 1..=8 {
        let asked = stage.ask().await;
        entries.push(stage.answer(&asked, value).await);
    }
    let (sent, receipt) = stage.deliver(&entries).await;
    let all_ok = entries.iter().map(|entry| (entry.report.request_id, EntryEffect::Fulfilled { callback_ok: true }));
    assert_eq!(receipt.effects, all_ok.collect::<Vec<_>>());
    // What the oracle sets aside for each: g + g/63 + 40,000 and for id, slot and signature another 38,000.
    assert!(sent.gas_limit >= 8 * (60_000 + 60_000 / 63 + 78_000), "{}", sent.gas_limit);
}

#[tokio::test]
async fn an_answer_that_the_consumer_turns_away_is_kept() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let unreadable = stage.report(&asked, Outcome::Ok, vec![1; 31]).await;
    let executed_at = unreadable.report.executed_at;
    let (_, receipt) = stage.deliver(&[unreadable]).await;
    assert_eq!(receipt.effects, [(asked.id, EntryEffect::Fulfilled { callback_ok: false })]);
    let kept = slot_hash(0, &[1; 31], executed_at);
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::CallbackFailed(kept)]);
    let resolutions = stage.chain.resolutions(&[made(&asked)], receipt.block.number).await.unwrap();
    assert_eq!(resolutions[0].kind, ResolutionKind::Fulfilled { callback_ok: false });
}

#[tokio::test]
async fn a_request_that_expired_can_be_cancelled_but_not_answered() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let late = stage.answer(&asked, 1).await;
    stage.anvil.rpc("evm_increaseTime", json!([3601])).await;
    stage.anvil.mine(1).await;
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&late)).await.unwrap(), [Some(EntryRefusal::Expired)]);
    let cancelled = stage.cancel(&asked).await;
    let resolutions = stage.chain.resolutions(&[made(&asked)], cancelled.block.number).await.unwrap();
    assert_eq!(resolutions.len(), 1);
    assert_eq!((resolutions[0].kind, resolutions[0].transaction), (ResolutionKind::Cancelled, cancelled.hash));
    assert_eq!(stage.chain.states(&[asked.id], None).await.unwrap(), [OnChainState::Closed]);
}

#[tokio::test]
async fn what_would_revert_is_named_before_it_is_sent() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, 1).await;
    stage.deliver(std::slice::from_ref(&entry)).await;
    let fees = stage.chain.outlook().await.unwrap().fees;
    let error = stage.chain.prepare(std::slice::from_ref(&entry), 1, fees).await.unwrap_err();
    let ChainError::Reverted { reason } = &error else { panic!("{error:?}") };
    assert!(reason.starts_with(&format!("RequestNotPending({}", asked.id)), "{reason}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_worker_that_was_revoked_and_a_signature_that_is_none_are_told_apart_here_and_by_the_oracle() {
    let stage = Stage::set().await;
    let (first, second, third) = (stage.ask().await, stage.ask().await, stage.ask().await);
    let good = stage.answer(&first, 1).await;
    let mut long = stage.report(&second, Outcome::Ok, vec![0; 4096]).await;
    let mut unsigned = stage.answer(&third, 3).await;
    unsigned.signatures[0].0[64] = 0;
    let too_large = EntryRefusal::Other("OutputTooLarge".to_owned());
    let said = [None, Some(too_large.clone()), Some(EntryRefusal::BadSignatures)];
    let batch = [good.clone(), long.clone(), unsigned];
    assert_eq!(stage.chain.refusals(&batch).await.unwrap(), said);
    let (_, receipt) = stage.deliver(&batch).await;
    assert_eq!(
        receipt.effects,
        [
            (first.id, EntryEffect::Fulfilled { callback_ok: true }),
            (second.id, EntryEffect::Skipped(too_large)),
            (third.id, EntryEffect::Skipped(EntryRefusal::BadSignatures)),
        ]
    );
    long = stage.answer(&second, 2).await;
    stage.revoke(WorkerAddress(stage.worker.address().0)).await;
    let refusals = stage.chain.refusals(std::slice::from_ref(&long)).await.unwrap();
    assert_eq!(refusals, [Some(EntryRefusal::NotRegistered)]);
    let error = stage.chain.prepare(&[long], 1, stage.chain.outlook().await.unwrap().fees).await.unwrap_err();
    assert!(matches!(&error, ChainError::Reverted { reason } if reason.starts_with("InactiveSigner(")), "{error:?}");
}

#[tokio::test]
async fn a_paused_oracle_refuses_as_paused() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, 1).await;
    stage.oracle("pause").await;
    assert!(stage.chain.facts().await.unwrap().paused);
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&entry)).await.unwrap(), [Some(EntryRefusal::Paused)]);
    stage.oracle("unpause").await;
    assert_eq!(stage.chain.refusals(std::slice::from_ref(&entry)).await.unwrap(), [None]);
}

#[tokio::test]
async fn an_entry_of_another_oracle_is_not_sent() {
    let stage = Stage::set().await;
    let asked = stage.ask().await;
    let entry = stage.answer(&asked, 1).await;
    let elsewhere = EvmSettings::new(stage.anvil.http(), CHAIN_ID, EvmAddress([9; 20]));
    let elsewhere = EvmChain::connect(elsewhere, &key(SUBMITTER_KEY)).unwrap();
    let error = elsewhere.prepare(&[entry], 0, fees(GWEI, 1)).await.unwrap_err();
    assert!(matches!(error, ChainError::Reverted { .. }), "{error:?}");
}

#[tokio::test]
async fn sending_twice_is_harmless() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let chain = chain(&anvil, |_| {});
    let filler = chain.prepare_filler(0, chain.outlook().await.unwrap().fees).await.unwrap();
    assert_eq!(chain.broadcast(&filler.raw).await.unwrap(), Acceptance::Pooled);
    assert_eq!(chain.broadcast(&filler.raw).await.unwrap(), Acceptance::Pooled);
    assert_eq!(chain.mined_nonce().await.unwrap(), 0);
    assert_eq!(chain.receipts(&sent(&[filler.hash])).await.unwrap(), []);
    anvil.mine(1).await;
    assert_eq!(chain.mined_nonce().await.unwrap(), 1);
    assert!(chain.receipts(&sent(&[filler.hash])).await.unwrap()[0].succeeded);
    assert_eq!(chain.broadcast(&filler.raw).await.unwrap(), Acceptance::NonceUsed);
}

#[tokio::test]
async fn a_nonce_that_a_stranger_used_is_told_apart() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, |_| {});
    let offered = chain.outlook().await.unwrap().fees;
    let ours = chain.prepare_filler(0, offered).await.unwrap();
    let strangers = chain.prepare_filler(0, fees(9 * GWEI, GWEI)).await.unwrap();
    assert_ne!(ours.hash, strangers.hash);
    send(&chain, &strangers).await;
    assert_eq!(chain.broadcast(&ours.raw).await.unwrap(), Acceptance::NonceUsed);
}

#[tokio::test]
async fn a_replacement_must_offer_more() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let chain = chain(&anvil, |_| {});
    let first = chain.prepare_filler(0, fees(4 * GWEI, GWEI)).await.unwrap();
    let less = chain.prepare_filler(0, fees(4 * GWEI - 1, GWEI)).await.unwrap();
    let more = chain.prepare_filler(0, fees(8 * GWEI, 2 * GWEI)).await.unwrap();
    assert_eq!(chain.broadcast(&first.raw).await.unwrap(), Acceptance::Pooled);
    assert_eq!(chain.broadcast(&less.raw).await.unwrap(), Acceptance::Underpriced);
    assert_eq!(chain.broadcast(&more.raw).await.unwrap(), Acceptance::Pooled);
    anvil.mine(1).await;
    let receipts = chain.receipts(&sent(&[first.hash, less.hash, more.hash])).await.unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.hash).collect::<Vec<_>>(), [more.hash]);
}

#[tokio::test]
async fn what_offers_less_than_the_base_fee_is_underpriced() {
    let anvil = Anvil::start(&["--block-base-fee-per-gas", "5000000000"]).await;
    let chain = chain(&anvil, |_| {});
    let cheap = chain.prepare_filler(0, fees(GWEI, 1)).await.unwrap();
    assert_eq!(chain.broadcast(&cheap.raw).await.unwrap(), Acceptance::Underpriced);
}

#[tokio::test]
async fn what_waits_in_the_pool_is_counted_and_so_is_what_a_stranger_put_there() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let chain = chain(&anvil, |_| {});
    for nonce in 0..2 {
        let outlook = chain.outlook().await.unwrap();
        assert_eq!((outlook.mined_nonce, outlook.pending_nonce), (0, nonce));
        let filler = chain.prepare_filler(nonce, outlook.fees).await.unwrap();
        assert_eq!(chain.broadcast(&filler.raw).await.unwrap(), Acceptance::Pooled);
    }
    // One beyond a hole can't be mined, and doesn't count.
    let beyond = chain.prepare_filler(3, chain.outlook().await.unwrap().fees).await.unwrap();
    assert_eq!(chain.broadcast(&beyond.raw).await.unwrap(), Acceptance::Pooled);
    let outlook = chain.outlook().await.unwrap();
    assert_eq!((outlook.mined_nonce, outlook.pending_nonce), (0, 2));
    anvil.mine(1).await;
    let outlook = chain.outlook().await.unwrap();
    assert_eq!((outlook.mined_nonce, outlook.pending_nonce), (2, 2));
}

#[tokio::test]
async fn a_wallet_without_funds_is_named_with_what_it_lacks() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, |_| {});
    let rich = chain.prepare_filler(0, fees(4 * GWEI, GWEI)).await.unwrap();
    anvil.rpc("anvil_setBalance", json!([chain.account().to_string(), "0x3e8"])).await;
    assert_eq!(chain.balance().await.unwrap(), Amount::from(1_000));
    for error in [
        chain.prepare_filler(0, fees(4 * GWEI, GWEI)).await.unwrap_err(),
        chain.broadcast(&rich.raw).await.unwrap_err(),
    ] {
        let ChainError::InsufficientFunds { account, balance, needed } = &error else { panic!("{error:?}") };
        assert_eq!(*account, chain.submitter());
        assert_eq!(*balance, Amount::from(1_000));
        assert_eq!(*needed, Amount::from(u128::from(rich.gas_limit) * 4 * GWEI));
        assert!(error.is_transient(), "someone may fill it up");
    }
}

#[tokio::test]
async fn fees_follow_the_base_fee_within_the_policy() {
    let anvil = Anvil::start(&["--block-base-fee-per-gas", "5000000000"]).await;
    let free = chain(&anvil, |_| {}).outlook().await.unwrap().fees;
    assert_eq!(free, fees(11 * GWEI, GWEI), "twice the base fee and what anvil suggests");
    let floor = FeePolicy { min_priority_fee: Some(Amount::from(3 * GWEI)), max_fee: None };
    let at_least = chain(&anvil, |settings| settings.fees = floor).outlook().await.unwrap().fees;
    assert_eq!(at_least, fees(13 * GWEI, 3 * GWEI));
    let cap = FeePolicy { min_priority_fee: Some(Amount::from(3 * GWEI)), max_fee: Some(Amount::from(2 * GWEI)) };
    let at_most = chain(&anvil, |settings| settings.fees = cap).outlook().await.unwrap().fees;
    assert_eq!(at_most, fees(2 * GWEI, 2 * GWEI));
}

#[tokio::test]
async fn a_chain_without_base_fees_gets_legacy_transactions() {
    let anvil = Anvil::start(&["--hardfork", "berlin", "--gas-price", "3000000000"]).await;
    let chain = chain(&anvil, |_| {});
    let offered = chain.outlook().await.unwrap().fees;
    assert_eq!(offered, fees(3 * GWEI, 3 * GWEI));
    let filler = chain.prepare_filler(0, offered).await.unwrap();
    assert!(filler.raw[0] >= 0xc0, "a bare list, not an EIP-2718 envelope");
    assert!(send(&chain, &filler).await.succeeded);
}

#[tokio::test]
async fn the_submitter_is_the_payee() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, |_| {});
    assert_eq!(chain.submitter().0, "0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
    assert_eq!(chain.payee(), Payee::from(chain.account()));
    let other = EvmSettings::new(anvil.http(), CHAIN_ID, EvmAddress([0x0a; 20]));
    let other = EvmChain::connect(other, &key(ADMIN_KEY)).unwrap();
    assert_ne!(other.payee(), chain.payee());
    assert_eq!(chain.head().await.unwrap().latest.number, 0);
}
