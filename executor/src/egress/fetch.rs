//! One request of a guest: each hop checked, each redirect followed by hand, the body read with a
//! cap.

use super::{
    Denial,
    address::unreachable,
    body::{Body, NoRoom},
    client::{ASKING, Egress, Route},
    request::Request,
    traffic::{Traffic, size},
};
use crate::{
    HttpLimits, Limits, Origin,
    limits::in_memory,
    pink::{HttpRequest, HttpResponse},
    secrets::Origins,
};
use phat_protocol::ContractId;
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{self, HeaderValue},
};
use std::{error::Error as _, net::IpAddr, sync::Arc, time::Duration};
use url::{Host, Url};

/// Why a guest gets no response. `Display` is what the guest reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Denied(#[from] Denial),
    #[error("invalid URL: {0}")]
    InvalidUrl(String),
    #[error("invalid method")]
    InvalidMethod,
    #[error("the name of header {0} is invalid")]
    InvalidHeaderName(usize),
    #[error("the value of header {0} is invalid")]
    InvalidHeaderValue(usize),
    #[error("more than {limit} headers")]
    TooManyHeaders { limit: u32 },
    #[error("no complete response within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("the response's body is longer than {limit} bytes")]
    TooLarge { limit: u32 },
    #[error("the response doesn't fit the contract's buffer of {room} bytes")]
    BeyondBuffer { room: usize },
    #[error("the run's requests have more than {limit} bytes together")]
    SentTooMuch { limit: u32 },
    #[error("the run's responses have more than {limit} bytes together")]
    ReceivedTooMuch { limit: u32 },
    #[error("{0}")]
    Network(String),
}

/// For whom something is fetched.
pub(crate) struct Asker {
    /// The contract that asks.
    pub(crate) contract: ContractId,
    /// Where its requests may go, redirects included; anywhere where there are none.
    pub(crate) sendable: Option<Origins>,
    /// What bounds the run.
    pub(crate) limits: Arc<Limits>,
    /// What it may still send and receive.
    pub(crate) traffic: Traffic,
}

impl Asker {
    fn limits(&self) -> &HttpLimits {
        &self.limits.http
    }

    /// Whether what the run has read of secrets may be sent to the URL.
    fn may_send_to(&self, url: &Url) -> Result<(), Denial> {
        let Some(sendable) = &self.sendable else { return Ok(()) };
        let origin = Origin::of(url);
        if sendable.contains(&origin) { Ok(()) } else { Err(Denial::Secret(origin)) }
    }
}

impl Egress {
    /// Fetches for a contract within `time`, which begins with waiting for one of the connections.
    /// The response has no body: that is in `body`.
    pub(crate) async fn fetch(
        &self,
        asker: &Asker,
        request: HttpRequest,
        time: Duration,
        body: Body<'_>,
    ) -> Result<HttpResponse, FetchError> {
        let request = Request::parse(request, asker.limits())?;
        let following = ASKING.scope(asker.contract, self.follow(asker, request, body));
        let result = match tokio::time::timeout(time, following).await {
            Ok(result) => result,
            Err(_) => Err(FetchError::Late(time)),
        };
        if result.is_err() {
            body.clear();
        }
        result
    }

    async fn follow(&self, asker: &Asker, mut request: Request, body: Body<'_>) -> Result<HttpResponse, FetchError> {
        let closed = |error: tokio::sync::AcquireError| FetchError::Network(error.to_string());
        let _connection = self.connections.admit(asker.contract).await.map_err(closed)?;
        let mut redirects = 0;
        loop {
            let client = self.admit(&request.url)?;
            asker.may_send_to(&request.url)?;
            asker.traffic.send(request.bytes(), asker.limits())?;
            let response = send(client, &request).await?;
            asker.traffic.receive(size(response.headers()), asker.limits())?;
            let Some(next) = redirect(&response, &request.url)? else {
                return read(asker, response, body).await;
            };
            if redirects == asker.limits().redirects {
                return Err(FetchError::Network(format!("more than {redirects} redirects")));
            }
            redirects += 1;
            request = redirected(request, response.status(), next)?;
        }
    }

    /// The client for a URL that the policy lets pass.
    pub(super) fn admit(&self, url: &Url) -> Result<&Client, Denial> {
        let scheme = || Denial::Scheme(url.scheme().to_owned());
        match (self.route(url), url.scheme()) {
            (Route::Opened(opened), "https") => Ok(&opened.client),
            (Route::Opened(opened), "http") if opened.http => Ok(&opened.client),
            (Route::Opened(_), _) => Err(scheme()),
            (Route::Public(client), "https") => {
                let port = url.port_or_known_default().unwrap_or(0);
                if port != 443 && port < 1024 {
                    return Err(Denial::Port(port));
                }
                // A literal address never comes to the resolver's filter.
                match literal(url).and_then(|address| unreachable(address).map(|registry| (address, registry))) {
                    Some((address, registry)) => Err(Denial::Address { address, registry }),
                    None => Ok(client),
                }
            }
            (Route::Public(_), _) => Err(scheme()),
        }
    }
}

async fn read(asker: &Asker, mut response: Response, body: Body<'_>) -> Result<HttpResponse, FetchError> {
    let limit = asker.limits().response_bytes;
    let fits = |length: u64| {
        if length > u64::from(limit) {
            return Err(FetchError::TooLarge { limit });
        }
        asker.traffic.may_receive(length, asker.limits())?;
        let room = body.room();
        if usize::try_from(length).is_ok_and(|length| length <= room) {
            Ok(())
        } else {
            Err(FetchError::BeyondBuffer { room })
        }
    };
    response.content_length().map_or(Ok(()), fits)?;
    let status = response.status();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        asker.traffic.receive(chunk.len(), asker.limits())?;
        let length = body.append(&chunk).map_err(|NoRoom { room }| FetchError::BeyondBuffer { room })?;
        if length > in_memory(limit) {
            return Err(FetchError::TooLarge { limit });
        }
    }
    Ok(HttpResponse {
        status_code: status.as_u16(),
        reason_phrase: status.canonical_reason().unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
    })
}

async fn send(client: &Client, request: &Request) -> Result<Response, FetchError> {
    let mut builder = client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
    if !request.body.is_empty() {
        builder = builder.body(request.body.clone());
    }
    builder.send().await.map_err(|error| failed(&error))
}

/// The policy's own refusals travel inside the client's errors.
fn failed(error: &reqwest::Error) -> FetchError {
    let mut reason = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(denial) = cause.downcast_ref::<Denial>() {
            return denial.clone().into();
        }
        reason = cause.to_string();
        source = cause.source();
    }
    // The last cause says most, and no URL, which may hold a secret, is in it.
    FetchError::Network(if reason.is_empty() { "the request failed".into() } else { reason })
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Where a response leads, if it leads anywhere.
fn redirect(response: &Response, from: &Url) -> Result<Option<Url>, FetchError> {
    let follows = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(header::LOCATION).filter(|_| follows) else { return Ok(None) };
    joined(from, location).map(Some)
}

/// What a `Location` means that came from `from`.
pub(super) fn joined(from: &Url, location: &HeaderValue) -> Result<Url, FetchError> {
    let invalid = |reason: &str| FetchError::Network(format!("a redirect leads nowhere: {reason}"));
    let location = location.to_str().map_err(|_| invalid("not text"))?;
    from.join(location).map_err(|error| invalid(&error.to_string()))
}

/// The next hop's request (RFC 9110, 15.4): 303 makes everything but HEAD a GET, 301 and 302 make a
/// POST one, and at another origin nothing of the guest's goes along.
pub(super) fn redirected(request: Request, status: StatusCode, next: Url) -> Result<Request, FetchError> {
    if request.url.scheme() == "https" && next.scheme() == "http" {
        return Err(Denial::Downgrade.into());
    }
    let becomes_get = match status.as_u16() {
        301 | 302 => request.method == Method::POST,
        303 => request.method != Method::HEAD,
        _ => false,
    };
    let same_origin = request.url.origin() == next.origin();
    let mut redirected = Request { url: next, ..request };
    if becomes_get {
        redirected.method = Method::GET;
        redirected.body.clear();
        redirected.headers.remove(header::CONTENT_TYPE);
    }
    if !same_origin {
        redirected.headers.clear();
        redirected.body.clear();
    }
    Ok(redirected)
}
