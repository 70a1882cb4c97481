//! What contracts take part in, all together and each for itself.

use phat_protocol::ContractId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// So many at once, and at most so many of one contract: who holds on to what it has holds up nobody
/// but itself.
pub(crate) struct Admission {
    all: Arc<Semaphore>,
    of_a_contract: usize,
    /// An entry is alive as long as something of its contract is admitted or waits.
    contracts: Mutex<HashMap<ContractId, Weak<Semaphore>>>,
}

/// A contract's permit, and one of all.
pub(crate) type Permits = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Admission {
    pub(crate) fn new(all: usize, of_a_contract: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            of_a_contract: of_a_contract.min(Semaphore::MAX_PERMITS),
            contracts: Mutex::default(),
        }
    }

    /// Waits for the contract's own permit first, so that a contract waits for all others with as
    /// many as it may have.
    pub(crate) async fn admit(&self, contract: ContractId) -> Result<Permits, AcquireError> {
        let own = self.of_contract(contract).acquire_owned().await?;
        Ok((own, Arc::clone(&self.all).acquire_owned().await?))
    }

    fn of_contract(&self, contract: ContractId) -> Arc<Semaphore> {
        let mut contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permits) = contracts.get(&contract).and_then(Weak::upgrade) {
            return permits;
        }
        contracts.retain(|_, permits| permits.strong_count() > 0);
        let permits = Arc::new(Semaphore::new(self.of_a_contract));
        contracts.insert(contract, Arc::downgrade(&permits));
        permits
    }

    /// Permits that are left: of all, and of the contract's.
    #[cfg(test)]
    pub(crate) fn available(&self, contract: ContractId) -> (usize, usize) {
        (self.all.available_permits(), self.of_contract(contract).available_permits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const CONTRACT: ContractId = ContractId([1; 32]);
    const OTHER: ContractId = ContractId([2; 32]);
    const OF_A_CONTRACT: usize = 3;
    const ALL: usize = 16;

    #[tokio::test]
    async fn a_contract_that_holds_on_to_what_it_has_holds_up_itself_alone() {
        let admission = Admission::new(ALL, OF_A_CONTRACT);
        let now = |contract| admission.admit(contract).now_or_never().transpose().unwrap();
        let mut held: Vec<_> = (0..OF_A_CONTRACT).map(|_| now(CONTRACT).unwrap()).collect();
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(admission.admit(CONTRACT))).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        assert!(now(OTHER).is_some());
        drop(waiting);
        held.pop();
        assert!(now(CONTRACT).is_some());
    }

    #[tokio::test]
    async fn no_more_are_admitted_than_the_bound_and_who_has_left_leaves_nothing_behind() {
        let admission = Admission::new(ALL, OF_A_CONTRACT);
        let contract = |index: u8| ContractId([index; 32]);
        let held: Vec<_> = (0..=u8::MAX).map_while(|index| admission.admit(contract(index)).now_or_never()).collect();
        assert_eq!(held.len(), ALL);
        drop(held);
        assert!(admission.admit(CONTRACT).now_or_never().is_some());
        assert_eq!(admission.contracts.lock().unwrap().len(), 1);
    }
}
