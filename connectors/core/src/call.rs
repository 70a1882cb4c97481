use std::{fmt, time::Duration};

/// One call to an endpoint, or several that were sent together.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The endpoint's name, without credentials.
    pub endpoint: &'a str,
    /// The method, or the first one's.
    pub method: &'a str,
    /// From sending it to the answer.
    pub elapsed: Duration,
    /// [`ChainError::kind`](crate::ChainError::kind) of what went wrong; none for an answer.
    pub failure: Option<&'static str>,
}

/// Who is told of every call that a chain end makes. It must not block.
pub trait CallObserver: fmt::Debug + Send + Sync {
    /// A call has ended.
    fn called(&self, call: Call<'_>);
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl CallObserver for Unobserved {
    fn called(&self, _: Call<'_>) {}
}
