//! Where a contract's data comes from: what init data may say about a source, and what a request's payload
//! may fill in, so that nobody's contract becomes an open proxy.

mod header;
mod json_template;
mod origin;
mod parameters;
mod pieces;
mod pointer;
mod read;
mod template;

pub use header::{Headers, HeadersError};
pub use json_template::{JsonTemplate, quoted};
pub use origin::{Origin, OriginError};
pub use parameters::{MAX_PARAMETER, Parameter, Parameters, ParametersError};
pub use pieces::is_placeholder_name;
pub use pointer::PointerTemplate;
pub use read::ReadError;
pub use template::{MAX_URL, Template, TemplateError};
