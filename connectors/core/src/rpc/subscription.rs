use crate::ChainError;
use jsonrpsee::{
    core::client::{Subscription as Announced, SubscriptionKind},
    types::SubscriptionId,
};
use serde::de::DeserializeOwned;

/// What a node announces to who subscribed to it. Dropped, it is ended at the node too.
#[derive(Debug)]
pub struct Subscription<T> {
    method: &'static str,
    id: String,
    announced: Announced<T>,
}

impl<T> Subscription<T> {
    pub(super) fn new(method: &'static str, announced: Announced<T>) -> Self {
        let id = match announced.kind() {
            SubscriptionKind::Subscription(SubscriptionId::Str(id)) => id.to_string(),
            SubscriptionKind::Subscription(SubscriptionId::Num(id)) => id.to_string(),
            // One by a method's name has no id.
            SubscriptionKind::Method(_) | _ => String::new(),
        };
        Self { method, id, announced }
    }

    /// What the node calls it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<T: DeserializeOwned> Subscription<T> {
    /// What is announced next; none once the connection is lost, or when more was announced than is kept.
    ///
    /// # Errors
    /// `Malformed` where it can't be read.
    pub async fn next(&mut self) -> Option<Result<T, ChainError>> {
        let announced = self.announced.next().await?;
        Some(
            announced
                .map_err(|error| ChainError::Malformed { method: self.method.to_owned(), cause: error.to_string() }),
        )
    }
}
