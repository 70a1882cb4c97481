//! docs/writing-contracts.md, for tests that do what it says.

use anyhow::{Context, Result};
use axum::Router;
use std::{fs, net::SocketAddr, path::Path};
use tokio::{net::TcpListener, task::JoinHandle};
use toml::Table;

/// The repository's root.
pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The part of the page under this heading.
pub(crate) fn part(heading: &str) -> Result<String> {
    let page = fs::read_to_string(repository().join("docs/writing-contracts.md"))?;
    let part = page.split("\n## ").find(|part| part.starts_with(&format!("{heading}\n")));
    part.map(str::to_owned).with_context(|| format!("no part on {heading}"))
}

/// The blocks of this language in a part, in order.
pub(crate) fn blocks(part: &str, language: &str) -> Result<Vec<String>> {
    let fence = format!("```{language}\n");
    let blocks = part.split(&fence).skip(1).map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned()));
    blocks.collect::<Option<_>>().context("a block that doesn't end")
}

/// A source on loopback that contracts read; it stops with its guard.
pub(crate) struct Source {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Source {
    pub(crate) async fn start(router: Router) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, task })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The enclave's settings that open it to guests.
    pub(crate) fn allowed(&self) -> Table {
        let entry = [
            ("host".to_owned(), self.address.ip().to_string().into()),
            ("port".to_owned(), i64::from(self.address.port()).into()),
            ("http".to_owned(), true.into()),
        ];
        let allow = vec![toml::Value::from(Table::from_iter(entry))];
        let egress = Table::from_iter([("allow".to_owned(), allow.into())]);
        Table::from_iter([("egress".to_owned(), egress.into())])
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}
