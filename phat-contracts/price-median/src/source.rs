use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};
use phat_sdk::{
    BatchFailure, BatchResult, HttpRequest,
    decimal::{DecimalError, Scaled},
    json::{Malformed, Pointer, Value},
    source::{Headers, Origin, Parameter, Parameters, PointerTemplate, Template, TemplateError},
};

/// One place where the price stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called in logs and errors.
    pub name: String,
    pub(crate) origin: Origin,
    pub(crate) path: Template,
    pub(crate) pointer: PointerTemplate,
    pub(crate) headers: Headers,
    /// What this source calls things: `BTC` is `XBT`. What is not in here is called what the payload calls it.
    pub(crate) names: BTreeMap<String, String>,
}

/// Why a source gave no price that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There was no response.
    #[error("{0}")]
    NoResponse(BatchFailure),
    /// It answered another status than 200 to 299.
    #[error("status {0}")]
    Status(u16),
    /// The response is no JSON in UTF-8, or has one name twice on the pointer's way.
    #[error("not JSON")]
    NotJson(Malformed),
    /// The document has no value where the pointer points.
    #[error("the pointer finds nothing")]
    Missing,
    /// The value is no number, nor a string that holds one.
    #[error("found {0}, expected a number")]
    NotANumber(&'static str),
    /// The price, times 10^`decimals`, needs more than 127 bits, or is negative and the type unsigned.
    #[error("out of range")]
    OutOfRange,
    /// The price is zero or below, or rounds to zero.
    #[error("not above zero")]
    NotPositive,
}

/// A request, and where in the response its price stands.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    pub(crate) request: HttpRequest,
    pointer: Pointer,
}

/// Which prices can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) decimals: u8,
    pub(crate) signed: bool,
    pub(crate) zero_or_below: bool,
}

impl Source {
    /// The names of all placeholders; one may be there several times.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &str> + Clone {
        self.path.names().chain(self.pointer.names())
    }

    /// What to fetch for these parameters, which must be those of the placeholders.
    pub(crate) fn fetch(&self, parameters: &Parameters) -> Result<Fetch, TemplateError> {
        let own_name = |value: &Parameter| match self.names.get(value.as_str()) {
            Some(own) => Parameter::Text(own.clone()),
            None => value.clone(),
        };
        let own = parameters.0.iter().map(|(name, value)| (name.clone(), own_name(value)));
        let own = Parameters(own.collect());
        let url = self.path.fill(&self.origin, &own.only(self.path.names()))?;
        let mut request = HttpRequest::get(&url);
        request.headers.clone_from(&self.headers.0);
        Ok(Fetch { request, pointer: self.pointer.fill(&own)? })
    }
}

impl Fetch {
    /// The price in a response, times 10^`decimals`, cut toward zero.
    pub(crate) fn price(&self, result: BatchResult, scale: Scale) -> Result<i128, SourceError> {
        let response = result.map_err(SourceError::NoResponse)?;
        if !response.is_success() {
            return Err(SourceError::Status(response.status_code));
        }
        let document =
            String::from_utf8(response.body).map_err(|error| SourceError::NotJson(Malformed(error.to_string())))?;
        let value = self.pointer.find(&document).map_err(SourceError::NotJson)?.ok_or(SourceError::Missing)?;
        scale.price(&value)
    }
}

impl Scale {
    fn price(self, value: &Value<'_>) -> Result<i128, SourceError> {
        let scaled = match value {
            Value::Number(text) => Scaled::parse(text, self.decimals),
            Value::String(text) => Scaled::parse(text, self.decimals),
            Value::Null | Value::Bool(_) | Value::Array | Value::Object => Err(DecimalError::NotANumber),
        };
        let price = scaled.and_then(Scaled::to_i128).map_err(|error| match error {
            DecimalError::NotANumber => SourceError::NotANumber(value.kind()),
            DecimalError::OutOfRange => SourceError::OutOfRange,
        })?;
        if price <= 0 && !self.zero_or_below {
            return Err(SourceError::NotPositive);
        }
        if price < 0 && !self.signed { Err(SourceError::OutOfRange) } else { Ok(price) }
    }
}
