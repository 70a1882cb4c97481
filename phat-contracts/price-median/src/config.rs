use crate::{BASIS_POINTS, Rule, Source, source::Scale};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};
use phat_sdk::{
    MAX_BATCH,
    config::{self, Fields, Mistake},
    json::{Object, Value},
    source::{PointerTemplate, Template},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 32 * 1024;
/// The most sources: two batches of HTTP requests.
pub const MAX_SOURCES: usize = 2 * MAX_BATCH;
/// The longest name of a source, and the longest name that a source has for something, in bytes.
const MAX_NAME: usize = 32;
/// The most names that a source has of its own.
const MAX_NAMES: usize = 64;
/// The most decimals; 10^36 leaves room for prices of up to 170.
const MAX_DECIMALS: u64 = 36;
/// What sources have to answer in, unless the init data says otherwise, in milliseconds.
const TIMEOUT_MS: u64 = 4_000;
/// The longest that all batches together may wait, in milliseconds: an enclave ends a run after 10 seconds.
const MAX_WAIT_MS: u64 = 9_000;
/// How far a price may be from the median of all, unless the init data says otherwise: 5 %.
const MAX_DEVIATION_BPS: u16 = 500;

const TYPES: &[&str] = &["uint256", "int256"];
const FIELDS: &[&str] = &["sources", "type", "decimals", "minimum", "max_deviation_bps", "timeout_ms", "zero_or_below"];
const SOURCE_FIELDS: &[&str] = &["name", "origin", "path", "pointer", "headers", "names"];

/// What the init data says.
///
/// | field | |
/// | --- | --- |
/// | `sources` | 2 to [`MAX_SOURCES`] objects, see below |
/// | `type` | `uint256` or `int256` |
/// | `decimals` | 0 to 36: the answer is the price times 10^`decimals`; 0 when left out |
/// | `minimum` | how many sources must give a price that is used; more than half of them when left out |
/// | `max_deviation_bps` | 0 to 10,000: how far a price may be from the median of all, in ten-thousandths; 500 when left out |
/// | `timeout_ms` | 100 to 9,000, with more than 5 sources to 4,500: how long sources are waited for; 4,000 when left out |
/// | `zero_or_below` | `true`: prices of zero, and with `int256` below, are prices too |
///
/// | field of a source | |
/// | --- | --- |
/// | `name` | what logs and errors call it: 1 to 32 letters, digits, `-`, `_` and `.`; no two are the same |
/// | `origin` | scheme, host and perhaps port |
/// | `path` | path and query, with placeholders ([`Template::parse_mixed`]) |
/// | `pointer` | JSON pointer to the price, with placeholders ([`PointerTemplate`]) |
/// | `headers` | optional: an object of fixed headers; not secret |
/// | `names` | optional: an object of what the payload calls things to what this source calls them |
///
/// All sources have the same placeholders, so that none answers another question than the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) sources: Vec<Source>,
    pub(crate) scale: Scale,
    pub(crate) rule: Rule,
    /// For each batch of [`MAX_BATCH`] sources.
    pub(crate) timeout_ms: u64,
}

/// What can be wrong with the init data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What can be wrong with any.
    #[error("{0}")]
    Any(#[from] config::Fault),
    /// Two sources have one name.
    #[error("another source has the name {0:?}")]
    SameName(String),
    /// A source lacks a placeholder that another has.
    #[error("the placeholder {0:?} is in another source, and neither in this one's path nor in its pointer")]
    LacksPlaceholder(String),
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake<Fault>>> {
        let mut fields = Fields::read(json, MAX_CONFIG)?;
        let (count, sources) = sources(&mut fields);
        let signed = fields.choice("type", TYPES).map(|name| name == "int256");
        let decimals = fields.decimals("decimals", MAX_DECIMALS, "a number from 0 to 36").unwrap_or(0);
        let rule = rule(&mut fields, count);
        let timeout_ms = timeout(&mut fields, count);
        let zero_or_below = fields.flag("zero_or_below");
        let mistakes = fields.finish(FIELDS);
        match signed {
            Some(signed) if mistakes.is_empty() => {
                let scale = Scale { decimals, signed, zero_or_below };
                Ok(Self { sources, scale, rule, timeout_ms })
            }
            _ => Err(mistakes),
        }
    }
}

fn rule(fields: &mut Fields<'_, Fault>, sources: usize) -> Rule {
    let most = u64::try_from(sources).unwrap_or(u64::MAX);
    let minimum = fields.number("minimum", 1..=most, "a number from 1 to that of the sources");
    let bps = fields.number("max_deviation_bps", 0..=BASIS_POINTS.into(), "a number from 0 to 10000");
    Rule {
        minimum: minimum.and_then(|minimum| usize::try_from(minimum).ok()).unwrap_or(sources / 2 + 1),
        max_deviation_bps: bps.and_then(|bps| u16::try_from(bps).ok()).unwrap_or(MAX_DEVIATION_BPS),
    }
}

fn timeout(fields: &mut Fields<'_, Fault>, sources: usize) -> u64 {
    let (most, expected) = if sources <= MAX_BATCH {
        (MAX_WAIT_MS, "a number from 100 to 9000")
    } else {
        (MAX_WAIT_MS / 2, "a number from 100 to 4500, with more than 5 sources")
    };
    fields.number("timeout_ms", 100..=most, expected).unwrap_or(TIMEOUT_MS)
}

/// How many sources are named, and those without a mistake.
fn sources(fields: &mut Fields<'_, Fault>) -> (usize, Vec<Source>) {
    let mut names: Vec<String> = Vec::new();
    let count = (2..=MAX_SOURCES, "a list of 2 to 10 sources");
    let (count, sources) = fields.objects("sources", count, SOURCE_FIELDS, |inner| {
        let source = source(inner)?;
        if names.contains(&source.name) {
            inner.mistake("name", Fault::SameName(source.name.clone()));
        }
        names.push(source.name.clone());
        Some(source)
    });
    // Where a source has mistakes of its own, its placeholders are not known.
    if sources.len() == count {
        same_placeholders(fields, &sources);
    }
    (count, sources)
}

fn source(fields: &mut Fields<'_, Fault>) -> Option<Source> {
    let name = fields.string("name");
    let name = name.and_then(|name| {
        let expected = config::Fault::WrongKind("1 to 32 letters, digits, \"-\", \"_\" and \".\"");
        let good = is_bounded(&name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        fields.check("name", if good { Ok(name) } else { Err(expected) })
    });
    let origin = fields.origin("origin");
    let path = fields.template("path", Template::parse_mixed);
    let pointer = fields.string("pointer");
    let pointer = pointer
        .and_then(|text| fields.check("pointer", PointerTemplate::parse(&text).map_err(config::Fault::Template)));
    let headers = fields.headers("headers");
    let names = names(fields);
    Some(Source { name: name?, origin: origin?, path: path?, pointer: pointer?, headers, names: names? })
}

fn names(fields: &mut Fields<'_, Fault>) -> Option<BTreeMap<String, String>> {
    const EXPECTED: config::Fault =
        config::Fault::WrongKind("an object of at most 64 strings of 1 to 32 letters, digits, \"-\" and \"_\"");
    let Some(raw) = fields.get("names") else { return Some(BTreeMap::new()) };
    let names = Object::read(raw.get()).ok().filter(|Object(members)| members.len() <= MAX_NAMES);
    let names = names.and_then(|Object(members)| {
        let read = members.into_iter().map(|(name, raw)| match Value::read(raw) {
            Ok(Value::String(own)) if is_own_name(&own) => Some((name, own)),
            Ok(Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object)
            | Err(_) => None,
        });
        read.collect::<Option<_>>()
    });
    fields.check("names", names.ok_or(EXPECTED))
}

fn is_bounded(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
}

fn is_own_name(name: &str) -> bool {
    is_bounded(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A source without the pair in its URL would answer with one pair's price for another's.
fn same_placeholders(fields: &mut Fields<'_, Fault>, sources: &[Source]) {
    let all: BTreeSet<&str> = sources.iter().flat_map(Source::placeholders).collect();
    for (index, source) in sources.iter().enumerate() {
        let own: BTreeSet<&str> = source.placeholders().collect();
        for missing in all.difference(&own) {
            fields.mistake(&format!("sources[{index}]"), Fault::LacksPlaceholder((*missing).into()));
        }
    }
}

#[cfg(test)]
mod tests;
