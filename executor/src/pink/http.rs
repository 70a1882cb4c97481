//! HTTP for guests: the call suspends, the driver fetches, and the answer is written when it is
//! there. Nothing that the outside world can cause traps.

use super::{
    answer_code,
    codec::{self, HttpRequest, HttpRequestError, HttpResponse},
};
use crate::{
    HttpCall, HttpResult,
    egress::{Allowance, Asker, Bodies, Egress, FetchError, origin_of},
    fuel,
    limits::in_memory,
    run::{
        Guest, Mode,
        wait::{HttpShape, HttpWait, Suspension},
    },
    seal::{Host, OutBuffer},
};
use futures_util::future::join_all;
use parity_scale_codec::Encode;
use std::time::Duration;
use tokio::time::Instant;
use wasmi::Error;

/// The status of an answer that is the host's, where no response came.
const UNREACHABLE: u16 = 523;
/// The status of an answer that is the host's, where the response came too late or is too large.
const LATE: u16 = 524;

/// What was fetched for a suspended guest.
pub(crate) struct HttpReply {
    pub(crate) results: Vec<Result<HttpResponse, FetchError>>,
    pub(crate) calls: Vec<HttpCall>,
    /// What the run may still send and receive.
    pub(crate) allowance: Allowance,
    pub(crate) shape: HttpShape,
    pub(crate) out: OutBuffer,
}

/// `http_request`: suspends the guest.
pub(super) fn request(host: &mut Host<'_>, input: &[u8], out: OutBuffer) -> Result<u32, Error> {
    let Run { headers, mode, .. } = run(host);
    charge_decoding(host, input)?;
    let request = codec::request(input, headers)?;
    if mode == Mode::Transaction {
        return answer(host, out, own_response(UNREACHABLE, "API Unavailable", "no HTTP in a transaction"));
    }
    if let Some(reason) = beyond_limit(host, 1) {
        return answer(host, out, own_response(UNREACHABLE, "Too Many Requests", &reason));
    }
    suspend(host, vec![request], HttpShape::Single, out)
}

/// `batch_http_request`: suspends the guest, or answers the code of what is wrong with the batch.
pub(super) fn batch(host: &mut Host<'_>, input: &[u8], out: OutBuffer) -> Result<u32, Error> {
    let Run { batch, headers, mode } = run(host);
    charge_decoding(host, input)?;
    let Some((requests, timeout)) = codec::batch(input, batch, headers)? else {
        return answer_code(host, HttpRequestError::TooManyRequests.status(), out);
    };
    if mode == Mode::Transaction {
        return answer_code(host, HttpRequestError::NotAllowed.status(), out);
    }
    if beyond_limit(host, requests.len()).is_some() {
        return answer_code(host, HttpRequestError::TooManyRequests.status(), out);
    }
    let timeout = Duration::from_millis(timeout);
    suspend(host, requests, HttpShape::Batch { timeout }, out)
}

struct Run {
    batch: usize,
    /// A guest that waits holds no more than what can still be sent: one header too many is enough
    /// to be refused for it.
    headers: usize,
    mode: Mode,
}

fn run(host: &Host<'_>) -> Run {
    let run = &host.guest().run;
    let http = &run.limits.http;
    Run { batch: in_memory(http.batch), headers: in_memory(http.headers).saturating_add(1), mode: run.mode }
}

/// Every byte was paid for when it was read, and is again before it is decoded.
fn charge_decoding(host: &mut Host<'_>, input: &[u8]) -> Result<(), Error> {
    host.charge(fuel::of_bytes(input.len(), fuel::BYTE))
}

fn suspend(host: &mut Host<'_>, requests: Vec<HttpRequest>, shape: HttpShape, out: OutBuffer) -> Result<u32, Error> {
    let price = fuel::HTTP_REQUEST.saturating_mul(u64::try_from(requests.len()).unwrap_or(u64::MAX));
    host.charge(price)?;
    // A buffer that isn't the guest's own is its mistake, found before the world hears of it.
    let room = host.room(out)?;
    let Guest { run, frame } = host.guest();
    let (contract, sendable, allowance) = (frame.contract, run.sendable.clone(), run.allowance);
    Err(host.suspend(Suspension::Http(HttpWait { contract, sendable, allowance, requests, shape, out, room })))
}

/// Why the run may not make so many more requests.
fn beyond_limit(host: &Host<'_>, requests: usize) -> Option<String> {
    let run = &host.guest().run;
    let most = in_memory(run.limits.http.requests);
    let beyond = run.http.len().saturating_add(requests) > most;
    beyond.then(|| format!("more than {most} HTTP requests in one run"))
}

/// Answers at once.
fn answer(host: &mut Host<'_>, out: OutBuffer, response: HttpResponse) -> Result<u32, Error> {
    let capacity = host.capacity(out)?;
    host.write_out(out, &single(Ok(response), capacity))?;
    Ok(0)
}

/// Fetches every request of a contract at once, each within `time`, and all together with at most `room` bytes of
/// bodies.
pub(crate) async fn perform(
    egress: &Egress,
    asker: &Asker,
    requests: Vec<HttpRequest>,
    room: usize,
    time: Duration,
) -> (Vec<Result<HttpResponse, FetchError>>, Vec<HttpCall>) {
    let bodies = Bodies::new(requests.len(), room);
    let fetched = join_all(requests.into_iter().enumerate().map(|(index, request)| {
        let body = bodies.body(index);
        async move {
            let (started, origin) = (Instant::now(), origin_of(&request.url));
            let result = egress.fetch(asker, request, time, body).await;
            let call = HttpCall { origin, result: summary(&result), duration: started.elapsed() };
            (result, call)
        }
    }));
    let (results, calls): (Vec<_>, Vec<_>) = fetched.await.into_iter().unzip();
    // One that had come whole may have given way to others since.
    let results = results.into_iter().zip(bodies.into_bodies()).map(|(result, body)| {
        let body = body.ok_or(FetchError::BeyondBuffer { room });
        result.and_then(|response| Ok(HttpResponse { body: body?, ..response }))
    });
    (results.collect(), calls)
}

fn summary(result: &Result<HttpResponse, FetchError>) -> HttpResult {
    match result {
        Ok(response) => HttpResult::Status(response.status_code),
        Err(FetchError::Denied(denial)) => HttpResult::Denied(denial.clone()),
        Err(
            error @ (FetchError::InvalidUrl(_)
            | FetchError::InvalidMethod
            | FetchError::InvalidHeaderName(_)
            | FetchError::InvalidHeaderValue(_)
            | FetchError::TooManyHeaders { .. }
            | FetchError::Late(_)
            | FetchError::TooLarge { .. }
            | FetchError::BeyondBuffer { .. }
            | FetchError::SentTooMuch { .. }
            | FetchError::ReceivedTooMuch { .. }
            | FetchError::Network(_)),
        ) => HttpResult::Failed(error.to_string()),
    }
}

/// Writes what was fetched where the guest wants it, and answers the call's code.
pub(crate) fn reply(host: &mut Host<'_>, reply: HttpReply) -> Result<u32, Error> {
    let HttpReply { results, calls, allowance, shape, out } = reply;
    let run = &mut host.guest_mut().run;
    run.last_http_denied = results.iter().any(|result| matches!(result, Err(FetchError::Denied(_))));
    run.http.extend(calls);
    run.allowance = allowance;
    let capacity = host.capacity(out)?;
    let output = match shape {
        HttpShape::Single => results.into_iter().next().map(|result| single(result, capacity)).unwrap_or_default(),
        HttpShape::Batch { .. } => match several(results, capacity) {
            Some(output) => output,
            None => return answer_code(host, HttpRequestError::ResponseTooLarge.status(), out),
        },
    };
    host.write_out(out, &output)?;
    Ok(0)
}

fn single(result: Result<HttpResponse, FetchError>, capacity: usize) -> Vec<u8> {
    let response = result.unwrap_or_else(|error| own_response(status(&error), reason(&error), &error.to_string()));
    let encoded = response.encode();
    if encoded.len() <= capacity {
        return encoded;
    }
    let said = too_large_for_buffer(encoded.len(), capacity).encode();
    // A buffer that holds no words still holds the status.
    if said.len() <= capacity { said } else { own_response(LATE, "", "").encode() }
}

fn too_large_for_buffer(length: usize, capacity: usize) -> HttpResponse {
    let reason = format!("the response takes {length} bytes, and the contract's buffer {capacity}");
    own_response(LATE, "Response Too Large", &reason)
}

/// The results of a batch; where they don't fit together, the largest ones are replaced first. None where
/// not even their errors fit.
fn several(results: Vec<Result<HttpResponse, FetchError>>, capacity: usize) -> Option<Vec<u8>> {
    let mut results: Vec<Result<HttpResponse, HttpRequestError>> =
        results.into_iter().map(|result| result.map_err(|error| code(&error))).collect();
    loop {
        let encoded = results.encode();
        if encoded.len() <= capacity {
            return Some(encoded);
        }
        let largest = results.iter_mut().filter(|result| result.is_ok()).max_by_key(|result| result.encoded_size());
        *largest? = Err(HttpRequestError::ResponseTooLarge);
    }
}

fn own_response(status_code: u16, reason_phrase: &str, body: &str) -> HttpResponse {
    HttpResponse { status_code, reason_phrase: reason_phrase.into(), headers: Vec::new(), body: body.into() }
}

fn status(error: &FetchError) -> u16 {
    match error {
        FetchError::Late(_)
        | FetchError::TooLarge { .. }
        | FetchError::BeyondBuffer { .. }
        | FetchError::ReceivedTooMuch { .. } => LATE,
        FetchError::Denied(_)
        | FetchError::InvalidUrl(_)
        | FetchError::InvalidMethod
        | FetchError::InvalidHeaderName(_)
        | FetchError::InvalidHeaderValue(_)
        | FetchError::TooManyHeaders { .. }
        | FetchError::SentTooMuch { .. }
        | FetchError::Network(_) => UNREACHABLE,
    }
}

fn reason(error: &FetchError) -> &'static str {
    match error {
        FetchError::Late(_) => "Timeout",
        FetchError::TooLarge { .. } | FetchError::BeyondBuffer { .. } | FetchError::ReceivedTooMuch { .. } => {
            "Response Too Large"
        }
        FetchError::SentTooMuch { .. } => "Too Many Requests",
        FetchError::Denied(_) => "Not Allowed",
        FetchError::InvalidUrl(_)
        | FetchError::InvalidMethod
        | FetchError::InvalidHeaderName(_)
        | FetchError::InvalidHeaderValue(_)
        | FetchError::TooManyHeaders { .. } => "Invalid Request",
        FetchError::Network(_) => "Unreachable",
    }
}

fn code(error: &FetchError) -> HttpRequestError {
    match error {
        FetchError::Denied(_) => HttpRequestError::NotAllowed,
        FetchError::InvalidUrl(_) => HttpRequestError::InvalidUrl,
        FetchError::InvalidMethod => HttpRequestError::InvalidMethod,
        FetchError::InvalidHeaderName(_) => HttpRequestError::InvalidHeaderName,
        FetchError::InvalidHeaderValue(_) => HttpRequestError::InvalidHeaderValue,
        FetchError::TooManyHeaders { .. } => HttpRequestError::TooManyHeaders,
        FetchError::Late(_) => HttpRequestError::Timeout,
        FetchError::TooLarge { .. } | FetchError::BeyondBuffer { .. } | FetchError::ReceivedTooMuch { .. } => {
            HttpRequestError::ResponseTooLarge
        }
        FetchError::SentTooMuch { .. } => HttpRequestError::TooManyRequests,
        FetchError::Network(_) => HttpRequestError::NetworkError,
    }
}

#[cfg(test)]
mod tests;
