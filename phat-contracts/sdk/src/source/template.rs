use super::{
    Origin, Parameters,
    pieces::{MAX_NAME, Piece, is_placeholder_name, is_plain, pieces},
};
use crate::json::{Malformed, PointerError};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest URL, in bytes.
pub const MAX_URL: usize = 4096;

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path and query of a URL, with placeholders `{name}`, each a whole path segment or the whole
/// value of a query pair: `/v1/price/{base}/{quote}?source={source}&format=json`.
///
/// [`Template::parse_mixed`] takes placeholders beside other text too, `/v1/{base}-{quote}`; the values
/// of such are letters, digits, `-` and `_` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Stands as it is.
    Literal(String),
    /// Filled by this parameter.
    Placeholder { name: String, place: Place },
}

/// Where in a URL something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between two slashes of the path.
    Segment,
    /// After the `=` of a query pair.
    QueryValue,
    /// Beside other text, in either.
    Mixed,
}

/// Why a template is refused, or can't be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A path starts with `/`.
    #[error("must start with \"/\"")]
    NoSlash,
    /// Two slashes in a row; only the last segment may be empty.
    #[error("has an empty segment")]
    EmptySegment,
    /// `.` or `..`, percent-encoded perhaps, as a segment.
    #[error("has the segment {0:?}, which would change the path")]
    DotSegment(String),
    /// A pair without a name before its `=`.
    #[error("has a query pair without a name: {0:?}")]
    NamelessPair(String),
    /// A character that RFC 3986 doesn't allow there, or a `%` without two hexadecimal digits.
    #[error("{0:?} has a character that must be percent-encoded, or that is never allowed there")]
    Character(String),
    /// Braces around or inside other text, or in the name of a query pair.
    #[error("{0:?}: a placeholder must be a whole path segment, or the whole value of a query pair")]
    NotWhole(String),
    /// Braces that don't pair.
    #[error("{0:?} has a brace that belongs to no placeholder")]
    Braces(String),
    /// What should be a JSON pointer is none.
    #[error("{0}")]
    Pointer(PointerError),
    /// What should be JSON is none.
    #[error("not JSON: {0}")]
    Json(Malformed),
    /// A name that isn't 1 to 32 letters, digits and underscores.
    #[error("{0:?} is no name of a placeholder: 1 to {MAX_NAME} letters, digits and underscores")]
    Name(String),
    /// The template alone is longer than [`MAX_URL`].
    #[error("is longer than {MAX_URL} bytes")]
    TooLong,
    /// No parameter has the placeholder's name.
    #[error("the parameter {0:?} is missing")]
    MissingParameter(String),
    /// No placeholder has the parameter's name.
    #[error("the parameter {0:?} is unknown")]
    UnknownParameter(String),
    /// A path segment can't be filled with nothing.
    #[error("the parameter {0:?} is empty, and stands in the path")]
    EmptyParameter(String),
    /// `.` or `..`, alone or between slashes, in a path.
    #[error("the parameter {0:?} would change the path")]
    DotParameter(String),
    /// Something other than letters, digits, `-` and `_`, or nothing, beside other text or in a JSON pointer.
    #[error("the parameter {0:?} must be letters, digits, \"-\" and \"_\"")]
    NotPlain(String),
    /// A control character.
    #[error("the parameter {0:?} has a control character")]
    ControlParameter(String),
    /// The URL is longer than [`MAX_URL`].
    #[error("the URL would be longer than {MAX_URL} bytes")]
    UrlTooLong,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Every reason why the text is none.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        Self::parse_as(text, false)
    }

    /// Reads a template whose placeholders may stand beside other text, and each other.
    ///
    /// # Errors
    /// Every reason why the text is none.
    pub fn parse_mixed(text: &str) -> Result<Self, Vec<TemplateError>> {
        Self::parse_as(text, true)
    }

    fn parse_as(text: &str, mixed: bool) -> Result<Self, Vec<TemplateError>> {
        let Some(rest) = text.strip_prefix('/') else { return Err([TemplateError::NoSlash].into()) };
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let mut parsed = Parsed { mixed, ..Parsed::default() };
        if text.len() > MAX_URL {
            parsed.errors.push(TemplateError::TooLong);
        }
        parsed.path(path);
        if let Some(query) = query {
            parsed.query(query);
        }
        if parsed.errors.is_empty() { Ok(Self(parsed.parts)) } else { Err(parsed.errors) }
    }

    /// The URL at `origin` with every placeholder filled.
    ///
    /// # Errors
    /// When the parameters are not exactly those of the placeholders, or one can't stand in its place.
    pub fn fill(&self, origin: &Origin, parameters: &Parameters) -> Result<String, TemplateError> {
        parameters.known(self.names())?;
        let mut url = origin.to_string();
        for part in &self.0 {
            match part {
                Part::Literal(text) => url.push_str(text),
                Part::Placeholder { name, place } => {
                    let value = parameters.get(name).ok_or_else(|| TemplateError::MissingParameter(name.clone()))?;
                    check_value(name, value, *place)?;
                    url.extend(utf8_percent_encode(value, RESERVED));
                }
            }
        }
        if url.len() > MAX_URL { Err(TemplateError::UrlTooLong) } else { Ok(url) }
    }

    /// The names of its placeholders, in order; one may be there twice.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder { name, .. } => Some(name.as_str()),
        })
    }
}

/// Percent-encoding hides a value's slashes from a careful server alone, so dot segments between
/// slashes are refused as well.
fn check_value(name: &str, value: &str, place: Place) -> Result<(), TemplateError> {
    if value.chars().any(char::is_control) {
        return Err(TemplateError::ControlParameter(name.into()));
    }
    match place {
        Place::Mixed if is_plain(value) => Ok(()),
        Place::Mixed => Err(TemplateError::NotPlain(name.into())),
        Place::QueryValue => Ok(()),
        Place::Segment if value.is_empty() => Err(TemplateError::EmptyParameter(name.into())),
        Place::Segment if value.split(['/', '\\']).any(|part| matches!(part, "." | "..")) => {
            Err(TemplateError::DotParameter(name.into()))
        }
        Place::Segment => Ok(()),
    }
}

/// A template on its way, and what is wrong with it.
#[derive(Default)]
struct Parsed {
    /// Whether placeholders may stand beside other text.
    mixed: bool,
    parts: Vec<Part>,
    errors: Vec<TemplateError>,
}

impl Parsed {
    fn path(&mut self, path: &str) {
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            self.literal("/");
            if segment.is_empty() && segments.peek().is_some() {
                self.errors.push(TemplateError::EmptySegment);
            }
            if is_dot_segment(segment) {
                self.errors.push(TemplateError::DotSegment(segment.into()));
            }
            self.literal_or_placeholder(segment, Place::Segment);
        }
    }

    fn query(&mut self, query: &str) {
        for (index, pair) in query.split('&').enumerate() {
            self.literal(if index == 0 { "?" } else { "&" });
            let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
            if name.is_empty() {
                self.errors.push(TemplateError::NamelessPair(pair.into()));
            }
            if name.contains(['{', '}']) {
                self.errors.push(TemplateError::NotWhole(pair.into()));
            } else {
                self.checked_literal(name, Place::QueryValue);
            }
            if let Some(value) = value {
                self.literal("=");
                self.literal_or_placeholder(value, Place::QueryValue);
            }
        }
    }

    fn literal_or_placeholder(&mut self, text: &str, place: Place) {
        let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name {
            _ if self.mixed && name.is_none_or(|name| name.contains(['{', '}'])) => self.mixed(text, place),
            Some(name) if name.contains(['{', '}']) => self.errors.push(TemplateError::NotWhole(text.into())),
            Some(name) if is_placeholder_name(name) => self.parts.push(Part::Placeholder { name: name.into(), place }),
            Some(name) => self.errors.push(TemplateError::Name(name.into())),
            None if text.contains(['{', '}']) => self.errors.push(TemplateError::NotWhole(text.into())),
            None => self.checked_literal(text, place),
        }
    }

    fn mixed(&mut self, text: &str, place: Place) {
        let Some(pieces) = pieces(text) else { return self.errors.push(TemplateError::Braces(text.into())) };
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.checked_literal(text, place),
                Piece::Name(name) if is_placeholder_name(name) => {
                    self.parts.push(Part::Placeholder { name: name.into(), place: Place::Mixed });
                }
                Piece::Name(name) => self.errors.push(TemplateError::Name(name.into())),
            }
        }
    }

    fn checked_literal(&mut self, text: &str, place: Place) {
        if is_literal(text, place) {
            self.literal(text);
        } else {
            self.errors.push(TemplateError::Character(text.into()));
        }
    }

    fn literal(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Literal(last)) => last.push_str(text),
            Some(Part::Placeholder { .. }) | None => self.parts.push(Part::Literal(text.into())),
        }
    }
}

fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..")
}

/// RFC 3986's `pchar`s, and in a query `/` and `?` too.
fn is_literal(text: &str, place: Place) -> bool {
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => tail,
            (b'%', _) => return false,
            (b'/' | b'?', _) if place == Place::QueryValue => tail,
            (byte, _) if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte) => tail,
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests;
