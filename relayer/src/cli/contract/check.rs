use super::code::Code;
use crate::{
    cli::output::Output,
    output::{OutputDescription, OutputMistake},
};
use phat_executor::{Limits, ModuleFacts, SectionError};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Accepted {
    file: PathBuf,
    initial_pages: u32,
    maximum_pages: Option<u32>,
    imports: Vec<String>,
}

/// What the check finds in a module, or every reason why it can't become a contract.
pub(super) fn judged(wasm: &[u8]) -> Result<ModuleFacts, Vec<String>> {
    let described = OutputDescription::of_module(wasm);
    match (phat_executor::check(wasm, &Limits::default()), &described) {
        (Ok(facts), Ok(_)) => Ok(facts),
        (Ok(_), Err(mistake)) => Err(vec![mistake.to_string()]),
        // What can't be read has been said.
        (Err(refusals), Ok(_) | Err(OutputMistake::Section(SectionError::Unreadable(_)))) => {
            Err(refusals.iter().map(ToString::to_string).collect())
        }
        (Err(refusals), Err(mistake)) => {
            Err(refusals.iter().map(ToString::to_string).chain([mistake.to_string()]).collect())
        }
    }
}

/// What a module that can't be deployed says of itself.
pub(super) fn refused(file: &Path, reasons: &[String]) -> anyhow::Error {
    let reasons: String = reasons.iter().map(|reason| format!("\n  {reason}")).collect();
    anyhow::anyhow!("{} can't be deployed:{reasons}", file.display())
}

pub(super) fn check(file: PathBuf, output: &Output) -> anyhow::Result<()> {
    let Code { wasm, .. } = Code::read(&file, output)?;
    match judged(&wasm) {
        Ok(facts) => {
            let imports = facts.imports.iter().map(|(module, name)| format!("{module}.{name}")).collect();
            let accepted =
                Accepted { file, initial_pages: facts.initial_pages, maximum_pages: facts.maximum_pages, imports };
            output.show(&accepted, |accepted| {
                format!(
                    "{} can be deployed: {} bytes, {} imports, {} pages of memory at the start",
                    accepted.file.display(),
                    wasm.len(),
                    accepted.imports.len(),
                    accepted.initial_pages
                )
            })
        }
        Err(reasons) => Err(refused(&file, &reasons)),
    }
}
