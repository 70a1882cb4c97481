use crate::operation::{Get, List, Operation, Presign, Put};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use phat_sdk::{
    answer::AnswerType,
    config::{self, Fields, Mistake},
    sigv4::{CredentialNames, MAX_EXPIRES, region},
    source::{JsonTemplate, Origin, Template},
};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 32 * 1024;
const FIELDS: &[&str] = &[
    "origin",
    "region",
    "bucket",
    "style",
    "credentials",
    "operation",
    "key",
    "prefix",
    "most",
    "content",
    "content_type",
    "method",
    "expires",
    "pointer",
    "type",
    "decimals",
];
const OPERATIONS: &[&str] = &["get", "head", "list", "put", "presign"];

/// What the init data says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) bucket: Bucket,
    pub(crate) region: String,
    pub(crate) credentials: Option<CredentialNames>,
    pub(crate) operation: Operation,
}

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Of the bucket itself, in virtual-host style.
    pub(crate) origin: Origin,
    /// What stands in front of keys: `/`, or the bucket's name between two slashes.
    pub(crate) root: String,
}

/// What can be wrong with the init data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What can be wrong with any.
    #[error("{0}")]
    Any(#[from] config::Fault),
    /// A field that the operation hasn't.
    #[error("has no meaning for {0}")]
    Beside(&'static str),
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake<Fault>>> {
        let mut fields = Fields::read(json, MAX_CONFIG)?;
        let bucket = bucket(&mut fields);
        let region = region(&mut fields);
        let credentials = CredentialNames::read(&mut fields, "credentials");
        // Without a bucket keys are read all the same, for what is wrong with them.
        let root = bucket.as_ref().map_or("/", |bucket| bucket.root.as_str()).to_string();
        let operation = operation(&mut fields, &root);
        if fields.get("credentials").is_none() && matches!(operation, Some(Operation::Put(_) | Operation::Presign(_))) {
            fields.mistake("credentials", config::Fault::Missing);
        }
        let mistakes = fields.finish(FIELDS);
        match (bucket, region, operation) {
            (Some(bucket), Some(region), Some(operation)) if mistakes.is_empty() => {
                Ok(Self { bucket, region, credentials, operation })
            }
            _ => Err(mistakes),
        }
    }
}

fn bucket(fields: &mut Fields<'_, Fault>) -> Option<Bucket> {
    let origin = fields.origin("origin");
    let bucket = fields.string("bucket").and_then(|bucket| {
        let expected = config::Fault::WrongKind("3 to 63 lower-case letters, digits, \"-\" and single \".\"");
        let good = (3..=63).contains(&bucket.len())
            && bucket.split('.').all(|label| !label.is_empty())
            && bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
        fields.check("bucket", if good { Ok(bucket) } else { Err(expected) })
    });
    let style = fields.get("style").map_or(Some("virtual"), |_| fields.choice("style", &["virtual", "path"]));
    let (origin, bucket, style) = (origin?, bucket?, style?);
    if style == "path" {
        return Some(Bucket { origin, root: format!("/{bucket}/") });
    }
    let text = origin.to_string();
    let (scheme, authority) = text.split_once("://")?;
    let hosted: Result<Origin, _> = format!("{scheme}://{bucket}.{authority}").parse();
    let origin = fields.check("origin", hosted.map_err(config::Fault::Origin))?;
    Some(Bucket { origin, root: "/".into() })
}

fn operation(fields: &mut Fields<'_, Fault>, root: &str) -> Option<Operation> {
    let name = fields.choice("operation", OPERATIONS)?;
    let (own, operation): (&[&str], _) = match name {
        "get" => (&["key", "pointer", "type", "decimals"], get(fields, root)),
        "head" => (&["key", "type"], {
            fields.choice("type", &["(bool,uint256,string)"]);
            key(fields, root).map(Operation::Head)
        }),
        "list" => (&["prefix", "most", "type"], list(fields, root)),
        "put" => (&["key", "content", "content_type", "type"], put(fields, root)),
        _ => (&["key", "method", "expires", "type"], presign(fields, root)),
    };
    const OF_AN_OPERATION: &[&str] =
        &["key", "prefix", "most", "content", "content_type", "method", "expires", "pointer", "type", "decimals"];
    for other in OF_AN_OPERATION.iter().filter(|field| !own.contains(*field)) {
        if fields.get(other).is_some() {
            fields.mistake(other, Fault::Beside(name));
        }
    }
    operation
}

/// The path of an object, whose key may have placeholders.
fn key(fields: &mut Fields<'_, Fault>, root: &str) -> Option<Template> {
    let text = fields.string("key")?;
    template(fields, "key", &format!("{root}{text}"))
}

fn template(fields: &mut Fields<'_, Fault>, field: &str, text: &str) -> Option<Template> {
    match Template::parse_mixed(text) {
        Ok(template) => Some(template),
        Err(errors) => {
            for error in errors {
                fields.mistake(field, config::Fault::Template(error));
            }
            None
        }
    }
}

fn get(fields: &mut Fields<'_, Fault>, root: &str) -> Option<Operation> {
    let key = key(fields, root);
    let pointer = fields.get("pointer").and_then(|_| fields.pointer("pointer"));
    let answer = if fields.get("pointer").is_some() {
        AnswerType::read(fields)
    } else {
        fields.choice("type", &["bytes", "string"]).map(|name| match name {
            "string" => AnswerType::String,
            _ => AnswerType::Bytes,
        })
    };
    Some(Operation::Get(Get { key: key?, pointer, answer: answer? }))
}

fn list(fields: &mut Fields<'_, Fault>, root: &str) -> Option<Operation> {
    fields.choice("type", &["(string[],bool)"]);
    let prefix = fields.get("prefix").map_or_else(|| Some(String::new()), |_| fields.string("prefix"));
    let most = fields.number("most", 1..=200, "a number from 1 to 200").unwrap_or(100);
    // In the query, a prefix is one value: its placeholder, if it has one, is the whole of it, or beside other text.
    let root = root.strip_suffix('/').filter(|root| !root.is_empty()).unwrap_or("/");
    let text = prefix.map(|prefix| format!("{root}?list-type=2&max-keys={most}&prefix={prefix}"));
    let target = text.and_then(|text| template(fields, "prefix", &text))?;
    Some(Operation::List(List { target }))
}

fn put(fields: &mut Fields<'_, Fault>, root: &str) -> Option<Operation> {
    fields.choice("type", &["string"]);
    let key = key(fields, root);
    let content = fields.get("content").map(|raw| JsonTemplate::parse(raw).map_err(config::Fault::Template));
    let content = content.and_then(|content| fields.check("content", content));
    if fields.get("content").is_none() && key.as_ref().is_some_and(|key| key.names().next().is_some()) {
        const EXPECTED: config::Fault =
            config::Fault::WrongKind("without placeholders where the payload is the content");
        fields.mistake("key", EXPECTED);
    }
    let content_type = fields.get("content_type").map_or_else(
        || Some(String::from(if content.is_some() { "application/json" } else { "application/octet-stream" })),
        |_| fields.string("content_type"),
    );
    let visible = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let content_type = content_type.and_then(|text| {
        fields.check("content_type", Some(text).filter(visible).ok_or(config::Fault::WrongKind("a media type")))
    });
    Some(Operation::Put(Put { key: key?, content, content_type: content_type? }))
}

fn presign(fields: &mut Fields<'_, Fault>, root: &str) -> Option<Operation> {
    fields.choice("type", &["string"]);
    let key = key(fields, root);
    let method = fields.get("method").map_or(Some("GET"), |_| fields.choice("method", &["GET", "PUT"]));
    let expires = fields.number("expires", 1..=MAX_EXPIRES.into(), "a number of seconds from 1 to 604800");
    let expires = expires.unwrap_or(3_600);
    Some(Operation::Presign(Presign { key: key?, method: method?, expires: u32::try_from(expires).ok()? }))
}

#[cfg(test)]
mod tests;
