//! One trace for each request, whoever works on it and however often it is started again: the trace's
//! id comes from the request's.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::{fmt, str::FromStr};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A place in a trace, as W3C Trace Context (<https://www.w3.org/TR/trace-context/>, version 00) writes
/// it in the header `traceparent`. It comes from the other side of a boundary, and decides nothing but
/// where spans are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: [u8; 16],
    span: [u8; 8],
    sampled: bool,
}

/// Text that is no `traceparent` of version 00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 00-TRACE-SPAN-FLAGS in lower-case hexadecimal digits, with neither id zero")]
pub struct ParseTraceParentError;

impl TraceParent {
    /// The name of the header.
    pub const HEADER: &'static str = "traceparent";

    /// The trace of a request: its id is the first half of the request's id, and everything hangs on
    /// one span whose id comes from the second.
    #[must_use]
    pub fn of_request(id: &[u8; 32]) -> Self {
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(&id[..16]);
        span.copy_from_slice(&id[16..24]);
        // Zero means "none" in both; no hash of anything is expected to meet it.
        trace[15] |= u8::from(trace == [0; 16]);
        span[7] |= u8::from(span == [0; 8]);
        Self { trace, span, sampled: true }
    }

    /// The id that all spans of the trace share.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex::encode(self.trace)
    }

    /// Puts a span that was just made below this place. Nothing happens when no traces are exported.
    pub fn adopt(&self, span: &Span) {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let place = SpanContext::new(
            TraceId::from_bytes(self.trace),
            SpanId::from_bytes(self.span),
            flags,
            true,
            TraceState::default(),
        );
        // Refused where no layer exports, or the span was entered before: then it stays where it is.
        let _ = span.set_parent(Context::new().with_remote_span_context(place));
    }
}

/// Where the present span stands, for the header `traceparent` of a call that it makes; none when no
/// traces are exported.
#[must_use]
pub fn traceparent() -> Option<String> {
    let context = Span::current().context();
    let place = context.span().span_context().clone();
    let parent = TraceParent {
        trace: place.trace_id().to_bytes(),
        span: place.span_id().to_bytes(),
        sampled: place.is_sampled(),
    };
    place.is_valid().then(|| parent.to_string())
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, sampled } = self;
        write!(formatter, "00-{}-{}-{:02x}", hex::encode(trace), hex::encode(span), u8::from(*sampled))
    }
}

impl FromStr for TraceParent {
    type Err = ParseTraceParentError;

    fn from_str(text: &str) -> Result<Self, ParseTraceParentError> {
        fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
            if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
                return None;
            }
            let mut bytes = [0; N];
            hex::decode_to_slice(text, &mut bytes).ok()?;
            Some(bytes)
        }
        let read = || {
            let mut parts = text.split('-');
            let version: [u8; 1] = bytes(parts.next()?)?;
            let (trace, span) = (bytes(parts.next()?)?, bytes(parts.next()?)?);
            let [flags] = bytes(parts.next()?)?;
            let whole = parts.next().is_none() && version == [0] && trace != [0; 16] && span != [0; 8];
            whole.then_some(Self { trace, span, sampled: flags & 1 == 1 })
        };
        read().ok_or(ParseTraceParentError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_it_was_written() {
        let parent = TraceParent::of_request(&[0xab; 32]);
        let header = format!("00-{}-{}-01", "ab".repeat(16), "ab".repeat(8));
        assert_eq!(parent.to_string(), header);
        assert_eq!(header.parse(), Ok(parent));
        assert_eq!(parent.trace_id(), "ab".repeat(16));
    }

    #[test]
    fn a_request_of_zeros_has_a_trace_all_the_same() {
        let parent = TraceParent::of_request(&[0; 32]);
        assert_eq!(parent.to_string().parse(), Ok(parent));
    }

    #[test]
    fn a_header_that_breaks_the_form_is_refused() {
        let (trace, span) = ("ab".repeat(16), "cd".repeat(8));
        for header in [
            String::new(),
            format!("01-{trace}-{span}-01"),
            format!("00-{}-{span}-01", "00".repeat(16)),
            format!("00-{trace}-{}-01", "00".repeat(8)),
            format!("00-{}-{span}-01", "AB".repeat(16)),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-"),
            format!("00-{trace}-{span}-1"),
            format!("00-{trace}é-{span}-01"),
        ] {
            assert_eq!(header.parse::<TraceParent>(), Err(ParseTraceParentError), "{header}");
        }
    }
}
