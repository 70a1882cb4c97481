//! Whose turn it is. Contracts share the threads by weight, whatever the number of their runs:
//! start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair Queueing", SIGCOMM 1996) over
//! contracts, in fuel. Taking, adding and accounting for a job take time in the logarithm of the
//! contracts that wait.

use super::Need;
use crate::keyed::IdMap;
use phat_protocol::ContractId;
use std::collections::{BTreeSet, VecDeque, hash_map::Entry};

/// After so many fresh runs of a contract in a row a spent one has its turn, so that neither kind can
/// keep the other from the threads.
const FRESH_IN_A_ROW: u32 = 4;
/// A job that takes no more fuel is brief: some 100 µs.
pub(crate) const BRIEF_FUEL: u64 = 30_000;
/// What a turn counts beside its fuel: about what it takes to hand a run over and back.
const TURN_FUEL: u64 = 1_000;
/// Fractions of a unit of fuel that virtual time can tell apart, as a power of two.
const FRACTION_BITS: u32 = 16;

/// For whom a thread works, and how large a part of the threads that contract has while others wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Whose run it is.
    pub(crate) contract: ContractId,
    /// Its part in relation to those of others; at least 1.
    pub(crate) weight: u32,
}

/// Fuel over weight, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct VirtualTime(u128);

impl VirtualTime {
    fn of(fuel: u64, weight: u32) -> Self {
        Self((u128::from(fuel.saturating_add(TURN_FUEL)) << FRACTION_BITS) / u128::from(weight.max(1)))
    }

    fn after(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }

    fn before(self, less: Self) -> Self {
        Self(self.0.saturating_sub(less.0))
    }
}

/// The jobs of one contract.
#[derive(Debug)]
struct Flow<J> {
    weight: u32,
    /// When its next job begins.
    begins: VirtualTime,
    fresh: VecDeque<(u64, J)>,
    spent: VecDeque<(u64, J)>,
    in_a_row: u32,
    /// Jobs that were taken and not yet accounted for.
    running: usize,
    /// Whether the last job that was accounted for was brief.
    is_brief: bool,
}

impl<J> Flow<J> {
    fn new(weight: u32) -> Self {
        Self {
            weight,
            begins: VirtualTime::default(),
            fresh: VecDeque::new(),
            spent: VecDeque::new(),
            in_a_row: 0,
            running: 0,
            is_brief: false,
        }
    }

    fn waits(&self) -> bool {
        !self.fresh.is_empty() || !self.spent.is_empty()
    }

    /// Whether there is no job of it.
    fn rests(&self) -> bool {
        self.running == 0 && !self.waits()
    }

    fn queue(&mut self, need: Need) -> &mut VecDeque<(u64, J)> {
        match need {
            Need::Fresh => &mut self.fresh,
            Need::Spent => &mut self.spent,
        }
    }

    fn pop(&mut self) -> Option<J> {
        if self.in_a_row < FRESH_IN_A_ROW
            && let Some((_, job)) = self.fresh.pop_front()
        {
            self.in_a_row += 1;
            return Some(job);
        }
        self.in_a_row = 0;
        self.spent.pop_front().or_else(|| self.fresh.pop_front()).map(|(_, job)| job)
    }

    /// Counts a job as under way. Until it is known, what it takes counts as a whole slice: other threads see that
    /// it runs.
    fn begin(&mut self, contract: ContractId, expected_fuel: u64) -> Turn {
        let charged = VirtualTime::of(expected_fuel, self.weight);
        self.begins = self.begins.after(charged);
        self.running += 1;
        Turn { contract, charged, is_brief: self.is_brief }
    }
}

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    contract: ContractId,
    need: Need,
    number: u64,
}

/// A job that was taken, and is accounted for once it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    contract: ContractId,
    charged: VirtualTime,
    is_brief: bool,
}

impl Turn {
    /// Whether it is another job of the same contract, and of one whose last job was brief.
    pub(super) fn soon_follows(&self, other: &Self) -> bool {
        self.is_brief && self.contract == other.contract
    }
}

/// The jobs of all contracts.
#[derive(Debug)]
pub(super) struct FairQueue<J> {
    /// What a job is taken to need until it is known.
    expected_fuel: u64,
    flows: IdMap<ContractId, Flow<J>>,
    /// Contracts with jobs that wait.
    ready: BTreeSet<(VirtualTime, ContractId)>,
    /// Contracts without any job that used more than others, which is not forgotten until these have
    /// used as much.
    resting: BTreeSet<(VirtualTime, ContractId)>,
    /// When the job that was taken last began.
    now: VirtualTime,
    jobs: u64,
}

impl<J> FairQueue<J> {
    pub(super) fn new(expected_fuel: u64) -> Self {
        Self {
            expected_fuel,
            flows: IdMap::default(),
            ready: BTreeSet::new(),
            resting: BTreeSet::new(),
            now: VirtualTime::default(),
            jobs: 0,
        }
    }

    /// Whether no job waits.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Has a job wait for its turn.
    pub(super) fn push(&mut self, share: Share, need: Need, job: J) -> Ticket {
        let contract = share.contract;
        self.jobs += 1;
        let number = self.jobs;
        let flow = Self::enter(&mut self.flows, &mut self.resting, self.now, share);
        if !flow.waits() {
            self.ready.insert((flow.begins, contract));
        }
        flow.queue(need).push_back((number, job));
        Ticket { contract, need, number }
    }

    /// Gives a turn to a job that is not queued, which it may have as long as none waits.
    pub(super) fn at_once(&mut self, share: Share) -> Option<Turn> {
        if !self.is_empty() {
            return None;
        }
        let flow = Self::enter(&mut self.flows, &mut self.resting, self.now, share);
        let begins = flow.begins;
        let turn = flow.begin(share.contract, self.expected_fuel);
        self.advance(begins);
        Some(turn)
    }

    /// The contract's jobs, of which another one comes now.
    fn enter<'f>(
        flows: &'f mut IdMap<ContractId, Flow<J>>,
        resting: &mut BTreeSet<(VirtualTime, ContractId)>,
        now: VirtualTime,
        share: Share,
    ) -> &'f mut Flow<J> {
        let Share { contract, weight } = share;
        let flow = flows.entry(contract).or_insert_with(|| Flow::new(weight));
        if !flow.waits() {
            if flow.running == 0 {
                resting.remove(&(flow.begins, contract));
            }
            flow.begins = flow.begins.max(now);
        }
        flow.weight = weight;
        flow
    }

    /// Takes the job whose turn it is.
    pub(super) fn pop(&mut self) -> Option<(Turn, J)> {
        let (begins, contract) = self.ready.pop_first()?;
        let flow = self.flows.get_mut(&contract)?;
        let job = flow.pop()?;
        let turn = flow.begin(contract, self.expected_fuel);
        if flow.waits() {
            self.ready.insert((flow.begins, contract));
        }
        self.advance(begins);
        Some((turn, job))
    }

    /// Accounts for a job that was taken.
    pub(super) fn done(&mut self, turn: Turn, fuel: u64) {
        let Turn { contract, charged, is_brief: _ } = turn;
        let all = self.flows.len();
        let Entry::Occupied(mut entry) = self.flows.entry(contract) else { return };
        let flow = entry.get_mut();
        let begins = flow.begins.before(charged).after(VirtualTime::of(fuel, flow.weight));
        flow.running = flow.running.saturating_sub(1);
        flow.is_brief = fuel <= BRIEF_FUEL;
        if flow.waits() {
            self.ready.remove(&(flow.begins, contract));
            self.ready.insert((begins, contract));
        }
        flow.begins = begins;
        if all == 1 && flow.rests() {
            // As most often: nobody is there to be ahead of.
            entry.remove();
            self.now = self.now.max(begins);
        } else {
            self.rest(contract);
        }
    }

    /// Takes a job out whose turn has not come; nothing where it has.
    pub(super) fn cancel(&mut self, ticket: Ticket) -> Option<J> {
        let Ticket { contract, need, number } = ticket;
        let flow = self.flows.get_mut(&contract)?;
        let queue = flow.queue(need);
        let index = queue.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        let (_, job) = queue.remove(index)?;
        if !flow.waits() {
            self.ready.remove(&(flow.begins, contract));
        }
        self.rest(contract);
        Some(job)
    }

    /// Forgets a contract without jobs, or remembers how much it is ahead of others.
    fn rest(&mut self, contract: ContractId) {
        let Some(flow) = self.flows.get(&contract) else { return };
        if !flow.rests() {
            return;
        }
        let begins = flow.begins;
        if self.flows.len() == self.resting.len() + 1 {
            // Nobody is there to be ahead of.
            let last = self.resting.last().map_or(begins, |(last, _)| begins.max(*last));
            self.flows.remove(&contract);
            self.advance(last);
        } else if begins > self.now {
            self.resting.insert((begins, contract));
        } else {
            self.flows.remove(&contract);
        }
    }

    fn advance(&mut self, now: VirtualTime) {
        self.now = self.now.max(now);
        while let Some((begins, contract)) = self.resting.first()
            && *begins <= self.now
        {
            self.flows.remove(contract);
            self.resting.pop_first();
        }
    }
}

#[cfg(test)]
mod tests;
