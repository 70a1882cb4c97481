//! What operations have found so far. Their events may come before the answer that names them.

use crate::words::{Bytes, Item};
use std::collections::HashMap;
use tokio::sync::oneshot;

/// The most bytes of what an operation finds: as many as an answer may have.
const MOST_BYTES: usize = 24 * 1024 * 1024;
/// The most operations that nobody waits for yet.
const MOST_UNCLAIMED: usize = 64;

/// What became of an operation.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A block's extrinsics.
    Body(Vec<Bytes>),
    /// What the runtime answered.
    Output(Bytes),
    /// What the state holds.
    Items(Vec<Item>),
    /// It failed; the same may succeed later.
    Inaccessible,
    /// It failed; the same would again.
    Refused(String),
    /// It found more than we read.
    TooLong,
}

/// The operations of one follow.
#[derive(Debug, Default)]
pub(super) struct Operations {
    running: HashMap<String, Operation>,
    /// Counts events, so that the oldest operation is known.
    events: u64,
}

#[derive(Debug, Default)]
struct Operation {
    items: Vec<Item>,
    bytes: usize,
    begun: u64,
    waits: Option<oneshot::Sender<Outcome>>,
    outcome: Option<Outcome>,
}

impl Operations {
    /// Waits for what becomes of an operation.
    pub(super) fn claim(&mut self, id: &str) -> oneshot::Receiver<Outcome> {
        let (told, waiting) = oneshot::channel();
        let operation = self.running.entry(id.to_owned()).or_default();
        match operation.outcome.take() {
            Some(outcome) => {
                // The receiver is here.
                let _ = told.send(outcome);
                self.running.remove(id);
            }
            None => operation.waits = Some(told),
        }
        waiting
    }

    /// Nobody waits for an operation any more.
    pub(super) fn abandon(&mut self, id: &str) {
        self.running.remove(id);
    }

    /// An operation found something.
    pub(super) fn found(&mut self, id: &str, items: Vec<Item>) {
        let operation = self.operation(id);
        operation.bytes = items.iter().fold(operation.bytes, |bytes, item| {
            bytes.saturating_add(item.key.0.len()).saturating_add(item.value.as_ref().map_or(0, |value| value.0.len()))
        });
        operation.items.extend(items);
        if operation.bytes > MOST_BYTES {
            self.ended(id, Outcome::TooLong);
        }
    }

    /// An operation found no more.
    pub(super) fn found_all(&mut self, id: &str) {
        let items = std::mem::take(&mut self.operation(id).items);
        self.ended(id, Outcome::Items(items));
    }

    /// An operation ended.
    pub(super) fn ended(&mut self, id: &str, outcome: Outcome) {
        let operation = self.operation(id);
        match operation.waits.take() {
            Some(waits) => {
                // Who gave up waiting needs it no more.
                let _ = waits.send(outcome);
                self.running.remove(id);
            }
            None => operation.outcome = Some(outcome),
        }
    }

    fn operation(&mut self, id: &str) -> &mut Operation {
        self.events = self.events.saturating_add(1);
        if !self.running.contains_key(id) {
            self.forget_unclaimed();
        }
        let begun = self.events;
        self.running.entry(id.to_owned()).or_insert_with(|| Operation { begun, ..Operation::default() })
    }

    /// Makes room among the operations whose callers are gone.
    fn forget_unclaimed(&mut self) {
        let unclaimed = self.running.iter().filter(|(_, operation)| operation.waits.is_none());
        if unclaimed.clone().count() >= MOST_UNCLAIMED
            && let Some(oldest) = unclaimed.min_by_key(|(_, operation)| operation.begun).map(|(id, _)| id.clone())
        {
            self.running.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: u8) -> Item {
        Item { key: Bytes(vec![key]), value: None }
    }

    #[tokio::test]
    async fn events_before_the_answer_that_names_their_operation_are_kept() {
        let mut operations = Operations::default();
        operations.found("early", vec![item(1)]);
        operations.found("early", vec![item(2)]);
        operations.found_all("early");
        let Outcome::Items(items) = operations.claim("early").await.unwrap() else { panic!("items") };
        assert_eq!(items.len(), 2);
        let late = operations.claim("late");
        operations.ended("late", Outcome::Inaccessible);
        assert!(matches!(late.await.unwrap(), Outcome::Inaccessible));
        assert!(operations.running.is_empty());
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_forgotten_and_what_is_waited_for_is_not() {
        let mut operations = Operations::default();
        let claimed = operations.claim("claimed");
        for id in 0..2 * MOST_UNCLAIMED {
            operations.found(&id.to_string(), vec![item(1)]);
        }
        assert_eq!(operations.running.len(), MOST_UNCLAIMED + 1);
        operations.found_all("claimed");
        assert!(claimed.await.is_ok());
        let abandoned = operations.claim("abandoned");
        operations.abandon("abandoned");
        assert!(abandoned.await.is_err());
    }

    #[tokio::test]
    async fn no_operation_finds_more_than_we_read() {
        let mut operations = Operations::default();
        let waiting = operations.claim("long");
        operations.found("long", vec![Item { key: Bytes(vec![0; MOST_BYTES]), value: Some(Bytes(vec![0])) }]);
        assert!(matches!(waiting.await.unwrap(), Outcome::TooLong));
    }
}
