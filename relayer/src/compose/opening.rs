//! Opening the database, which may have to wait until somebody makes room for it.

use crate::{
    api,
    config::DatabaseConfig,
    pipeline::RetrySettings,
    store::{StoreError, sqlite::SqliteStore},
};
use anyhow::{Context, Result};
use std::path::Path;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Opens the database. While the disk or the file's permissions stand in the way it is tried again, and whoever
/// asks at `listener` hears why. None when the process is to stop before that.
///
/// # Errors
/// When it can't be opened for another reason, which stays.
pub(super) async fn open(
    config: &DatabaseConfig,
    listener: &std::net::TcpListener,
    retry: RetrySettings,
    cancel: &CancellationToken,
) -> Result<Option<SqliteStore>> {
    let DatabaseConfig::Sqlite(path) = config;
    let context = || format!("can't open the database {}", path.display());
    // A folder that isn't there is a mistake, and no full disk.
    let may_pass = |error: &StoreError| error.is_disk() && path.parent().is_none_or(is_there);
    let error = match SqliteStore::open(path).await {
        Err(error) if may_pass(&error) => error,
        opened => return opened.map(Some).with_context(context),
    };
    error!(%error, path = %path.display(), "the database can't be opened; nothing is done until it can");
    let (said, reason) = watch::channel(error.to_string());
    let stop = cancel.child_token();
    let listener = TcpListener::from_std(listener.try_clone()?)?;
    let served = api::serve(listener, api::unopened(reason), stop.clone());
    let opened = async {
        let _stop = stop.clone().drop_guard();
        let mut waits = retry.waits();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return Ok(None),
                () = tokio::time::sleep(waits.next()) => {}
            }
            match SqliteStore::open(path).await {
                Err(error) if may_pass(&error) => said.send_replace(error.to_string()),
                opened => return opened.map(Some).with_context(context),
            };
        }
    };
    let (served, opened) = tokio::join!(served, opened);
    served.context("the HTTP API failed")?;
    if let Ok(Some(_)) = opened {
        info!("the database is open");
    }
    opened
}

fn is_there(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || folder.is_dir()
}
