//! What the fuzz targets share: a host with an executor in it, what they have it run, and what must hold of every
//! result. Each target is a module here; its binary hands it the fuzzer's bytes.

mod host;
mod plan;

pub mod host_calls;
pub mod modules;
pub mod requests;
pub mod responses;
pub mod scale;
