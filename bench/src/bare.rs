//! wasmi and nothing around it: a module translated once, a fresh instance for each call.

use crate::{
    contract::Contract,
    host::Host,
    seal::{self, Call, OutOfBounds, Storage},
};
use anyhow::{Context, Result, anyhow, ensure};
use wasmi::{
    Caller, CompilationMode, Config, Engine, Error, Extern, ExternType, Linker, Memory, MemoryType, Module, Store,
};

/// The contract, ready to be called.
pub(crate) struct Bare {
    module: Module,
    linker: Linker<Guest>,
    memory: MemoryType,
    input: Vec<u8>,
    storage: Storage,
}

struct Guest {
    call: Call,
    memory: Option<Memory>,
}

impl Bare {
    /// Translates and deploys.
    pub(crate) fn deploy(contract: &Contract) -> Result<Self> {
        let engine = Engine::default();
        let module = translate(&engine, &contract.wasm)?;
        let memory = module.imports().find_map(|import| match import.ty() {
            ExternType::Memory(memory) => Some(*memory),
            ExternType::Func(_) | ExternType::Global(_) | ExternType::Table(_) => None,
        });
        let mut linker = linker(&engine).map_err(|error| anyhow!("{error}"))?;
        // Each call has a memory of its own.
        linker.allow_shadowing(true);
        let memory = memory.context("the module imports no memory")?;
        let mut bare = Self { module, linker, memory, input: contract.input.clone(), storage: Storage::new() };
        let deployed = bare.run("deploy", &contract.init.clone())?;
        bare.storage = deployed.storage;
        Ok(bare)
    }

    fn run(&mut self, export: &str, input: &[u8]) -> Result<Call> {
        let call = Call { input: input.to_vec(), output: Vec::new(), storage: self.storage.clone() };
        let mut store = Store::new(self.module.engine(), Guest { call, memory: None });
        let memory = Memory::new(&mut store, self.memory).map_err(Error::from)?;
        store.data_mut().memory = Some(memory);
        self.linker.define("env", "memory", Extern::Memory(memory)).map_err(Error::from)?;
        let instance = self.linker.instantiate_and_start(&mut store, &self.module)?;
        let entry = instance.get_typed_func::<(), ()>(&store, export)?;
        if let Err(error) = entry.call(&mut store, ()) {
            ensure!(error.i32_exit_status() == Some(0), "{error}");
        }
        Ok(store.into_data().call)
    }
}

impl Host for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn call(&mut self) -> Result<Vec<u8>> {
        let input = std::mem::take(&mut self.input);
        let done = self.run("call", &input);
        self.input = input;
        Ok(done?.output)
    }
}

/// An engine that translates every function of a module at once, as the executor's does: by default a function is
/// translated when it is called first.
pub(crate) fn eager() -> Engine {
    let mut config = Config::default();
    config.compilation_mode(CompilationMode::Eager);
    Engine::new(&config)
}

/// What wasmi's translation takes alone, for the first run of a module.
pub(crate) fn translate(engine: &Engine, wasm: &[u8]) -> Result<Module> {
    Ok(Module::new(engine, wasm)?)
}

/// The call's data and its memory.
fn parts<'a>(caller: &'a mut Caller<'_, Guest>) -> Result<(&'a mut [u8], &'a mut Guest), Error> {
    let memory = caller.data().memory.ok_or_else(|| Error::new("no memory"))?;
    Ok(memory.data_and_store_mut(caller))
}

fn trap(_: OutOfBounds) -> Error {
    Error::new("out of bounds")
}

type Guests<'a> = Caller<'a, Guest>;

fn linker(engine: &Engine) -> Result<Linker<Guest>, wasmi::errors::LinkerError> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("seal0", "input", |mut caller: Guests<'_>, out: u32, length: u32| {
        let (memory, guest) = parts(&mut caller)?;
        guest.call.take_input(memory, out, length).map_err(trap)
    })?;
    linker.func_wrap("seal0", "seal_return", |mut caller: Guests<'_>, _flags: u32, at: u32, length: u32| {
        let (memory, guest) = parts(&mut caller)?;
        guest.call.returns(memory, at, length).map_err(trap)?;
        Err::<(), _>(Error::i32_exit(0))
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
    Ok(linker)
}
