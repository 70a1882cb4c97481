//! Where a request would go, hop by hop, without going there: what the fuzz targets hold against the policy.

use super::{
    client::Egress,
    fetch::{joined, redirected},
    request::Request,
};
use crate::{HttpLimits, pink::HttpRequest};
use reqwest::{StatusCode, header::HeaderValue};
use url::Url;

/// One request on the way.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Where it goes.
    pub url: Url,
    /// The guest's headers that go along: names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Bytes of the guest's body that go along.
    pub body: usize,
}

impl Egress {
    /// The hops that the policy lets pass where each answer redirects with this status to that `Location`.
    pub(crate) fn hops(&self, request: HttpRequest, limits: &HttpLimits, answers: &[(u16, Vec<u8>)]) -> Vec<Hop> {
        let mut hops = Vec::new();
        let Ok(mut request) = Request::parse(request, limits) else { return hops };
        for answer in answers.iter().map(Some).chain([None]) {
            if self.admit(&request.url).is_err() {
                break;
            }
            hops.push(hop(&request));
            let Some((status, location)) = answer else { break };
            let (Ok(status), Ok(location)) = (StatusCode::from_u16(*status), HeaderValue::from_bytes(location)) else {
                break;
            };
            let next = joined(&request.url, &location).and_then(|next| redirected(request, status, next));
            let Ok(next) = next else { break };
            request = next;
        }
        hops
    }
}

fn hop(request: &Request) -> Hop {
    let headers = request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Hop { url: request.url.clone(), headers: headers.collect(), body: request.body.len() }
}
