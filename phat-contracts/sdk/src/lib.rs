//! What a Phat Contract in Rust is written with.
//!
//! A contract is a type that implements [`PhatContract`]: [`PhatContract::new`] checks its init
//! data, [`PhatContract::handle_request`] answers a request with bytes, through a [`Host`].
//! [`contract!`] exports it as the `deploy` and `call` that the executor looks for. The same type
//! builds natively, where tests give it a [`testing::MockHost`].
//!
//! ```
//! use phat_sdk::{ContractError, Host, HttpRequest, OracleRequest, PhatContract, abi::Token};
//!
//! /// Answers with the size of a page, as a uint256.
//! struct PageSize {
//!     url: String,
//! }
//!
//! #[derive(Debug, PartialEq, thiserror::Error)]
//! enum PageSizeError {
//!     #[error("the URL must start with https://")]
//!     NotHttps,
//!     #[error("the page answered {0}")]
//!     Status(u16),
//! }
//!
//! impl ContractError for PageSizeError {
//!     fn code(&self) -> u8 {
//!         match self {
//!             Self::NotHttps => 0,
//!             Self::Status(_) => 1,
//!         }
//!     }
//! }
//!
//! impl PhatContract for PageSize {
//!     type Init = String;
//!     type Error = PageSizeError;
//!
//!     fn new(url: String) -> Result<Self, PageSizeError> {
//!         if url.starts_with("https://") { Ok(Self { url }) } else { Err(PageSizeError::NotHttps) }
//!     }
//!
//!     fn handle_request(&self, host: &mut dyn Host, _: &OracleRequest) -> Result<Vec<u8>, PageSizeError> {
//!         let response = host.http(&HttpRequest::get(&self.url), 64 * 1024);
//!         if !response.is_success() {
//!             return Err(PageSizeError::Status(response.status_code));
//!         }
//!         Ok(phat_sdk::abi::encode(&[Token::from(response.body.len())]))
//!     }
//! }
//!
//! phat_sdk::contract!(PageSize, output = "uint256");
//!
//! assert_eq!(PageSize::new("ftp://example.com".into()).err(), Some(PageSizeError::NotHttps));
//! ```
//!
//! # Errors
//! A contract's error reaches the consumer as the report's output, outcome ContractError: one byte
//! [`ContractError::code`], then its text as a SCALE string (see [`encode_error`]).
//!
//! # Memory
//! A guest has 4 MiB in all. The stack is 64 KiB; a full stack, like a refused allocation and a
//! panic, ends the run with a trap, and what the panic said goes to the debug log.
#![no_std]

extern crate alloc;
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

pub mod abi;
pub mod answer;
pub mod chain;
pub mod config;
mod contract;
pub mod decimal;
mod error;
pub mod hashing;
mod host;
mod http;
pub mod json;
pub mod output;
pub mod randomness;
mod secret;
pub mod sigv4;
pub mod source;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub use contract::{MAX_INPUT, NEW, PhatContract, Returned, call, deploy, init_data};
pub use error::{ContractError, MAX_ERROR_TEXT, encode_error};
pub use host::{Host, Level, MAX_BATCH};
pub use http::{BatchFailure, BatchResult, HttpFailure, HttpRequest, HttpResponse, ResponseError};
pub use parity_scale_codec as scale;
pub use phat_protocol::{Answer, Chain, HANDLE_REQUEST, OracleRequest, Outcome};
pub use secret::Secret;
pub use serde_json;
