use super::{ConfigFile, output::Output};
use crate::config::{Config, ConfigError, Environment};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Checked {
    config: PathBuf,
    mistakes: Vec<Wrong>,
}

#[derive(Serialize)]
struct Wrong {
    key: String,
    variable: Option<String>,
    message: String,
}

/// `relayer config check`.
pub(super) fn config(file: &ConfigFile, output: &Output) -> anyhow::Result<()> {
    let mut checked = Checked { config: file.config.clone(), mistakes: Vec::new() };
    match Config::load(&file.config, &Environment::of_process()) {
        Ok(config) => {
            output.show(&checked, |checked| format!("{}: no mistakes", checked.config.display()))?;
            if config.chains.is_empty() {
                output.note("note: no chain is configured, so no request will be seen");
            }
            if config.api.token.is_none() {
                let file = config.api.token_file.display();
                output.note(&format!("note: there is no API token at {file}, so the API refuses every write"));
            }
            Ok(())
        }
        Err(ConfigError::Mistakes { path, mistakes }) => {
            checked.mistakes = mistakes
                .iter()
                .map(|mistake| Wrong {
                    key: mistake.key.clone(),
                    variable: mistake.variable.clone(),
                    message: mistake.message.clone(),
                })
                .collect();
            if output.is_json() {
                output.show(&checked, |_| String::new())?;
            }
            Err(ConfigError::Mistakes { path, mistakes }.into())
        }
        Err(error) => Err(error.into()),
    }
}
