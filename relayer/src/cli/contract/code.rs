//! What a file holds that a contract can be made of: a module, or a `.contract` bundle.

use crate::{
    api::{CodeAnswer, MetadataAnswer},
    cli::{
        argument,
        client::{self, Client},
        output::Output,
    },
};
use anyhow::Context;
use clap::Args;
use phat_metadata::{Bundle, Interface};
use phat_protocol::CodeHash;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Code, and what ink! metadata says of it where there is some.
pub(super) struct Code {
    pub(super) wasm: Vec<u8>,
    metadata: Option<(Value, Interface)>,
}

impl Code {
    /// Reads a module or a bundle, whichever the file holds. A bundle whose metadata is too old to be read is as good
    /// as its module.
    pub(super) fn read(path: &Path, output: &Output) -> anyhow::Result<Self> {
        let bytes = argument::file(path)?;
        if bytes.first() != Some(&b'{') {
            return Ok(Self { wasm: bytes, metadata: None });
        }
        let Bundle { wasm, metadata, interface } =
            Bundle::read(&bytes).with_context(|| format!("{} is no bundle", path.display()))?;
        let metadata = match interface {
            Ok(interface) => Some((metadata, interface)),
            Err(error) => {
                output.note(&format!("the metadata in {} is left out: {error}", path.display()));
                None
            }
        };
        Ok(Self { wasm, metadata })
    }

    /// A module of which nothing is said.
    pub(super) fn module(wasm: Vec<u8>) -> Self {
        Self { wasm, metadata: None }
    }

    pub(super) fn interface(&self) -> Option<&Interface> {
        self.metadata.as_ref().map(|(_, interface)| interface)
    }

    /// Puts it into the enclave, and its metadata beside it.
    pub(super) async fn upload(self, client: &Client) -> anyhow::Result<Uploaded> {
        let CodeAnswer { code_hash, size, .. } = client.put_bytes(&["v1", "code"], self.wasm).await?;
        let metadata = match self.metadata {
            Some((metadata, _)) => Some(put_metadata(client, code_hash, &metadata).await?),
            None => None,
        };
        let (constructors, messages) =
            metadata.map(|MetadataAnswer { constructors, messages, .. }| (constructors, messages)).unwrap_or_default();
        Ok(Uploaded { code_hash, size, constructors, messages })
    }
}

async fn put_metadata(client: &Client, code_hash: CodeHash, metadata: &Value) -> anyhow::Result<MetadataAnswer> {
    client.put(&["v1", "code", &code_hash.to_string(), "metadata"], metadata).await.context("the metadata")
}

/// What metadata the relayer keeps for the code says; none where it keeps none.
pub(super) async fn interface(client: &Client, code: CodeHash) -> anyhow::Result<Option<Interface>> {
    let document: anyhow::Result<Value> = client.get(&["v1", "code", &code.to_string(), "metadata"], &[]).await;
    match document {
        Ok(document) => Ok(Some(Interface::read(&document).context("the metadata that the relayer keeps")?)),
        Err(error) if client::is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The metadata in a file, which may be a whole bundle, and what it says.
pub(super) fn metadata_file(path: &Path) -> anyhow::Result<(Value, Interface)> {
    let text = argument::file(path)?;
    let document = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let interface = Interface::read(&document).with_context(|| path.display().to_string())?;
    Ok((document, interface))
}

/// What is known of uploaded code.
#[derive(Serialize)]
pub(super) struct Uploaded {
    pub(super) code_hash: CodeHash,
    size: u64,
    constructors: Vec<String>,
    messages: Vec<String>,
}

/// Bring code into the enclave, without making a contract of it: contracts can then be made of it by `contract deploy`
/// and by other contracts. Doing it again changes nothing but the metadata.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer contract upload price.contract")]
pub(crate) struct Upload {
    /// The module, or the bundle of module and metadata that `cargo contract build` makes.
    #[arg(value_name = "FILE.wasm|FILE.contract")]
    file: PathBuf,
    /// What ink! metadata says of it, in place of what the bundle says.
    #[arg(long, value_name = "FILE.json")]
    metadata: Option<PathBuf>,
    #[command(flatten)]
    api: client::Api,
}

impl Upload {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let mut code = Code::read(&self.file, output)?;
        if let Some(path) = &self.metadata {
            code.metadata = Some(metadata_file(path)?);
        }
        let client = self.api.connect()?;
        let progress = output.progress(format!("uploading {} bytes of code", code.wasm.len()));
        let uploaded = code.upload(&client).await?;
        drop(progress);
        output.show(&uploaded, |uploaded| {
            let described = match (&uploaded.constructors[..], &uploaded.messages[..]) {
                ([], []) => String::new(),
                (constructors, messages) => {
                    format!("\nconstructors: {}\nmessages: {}", constructors.join(", "), messages.join(", "))
                }
            };
            format!("{}\n{} bytes{described}", uploaded.code_hash, uploaded.size)
        })
    }
}
