//! From wasm bytes to something that can be run.

use crate::{
    ModuleFacts,
    check::{self, MemoryImport},
    fuel,
    limits::{PAGE_BYTES, in_memory},
    run::Guest,
    seal,
};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use wasmi::{
    CompilationMode, Config, Engine, Extern, Instance, Linker, Memory, MemoryType, Module, OperatorCost, Store,
    errors::{ErrorKind, InstantiationError},
};
use wasmparser::BinaryReader;

/// A translated module. It owns its engine, since an engine keeps the code of every module that it
/// ever translated: dropping this frees it.
pub(crate) struct Translated {
    engine: Engine,
    module: Module,
    linker: Linker<Guest>,
    /// Copies of the linker that are not in use: as many as threads have made instances at once. Each still
    /// names the memory of the instance that it made last, which the next one's replaces.
    spare: Mutex<Vec<Linker<Guest>>>,
    facts: ModuleFacts,
    /// Whether the first slice of the run that began last was brief.
    brief: AtomicBool,
}

/// A slice that takes no longer is brief: about what handing it over to a thread and back takes on a busy machine.
const BRIEF: Duration = Duration::from_micros(100);

/// Calls within calls of one instance, at some 24 bytes each: twice as many as QuickJS nests while its own stack
/// lasts (8,000, for a text of many open parentheses), so that a script is told of endless recursion by an error.
const CALL_DEPTH: usize = 16_384;
/// What the locals and operands of all these may take, in bytes; QuickJS takes at most 650,000.
const STACK_BYTES: usize = 1_000_000;

fn config() -> Config {
    let mut config = Config::default();
    let costs = OperatorCost::default();
    config
        .compilation_mode(CompilationMode::Eager)
        .consume_fuel(true)
        .operator_cost(OperatorCost { call: fuel::GUEST_CALL, call_indirect: fuel::GUEST_CALL, ..costs })
        .allow_start_fn(false)
        .ignore_custom_sections(true)
        .wasm_tail_call(false)
        .wasm_multi_memory(false)
        .wasm_extended_const(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_saturating_float_to_int(true)
        .wasm_multi_value(true)
        .wasm_bulk_memory(true)
        .wasm_reference_types(true)
        .floats(true)
        .set_max_recursion_depth(CALL_DEPTH)
        .set_max_stack_height(STACK_BYTES);
    config
}

/// Translates a module that was checked.
///
/// # Errors
/// What the engine says against it: the module exceeds one of the engine's own bounds.
pub(crate) fn translate(wasm: &[u8], facts: ModuleFacts, memory: Option<&MemoryImport>) -> Result<Translated, String> {
    let engine = Engine::new(&config());
    let said = |error: wasmi::Error| error.to_string();
    let module = Module::new(&engine, without_memory_maximum(wasm, memory)).map_err(said)?;
    let mut linker = Linker::new(&engine);
    seal::define(&mut linker, &facts.imports).map_err(said)?;
    linker.allow_shadowing(true);
    Ok(Translated { engine, module, linker, spare: Mutex::default(), facts, brief: AtomicBool::new(false) })
}

/// An instance, with the memory that was made for it.
pub(crate) struct Started {
    pub(crate) instance: Instance,
    pub(crate) memory: Memory,
}

/// Why a module can't start. It is the same for each run of it: Wasmi's own words would name the store that the run is in,
/// by a number that counts all of the process.
pub(crate) fn reason(error: &wasmi::Error) -> String {
    if let ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { table_index, len, .. }) =
        error.kind()
    {
        return format!("a table has no room for {len} elements from {table_index} on");
    }
    error.to_string()
}

impl Translated {
    pub(crate) fn store(&self, guest: Guest) -> Store<Guest> {
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| guest);
        store
    }

    /// Makes the instance's memory and the instance.
    ///
    /// # Errors
    /// When the memory is refused, or a data or element segment doesn't fit.
    pub(crate) fn start(&self, store: &mut Store<Guest>) -> Result<Started, wasmi::Error> {
        let ty = MemoryType::new(self.facts.initial_pages, None);
        let memory = Memory::new(&mut *store, ty)?;
        let mut linker = self.spares().pop().unwrap_or_else(|| self.linker.clone());
        linker.define(check::MEMORY.0, check::MEMORY.1, Extern::Memory(memory)).map_err(wasmi::Error::from)?;
        let instance = linker.instantiate_and_start(&mut *store, &self.module);
        self.spares().push(linker);
        Ok(Started { instance: instance?, memory })
    }

    fn spares(&self) -> MutexGuard<'_, Vec<Linker<Guest>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a run of it is expected to be done, or to wait, within moments.
    pub(crate) fn is_brief(&self) -> bool {
        self.brief.load(Relaxed)
    }

    /// Notes what the first slice of a run took.
    pub(crate) fn took(&self, time: Duration) {
        self.brief.store(time <= BRIEF, Relaxed);
    }

    pub(crate) fn into_facts(self) -> ModuleFacts {
        self.facts
    }

    /// Pages that an instance begins with.
    pub(crate) const fn initial_pages(&self) -> u32 {
        self.facts.initial_pages
    }

    /// The most that the module's memory may grow to, in bytes, by its own declaration.
    pub(crate) fn declared_bytes(&self) -> Option<usize> {
        self.facts.maximum_pages.map(|pages| in_memory(pages).saturating_mul(in_memory(PAGE_BYTES)))
    }
}

/// The module without its memory's maximum, which the run's limiter enforces instead: the engine
/// refuses growth beyond a declared maximum without asking the limiter, and then nobody would know
/// that a later trap means "out of memory". The bytes of both sizes are given to the first, since
/// LEB128 may be padded; where they are more than the five that it may have, the module stays as it
/// is.
fn without_memory_maximum(wasm: &[u8], memory: Option<&MemoryImport>) -> Vec<u8> {
    let mut module = wasm.to_vec();
    if let Some(memory) = memory
        && memory.ty.maximum.is_some()
        && let Some(limits) = memory_limits(wasm, memory.entry.clone())
        && let Some([flags, sizes @ ..]) = module.get_mut(limits)
        && (1..=5).contains(&sizes.len())
    {
        *flags = 0;
        let mut rest = memory.ty.initial;
        let last = sizes.len() - 1;
        for (index, byte) in sizes.iter_mut().enumerate() {
            let low = u8::try_from(rest & 0x7f).unwrap_or(0x7f);
            *byte = if index == last { low } else { low | 0x80 };
            rest >>= 7;
        }
    }
    module
}

/// Where in an import's entry the memory's flags and sizes stand.
fn memory_limits(wasm: &[u8], entry: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let mut reader = BinaryReader::new(wasm.get(entry.clone())?, entry.start);
    reader.read_string().ok()?;
    reader.read_string().ok()?;
    reader.read_u8().ok()?;
    Some(reader.original_position()..entry.end)
}

#[cfg(test)]
mod tests;
