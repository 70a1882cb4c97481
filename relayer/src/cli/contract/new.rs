use crate::cli::output::Output;
use anyhow::Context;
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use phat_project::{Language, Project, ProjectName, Sdk};
use serde::Serialize;
use std::path::PathBuf;

/// Start a contract: write a folder that builds, is tested and can be deployed as it stands. Needs no relayer.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer contract new price --lang rust")]
pub(crate) struct New {
    /// What it is called: small letters, digits, - and _.
    #[arg(value_name = "NAME")]
    name: ProjectName,
    /// What it is written in.
    #[arg(long, value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(Language::NAMES)
        .try_map(|name| name.parse::<Language>()))]
    lang: Language,
    /// Where to write; it must be empty, and is made when it isn't there. Without this the folder NAME.
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// The SDK that a contract in Rust is built with: its folder, or a git repository that has it. Without this, a copy of
    /// the SDK of this program's version goes into the folder's vendor/.
    #[arg(long, value_name = "PATH|URL")]
    sdk: Option<Sdk>,
}

#[derive(Serialize)]
struct Written {
    folder: PathBuf,
    files: Vec<String>,
}

impl New {
    pub(super) fn run(self, output: &Output) -> anyhow::Result<()> {
        let Self { name, lang, path, sdk } = self;
        anyhow::ensure!(
            sdk.is_none() || lang == Language::Rust,
            "--sdk is for contracts in Rust: no other is built with the SDK"
        );
        let sdk = match sdk {
            // From wherever the project lies.
            Some(Sdk::Folder(folder)) => {
                Sdk::Folder(folder.canonicalize().with_context(|| folder.display().to_string())?)
            }
            Some(sdk) => sdk,
            None => Sdk::Vendored,
        };
        let folder = path.unwrap_or_else(|| name.as_str().into());
        let project = Project { name, language: lang, sdk };
        project.write(&folder)?;
        let mut files: Vec<String> = project.files().into_iter().map(|(path, _)| path).collect();
        files.sort();
        let next = next(&project);
        output.show(&Written { folder, files }, |written| {
            let folder = written.folder.display();
            format!("{folder} is there; its README.md says more. Next:\n\n  cd {folder}\n{next}")
        })
    }
}

/// What an author does next.
fn next(project: &Project) -> String {
    let name = &project.name;
    let commands = match project.language {
        Language::Rust => vec![
            "cargo test".to_owned(),
            "relayer contract build".to_owned(),
            format!("relayer contract deploy target/{name}.wasm --init-json init.json"),
        ],
        Language::Ink => vec![
            "cargo test".to_owned(),
            "relayer contract build".to_owned(),
            format!("relayer contract deploy target/{name}.contract ARGUMENTS…"),
        ],
        Language::Js => vec!["npm test".to_owned(), format!("relayer contract deploy --js {name}.js")],
        Language::Ts => vec![
            "npm install".to_owned(),
            "npm test".to_owned(),
            format!("relayer contract deploy --js dist/{name}.js"),
        ],
    };
    commands.iter().map(|command| format!("  {command}\n")).collect()
}
