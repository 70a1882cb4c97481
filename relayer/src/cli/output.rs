//! The one place that prints.

mod progress;

pub(super) use progress::Progress;

use serde::Serialize;
use std::{
    io::{self, Write},
    time::{Duration, UNIX_EPOCH},
};

/// What a command prints: text for people, or JSON for machines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

/// Rows under headings, each column as wide as its widest cell.
#[derive(Clone, Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Rows without headings.
    pub(super) const fn bare() -> Self {
        Self { rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| visible(&cell)).collect());
    }

    /// A row of what something is called and what it is, where that is known.
    pub(super) fn row_of(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.row([name.to_owned(), value]);
        }
    }

    pub(super) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether machines read.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints `value` as JSON, or `text` of it.
    pub(super) fn show<Value: Serialize>(
        &self,
        value: &Value,
        text: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<()> {
        let mut shown = if self.json { serde_json::to_string_pretty(value)? } else { text(value) };
        if !shown.ends_with('\n') {
            shown.push('\n');
        }
        print(io::stdout(), &shown)?;
        Ok(())
    }

    /// Prints `value` as JSON on one line, or `text` of it: one of many that come one after the other.
    pub(super) fn line<Value: Serialize>(
        &self,
        value: &Value,
        text: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<Reader> {
        let shown = if self.json { serde_json::to_string(value)? } else { text(value) };
        Ok(print(io::stdout(), format!("{shown}\n"))?)
    }

    /// Prints `value` as JSON, or as a table; `empty` says what it means that there is no row.
    pub(super) fn list<Value: Serialize>(
        &self,
        value: &Value,
        empty: &str,
        table: impl FnOnce(&Value) -> Table,
    ) -> anyhow::Result<()> {
        self.show(value, |value| {
            let table = table(value);
            if table.rows.len() > 1 { table.render() } else { empty.to_owned() }
        })
    }

    /// Tells people something beside the result; machines don't hear it.
    pub(super) fn note(&self, text: &str) {
        // Nothing can be done about a closed standard error.
        let _ = print(io::stderr(), format!("{text}\n"));
    }

    /// Says what a long command is at, until the answer is dropped.
    pub(super) fn progress(&self, step: impl Into<String>) -> Progress {
        Progress::new(self.json, step.into())
    }

    /// Prints why the command failed.
    pub(super) fn failure(&self, error: &anyhow::Error) {
        self.note(&format!("error: {error:#}"));
    }
}

/// A time in unix milliseconds, as people read it.
pub(super) fn time(unix_ms: i64) -> String {
    let since = Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0));
    // RFC 3339 has four digits for the year.
    let last = Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since.min(last)).to_string()
}

/// Prints bytes as they are, whether machines read or not.
pub(super) fn raw(bytes: &[u8]) -> anyhow::Result<()> {
    print(io::stdout(), bytes)?;
    Ok(())
}

/// Text with what a terminal would obey, and line ends, made visible: much of what is shown was
/// written by strangers.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The text that bytes are, where they are some.
pub(super) fn in_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.chars().any(char::is_control))
}

/// Bytes in hexadecimal, and as text where they are some.
pub(super) fn in_hex_and_text(bytes: &[u8]) -> String {
    let digits = format!("0x{}", hex::encode(bytes));
    in_text(bytes).map_or(digits.clone(), |text| format!("{digits} ({text})"))
}

/// Whether anyone reads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Someone does.
    There,
    /// The pipe was closed: who reads has read enough.
    Gone,
}

fn print(mut stream: impl Write, text: impl AsRef<[u8]>) -> io::Result<Reader> {
    match stream.write_all(text.as_ref()).and_then(|()| stream.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, in_hex_and_text};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["name", "id"]);
        table.row(["préis".to_owned(), "0x1".to_owned()]);
        table.row(["a".to_owned(), "0x22".to_owned()]);
        assert_eq!(table.render(), "name   id\npréis  0x1\na      0x22\n");
    }
    #[test]
    fn a_cell_can_not_command_the_terminal() {
        let mut table = Table::new(&["reason"]);
        table.row(["one\ntwo\u{1b}[2J".to_owned()]);
        assert_eq!(table.render(), "reason\none\\ntwo\\u{1b}[2J\n");
    }

    #[test]
    fn bytes_are_text_where_they_are_some() {
        assert_eq!(in_hex_and_text(b"42"), "0x3432 (42)");
        assert_eq!(in_hex_and_text(&[]), "0x");
        assert_eq!(in_hex_and_text(&[0xff]), "0xff");
        assert_eq!(in_hex_and_text(b"\n"), "0x0a");
    }
}
