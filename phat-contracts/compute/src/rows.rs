//! The rows of a document, one after another.

use crate::{ComputeError, csv::Records};
use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
    vec::Vec,
};
use phat_sdk::{
    json::{Malformed, Pointer, Value},
    serde_json::{self, value::RawValue},
    source::ReadError,
};

/// How rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV (RFC 4180).
    Csv {
        /// Between fields: an ASCII character.
        delimiter: u8,
        /// Whether the first record names the columns.
        header: bool,
    },
    /// The elements of a list in a JSON document.
    Json {
        /// Where the list stands.
        rows: Pointer,
    },
}

/// Which value of a row is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The field under this name in the header.
    Name(String),
    /// The field at this place, from 0.
    Index(usize),
    /// The value that a JSON pointer finds in the row.
    Pointer(Pointer),
}

/// A row's values in the order of the columns that were asked for; none where a row has no such value.
pub(crate) type Values<'d> = Vec<Option<Cow<'d, str>>>;

impl Format {
    /// Gives each row's values of these columns to `take`, until it fails.
    pub(crate) fn read(
        &self,
        document: &str,
        columns: &[&Column],
        take: &mut dyn FnMut(&Values<'_>) -> Result<(), ComputeError>,
    ) -> Result<(), ComputeError> {
        let mut values = Vec::with_capacity(columns.len());
        match self {
            Self::Csv { delimiter, header } => {
                let (mut records, mut record) = (Records::of(document, *delimiter), Vec::new());
                if *header {
                    records.next_into(&mut record)?;
                }
                let places = columns.iter().map(|column| column.place(&record)).collect::<Result<Vec<_>, _>>()?;
                while records.next_into(&mut record)? {
                    values.clear();
                    values.extend(places.iter().map(|place| record.get(*place).cloned()));
                    take(&values)?;
                }
            }
            Self::Json { rows } => {
                let list = rows.find_raw(document).map_err(ReadError::from)?.ok_or(ReadError::Missing)?;
                let list: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|_| ComputeError::NoList)?;
                for row in list {
                    values.clear();
                    for column in columns {
                        values.push(column.find(row).map_err(ReadError::from)?);
                    }
                    take(&values)?;
                }
            }
        }
        Ok(())
    }
}

impl Column {
    /// Where it is in a CSV record.
    fn place(&self, header: &[Cow<'_, str>]) -> Result<usize, ComputeError> {
        match self {
            Self::Index(place) => Ok(*place),
            Self::Name(name) => {
                let mut places = header.iter().enumerate().filter(|(_, known)| *known == name);
                match (places.next(), places.next()) {
                    (Some((place, _)), None) => Ok(place),
                    (Some(_), Some(_)) => Err(ComputeError::ColumnTwice(name.clone())),
                    (None, _) => Err(ComputeError::NoColumn(name.clone())),
                }
            }
            Self::Pointer(_) => Err(ComputeError::NoColumn("a JSON pointer".to_owned())),
        }
    }

    /// Its value in a JSON row, as text; none for what is not there and for what has no text of its own.
    fn find<'d>(&self, row: &'d RawValue) -> Result<Option<Cow<'d, str>>, Malformed> {
        let Self::Pointer(pointer) = self else { return Ok(None) };
        Ok(match pointer.find_within(row)?.map(Value::read).transpose()? {
            Some(Value::String(text)) => Some(Cow::Owned(text)),
            Some(Value::Number(text)) => Some(Cow::Borrowed(text)),
            Some(Value::Bool(true)) => Some(Cow::Borrowed("true")),
            Some(Value::Bool(false)) => Some(Cow::Borrowed("false")),
            Some(Value::Null | Value::Array | Value::Object) | None => None,
        })
    }
}
