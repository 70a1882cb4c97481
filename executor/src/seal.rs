//! Host functions: what a contract imports from `seal0`, `seal1` and `seal2`.

mod context;
mod crypto;
mod extension;
mod hashing;
mod memory;
mod output;
mod storage;
mod unsupported;

pub(crate) use context::now;
pub(crate) use memory::{Host, OutBuffer, trap};

use crate::run::Guest;
use wasmi::{Error, Linker};

/// The results of host functions that answer with a code, as pallet-contracts numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReturnCode {
    Success,
    KeyNotFound,
    EcdsaRecoveryFailed,
}

impl ReturnCode {
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Success => 0,
            Self::KeyNotFound => 3,
            Self::EcdsaRecoveryFailed => 11,
        }
    }
}

/// Defines every host function that a module may import.
pub(crate) fn define(linker: &mut Linker<Guest>) -> Result<(), Error> {
    context::define(linker)?;
    output::define(linker)?;
    hashing::define(linker)?;
    crypto::define(linker)?;
    storage::define(linker)?;
    extension::define(linker)?;
    unsupported::define(linker)
}
