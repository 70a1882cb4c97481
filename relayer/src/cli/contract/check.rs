use super::code::Code;
use crate::{
    cli::output::Output,
    output::{OutputDescription, OutputMistake},
};
use phat_executor::{Limits, SectionError};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Accepted {
    file: PathBuf,
    initial_pages: u32,
    maximum_pages: Option<u32>,
    imports: Vec<String>,
}

pub(super) fn check(file: PathBuf, output: &Output) -> anyhow::Result<()> {
    let Code { wasm, .. } = Code::read(&file, output)?;
    let described = OutputDescription::of_module(&wasm);
    let checked = match (phat_executor::check(&wasm, &Limits::default()), &described) {
        (Ok(facts), Ok(_)) => Ok(facts),
        (Ok(_), Err(mistake)) => Err(vec![mistake.to_string()]),
        // What can't be read has been said.
        (Err(refusals), Ok(_) | Err(OutputMistake::Section(SectionError::Unreadable(_)))) => {
            Err(refusals.iter().map(ToString::to_string).collect())
        }
        (Err(refusals), Err(mistake)) => {
            Err(refusals.iter().map(ToString::to_string).chain([mistake.to_string()]).collect())
        }
    };
    match checked {
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
        Err(refusals) => {
            let reasons: String = refusals.iter().map(|refusal| format!("\n  {refusal}")).collect();
            Err(anyhow::anyhow!("{} can't be deployed:{reasons}", file.display()))
        }
    }
}
