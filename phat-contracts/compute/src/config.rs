use crate::{Aggregate, Column, Comparison, Condition, Format, Operand, aggregate::MILLIONTHS};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use phat_sdk::{
    config::{self, Fields, Mistake},
    decimal::{Scaled, places},
    json::{Pointer, Value},
    serde_json::value::RawValue,
    sigv4::Signing,
    source::{Headers, Origin, Template, TemplateError, is_placeholder_name},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 32 * 1024;
/// The most sources.
pub const MAX_SOURCES: usize = 5;
/// The most conditions.
const MAX_CONDITIONS: usize = 16;
/// The longest name of a source, in bytes.
const MAX_NAME: usize = 32;
/// Digits behind the point that are counted, unless the init data says otherwise.
const PLACES: u8 = 18;
/// The most decimals of an answer, and the most places.
const MAX_DECIMALS: u64 = 36;

const FIELDS: &[&str] = &[
    "sources",
    "combine",
    "format",
    "delimiter",
    "header",
    "rows",
    "column",
    "where",
    "compute",
    "quantile",
    "places",
    "skip_invalid",
    "type",
    "decimals",
];
const SOURCE_FIELDS: &[&str] = &["name", "origin", "path", "headers", "s3"];
const CONDITION_FIELDS: &[&str] = &["column", "is", "value"];
const AGGREGATES: &[&str] = &["count", "sum", "mean", "min", "max", "quantile"];

/// What the init data says.
///
/// | field | |
/// | --- | --- |
/// | `sources` | 1 to [`MAX_SOURCES`] objects of `name`, `origin`, `path` (with placeholders), perhaps `headers`, and perhaps `s3`, how its requests are signed |
/// | `combine` | `all`: the rows of all sources together; `first`: those of the first that can be read; `all` when left out |
/// | `format` | `csv` or `json` |
/// | `delimiter`, `header` | of CSV: one character, `,` when left out; whether the first record names the columns, `true` when left out |
/// | `rows` | of JSON: a pointer to the list of rows; the whole document when left out |
/// | `column` | the numbers: a name in the header, an index from 0 without one, a pointer within a JSON row |
/// | `where` | optional: conditions, each of `column`, `is` (`eq`, `ne`, `lt`, `le`, `gt` or `ge`) and `value` |
/// | `compute` | `count`, `sum`, `mean`, `min`, `max` or `quantile` |
/// | `quantile` | a number from 0 to 1 with at most six decimals |
/// | `places` | how many digits behind the point are counted: 0 to 36; 18 when left out |
/// | `skip_invalid` | `true`: rows without a number are left out |
/// | `type`, `decimals` | `uint256` or `int256`; the answer is times 10^`decimals`, 0 to 36 |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) sources: Vec<Source>,
    /// Whether the first source that can be read is enough.
    pub(crate) first: bool,
    pub(crate) format: Format,
    pub(crate) column: Option<Column>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) aggregate: Aggregate,
    pub(crate) places: u8,
    pub(crate) skip_invalid: bool,
    pub(crate) signed: bool,
    pub(crate) decimals: u8,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) path: Template,
    pub(crate) headers: Headers,
    /// Of a source that is S3, and not public.
    pub(crate) signing: Option<Signing>,
}

/// What can be wrong with the init data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What can be wrong with any.
    #[error("{0}")]
    Any(#[from] config::Fault),
    /// A field of another format, or of another computation.
    #[error("has no meaning beside {0}")]
    Beside(&'static str),
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake<Fault>>> {
        let mut fields = Fields::read(json, MAX_CONFIG)?;
        let sources = sources(&mut fields);
        let combine = fields.get("combine").map_or(Some("all"), |_| fields.choice("combine", &["all", "first"]));
        let format = format(&mut fields);
        let aggregate = aggregate(&mut fields);
        let column = match (&format, aggregate) {
            (Some(format), Some(aggregate)) if aggregate != Aggregate::Count || fields.get("column").is_some() => {
                column(&mut fields, format)
            }
            _ => None,
        };
        let conditions = conditions(&mut fields, format.as_ref());
        let places = fields.decimals("places", MAX_DECIMALS, "a number from 0 to 36").unwrap_or(PLACES);
        let skip_invalid = fields.flag("skip_invalid");
        let signed = fields.choice("type", &["uint256", "int256"]).map(|name| name == "int256");
        let decimals = fields.decimals("decimals", MAX_DECIMALS, "a number from 0 to 36").unwrap_or(0);
        let mistakes = fields.finish(FIELDS);
        match (combine, format, aggregate, signed) {
            (Some(combine), Some(format), Some(aggregate), Some(signed)) if mistakes.is_empty() => {
                let first = combine == "first";
                Ok(Self {
                    sources,
                    first,
                    format,
                    column,
                    conditions,
                    aggregate,
                    places,
                    skip_invalid,
                    signed,
                    decimals,
                })
            }
            _ => Err(mistakes),
        }
    }
}

fn sources(fields: &mut Fields<'_, Fault>) -> Vec<Source> {
    let mut names: Vec<String> = Vec::new();
    let count = (1..=MAX_SOURCES, "a list of 1 to 5 sources");
    let (_, sources) = fields.objects("sources", count, SOURCE_FIELDS, |inner| {
        let name = inner.string("name").and_then(|name| {
            let good = (1..=MAX_NAME).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            let expected = config::Fault::WrongKind("1 to 32 letters, digits, \"-\", \"_\" and \".\"");
            inner.check("name", if good { Ok(name) } else { Err(expected) })
        });
        let origin = inner.origin("origin");
        let path = inner.template("path", Template::parse_mixed);
        let headers = inner.headers("headers");
        let signing = Signing::read(inner, "s3");
        let name = name?;
        if names.contains(&name) {
            inner.mistake("name", config::Fault::NameTwice(name.clone()));
        }
        names.push(name.clone());
        Some(Source { name, origin: origin?, path: path?, headers, signing })
    });
    sources
}

fn format(fields: &mut Fields<'_, Fault>) -> Option<Format> {
    let none_of = |fields: &mut Fields<'_, Fault>, others: &[&str], beside| {
        for other in others {
            if fields.get(other).is_some() {
                fields.mistake(other, Fault::Beside(beside));
            }
        }
    };
    if fields.choice("format", &["csv", "json"])? == "json" {
        none_of(fields, &["delimiter", "header"], "json");
        let rows = fields.get("rows").map_or_else(|| "".parse::<Pointer>().ok(), |_| fields.pointer("rows"));
        return Some(Format::Json { rows: rows? });
    }
    none_of(fields, &["rows"], "csv");
    let delimiter = fields.get("delimiter").map_or_else(|| Some(','.to_string()), |_| fields.string("delimiter"))?;
    let delimiter = match delimiter.as_bytes() {
        [character] if !matches!(character, b'"' | b'\r' | b'\n') => Ok(*character),
        _ => Err(config::Fault::WrongKind("one ASCII character, and no quote or line end")),
    };
    let delimiter = fields.check("delimiter", delimiter);
    let header = fields.get("header").is_none() || fields.flag("header");
    Some(Format::Csv { delimiter: delimiter?, header })
}

fn column(fields: &mut Fields<'_, Fault>, format: &Format) -> Option<Column> {
    match format {
        Format::Json { .. } => fields.pointer("column").map(Column::Pointer),
        Format::Csv { header: true, .. } => fields.string("column").map(Column::Name),
        Format::Csv { header: false, .. } => {
            fields.required("column")?;
            let index = fields.number("column", 0..=999, "an index from 0 to 999, where no header names the columns");
            index.and_then(|index| usize::try_from(index).ok()).map(Column::Index)
        }
    }
}

fn conditions(fields: &mut Fields<'_, Fault>, format: Option<&Format>) -> Vec<Condition> {
    let (Some(format), Some(_)) = (format, fields.get("where")) else { return Vec::new() };
    let count = (0..=MAX_CONDITIONS, "a list of at most 16 conditions");
    let (_, conditions) = fields.objects("where", count, CONDITION_FIELDS, |inner| {
        let column = column(inner, format);
        let comparison = inner.choice("is", Comparison::NAMES).and_then(Comparison::of_name);
        let value = inner.required("value").and_then(|raw| inner.check("value", operand(raw)));
        Some(Condition { column: column?, comparison: comparison?, value: value? })
    });
    conditions
}

fn operand(raw: &RawValue) -> Result<Operand, config::Fault> {
    const EXPECTED: config::Fault = config::Fault::WrongKind("a string or a number");
    let text = match Value::read(raw).map_err(|_| EXPECTED)? {
        Value::String(text) => text,
        Value::Number(text) => text.into(),
        Value::Null | Value::Bool(_) | Value::Array | Value::Object => return Err(EXPECTED),
    };
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        None => Ok(Operand::Fixed(text)),
        Some(name) if is_placeholder_name(name) => Ok(Operand::Open(name.into())),
        Some(name) => Err(config::Fault::Template(TemplateError::Name(name.into()))),
    }
}

fn aggregate(fields: &mut Fields<'_, Fault>) -> Option<Aggregate> {
    let name = fields.choice("compute", AGGREGATES)?;
    if name != "quantile" && fields.get("quantile").is_some() {
        fields.mistake("quantile", Fault::Beside(name));
    }
    Some(match name {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "mean" => Aggregate::Mean,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        _ => {
            const EXPECTED: config::Fault = config::Fault::WrongKind("a number from 0 to 1 with at most six decimals");
            let part = fields.required("quantile")?.get();
            let millionths = Scaled::parse(part, 6).and_then(Scaled::to_i128).ok();
            let whole = places(part).is_ok_and(|places| places <= 6);
            let part = millionths.filter(|_| whole).and_then(|part| u32::try_from(part).ok());
            Aggregate::Quantile(fields.check("quantile", part.filter(|part| *part <= MILLIONTHS).ok_or(EXPECTED))?)
        }
    })
}

#[cfg(test)]
mod tests;
