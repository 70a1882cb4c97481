//! What guests ask for and get, in SCALE.

use parity_scale_codec::{Decode, Encode};
use phat_executor::{RunEnd, RunResult};

#[derive(Clone, Debug, Encode)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Decode)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

pub(crate) fn get(url: impl Into<String>) -> Request {
    Request { url: url.into(), method: "GET".into(), headers: Vec::new(), body: Vec::new() }
}

/// The response that [`super::guest::fetcher`] returned.
#[track_caller]
pub(crate) fn response(result: &RunResult) -> Response {
    Response::decode(&mut &returned(result)[..]).unwrap()
}

#[track_caller]
pub(crate) fn returned(result: &RunResult) -> Vec<u8> {
    match &result.end {
        RunEnd::Returned { data, .. } => data.clone(),
        RunEnd::Failed { outcome, reason } => panic!("{outcome}: {reason}"),
    }
}
