use super::output::Output;
use crate::config::SAMPLE;
use anyhow::Context;
use clap::Args;
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write; it is made when it isn't there.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    dir: PathBuf,
}

#[derive(Serialize)]
struct Written {
    config: PathBuf,
    api_token: PathBuf,
}

impl Init {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<()> {
        let written = Written { config: self.dir.join("relayer.toml"), api_token: self.dir.join("api-token") };
        for path in [&written.config, &written.api_token] {
            anyhow::ensure!(!path.exists(), "{} is there already, and isn't overwritten", path.display());
        }
        std::fs::create_dir_all(&self.dir).with_context(|| format!("{} can't be made", self.dir.display()))?;
        write(&written.config, SAMPLE, 0o644)?;
        write(&written.api_token, &fresh_token(), 0o600)?;
        output.show(&written, |written| {
            format!(
                "wrote {}: every setting with its default\n\
                 wrote {}: what writes to the API must carry, readable by you alone\n\n\
                 Next: `relayer oracle deploy` deploys an oracle on a development chain and prints the section\n\
                 [chains.NAME] for the configuration; `relayer config check` names what is wrong with it.",
                written.config.display(),
                written.api_token.display()
            )
        })
    }
}

/// 256 bits that no one else knows.
fn fresh_token() -> String {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    format!("{}\n", hex::encode(bytes))
}

fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("{} can't be written", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{} can't be written", path.display()))
}
