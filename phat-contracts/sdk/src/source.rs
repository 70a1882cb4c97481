//! Where a contract's data comes from: what init data may say about a source, and what a request's payload
//! may fill in, so that nobody's contract becomes an open proxy.

mod header;
mod origin;
mod parameters;
mod pieces;
mod pointer;
mod template;

pub use header::{Headers, HeadersError};
pub use origin::{Origin, OriginError};
pub use parameters::{MAX_PARAMETER, Parameters, ParametersError};
pub use pointer::PointerTemplate;
pub use template::{MAX_URL, Template, TemplateError};
