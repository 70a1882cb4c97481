//! What the fuzz targets reach beside the public interface. The feature `fuzzing` is theirs alone.

pub use crate::egress::Hop;

use crate::{
    EgressPolicy, HostServices, HttpLimits,
    admission::Admission,
    check::imports::KNOWN,
    egress::{Egress, EgressError},
    limits::in_memory,
    pink::{arguments, http_arguments, http_batch_arguments},
};
use wasmparser::ValType;

/// A host function as guests import it.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// The module that it is imported from.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Types of its arguments.
    pub params: &'static [ValType],
    /// Types of its results.
    pub results: &'static [ValType],
}

/// Every host function.
pub fn imports() -> impl Iterator<Item = Import> {
    KNOWN.iter().map(|import| Import {
        module: import.module,
        name: import.name,
        params: import.params,
        results: import.results,
    })
}

/// The requests and the time-out that the arguments of `batch_http_request` hold, as counts of the headers that are
/// kept of each; none where they can't be decoded, or are too many.
#[must_use]
pub fn batch(input: &[u8], limits: &HttpLimits) -> Option<(Vec<usize>, u64)> {
    let (most, headers) = (in_memory(limits.batch), in_memory(limits.headers));
    let (requests, timeout) = http_batch_arguments(input, most, headers).ok()??;
    Some((requests.iter().map(|request| request.headers.len()).collect(), timeout))
}

/// Decodes the arguments of every function of the chain extensions.
pub fn decode_arguments(input: &[u8]) {
    type Bytes = Vec<u8>;
    let _ = arguments::<(u8, Bytes, Bytes, Bytes)>(input);
    let _ = arguments::<(Bytes, Bytes)>(input);
    let _ = arguments::<(Bytes, u64)>(input);
    let _ = arguments::<(u8, String)>(input);
    let _ = arguments::<(Bytes, [u8; 32])>(input);
    let _ = arguments::<([u8; 65], [u8; 32], [u8; 33])>(input);
    let _ = arguments::<([u8; 32], bool)>(input);
}

/// The egress policy, which says where requests would go.
pub struct Gate {
    egress: Egress,
    limits: HttpLimits,
}

impl Gate {
    /// Puts a policy into effect.
    ///
    /// # Errors
    /// Every entry that can't be put into effect.
    pub fn new(policy: &EgressPolicy, limits: &HttpLimits, host: &HostServices) -> Result<Self, Vec<EgressError>> {
        Ok(Self { egress: Egress::new(policy, limits, Admission::new(1, 1), host)?, limits: limits.clone() })
    }

    /// The hops that the policy lets pass of a request, which is the argument of `http_request`, where each answer
    /// redirects with this status to that `Location`.
    #[must_use]
    pub fn hops(&self, argument: &[u8], answers: &[(u16, Vec<u8>)]) -> Vec<Hop> {
        match http_arguments(argument, in_memory(self.limits.headers)) {
            Ok(request) => self.egress.hops(request, &self.limits, answers),
            Err(_) => Vec::new(),
        }
    }
}
