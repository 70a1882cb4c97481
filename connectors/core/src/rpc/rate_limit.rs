use jsonrpsee::http_client::{HeaderMap, HttpRequest, HttpResponse, transport};
use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tower::Service;

/// HTTP status 429 (RFC 6585, section 4), or another with `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    status: u16,
    /// How long to wait, where the response said so.
    pub(crate) retry_after: Option<Duration>,
}

impl RateLimit {
    /// What the response's status and headers say of a limit. 503 is one where it says for how long (RFC 9110, section
    /// 15.6.4); otherwise nothing tells it from a failure.
    fn of(status: u16, headers: &HeaderMap) -> Option<Self> {
        let retry_after = retry_after(headers);
        let is_limit = status == 429 || (status == 503 && retry_after.is_some());
        is_limit.then_some(Self { status, retry_after })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HTTP status {}", self.status)
    }
}

impl StdError for RateLimit {}

/// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3). A date is compared with the server's own in
/// `Date`, which no difference between its clock and ours falsifies.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text("date")?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// Turns responses that limit the rate of calls into [`RateLimit`]: jsonrpsee itself drops their headers.
#[derive(Clone, Debug)]
pub(crate) struct MarkRateLimits<S>(S);

impl<S> MarkRateLimits<S> {
    pub(crate) const fn new(inner: S) -> Self {
        Self(inner)
    }
}

impl<S, B> Service<HttpRequest> for MarkRateLimits<S>
where
    S: Service<HttpRequest, Response = HttpResponse<B>, Error = transport::Error>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, transport::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), transport::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move {
            let response = response.await?;
            let Some(limit) = RateLimit::of(response.status().as_u16(), response.headers()) else {
                return Ok(response);
            };
            let limit: Box<dyn StdError + Send + Sync> = Box::new(limit);
            Err(transport::Error::Http(limit.into()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn said(status: u16, headers: &[(&'static str, &str)]) -> Option<Option<u64>> {
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.insert(*name, value.parse().unwrap());
        }
        let limit = RateLimit::of(status, &sent)?;
        Some(limit.retry_after.map(|wait| wait.as_secs()))
    }

    #[test]
    fn how_long_to_wait_is_read_as_seconds_and_as_every_form_of_date() {
        let date = ("date", NOW);
        for (value, expected) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            // The three forms of RFC 9110, section 5.6.7.
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:49:40 GMT", Some(3)),
            ("Sun Nov  6 09:49:37 1994", Some(3_600)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(said(429, &[date, ("retry-after", value)]), Some(expected), "{value}");
        }
        // Without the server's own time a date tells nothing.
        assert_eq!(said(429, &[("retry-after", NOW)]), Some(None));
        assert_eq!(said(429, &[date]), Some(None));
    }

    #[test]
    fn an_unavailable_service_limits_the_rate_where_it_says_for_how_long() {
        assert_eq!(said(503, &[("retry-after", "7")]), Some(Some(7)));
        assert_eq!(said(503, &[]), None);
        assert_eq!(said(503, &[("retry-after", "soon")]), None);
        assert_eq!(said(500, &[("retry-after", "7")]), None);
    }
}
