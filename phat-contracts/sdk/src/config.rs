//! Reading a configuration, which is JSON, so that every mistake in it is named with its place.

use crate::{
    json::{Malformed, Object, Pointer, PointerError, Value},
    source::{Headers, HeadersError, Origin, OriginError, Template, TemplateError},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, ops::RangeInclusive, str::FromStr};
use serde_json::value::RawValue;

/// One thing that is wrong with a configuration. `F` is what can be wrong: [`Fault`], or a contract's own
/// enum with a variant for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake<F = Fault> {
    /// Where: `sources[1].origin`; empty for the whole.
    pub field: String,
    /// What.
    pub fault: F,
}

impl<F: fmt::Display> fmt::Display for Mistake<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            self.fault.fmt(formatter)
        } else {
            write!(formatter, "{}: {}", self.field, self.fault)
        }
    }
}

/// What can be wrong with any configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is longer than this many bytes.
    #[error("the init data is longer than {0} bytes")]
    TooLong(usize),
    /// It is no JSON object in UTF-8, or names something twice.
    #[error("not a JSON object: {0}")]
    NotAnObject(Malformed),
    /// A field that doesn't exist; those that do.
    #[error("unknown field (there are: {})", .0.join(", "))]
    UnknownField(&'static [&'static str]),
    /// A field that must be there.
    #[error("missing")]
    Missing,
    /// A field of another kind; what it should be, in words.
    #[error("must be {0}")]
    WrongKind(&'static str),
    /// A name that isn't one of these.
    #[error("{found:?} is none of {}", .names.join(", "))]
    UnknownName {
        /// What was found.
        found: String,
        /// Those that there are.
        names: &'static [&'static str],
    },
    /// Two things in a list have one name.
    #[error("another has the name {0:?}")]
    NameTwice(String),
    /// `decimals` beside a type that has none.
    #[error("only uint256 and int256 have decimals")]
    NoDecimals,
    /// No origin.
    #[error("{0}")]
    Origin(#[from] OriginError),
    /// No template.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// No pointer.
    #[error("{0}")]
    Pointer(#[from] PointerError),
    /// No headers.
    #[error("{0}")]
    Headers(#[from] HeadersError),
}

/// Mistakes in a row, for one error's text.
pub struct Listed<'m, F>(pub &'m [Mistake<F>]);

impl<F: fmt::Display> fmt::Display for Listed<'_, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

/// The members of a JSON object, and the mistakes found so far. What is wrong is kept, and read as none.
pub struct Fields<'j, F> {
    path: String,
    object: Object<'j>,
    mistakes: Vec<Mistake<F>>,
}

impl<'j, F: From<Fault>> Fields<'j, F> {
    /// Reads a whole configuration: UTF-8 JSON of at most `most` bytes.
    ///
    /// # Errors
    /// When it is too long, or no object.
    pub fn read(json: &'j [u8], most: usize) -> Result<Self, Vec<Mistake<F>>> {
        let whole = |fault: Fault| Vec::from([Mistake { field: String::new(), fault: fault.into() }]);
        if json.len() > most {
            return Err(whole(Fault::TooLong(most)));
        }
        let text = core::str::from_utf8(json).map_err(|error| Malformed(error.to_string()));
        let object = text.and_then(Object::read).map_err(|error| whole(Fault::NotAnObject(error)))?;
        Ok(Self { path: String::new(), object, mistakes: Vec::new() })
    }

    /// The members of an object within.
    #[must_use]
    pub fn within(path: String, object: Object<'j>) -> Self {
        Self { path, object, mistakes: Vec::new() }
    }

    /// Where this field stands: `sources[1].origin`.
    #[must_use]
    pub fn place(&self, field: &str) -> String {
        if self.path.is_empty() { field.into() } else { format!("{}.{field}", self.path) }
    }

    /// A member, unread.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&'j RawValue> {
        self.object.0.iter().find(|(name, _)| name == field).map(|(_, raw)| *raw)
    }

    /// Notes a mistake in a field.
    pub fn mistake(&mut self, field: &str, fault: impl Into<F>) {
        self.mistakes.push(Mistake { field: self.place(field), fault: fault.into() });
    }

    /// Takes over the mistakes of [`Self::within`].
    pub fn append(&mut self, mistakes: Vec<Mistake<F>>) {
        self.mistakes.extend(mistakes);
    }

    /// What is right; what is wrong is noted.
    pub fn check<T, E: Into<F>>(&mut self, field: &str, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|fault| self.mistake(field, fault)).ok()
    }

    /// A member that must be there, unread.
    pub fn required(&mut self, field: &str) -> Option<&'j RawValue> {
        let found = self.get(field);
        if found.is_none() {
            self.mistake(field, Fault::Missing);
        }
        found
    }

    /// A string that must be there.
    pub fn string(&mut self, field: &str) -> Option<String> {
        let raw = self.required(field)?;
        match Value::read(raw) {
            Ok(Value::String(text)) => Some(text),
            Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object) | Err(_) => {
                self.mistake(field, Fault::WrongKind("a string"));
                None
            }
        }
    }

    /// A string that must be there, read as something else.
    pub fn parsed<T: FromStr<Err: Into<Fault>>>(&mut self, field: &str) -> Option<T> {
        let text = self.string(field)?;
        self.check(field, text.parse().map_err(Into::into))
    }

    /// [`Template`]'s `parse` or `parse_mixed` of a string that must be there.
    pub fn template(
        &mut self,
        field: &str,
        parse: fn(&str) -> Result<Template, Vec<TemplateError>>,
    ) -> Option<Template> {
        let text = self.string(field)?;
        self.each(field, parse(&text))
    }

    /// An origin that must be there.
    pub fn origin(&mut self, field: &str) -> Option<Origin> {
        self.parsed(field)
    }

    /// A JSON pointer that must be there.
    pub fn pointer(&mut self, field: &str) -> Option<Pointer> {
        self.parsed(field)
    }

    /// Headers; empty where they are left out.
    pub fn headers(&mut self, field: &str) -> Headers {
        let read = self.get(field).map(|raw| Headers::parse(raw.get()));
        read.and_then(|read| self.each(field, read)).unwrap_or_default()
    }

    /// A whole number within a range, which `expected` says in words; none where it is left out.
    pub fn number(&mut self, field: &str, range: RangeInclusive<u64>, expected: &'static str) -> Option<u64> {
        let number = self.get(field)?.get().parse().ok().filter(|number| range.contains(number));
        self.check(field, number.ok_or(Fault::WrongKind(expected)))
    }

    /// Decimals, 0 to `most`, which `expected` says in words; none where they are left out.
    pub fn decimals(&mut self, field: &str, most: u64, expected: &'static str) -> Option<u8> {
        self.number(field, 0..=most, expected).and_then(|decimals| u8::try_from(decimals).ok())
    }

    /// One of these names, which must be there.
    pub fn choice(&mut self, field: &str, names: &'static [&'static str]) -> Option<&'static str> {
        let found = self.string(field)?;
        let known = names.iter().copied().find(|name| *name == found);
        self.check(field, known.ok_or(Fault::UnknownName { found, names }))
    }

    /// A list of objects with these fields, which must be there; `expected` says in words how many. Gives how many
    /// are named, and those that `read` makes something of.
    pub fn objects<T>(
        &mut self,
        field: &str,
        (count, expected): (RangeInclusive<usize>, &'static str),
        known: &'static [&'static str],
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> (usize, Vec<T>) {
        let Some(raw) = self.required(field) else { return (0, Vec::new()) };
        let list = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok();
        let list = list.filter(|list| count.contains(&list.len())).ok_or(Fault::WrongKind(expected));
        let Some(list) = self.check(field, list) else { return (0, Vec::new()) };
        let mut objects = Vec::new();
        for (index, raw) in list.iter().enumerate() {
            let place = format!("{field}[{index}]");
            let Some(object) = self.check(&place, Object::read(raw.get()).map_err(Fault::NotAnObject)) else {
                continue;
            };
            let mut inner = Self::within(self.place(&place), object);
            objects.extend(read(&mut inner));
            self.append(inner.finish(known));
        }
        (list.len(), objects)
    }

    /// `true` or `false`; `false` where it is left out.
    pub fn flag(&mut self, field: &str) -> bool {
        match self.get(field).map(RawValue::get) {
            Some("true") => true,
            Some("false") | None => false,
            Some(_) => {
                self.mistake(field, Fault::WrongKind("true or false"));
                false
            }
        }
    }

    /// All mistakes, the members beyond `known` among them.
    #[must_use]
    pub fn finish(mut self, known: &'static [&'static str]) -> Vec<Mistake<F>> {
        let names: Vec<String> = self.object.0.iter().map(|(name, _)| name.clone()).collect();
        for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
            self.mistake(name, Fault::UnknownField(known));
        }
        self.mistakes
    }

    fn each<T, E: Into<Fault>>(&mut self, field: &str, checked: Result<T, Vec<E>>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(errors) => {
                for error in errors {
                    let fault: Fault = error.into();
                    self.mistake(field, fault);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
