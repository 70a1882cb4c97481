use crate::{HttpRequest, HttpResponse};
use alloc::{collections::VecDeque, vec::Vec};

/// Requests that have to be made, in order, and what each is answered.
pub(super) struct Expected(VecDeque<(HttpRequest, HttpResponse)>);

impl Expected {
    pub(super) fn new(exchanges: impl IntoIterator<Item = (HttpRequest, HttpResponse)>) -> Self {
        Self(exchanges.into_iter().collect())
    }

    pub(super) fn answer(&mut self, request: &HttpRequest) -> HttpResponse {
        let next = self.0.pop_front();
        let (expected, response) = next.unwrap_or_else(|| panic!("one request more than is expected: {request:?}"));
        assert_eq!(*request, expected, "another request than is expected next");
        response
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        let left: Vec<_> = self.0.iter().map(|(request, _)| &request.url).collect();
        // A test that has failed already says why.
        assert!(left.is_empty() || std::thread::panicking(), "expected requests that were never made: {left:?}");
    }
}
