use jsonrpsee::http_client::{HttpRequest, HttpResponse, transport};
use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tower::Service;

/// HTTP status 429 and, where there was one, its `Retry-After` (RFC 6585, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) retry_after: Option<Duration>,
}

impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HTTP status 429")
    }
}

impl StdError for RateLimit {}

/// Turns responses with status 429 into [`RateLimit`]: jsonrpsee itself drops their headers.
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
            if response.status().as_u16() != 429 {
                return Ok(response);
            }
            let retry_after = response
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs);
            let limit: Box<dyn StdError + Send + Sync> = Box::new(RateLimit { retry_after });
            Err(transport::Error::Http(limit.into()))
        })
    }
}
