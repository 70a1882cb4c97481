//! WebAssembly's binary format, as far as modules are rewritten here (WebAssembly core specification,
//! chapter 5).

use anyhow::{Context, Result};
use wasmparser::{BinaryReader, ExportSectionReader, ExternalKind, Parser};

/// What every module begins with: magic number and version.
pub(super) const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// The numbers of sections that are rewritten.
pub(super) const CUSTOM: u8 = 0;
pub(super) const IMPORTS: u8 = 2;
pub(super) const EXPORTS: u8 = 7;
pub(super) const CODE: u8 = 10;
pub(super) const DATA: u8 = 11;

const DATA_COUNT: u8 = 12;

/// The same module where `rewrite` gives other contents for some sections, and without the sections
/// `left_out`. Custom sections, and the count of data segments, which nothing here needs, are left out too.
pub(super) fn rewritten(
    wasm: &[u8],
    left_out: &[u8],
    mut rewrite: impl FnMut(u8, &[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<Vec<u8>> {
    let mut module = HEADER.to_vec();
    for payload in Parser::new(0).parse_all(wasm) {
        let Some((id, range)) = payload?.as_section() else { continue };
        if id == CUSTOM || id == DATA_COUNT || left_out.contains(&id) {
            continue;
        }
        let content = wasm.get(range).context("a section lies in its module")?;
        match rewrite(id, content)? {
            Some(content) => section(&mut module, id, &content)?,
            None => section(&mut module, id, content)?,
        }
    }
    Ok(module)
}

/// Appends a section.
pub(super) fn section(module: &mut Vec<u8>, id: u8, content: &[u8]) -> Result<()> {
    module.push(id);
    sized(module, content)
}

/// Appends bytes behind their length.
pub(super) fn sized(to: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    unsigned(to, u32::try_from(bytes.len())?);
    to.extend_from_slice(bytes);
    Ok(())
}

/// Appends a u32 (LEB128).
pub(super) fn unsigned(to: &mut Vec<u8>, number: u32) {
    let mut rest = number;
    while rest >= 0x80 {
        to.push(low_bits(rest) | 0x80);
        rest >>= 7;
    }
    to.push(low_bits(rest));
}

/// Appends an i32 (LEB128), which is not negative.
pub(super) fn signed(to: &mut Vec<u8>, number: u32) {
    let mut rest = number;
    while rest >= 0x40 {
        to.push(low_bits(rest) | 0x80);
        rest >>= 7;
    }
    to.push(low_bits(rest));
}

fn low_bits(number: u32) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or(0x7f)
}

/// An export section with the functions of these names alone.
pub(super) fn exports(content: &[u8], names: &[&str]) -> Result<Vec<u8>> {
    let reader = ExportSectionReader::new(BinaryReader::new(content, 0))?;
    let mut kept = Vec::new();
    let mut count = 0;
    for export in reader {
        let export = export?;
        if names.contains(&export.name) && export.kind == ExternalKind::Func {
            sized(&mut kept, export.name.as_bytes())?;
            kept.push(0);
            unsigned(&mut kept, export.index);
            count += 1;
        }
    }
    let mut section = Vec::new();
    unsigned(&mut section, count);
    section.extend_from_slice(&kept);
    Ok(section)
}
