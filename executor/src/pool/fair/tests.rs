use super::*;

const SLICE: u64 = 1_000_000;
const A: ContractId = ContractId([1; 32]);
const B: ContractId = ContractId([2; 32]);
const C: ContractId = ContractId([3; 32]);

fn share(contract: ContractId, weight: u32) -> Share {
    Share { contract, weight }
}

fn queue() -> FairQueue<ContractId> {
    FairQueue::new(SLICE)
}

fn spin(queue: &mut FairQueue<ContractId>, share: Share) {
    queue.push(share, Need::Spent, share.contract);
}

/// One thread's turns: each job takes a slice and is queued again.
fn turns(queue: &mut FairQueue<ContractId>, weights: impl Fn(ContractId) -> u32, count: usize) -> Vec<ContractId> {
    let turn = |_| {
        let (turn, contract) = queue.pop().unwrap();
        queue.done(turn, SLICE);
        spin(queue, share(contract, weights(contract)));
        contract
    };
    (0..count).map(turn).collect()
}

fn of(contract: ContractId, turns: &[ContractId]) -> usize {
    turns.iter().filter(|each| **each == contract).count()
}

#[test]
fn contracts_take_turns_however_many_runs_each_has() {
    let mut queue = queue();
    for _ in 0..1000 {
        spin(&mut queue, share(A, 1));
    }
    spin(&mut queue, share(B, 1));
    let turns = turns(&mut queue, |_| 1, 100);
    assert_eq!((of(A, &turns), of(B, &turns)), (50, 50));
}

#[test]
fn a_contract_of_four_times_the_weight_has_four_times_the_fuel() {
    let mut queue = queue();
    let weight = |contract| if contract == A { 4 } else { 1 };
    for contract in [A, B] {
        spin(&mut queue, share(contract, weight(contract)));
    }
    let turns = turns(&mut queue, weight, 100);
    assert_eq!((of(A, &turns), of(B, &turns)), (80, 20));
}

#[test]
fn what_takes_little_goes_before_what_spins_each_time_it_comes() {
    let mut queue = queue();
    for _ in 0..10 {
        spin(&mut queue, share(A, 1));
    }
    turns(&mut queue, |_| 1, 1000);
    for _ in 0..1000 {
        // Comes while a slice is under way, and takes a thousandth of one.
        let (spinning, _) = queue.pop().unwrap();
        queue.push(share(B, 1), Need::Fresh, B);
        queue.done(spinning, SLICE);
        spin(&mut queue, share(A, 1));
        let (turn, contract) = queue.pop().unwrap();
        assert_eq!(contract, B);
        queue.done(turn, SLICE / 1000);
    }
}

#[test]
fn who_was_idle_gets_no_arrears() {
    let mut queue = queue();
    spin(&mut queue, share(A, 1));
    turns(&mut queue, |_| 1, 1000);
    spin(&mut queue, share(B, 1));
    let turns = turns(&mut queue, |_| 1, 10);
    assert_eq!((of(A, &turns), of(B, &turns)), (5, 5));
}

#[test]
fn who_goes_away_for_a_moment_is_not_forgiven_what_it_used() {
    let mut queue = queue();
    spin(&mut queue, share(B, 1));
    for _ in 0..50 {
        // Uses ten slices' fuel at once, and comes back when it has nothing under way.
        queue.push(share(A, 1), Need::Fresh, A);
        let mut taken = turns_until(&mut queue, A);
        taken.pop();
        queue.push(share(A, 1), Need::Fresh, A);
        taken.extend(turns_until(&mut queue, A));
        assert!(of(B, &taken) >= 9, "{taken:?}");
    }
}

/// Turns until this contract, which takes ten slices' fuel at once and then leaves, has had one.
fn turns_until(queue: &mut FairQueue<ContractId>, leaves: ContractId) -> Vec<ContractId> {
    let mut taken = Vec::new();
    loop {
        let (turn, contract) = queue.pop().unwrap();
        taken.push(contract);
        if contract == leaves {
            queue.done(turn, 10 * SLICE);
            return taken;
        }
        queue.done(turn, SLICE);
        spin(queue, share(contract, 1));
    }
}

#[test]
fn a_job_that_runs_counts_for_its_contract_before_it_is_done() {
    let mut queue = queue();
    for contract in [A, A, B, B] {
        spin(&mut queue, share(contract, 1));
    }
    // Two threads: neither contract has both.
    let taken = [queue.pop().unwrap().1, queue.pop().unwrap().1];
    assert!(taken.contains(&A) && taken.contains(&B), "{taken:?}");
}

#[test]
fn a_contracts_spent_run_has_its_turn_in_a_crowd_of_its_fresh_ones() {
    let mut queue = FairQueue::new(SLICE);
    queue.push(share(A, 1), Need::Spent, Need::Spent);
    for _ in 0..20 {
        queue.push(share(A, 1), Need::Fresh, Need::Fresh);
    }
    let needs: Vec<_> = std::iter::from_fn(|| queue.pop().map(|(_, need)| need)).collect();
    assert_eq!(needs.iter().position(|need| *need == Need::Spent), Some(4));
}

#[test]
fn a_job_that_is_cancelled_never_has_a_turn() {
    let mut queue = FairQueue::new(SLICE);
    let [first, gone, _] = [1, 2, 3].map(|job| queue.push(share(A, 1), Need::Fresh, job));
    let of_another = queue.push(share(B, 1), Need::Fresh, 4);
    assert_eq!(queue.cancel(gone), Some(2));
    assert_eq!(queue.cancel(gone), None);
    assert_eq!(queue.cancel(of_another), Some(4));
    let (turn, job) = queue.pop().unwrap();
    assert_eq!(job, 1);
    assert_eq!(queue.cancel(first), None);
    queue.done(turn, SLICE);
    assert_eq!(queue.pop().map(|(_, job)| job), Some(3));
    assert!(queue.pop().is_none());
}

#[test]
fn nothing_is_kept_of_contracts_that_have_left() {
    let mut queue = queue();
    for index in 0..=u8::MAX {
        queue.push(share(ContractId([index; 32]), 1), Need::Fresh, A);
    }
    while let Some((turn, _)) = queue.pop() {
        queue.done(turn, u64::MAX);
    }
    assert_eq!((queue.flows.len(), queue.ready.len(), queue.resting.len()), (0, 0, 0));
}

#[test]
fn what_is_done_at_once_counts_as_what_was_queued_does() {
    let mut queue = queue();
    // Another's job is under way, so that nothing is forgotten.
    let spinning = queue.at_once(share(B, 1)).unwrap();
    let spent = queue.at_once(share(A, 1)).unwrap();
    queue.done(spent, 10 * SLICE);
    spin(&mut queue, share(B, 1));
    queue.done(spinning, SLICE);
    spin(&mut queue, share(A, 1));
    // B has nine slices to make up for.
    let turns = turns(&mut queue, |_| 1, 10);
    assert_eq!((of(A, &turns), of(B, &turns)), (1, 9), "{turns:?}");
    assert!(queue.at_once(share(C, 1)).is_none(), "others wait");
}
