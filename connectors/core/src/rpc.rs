//! JSON-RPC over the endpoints of one chain as one, which all chain families share: which is asked, which must agree,
//! which are out. What differs between families is their [`Dialect`].
//!
//! What goes over the wire is sent by jsonrpsee.

mod dialect;
mod endpoint_url;
mod endpoints;
mod failure;
mod rate_limit;
mod settings;
mod subscription;
mod tls;
mod transport;
mod web_socket;

pub use dialect::{Dialect, ErrorCodes};
pub use endpoint_url::{EndpointUrl, ParseEndpointUrlError};
pub use endpoints::{Common, Endpoint, Endpoints};
pub use failure::{Answered, CallError, NodeError};
pub use settings::{EndpointSettings, SettingsError};
pub use subscription::Subscription;
pub use tls::{CertificateError, client_config};
pub use transport::{Call, Params, Reply};
pub use web_socket::connect as connect_web_socket;
