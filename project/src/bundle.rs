//! `.contract` bundles of code and metadata, as `cargo contract build` makes them.

use phat_protocol::code_hash;
use serde_json::{Map, Value, json};

/// What stands in a bundle beside the code and what ink! says of it.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The contract's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The version of ink!.
    pub ink: &'a str,
    /// The compiler, as it names itself.
    pub compiler: &'a str,
}

/// The bundle of this code and this metadata.
#[must_use]
pub fn bundle(wasm: &[u8], metadata: Map<String, Value>, origin: Origin<'_>) -> Value {
    let mut bundle = metadata;
    let source = json!({
        "hash": code_hash(wasm),
        "language": format!("ink! {}", origin.ink),
        "compiler": origin.compiler,
        "wasm": format!("0x{}", hex::encode(wasm)),
    });
    bundle.insert("source".into(), source);
    bundle.insert("contract".into(), json!({ "name": origin.name, "version": origin.version, "authors": [] }));
    bundle.insert("image".into(), Value::Null);
    Value::Object(bundle)
}

/// The version of ink! that a lock file names, of those that begin with `release`: "5".
#[must_use]
pub fn ink_version<'l>(lock: &'l str, release: &str) -> Option<&'l str> {
    let versions = lock.split("[[package]]").filter_map(|package| {
        let package = package.trim().strip_prefix("name = \"ink\"\nversion = \"")?;
        package.split_once('"').map(|(version, _)| version)
    });
    let mut ours = versions.filter(|version| version.split('.').next() == Some(release));
    ours.next()
}

#[cfg(test)]
mod tests {
    use super::ink_version;

    #[test]
    fn the_release_of_ink_is_the_one_that_is_locked() {
        let lock =
            "[[package]]\nname = \"ink\"\nversion = \"4.3.0\"\n\n[[package]]\nname = \"ink\"\nversion = \"5.1.1\"\n";
        assert_eq!(["4", "5", "6"].map(|release| ink_version(lock, release)), [Some("4.3.0"), Some("5.1.1"), None]);
    }
}
