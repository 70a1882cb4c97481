//! Records of CSV (RFC 4180), one after another, without a copy of the text.

use alloc::{borrow::Cow, vec::Vec};

/// Why a text is no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quoted field doesn't end.
    #[error("not CSV: the quoted field that begins in line {0} doesn't end")]
    Unclosed(usize),
    /// Something follows a quoted field before the next delimiter.
    #[error("not CSV: line {0} has text behind a quoted field")]
    BehindQuote(usize),
}

/// The records of a text, between whose fields stands one ASCII character. Empty lines are left out; lines end with LF or CRLF.
#[derive(Clone, Debug)]
pub(crate) struct Records<'t> {
    rest: &'t str,
    delimiter: u8,
    line: usize,
}

impl<'t> Records<'t> {
    pub(crate) fn of(text: &'t str, delimiter: u8) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), delimiter, line: 1 }
    }

    /// Reads the next record into `fields`, in place of what was there; `false` behind the last one.
    pub(crate) fn next_into(&mut self, fields: &mut Vec<Cow<'t, str>>) -> Result<bool, CsvError> {
        fields.clear();
        while let Some(rest) = self.line_end() {
            if self.rest.is_empty() {
                return Ok(false);
            }
            self.rest = rest;
            self.line += 1;
        }
        self.record(fields).map(|()| true)
    }

    fn record(&mut self, fields: &mut Vec<Cow<'t, str>>) -> Result<(), CsvError> {
        loop {
            let field = match self.rest.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted)?,
                None => self.bare(),
            };
            fields.push(field);
            if self.rest.as_bytes().first() != Some(&self.delimiter) {
                break;
            }
            self.rest = &self.rest[1..];
        }
        match self.line_end() {
            Some(rest) => {
                self.rest = rest;
                self.line += 1;
                Ok(())
            }
            None => Err(CsvError::BehindQuote(self.line)),
        }
    }

    /// What follows the end of the line that stands here.
    fn line_end(&self) -> Option<&'t str> {
        let rest = self.rest;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) }
    }

    fn bare(&mut self) -> Cow<'t, str> {
        let ends = |byte: u8| byte == self.delimiter || byte == b'\n';
        let end = self.rest.bytes().position(ends).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        let line_ends = rest.starts_with('\n') || rest.is_empty();
        self.rest = rest;
        Cow::Borrowed(if line_ends { field.strip_suffix('\r').unwrap_or(field) } else { field })
    }

    /// A field behind its first quote; two quotes within stand for one.
    fn quoted(&mut self, quoted: &'t str) -> Result<Cow<'t, str>, CsvError> {
        let begins = self.line;
        let mut field = Cow::Borrowed("");
        let mut rest = quoted;
        loop {
            let (part, behind) = rest.split_once('"').ok_or(CsvError::Unclosed(begins))?;
            self.line += part.matches('\n').count();
            field += part;
            match behind.strip_prefix('"') {
                Some(more) => {
                    field += "\"";
                    rest = more;
                }
                None => {
                    self.rest = behind;
                    return Ok(field);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
