//! wasmtime: a module compiled once, all that can be prepared prepared, a fresh instance for each call out of
//! a pool. Nothing is metered and nothing can be interrupted, so that this is as fast as it gets.

use crate::{
    contract::Contract,
    host::Host,
    rewrite::{MEMORY, own_memory},
    seal::{self, Call, OutOfBounds, Storage},
};
use anyhow::{Context, Result, anyhow, ensure};
use std::fmt;
use wasmtime::{
    Caller, Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Memory, Module, PoolingAllocationConfig,
    Store,
};

/// The contract, ready to be called.
pub(crate) struct Compiled {
    prepared: InstancePre<Guest>,
    input: Vec<u8>,
    storage: Storage,
}

struct Guest {
    call: Call,
    memory: Option<Memory>,
}

/// The contract returned, which ends its call.
#[derive(Debug)]
struct Returned;

impl fmt::Display for Returned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("returned")
    }
}

impl std::error::Error for Returned {}

/// Instances that can be alive at once, and the memory that each may have.
const INSTANCES: u32 = 8;
const MEMORY_BYTES: usize = 4 * 1024 * 1024;

/// An engine whose instances come from a pool.
pub(crate) fn engine() -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(INSTANCES).total_memories(INSTANCES).total_tables(INSTANCES);
    pool.max_memory_size(MEMORY_BYTES);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).wasm_backtrace_max_frames(None);
    Engine::new(&config).map_err(said)
}

/// What compiling takes alone, for the first run of a module.
pub(crate) fn compile(engine: &Engine, wasm: &[u8]) -> Result<Module> {
    Module::new(engine, own_memory(wasm)?).map_err(said)
}

impl Compiled {
    /// Compiles and deploys.
    pub(crate) fn deploy(engine: &Engine, contract: &Contract) -> Result<Self> {
        let module = compile(engine, &contract.wasm)?;
        let prepared = linker(engine)?.instantiate_pre(&module).map_err(said)?;
        let mut compiled = Self { prepared, input: contract.input.clone(), storage: Storage::new() };
        compiled.storage = compiled.run("deploy", &contract.init)?.storage;
        Ok(compiled)
    }

    fn run(&self, export: &str, input: &[u8]) -> Result<Call> {
        let call = Call { input: input.to_vec(), output: Vec::new(), storage: self.storage.clone() };
        let mut store = Store::new(self.prepared.module().engine(), Guest { call, memory: None });
        let instance = self.prepared.instantiate(&mut store).map_err(said)?;
        let memory = instance.get_memory(&mut store, MEMORY).context("no memory")?;
        store.data_mut().memory = Some(memory);
        let entry = instance.get_typed_func::<(), ()>(&mut store, export).map_err(said)?;
        if let Err(error) = entry.call(&mut store, ()) {
            ensure!(error.is::<Returned>(), "{error}");
        }
        Ok(store.into_data().call)
    }
}

impl Host for Compiled {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn call(&mut self) -> Result<Vec<u8>> {
        Ok(self.run("call", &self.input)?.output)
    }
}

fn said(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("wasmtime: {error:#}")
}

/// The call's data and its memory.
fn parts<'a>(caller: &'a mut Caller<'_, Guest>) -> wasmtime::Result<(&'a mut [u8], &'a mut Guest)> {
    let memory = caller.data().memory.ok_or_else(|| wasmtime::Error::msg("no memory"))?;
    Ok(memory.data_and_store_mut(caller))
}

fn trap(_: OutOfBounds) -> wasmtime::Error {
    wasmtime::Trap::MemoryOutOfBounds.into()
}

type Guests<'a> = Caller<'a, Guest>;

fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    define(&mut linker).map_err(said)?;
    Ok(linker)
}

fn define(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("seal0", "input", |mut caller: Guests<'_>, out: u32, length: u32| {
        let (memory, guest) = parts(&mut caller)?;
        guest.call.take_input(memory, out, length).map_err(trap)
    })?;
    linker.func_wrap("seal0", "seal_return", |mut caller: Guests<'_>, _flags: u32, at: u32, length: u32| {
        let (memory, guest) = parts(&mut caller)?;
        guest.call.returns(memory, at, length).map_err(trap)?;
        Err::<(), _>(wasmtime::Error::from(Returned))
    })?;
    linker.func_wrap("seal0", "value_transferred", |mut caller: Guests<'_>, out: u32, length: u32| {
        let (memory, _) = parts(&mut caller)?;
        Call::value(memory, out, length).map_err(trap)
    })?;
    linker.func_wrap("seal0", "debug_message", |_: Guests<'_>, _at: u32, _length: u32| seal::LOGGING_DISABLED)?;
    linker.func_wrap(
        "seal1",
        "get_storage",
        |mut caller: Guests<'_>, key: u32, key_length: u32, out: u32, length: u32| {
            let (memory, guest) = parts(&mut caller)?;
            guest.call.load(memory, (key, key_length), (out, length)).map_err(trap)
        },
    )?;
    linker.func_wrap(
        "seal2",
        "set_storage",
        |mut caller: Guests<'_>, key: u32, key_length: u32, value: u32, length: u32| {
            let (memory, guest) = parts(&mut caller)?;
            guest.call.store(memory, (key, key_length), (value, length)).map_err(trap)
        },
    )?;
    Ok(())
}
