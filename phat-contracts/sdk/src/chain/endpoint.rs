use crate::{
    HttpRequest, MAX_BATCH,
    config::{Fault, Fields},
    source::{Headers, Parameters, Template},
};
use alloc::{format, string::String, vec::Vec};

/// The most endpoints: one batch of HTTP requests.
pub const MAX_ENDPOINTS: usize = MAX_BATCH;
/// The longest name of an endpoint, in bytes.
const MAX_NAME: usize = 32;

/// Where a chain can be asked, over JSON-RPC 2.0 by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is called in logs and errors.
    pub name: String,
    url: String,
    headers: Headers,
}

/// Endpoints of one chain, and how many of them must agree.
///
/// | field | |
/// | --- | --- |
/// | `endpoints` | 1 to [`MAX_ENDPOINTS`] objects of `name`, `origin`, `path` (without placeholders) and perhaps `headers` |
/// | `minimum` | how many must say the same; more than half of them when left out |
/// | `timeout_ms` | how long endpoints are waited for in each round; as long as the rounds have when left out |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// In the order of the init data.
    pub endpoints: Vec<Endpoint>,
    /// How many must agree.
    pub minimum: usize,
    /// For each round, in milliseconds.
    pub timeout_ms: u64,
}

impl Quorum {
    const ENDPOINT_FIELDS: &[&str] = &["name", "origin", "path", "headers"];

    /// Reads it from a configuration. A round may wait `longest` milliseconds, which `expected` says in words; a
    /// reading's rounds together should stay below 9 seconds, as an enclave ends a run after 10.
    pub fn read<F: From<Fault>>(fields: &mut Fields<'_, F>, (longest, expected): (u64, &'static str)) -> Option<Self> {
        let mut names: Vec<String> = Vec::new();
        let (count, endpoints) = fields.objects(
            "endpoints",
            (1..=MAX_ENDPOINTS, "a list of 1 to 5 endpoints"),
            Self::ENDPOINT_FIELDS,
            |inner| {
                let endpoint = Endpoint::read(inner)?;
                if names.contains(&endpoint.name) {
                    inner.mistake("name", Fault::NameTwice(endpoint.name.clone()));
                }
                names.push(endpoint.name.clone());
                Some(endpoint)
            },
        );
        let most = u64::try_from(count).unwrap_or(u64::MAX);
        let minimum = fields.number("minimum", 1..=most, "a number from 1 to that of the endpoints");
        let minimum = minimum.and_then(|minimum| usize::try_from(minimum).ok()).unwrap_or(count / 2 + 1);
        let timeout_ms = fields.number("timeout_ms", 100..=longest, expected).unwrap_or(longest);
        (count > 0 && endpoints.len() == count).then_some(Self { endpoints, minimum, timeout_ms })
    }
}

impl Endpoint {
    fn read<F: From<Fault>>(fields: &mut Fields<'_, F>) -> Option<Self> {
        let name = fields.string("name").and_then(|name| {
            let good = (1..=MAX_NAME).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            let expected = Fault::WrongKind("1 to 32 letters, digits, \"-\", \"_\" and \".\"");
            fields.check("name", if good { Ok(name) } else { Err(expected) })
        });
        let origin = fields.origin("origin");
        let path = fields.template("path", Template::parse);
        let headers = fields.headers("headers");
        let path = path?;
        let url = fields.check("path", path.fill(&origin?, &Parameters::default()).map_err(Fault::Template))?;
        Some(Self { name: name?, url, headers })
    }

    /// A call of this method.
    pub(super) fn call(&self, method: &str, params: &str) -> HttpRequest {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let mut request = HttpRequest::post_json(&self.url, body);
        request.headers.extend(self.headers.0.iter().cloned());
        request
    }
}
