//! The one place that prints.

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

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
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
        let _ = print(io::stderr(), &format!("{text}\n"));
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

/// A reader that closes the pipe has read enough.
fn print(mut stream: impl Write, text: &str) -> io::Result<()> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["name", "id"]);
        table.row(["préis".to_owned(), "0x1".to_owned()]);
        table.row(["a".to_owned(), "0x22".to_owned()]);
        assert_eq!(table.render(), "name   id\npréis  0x1\na      0x22\n");
    }
}
