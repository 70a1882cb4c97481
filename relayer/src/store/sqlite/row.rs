//! From columns to values. What this release can't have written is named with its table, column and
//! row.

use crate::{clock::Millis, store::StoreError};
use phat_protocol::{Outcome, RequestId};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a (dyn fmt::Display + Sync),
}

impl Place<'_> {
    pub(super) fn corrupt(self, column: &'static str, cause: impl fmt::Display) -> StoreError {
        StoreError::Corrupt { table: self.table, column, row: self.row.to_string(), cause: cause.to_string() }
    }

    /// An id or hash.
    pub(super) fn id<'b, Id: TryFrom<&'b [u8]>>(self, column: &'static str, bytes: &'b [u8]) -> Result<Id, StoreError>
    where
        Id::Error: fmt::Display,
    {
        Id::try_from(bytes).map_err(|error| self.corrupt(column, error))
    }

    /// A number that is never negative.
    pub(super) fn unsigned<Number: TryFrom<i64>>(self, column: &'static str, value: i64) -> Result<Number, StoreError>
    where
        Number::Error: fmt::Display,
    {
        Number::try_from(value).map_err(|error| self.corrupt(column, error))
    }

    /// A value that is kept as JSON.
    pub(super) fn json<Value: DeserializeOwned>(self, column: &'static str, text: &str) -> Result<Value, StoreError> {
        serde_json::from_str(text).map_err(|error| self.corrupt(column, error))
    }

    /// The name of an outcome.
    pub(super) fn outcome(self, column: &'static str, name: &str) -> Result<Outcome, StoreError> {
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
        outcome.ok_or_else(|| self.corrupt(column, format!("no outcome is called {name:?}")))
    }

    /// A value that is kept as text.
    pub(super) fn text<Value: std::str::FromStr>(self, column: &'static str, text: &str) -> Result<Value, StoreError>
    where
        Value::Err: fmt::Display,
    {
        text.parse().map_err(|error| self.corrupt(column, error))
    }
}

/// A value as the database's JSON columns keep it.
pub(super) fn to_json<Value: Serialize>(value: &Value) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(sqlx::Error::Encode(Box::new(error))))
}

/// A number as SQLite keeps it: 64 bits with a sign. Heights, nonces and times stay far below its
/// end; an expiry beyond it is as good as the end.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The key of a request's row.
pub(super) const fn key(id: &RequestId) -> &[u8] {
    id.0.as_slice()
}

/// The keys of several rows, as `SELECT unhex(value) FROM json_each(?)` reads them.
pub(super) fn listed(ids: &[RequestId]) -> String {
    let mut list = String::with_capacity(ids.len() * 67 + 2);
    list.push('[');
    for (index, id) in ids.iter().enumerate() {
        list.push_str(if index == 0 { "\"" } else { ",\"" });
        list.push_str(&hex::encode(id.0));
        list.push('"');
    }
    list.push(']');
    list
}

/// The time as a column keeps it.
pub(super) const fn at(time: Millis) -> i64 {
    time.0
}
