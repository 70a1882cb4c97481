//! ink! contracts as people see them: what a `.contract` bundle holds, which constructors and messages
//! a contract has, and the way between readable values and the bytes that it takes and gives.
//!
//! Metadata of ink! 3, 4 and 5 is read. It is untrusted: whoever uploads it may lie, and nothing here
//! takes more than the input is long, nor recurses deeper than [`MAX_DEPTH`].
//!
//! | SCALE | JSON |
//! | --- | --- |
//! | `u8` to `u32`, `i8` to `i32` | a number |
//! | `u64`, `u128`, `i64`, `i128` | a decimal number as text; a number, or `0x…` digits, is taken too |
//! | `bool`, `String` | themselves; a `char` is a text of one character |
//! | `Vec<u8>`, `[u8; N]`, a struct of one unnamed field that is such | `"0x…"` |
//! | sequence, array, tuple, struct with several unnamed fields | an array; the empty tuple is `null` |
//! | struct of one unnamed field | that field |
//! | struct with named fields | an object |
//! | variant without fields | its name |
//! | variant with fields | `{"Name": …}`, the fields as a struct has them |
//! | `Option` | `null` or the value; `{"Some": …}` where the value is an option itself |

mod bundle;
mod decode;
mod describe;
mod encode;
mod interface;
mod literal;
mod registry;

pub use bundle::{Bundle, BundleError};
pub use decode::{DecodeError, Returned};
pub use encode::EncodeError;
pub use interface::{Argument, Entry, Interface, MetadataError, UnknownEntry};

/// How deep a value may be nested.
pub const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests;
