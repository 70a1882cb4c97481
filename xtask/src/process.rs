//! Running other programs in the repository.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The cargo that runs this tool, as a shell would start it: what this tool was told of its own package would have build
/// scripts that watch such variables (ring's) and all that depends on them built anew.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let of_the_package =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if of_the_package {
            command.env_remove(name);
        }
    }
    command
}

/// npm in `folder` of the repository.
pub(crate) fn npm(folder: &str) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join(folder));
    command
}

/// Prints the command and runs it.
///
/// # Errors
/// When it can't be started or doesn't succeed.
#[expect(clippy::print_stdout, reason = "says what it does")]
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let words = words(command);
    println!("$ {words}");
    let status = command.status().with_context(|| format!("can't start `{words}`"))?;
    ensure!(status.success(), "`{words}` ended with {status}");
    Ok(())
}

/// Whether the command can be started and succeeds, quietly.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// What the command prints.
///
/// # Errors
/// When it can't be started or doesn't succeed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let words = words(command);
    let output = command.output().with_context(|| format!("can't start `{words}`"))?;
    ensure!(
        output.status.success(),
        "`{words}` ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

fn words(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            Path::new(word.as_ref())
                .file_name()
                .filter(|_| word.starts_with('/'))
                .map_or_else(|| word.clone().into_owned(), |name| name.to_string_lossy().into_owned())
        })
        .collect::<Vec<_>>()
        .join(" ")
}
