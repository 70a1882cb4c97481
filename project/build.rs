//! Embeds the sources of the SDK, and of what it needs: new projects get a copy beside them.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

/// The packages' folders in the repository, and what they are called in a project.
const PACKAGES: [(&str, &str); 2] = [("phat-contracts/sdk/src", "phat-sdk/src"), ("protocol/src", "phat-protocol/src")];

fn main() -> io::Result<()> {
    let repository = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..");
    let mut list = String::from("&[\n");
    for (folder, name) in PACKAGES {
        let folder = repository.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        append(&folder, name, &mut list)?;
    }
    list.push(']');
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("sources.rs"), list)
}

/// Each file in the folder, as an entry of a Rust slice; tests are left out, since what they need is.
fn append(folder: &Path, name: &str, list: &mut impl fmt::Write) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, file) = (entry.path().canonicalize()?, entry.file_name());
        let name = format!("{name}/{}", file.to_string_lossy());
        if entry.file_type()?.is_dir() {
            append(&path, &name, list)?;
        } else if path.file_stem().is_none_or(|stem| stem != "tests") {
            writeln!(list, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
        }
    }
    Ok(())
}
