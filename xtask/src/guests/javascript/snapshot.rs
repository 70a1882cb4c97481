//! Runs a module's `initialise` and makes a module that begins where it ended: the memory that it
//! left becomes data segments. (The idea is Wizer's.)
//!
//! Nothing but memory may have changed: the one mutable global is the stack pointer, which has its
//! first value again once a function has returned; tables can't change without instructions that no
//! compiler of C emits.

use super::module::{self, DATA, EXPORTS, IMPORTS, sized, unsigned};
use anyhow::{Context, Result, bail, ensure};
use wasmi::{Caller, Config, Engine, Error, Extern, ExternType, Linker, Memory, Module, Store, Val};
use wasmparser::{BinaryReader, ImportSectionReader, TypeRef};

const INITIALISE: &str = "initialise";
const PAGE: usize = 64 * 1024;
/// Zeros between two segments: fewer are cheaper to keep than another segment.
const GAP: usize = 16;

/// The module after its `initialise`, which gets `input` as the contract's input. It exports
/// `exports` alone, and has one custom section, of this name and text.
pub(super) fn initialised(wasm: &[u8], input: &[u8], exports: &[&str], custom: (&str, &str)) -> Result<Vec<u8>> {
    let memory = run(wasm, input)?;
    let mut module = module::rewritten(wasm, &[DATA], |id, content| {
        Ok(match id {
            IMPORTS => Some(imports(content, memory.len() / PAGE)?),
            EXPORTS => Some(module::exports(content, exports)?),
            _ => None,
        })
    })?;
    // The last section but custom ones, whether there was one before or not.
    module::section(&mut module, DATA, &segments(&memory)?)?;
    let (name, text) = custom;
    let mut content = Vec::new();
    sized(&mut content, name.as_bytes())?;
    content.extend_from_slice(text.as_bytes());
    module::section(&mut module, module::CUSTOM, &content)?;
    Ok(module)
}

/// The memory that `initialise` leaves.
fn run(wasm: &[u8], input: &[u8]) -> Result<Vec<u8>> {
    // Code that runs once isn't worth translating in advance.
    let engine = Engine::new(Config::default().compilation_mode(wasmi::CompilationMode::Lazy));
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, State { input: input.to_vec(), memory: None });
    let mut linker = Linker::new(&engine);
    let mut memory = None;
    for import in module.imports() {
        match (import.ty(), import.name()) {
            (ExternType::Memory(ty), _) => {
                let made = Memory::new(&mut store, *ty)?;
                memory = Some(made);
                linker.define(import.module(), import.name(), Extern::Memory(made))?;
            }
            (ExternType::Func(_), "input") => {
                linker.func_wrap(import.module(), import.name(), give_input)?;
            }
            (ExternType::Func(_), "debug_message") => {
                linker.func_wrap(import.module(), import.name(), complain)?;
            }
            (ExternType::Func(_), "now") => {
                linker.func_wrap(
                    import.module(),
                    import.name(),
                    |mut caller: Caller<'_, State>, out: u32, _: u32| write(&mut caller, out, &[0; 8]),
                )?;
            }
            (ExternType::Func(ty), name) => {
                let name = name.to_owned();
                linker.func_new(import.module(), import.name(), ty.clone(), move |_, _, _| {
                    Err(Error::new(format!("calls {name}, which answers otherwise each time")))
                })?;
            }
            (ExternType::Global(_) | ExternType::Table(_), name) => bail!("imports {name}, no function"),
        }
    }
    let memory = memory.context("imports no memory")?;
    store.data_mut().memory = Some(memory);
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let initialise = instance.get_func(&store, INITIALISE).context("exports no initialise")?;
    let mut nothing: [Val; 0] = [];
    initialise.call(&mut store, &[], &mut nothing).context("can't initialise the engine")?;
    Ok(memory.data(&store).to_vec())
}

struct State {
    input: Vec<u8>,
    memory: Option<Memory>,
}

fn write(caller: &mut Caller<'_, State>, at: u32, bytes: &[u8]) -> Result<(), Error> {
    let memory = caller.data().memory.ok_or_else(|| Error::new("no memory yet"))?;
    memory.write(caller, usize::try_from(at).unwrap_or(usize::MAX), bytes).map_err(Error::from)
}

fn give_input(mut caller: Caller<'_, State>, out: u32, out_length: u32) -> Result<(), Error> {
    let input = caller.data().input.clone();
    let length = u32::try_from(input.len()).map_err(|_| Error::new("the input is too long"))?;
    write(&mut caller, out, &input)?;
    write(&mut caller, out_length, &length.to_le_bytes())
}

fn complain(caller: Caller<'_, State>, text: u32, length: u32) -> Result<u32, Error> {
    let memory = caller.data().memory.ok_or_else(|| Error::new("no memory yet"))?;
    let mut message = vec![0; usize::try_from(length).unwrap_or_default()];
    memory.read(&caller, usize::try_from(text).unwrap_or(usize::MAX), &mut message).map_err(Error::from)?;
    Err(Error::new(String::from_utf8_lossy(&message).into_owned()))
}

/// The import section with so many pages of memory at the start.
fn imports(content: &[u8], pages: usize) -> Result<Vec<u8>> {
    let reader = ImportSectionReader::new(BinaryReader::new(content, 0))?;
    let mut section = Vec::new();
    unsigned(&mut section, reader.count());
    let mut entries = reader.into_iter_with_offsets().peekable();
    while let Some(entry) = entries.next() {
        let (start, import) = entry?;
        let end = match entries.peek() {
            Some(Ok((next, _))) => *next,
            Some(Err(_)) | None => content.len(),
        };
        if let TypeRef::Memory(ty) = import.ty {
            let most = ty.maximum.context("the memory has a maximum")?;
            ensure!(u64::try_from(pages)? <= most, "{pages} pages of memory, and the limit is {most}");
            sized(&mut section, import.module.as_bytes())?;
            sized(&mut section, import.name.as_bytes())?;
            section.extend([2, 1]);
            unsigned(&mut section, u32::try_from(pages)?);
            unsigned(&mut section, u32::try_from(most)?);
        } else {
            section.extend_from_slice(content.get(start..end).context("an import lies in its section")?);
        }
    }
    Ok(section)
}

/// The data section of a memory: what in it isn't zero.
fn segments(memory: &[u8]) -> Result<Vec<u8>> {
    let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in memory.iter().enumerate().filter(|(_, byte)| **byte != 0) {
        match parts.last_mut() {
            Some(last) if at - last.end <= GAP => last.end = at + 1,
            Some(_) | None => parts.push(at..at + 1),
        }
    }
    let mut section = Vec::new();
    unsigned(&mut section, u32::try_from(parts.len())?);
    for part in parts {
        // An active segment of memory 0: an offset as a constant expression, then the bytes.
        section.extend([0, I32_CONST]);
        module::signed(&mut section, u32::try_from(part.start)?);
        section.push(END);
        sized(&mut section, memory.get(part).context("a part lies in its memory")?)?;
    }
    Ok(section)
}

const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;
