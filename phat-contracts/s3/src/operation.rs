use alloc::string::String;
use phat_sdk::{
    answer::AnswerType,
    json::Pointer,
    source::{JsonTemplate, Template},
};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get(Get),
    /// Tells whether an object is there; its path.
    Head(Template),
    List(List),
    Put(Put),
    Presign(Presign),
}

/// Reads an object, or one value of a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Get {
    pub(crate) key: Template,
    pub(crate) pointer: Option<Pointer>,
    pub(crate) answer: AnswerType,
}

/// Names objects; the whole target, prefix included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) target: Template,
}

/// Writes an object: this JSON, or the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) key: Template,
    pub(crate) content: Option<JsonTemplate>,
    pub(crate) content_type: String,
}

/// Makes a URL that reads or writes an object, for so many seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presign {
    pub(crate) key: Template,
    pub(crate) method: &'static str,
    pub(crate) expires: u32,
}
