//! The untrusted host around the enclave: it watches chains, has requests answered, submits the
//! reports and settles them. The row in the database is the queue; everything in memory can be lost.

pub mod api;
pub mod attempt;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod compose;
pub mod config;
pub mod doctor;
pub mod enclave;
pub mod health;
pub mod jobs;
pub(crate) mod metrics;
pub mod output;
pub mod pipeline;
pub mod request;
pub mod schema;
pub mod store;
