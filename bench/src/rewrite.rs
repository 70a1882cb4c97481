//! Modules as single hosts want them.

use anyhow::{Context, Result, anyhow};
use std::convert::Infallible;
use wasm_encoder::{
    ExportKind, ExportSection, ImportSection, MemorySection, MemoryType, Module, SectionId,
    reencode::{self, Reencode},
};
use wasmparser::{Export, ExportSectionReader, ImportSectionReader, Parser, TypeRef};

/// What the memory is exported as.
pub(crate) const MEMORY: &str = "memory";

/// The entry points of a contract.
const ENTRIES: [&str; 2] = ["deploy", "call"];

/// The same module without exports beside its entry points, as `cargo contract build` leaves it:
/// pallet-contracts takes no others, and the linker adds some.
pub(crate) fn entries_alone(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::new();
    EntriesAlone.parse_core_module(&mut module, Parser::new(0), wasm).map_err(|error| anyhow!("{error}"))?;
    Ok(module.finish())
}

struct EntriesAlone;

impl Reencode for EntriesAlone {
    type Error = Infallible;

    fn parse_export(&mut self, exports: &mut ExportSection, export: Export<'_>) -> Done {
        if ENTRIES.contains(&export.name) {
            reencode::utils::parse_export(self, exports, export)?;
        }
        Ok(())
    }
}

/// The same module with the memory that it imports as one of its own, which it exports: wasmtime then takes it
/// from a pool, and shares what is not written.
pub(crate) fn own_memory(wasm: &[u8]) -> Result<Vec<u8>> {
    let (mut module, mut change) = (Module::new(), OwnMemory::default());
    change.parse_core_module(&mut module, Parser::new(0), wasm).map_err(|error| anyhow!("{error}"))?;
    change.imported.context("the module imports no memory")?;
    Ok(module.finish())
}

#[derive(Default)]
struct OwnMemory {
    imported: Option<MemoryType>,
    written: bool,
}

type Done = Result<(), reencode::Error<Infallible>>;

impl Reencode for OwnMemory {
    type Error = Infallible;

    fn parse_import_section(&mut self, imports: &mut ImportSection, section: ImportSectionReader<'_>) -> Done {
        for import in section.into_imports() {
            let import = import?;
            if let TypeRef::Memory(memory) = import.ty {
                self.imported = Some(self.memory_type(memory)?);
            } else {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, section: ExportSectionReader<'_>) -> Done {
        exports.export(MEMORY, ExportKind::Memory, 0);
        reencode::utils::parse_export_section(self, exports, section)
    }

    /// The memory section stands between the tables and the globals.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Done {
        let comes_later = matches!(
            before,
            Some(
                SectionId::Global
                    | SectionId::Export
                    | SectionId::Start
                    | SectionId::Element
                    | SectionId::DataCount
                    | SectionId::Code
            )
        );
        if let Some(memory) = self.imported
            && comes_later
            && !self.written
        {
            module.section(MemorySection::new().memory(memory));
            self.written = true;
        }
        Ok(())
    }
}
