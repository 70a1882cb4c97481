use super::Check;
use crate::store::{StoreError, sqlite::Schema};
use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

/// Free space below which SQLite may soon fail, in bytes.
const NO_SPACE: u64 = 64 << 20;
/// Free space below which an operator should look, in bytes.
const LITTLE_SPACE: u64 = 1 << 30;

/// The database's file at `path`, whose schema is `schema`; none where there is no file yet.
#[must_use]
pub fn database(path: &Path, schema: Option<Result<Schema, StoreError>>) -> Vec<Check> {
    const SUBJECT: &str = "database";
    let opened = match schema {
        None => Check::ok(SUBJECT, format!("{} will be made at the first start", path.display())),
        Some(Err(error)) => Check::fail(
            SUBJECT,
            format!("{}: {error}", path.display()),
            "mend database.url, or put a backup in its place; without one, a new database finds pending requests again",
        ),
        Some(Ok(schema)) => of_schema(path, schema),
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    vec![opened, writable(path, directory), space(directory)]
}

fn of_schema(path: &Path, schema: Schema) -> Check {
    const SUBJECT: &str = "database";
    let Schema { applied, known, is_known, is_broken } = schema;
    let path = path.display();
    if is_broken {
        Check::fail(SUBJECT, format!("{path}: a migration was begun and not finished"), "put a backup in its place")
    } else if !is_known {
        Check::fail(
            SUBJECT,
            format!("{path}: its schema, of {applied} migrations, is not one of this release"),
            "run the release that wrote it, or a newer one",
        )
    } else if applied < known {
        Check::ok(SUBJECT, format!("{path}: {} migrations will be applied at the next start", known - applied))
    } else {
        Check::ok(SUBJECT, format!("{path}: its schema is up to date"))
    }
}

/// SQLite writes the file, and others beside it.
fn writable(path: &Path, directory: &Path) -> Check {
    const SUBJECT: &str = "database: writable";
    match try_write(path, directory) {
        Ok(()) => Check::ok(SUBJECT, directory.display().to_string()),
        Err((path, error)) => {
            let remedy = format!("let the relayer's user write {}", path.display());
            Check::fail(SUBJECT, format!("{} can't be written: {error}", path.display()), remedy)
        }
    }
}

fn try_write(path: &Path, directory: &Path) -> Result<(), (PathBuf, io::Error)> {
    if path.exists() {
        OpenOptions::new().append(true).open(path).map_err(|error| (path.to_owned(), error))?;
    }
    let beside = directory.join(format!(".relayer-doctor-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|_| std::fs::remove_file(&beside))
        .map_err(|error| (directory.to_owned(), error))
}

fn space(directory: &Path) -> Check {
    const SUBJECT: &str = "database: disk";
    let free = match rustix::fs::statvfs(directory) {
        Ok(volume) => volume.f_bavail.saturating_mul(volume.f_frsize),
        Err(error) => {
            let finding = format!("{} can't be looked at: {error}", directory.display());
            return Check::fail(SUBJECT, finding, "mend database.url");
        }
    };
    of_space(free)
}

pub(super) fn of_space(free: u64) -> Check {
    const SUBJECT: &str = "database: disk";
    const REMEDY: &str = "free space, or move the database to a larger disk";
    let finding = format!("{} MiB free", free >> 20);
    match free {
        0..NO_SPACE => Check::fail(SUBJECT, finding, REMEDY),
        NO_SPACE..LITTLE_SPACE => Check::warn(SUBJECT, finding, REMEDY),
        LITTLE_SPACE.. => Check::ok(SUBJECT, finding),
    }
}
