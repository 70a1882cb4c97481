use super::*;
use ethers::signers::{LocalWallet, Signer};
use phat_protocol::{Amount, BlockHash, ContractId, Digest, Outcome, Payee, Report, Request, RequestId, evm};

const TIMESTAMP: u64 = 1_000_000;

fn wallet(seed: u8) -> LocalWallet {
    LocalWallet::from_bytes(&[seed; 32]).unwrap()
}

fn sign(wallet: &LocalWallet, digest: Digest) -> Signature {
    Signature(wallet.sign_hash(H256(digest.0)).unwrap().to_vec().try_into().unwrap())
}

/// An entry that the oracle takes, signed by `wallets` in that order.
fn entry(wallets: &[&LocalWallet]) -> Entry {
    let request = Request::Evm(evm::Request {
        chain_id: 1,
        oracle: EvmAddress([1; 20]),
        sequence: 1,
        parent_hash: BlockHash([2; 32]),
        consumer: EvmAddress([3; 20]),
        contract_id: ContractId([4; 32]),
        min_revision: 0,
        payload_hash: Digest([5; 32]),
        callback_gas_limit: 50_000,
        max_output: 32,
        expires_at: TIMESTAMP,
        payment: Amount::from(1),
    });
    let mut payee = [0; 32];
    payee[31] = 9;
    let report = Report {
        request_id: request.request_id(),
        outcome: Outcome::Ok,
        output: vec![7; 32],
        executed_at: TIMESTAMP + MAX_EXECUTED_AHEAD,
        payee: Payee(payee),
    };
    let digest = request.report_digest(&report);
    Entry { request, report, signatures: wallets.iter().map(|wallet| sign(wallet, digest)).collect() }
}

/// A chain where these are the active workers, each of the operator with that number.
fn now(workers: &[(&LocalWallet, u64)], threshold: usize) -> Now {
    let operators = workers
        .iter()
        .map(|(worker, operator)| (worker.address(), Some(Address::from_low_u64_be(*operator))))
        .collect();
    Now { timestamp: TIMESTAMP, paused: false, threshold, operators }
}

fn refusal(now: &Now, entry: &Entry) -> Option<EntryRefusal> {
    now.refusal(entry, Slot::Pending, &signers(entry))
}

#[test]
fn what_the_oracle_takes_to_the_last_second_and_byte_is_not_refused() {
    let worker = wallet(1);
    assert_eq!(refusal(&now(&[(&worker, 1)], 1), &entry(&[&worker])), None);
}

#[test]
fn each_of_the_oracle_s_checks_has_its_reason() {
    let worker = wallet(1);
    let good = entry(&[&worker]);
    let now = now(&[(&worker, 1)], 1);
    let paused = Now { paused: true, ..now.clone() };
    assert_eq!(refusal(&paused, &good), Some(EntryRefusal::Paused));
    for slot in [Slot::Empty, Slot::CallbackFailed(Digest([1; 32]))] {
        assert_eq!(now.refusal(&good, slot, &signers(&good)), Some(EntryRefusal::NotPending));
    }
    let late = Now { timestamp: TIMESTAMP + 1, ..now.clone() };
    assert_eq!(refusal(&late, &good), Some(EntryRefusal::Expired));
    let early = Now { timestamp: TIMESTAMP - 1, ..now.clone() };
    assert_eq!(refusal(&early, &good), Some(EntryRefusal::ExecutedInFuture));
    let mut long = good.clone();
    long.report.output.push(0);
    assert_eq!(refusal(&now, &long), Some(EntryRefusal::Other("OutputTooLarge".to_owned())));
    for payee in [[0; 32], [1; 32]] {
        let mut unpaid = good.clone();
        unpaid.report.payee = Payee(payee);
        assert_eq!(refusal(&now, &unpaid), Some(EntryRefusal::Other("InvalidPayee".to_owned())));
    }
    let mut forged = good.clone();
    forged.report.output[0] ^= 1;
    assert_eq!(refusal(&now, &forged), Some(EntryRefusal::NotRegistered));
    assert_eq!(refusal(&now, &good), None);
}

#[test]
fn signatures_count_as_the_oracle_counts_them() {
    let (mut first, mut second) = (wallet(1), wallet(2));
    if first.address() > second.address() {
        std::mem::swap(&mut first, &mut second);
    }
    let both = now(&[(&first, 1), (&second, 2)], 2);
    assert_eq!(refusal(&both, &entry(&[&first, &second])), None);
    let bad = Some(EntryRefusal::BadSignatures);
    assert_eq!(refusal(&both, &entry(&[&second, &first])), bad, "not ascending");
    assert_eq!(refusal(&both, &entry(&[&first, &first])), bad, "one twice");
    assert_eq!(refusal(&both, &entry(&[&first])), bad, "too few");
    assert_eq!(refusal(&now(&[(&first, 1), (&second, 2)], 1), &entry(&[&first, &second])), bad, "too many");
    assert_eq!(refusal(&now(&[(&first, 1), (&second, 1)], 2), &entry(&[&first, &second])), bad, "one operator");
    let inactive = Some(EntryRefusal::NotRegistered);
    assert_eq!(refusal(&now(&[(&first, 1)], 2), &entry(&[&first, &second])), inactive);
}

#[test]
fn a_signature_with_a_high_s_or_another_v_says_nothing() {
    let worker = wallet(1);
    let digest = [6; 32];
    let good = sign(&worker, Digest(digest));
    assert_eq!(signer(digest, &good), Some(worker.address()));
    let mut other_v = good;
    other_v.0[64] -= 27;
    assert_eq!(signer(digest, &other_v), None);
    // The same signature with the other root: n - s, and v turned.
    let order: U256 = HALF_ORDER * U256::from(2) + U256::one();
    let s = U256::from_big_endian(&good.0[32..64]);
    let mut high = good;
    let other: U256 = order - s;
    other.to_big_endian(&mut high.0[32..64]);
    high.0[64] = 27 + 28 - good.0[64];
    assert_eq!(signer(digest, &high), None);
}

#[test]
fn requests_that_were_never_made_are_not_pending() {
    let worker = wallet(1);
    let mut stranger = entry(&[&worker]);
    stranger.report.request_id = RequestId([0; 32]);
    let refused = now(&[(&worker, 1)], 1).refusal(&stranger, Slot::Empty, &signers(&stranger));
    assert_eq!(refused, Some(EntryRefusal::NotPending));
}
