//! What a module must be before it is stored. Every reason against it is given, not only the first.

pub(crate) mod imports;
mod refusal;
mod section;

pub use refusal::{MemoryBound, Refusal, Signature};
pub use section::{SectionError, custom_section};

use crate::{
    Limits,
    engine::{Translated, translate},
};
use imports::known;
use std::ops::Range;
use wasmparser::{
    ExternalKind, FuncType, FunctionBody, ImportSectionReader, MemoryType, Parser, Payload, TypeRef, Validator,
    WasmFeatures,
};

/// The module and name of the memory that a contract imports.
pub(crate) const MEMORY: (&str, &str) = ("env", "memory");

/// What is known of a module that passed the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFacts {
    /// Memory at the start, in pages of 64 KiB.
    pub initial_pages: u32,
    /// What its memory may grow to, in pages, where the module says it.
    pub maximum_pages: Option<u32>,
    /// Imported host functions, as (module, name), in the module's order.
    pub imports: Vec<(String, String)>,
}

/// What compilers emit for `wasm32-unknown-unknown`, and no more.
pub(crate) fn allowed_features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        // What the validator calls the type `externref`, a part of reference types.
        | WasmFeatures::GC_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::FLOATS
}

const REFUSED_FEATURES: &[(WasmFeatures, &str)] = &[
    (WasmFeatures::SIMD, "vector instructions"),
    (WasmFeatures::RELAXED_SIMD, "relaxed vector instructions"),
    (WasmFeatures::THREADS, "threads"),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, "shared-everything threads"),
    (WasmFeatures::TAIL_CALL, "tail calls"),
    (WasmFeatures::MULTI_MEMORY, "several memories"),
    (WasmFeatures::EXCEPTIONS, "exceptions"),
    (WasmFeatures::LEGACY_EXCEPTIONS, "legacy exceptions"),
    (WasmFeatures::MEMORY64, "64-bit memory"),
    (WasmFeatures::EXTENDED_CONST, "extended constant expressions"),
    (WasmFeatures::FUNCTION_REFERENCES, "typed function references"),
    (WasmFeatures::MEMORY_CONTROL, "memory control"),
    (WasmFeatures::GC, "garbage collection"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom page sizes"),
    (WasmFeatures::STACK_SWITCHING, "stack switching"),
    (WasmFeatures::WIDE_ARITHMETIC, "wide arithmetic"),
];

/// Reads a module and says what is in it.
///
/// # Errors
/// Every reason for which it can't become a contract.
pub fn check(wasm: &[u8], limits: &Limits) -> Result<ModuleFacts, Vec<Refusal>> {
    examine(wasm, limits).map(Translated::into_facts)
}

/// Checks a module and translates it.
///
/// # Errors
/// As [`check`].
pub(crate) fn examine(wasm: &[u8], limits: &Limits) -> Result<Translated, Vec<Refusal>> {
    if !Parser::is_core_wasm(wasm) {
        return Err(vec![Refusal::NotWasm]);
    }
    let mut refusals = Vec::new();
    if wasm.len() > crate::limits::in_memory(limits.code_bytes) {
        refusals.push(Refusal::CodeTooLarge { bytes: wasm.len(), limit: limits.code_bytes });
    }
    let mut survey = Survey::default();
    // What can be read of a broken module is still judged; its own error is reported once.
    let unreadable = survey.read(wasm).err();
    let mut judged = Vec::new();
    survey.judge(limits, &mut judged);
    let mut untranslatable = None;
    if refusals.is_empty() && judged.is_empty() && unreadable.is_none() {
        // The engine validates by the same rules, with the same features: to do it here as well would take a fifth as
        // long again.
        match translate(wasm, survey.facts(), survey.memory.as_ref()) {
            Ok(translated) => return Ok(translated),
            Err(message) => untranslatable = Some(Refusal::Untranslatable(message)),
        }
    }
    let invalid = validate(wasm);
    refusals.extend(if invalid.is_empty() { unreadable.map(invalid_at).into_iter().collect() } else { invalid });
    refusals.extend(judged);
    if refusals.is_empty() {
        refusals.extend(untranslatable);
    }
    Err(refusals)
}

/// Where in `wasm` the type of the imported memory stands.
#[cfg(test)]
pub(crate) fn memory_import(wasm: &[u8]) -> Option<MemoryImport> {
    let mut survey = Survey::default();
    survey.read(wasm).ok()?;
    survey.memory
}

fn invalid_at(error: wasmparser::BinaryReaderError) -> Refusal {
    Refusal::Invalid { message: error.message().to_owned(), offset: error.offset() }
}

/// A feature is in use when the module is valid with all of them, and no longer without that one.
fn validate(wasm: &[u8]) -> Vec<Refusal> {
    let valid = |features| Validator::new_with_features(features).validate_all(wasm);
    let Err(error) = valid(allowed_features()) else { return Vec::new() };
    let every = REFUSED_FEATURES.iter().fold(allowed_features(), |every, (feature, _)| every | *feature);
    if valid(every).is_err() {
        return vec![invalid_at(error)];
    }
    let named: Vec<_> = REFUSED_FEATURES
        .iter()
        .filter(|(feature, _)| valid(every - *feature).is_err())
        .map(|(_, name)| Refusal::Feature(name))
        .collect();
    // Two features that each make up for the other's absence can't be told apart so.
    if named.is_empty() { vec![invalid_at(error)] } else { named }
}

/// The imported memory, and where it is declared.
#[derive(Clone, Debug)]
pub(crate) struct MemoryImport {
    pub(crate) ty: MemoryType,
    /// The whole import entry.
    pub(crate) entry: Range<usize>,
}

/// What a module declares.
#[derive(Default)]
struct Survey {
    types: Vec<Option<FuncType>>,
    functions: Vec<u32>,
    imports: Vec<(String, String, Option<u32>)>,
    imported_functions: usize,
    memory: Option<MemoryImport>,
    memories: usize,
    tables: Vec<u64>,
    exports: Vec<(String, ExternalKind, u32)>,
    bodies: usize,
    /// The function with the most parameters and locals, and how many it has.
    most_locals: Option<(usize, u64)>,
    start: bool,
}

impl Survey {
    fn read(&mut self, wasm: &[u8]) -> wasmparser::Result<()> {
        for payload in Parser::new(0).parse_all(wasm) {
            self.section(payload?)?;
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other sections declare nothing that is judged")]
    fn section(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    self.types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                        wasmparser::CompositeInnerType::Func(function) => Some(function),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(imports) => self.import_section(imports)?,
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    self.tables.push(table?.ty.initial);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    memory?;
                    self.memories += 1;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    self.exports.push((export.name.to_owned(), export.kind, export.index));
                }
            }
            Payload::StartSection { .. } => self.start = true,
            Payload::CodeSectionEntry(body) => self.function_body(&body)?,
            _ => {}
        }
        Ok(())
    }

    fn import_section(&mut self, imports: ImportSectionReader<'_>) -> wasmparser::Result<()> {
        let section_end = imports.range().end;
        let mut entries = imports.into_iter_with_offsets().peekable();
        while let Some(entry) = entries.next() {
            let (start, import) = entry?;
            let end = match entries.peek() {
                Some(Ok((next, _))) => *next,
                Some(Err(_)) | None => section_end,
            };
            let function = match import.ty {
                TypeRef::Memory(ty) => {
                    self.memories += 1;
                    if (import.module, import.name) == MEMORY && self.memory.is_none() {
                        self.memory = Some(MemoryImport { ty, entry: start..end });
                        continue;
                    }
                    None
                }
                TypeRef::Func(index) => {
                    self.imported_functions += 1;
                    self.functions.push(index);
                    Some(index)
                }
                TypeRef::Table(_) | TypeRef::Global(_) | TypeRef::Tag(_) => None,
            };
            self.imports.push((import.module.to_owned(), import.name.to_owned(), function));
        }
        Ok(())
    }

    fn function_body(&mut self, body: &FunctionBody<'_>) -> wasmparser::Result<()> {
        let function = self.imported_functions.saturating_add(self.bodies);
        self.bodies += 1;
        let ty = self.functions.get(function).and_then(|ty| self.function_type(*ty));
        let mut locals = ty.map_or(0, |ty| u64::try_from(ty.params().len()).unwrap_or(u64::MAX));
        for group in body.get_locals_reader()? {
            let (count, _) = group?;
            locals = locals.saturating_add(count.into());
        }
        if self.most_locals.is_none_or(|(_, most)| locals > most) {
            self.most_locals = Some((function, locals));
        }
        Ok(())
    }

    fn function_type(&self, index: u32) -> Option<&FuncType> {
        let ty = self.types.get(crate::limits::in_memory(index))?;
        ty.as_ref()
    }

    fn judge(&self, limits: &Limits, refusals: &mut Vec<Refusal>) {
        for (module, name, ty) in &self.imports {
            refusals.extend(self.judge_import(module, name, *ty));
        }
        self.judge_memory(limits, refusals);
        if self.tables.len() > 1 {
            refusals.push(Refusal::SeveralTables(self.tables.len()));
        }
        for elements in &self.tables {
            if *elements > u64::from(limits.table_elements) {
                refusals.push(Refusal::TableTooLarge { elements: *elements, limit: limits.table_elements });
            }
        }
        if let Some((function, locals)) = self.most_locals
            && locals > u64::from(limits.function_locals)
        {
            refusals.push(Refusal::TooManyLocals { function, locals, limit: limits.function_locals });
        }
        for entry in ["deploy", "call"] {
            refusals.extend(self.judge_entry(entry));
        }
        if self.start {
            refusals.push(Refusal::StartFunction);
        }
    }

    fn judge_import(&self, module: &str, name: &str, ty: Option<u32>) -> Option<Refusal> {
        let Some(import) = known(module, name) else {
            return Some(Refusal::UnknownImport { module: module.to_owned(), name: name.to_owned() });
        };
        let found = ty.and_then(|index| self.function_type(index));
        if found.is_some_and(|found| found.params() == import.params && found.results() == import.results) {
            return None;
        }
        Some(Refusal::WrongImport {
            module: module.to_owned(),
            name: name.to_owned(),
            expected: Signature::Function { params: import.params.to_vec(), results: import.results.to_vec() },
            found: found.map_or(Signature::NotAFunction, |found| Signature::Function {
                params: found.params().to_vec(),
                results: found.results().to_vec(),
            }),
        })
    }

    fn judge_memory(&self, limits: &Limits, refusals: &mut Vec<Refusal>) {
        let Some(MemoryImport { ty, .. }) = &self.memory else {
            refusals.push(Refusal::MemoryNotImported);
            return;
        };
        let bounds = [(MemoryBound::Initial, Some(ty.initial)), (MemoryBound::Maximum, ty.maximum)];
        for (bound, pages) in bounds {
            if let Some(pages) = pages.filter(|pages| *pages > u64::from(limits.memory_pages)) {
                refusals.push(Refusal::TooMuchMemory { bound, pages, limit: limits.memory_pages });
            }
        }
    }

    fn judge_entry(&self, entry: &'static str) -> Option<Refusal> {
        let Some((_, kind, index)) = self.exports.iter().find(|(name, _, _)| name == entry) else {
            return Some(Refusal::MissingExport(entry));
        };
        let ty = self.functions.get(crate::limits::in_memory(*index)).and_then(|ty| self.function_type(*ty));
        let callable =
            *kind == ExternalKind::Func && ty.is_some_and(|ty| ty.params().is_empty() && ty.results().is_empty());
        (!callable).then_some(Refusal::WrongExport(entry))
    }

    fn facts(&self) -> ModuleFacts {
        let ty = self.memory.as_ref().map(|memory| memory.ty);
        // Both sizes were judged: they are at most the limit, a u32.
        let pages = |pages: u64| u32::try_from(pages).unwrap_or(u32::MAX);
        ModuleFacts {
            initial_pages: ty.map_or(0, |ty| pages(ty.initial)),
            maximum_pages: ty.and_then(|ty| ty.maximum).map(pages),
            imports: self.imports.iter().map(|(module, name, _)| (module.clone(), name.clone())).collect(),
        }
    }
}
