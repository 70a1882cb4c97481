//! Host functions: what a contract imports from `seal0`, `seal1` and `seal2`.

mod call;
mod code;
mod context;
mod crypto;
mod extension;
mod guard;
mod hashing;
mod memory;
mod output;
mod storage;

pub(crate) use context::now;
use guard::Linker;
pub(crate) use memory::{Host, OutBuffer, trap};

use crate::run::Guest;
use wasmi::Error;

/// The results of host functions that answer with a code, as pallet-contracts numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReturnCode {
    Success,
    CalleeTrapped,
    CalleeReverted,
    KeyNotFound,
    TransferFailed,
    CodeNotFound,
    NotCallable,
    EcdsaRecoveryFailed,
    Sr25519VerifyFailed,
}

impl ReturnCode {
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Success => 0,
            Self::CalleeTrapped => 1,
            Self::CalleeReverted => 2,
            Self::KeyNotFound => 3,
            Self::TransferFailed => 5,
            Self::CodeNotFound => 7,
            Self::NotCallable => 8,
            Self::EcdsaRecoveryFailed => 11,
            Self::Sr25519VerifyFailed => 12,
        }
    }
}

/// Defines the host functions that a module imports, given as (module, name).
pub(crate) fn define(linker: &mut wasmi::Linker<Guest>, imports: &[(String, String)]) -> Result<(), Error> {
    let linker = &mut Linker::new(linker, imports);
    context::define(linker)?;
    output::define(linker)?;
    hashing::define(linker)?;
    crypto::define(linker)?;
    storage::define(linker)?;
    extension::define(linker)?;
    call::define(linker)?;
    code::define(linker)
}
