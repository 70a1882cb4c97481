//! Calls between contracts. A module may import them; calling one ends the run as `BadContract`.

use crate::{
    check::imports,
    run::{Guest, wait::Halt},
};
use wasmi::{Error, FuncType, Linker, ValType};

const UNSUPPORTED: &[(&str, &str)] = &[
    ("seal0", "code_hash"),
    ("seal0", "set_code_hash"),
    ("seal0", "delegate_call"),
    ("seal1", "call"),
    ("seal1", "instantiate"),
    ("seal2", "call"),
    ("seal2", "instantiate"),
];

pub(super) fn define(linker: &mut Linker<Guest>) -> Result<(), Error> {
    for (module, name) in UNSUPPORTED {
        let Some(import) = imports::known(module, name) else { continue };
        let ty = FuncType::new(import.params.iter().map(value_type), import.results.iter().map(value_type));
        linker.func_new(module, name, ty, move |_, _, _| Err(Halt::Unsupported(format!("{module}.{name}")).into()))?;
    }
    Ok(())
}

/// Host functions take and give integers alone.
fn value_type(ty: &wasmparser::ValType) -> ValType {
    if *ty == wasmparser::ValType::I64 { ValType::I64 } else { ValType::I32 }
}
