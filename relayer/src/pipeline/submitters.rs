use phat_connector::{Account, ReportSink};
use phat_protocol::{Amount, Payee};
use std::{collections::HashSet, sync::Arc};

/// An account that submits.
#[derive(Clone)]
pub struct Submitter {
    /// What sends and pays.
    pub sink: Arc<dyn ReportSink>,
    /// The least that it should hold, smallest unit; none where nobody is to be told of less.
    pub min_balance: Option<Amount>,
}

impl Submitter {
    /// The account.
    #[must_use]
    pub fn account(&self) -> Account {
        self.sink.submitter()
    }
}

/// The accounts that submit one chain's reports, each with its own nonces: at least one. Clones share
/// everything.
#[derive(Clone)]
pub struct Submitters {
    first: Submitter,
    others: Arc<[Submitter]>,
}

impl Submitters {
    /// The accounts, in the order in which they are preferred.
    #[must_use]
    pub fn new(first: Submitter, others: Vec<Submitter>) -> Self {
        Self { first, others: others.into() }
    }

    /// One account.
    #[must_use]
    pub fn one(sink: Arc<dyn ReportSink>) -> Self {
        Self::new(Submitter { sink, min_balance: None }, Vec::new())
    }

    /// The same accounts, with something before what submits as each.
    #[must_use]
    pub fn wrapped(&self, wrap: impl Fn(Arc<dyn ReportSink>) -> Arc<dyn ReportSink>) -> Self {
        let wrapped = |submitter: &Submitter| Submitter { sink: wrap(submitter.sink.clone()), ..submitter.clone() };
        Self { first: wrapped(&self.first), others: self.others.iter().map(wrapped).collect() }
    }

    /// Every account.
    pub fn iter(&self) -> impl Iterator<Item = &Submitter> {
        std::iter::once(&self.first).chain(self.others.iter())
    }

    /// How many there are; at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// Whether no account is there twice: two that take turns with the same nonces would be in each
    /// other's way.
    #[must_use]
    pub fn are_distinct(&self) -> bool {
        let accounts: HashSet<Account> = self.iter().map(Submitter::account).collect();
        accounts.len() == self.count()
    }

    /// What submits as the account that is alone, or preferred to the others.
    #[must_use]
    pub fn first(&self) -> &Arc<dyn ReportSink> {
        &self.first.sink
    }

    /// What submits as that account; none where it isn't one of these.
    #[must_use]
    pub fn of(&self, account: &Account) -> Option<&Arc<dyn ReportSink>> {
        self.iter().map(|submitter| &submitter.sink).find(|sink| sink.submitter() == *account)
    }

    /// Who is named as payee in reports, whichever account carries them.
    #[must_use]
    pub fn payee(&self) -> Payee {
        self.first.sink.payee()
    }
}
