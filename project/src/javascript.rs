//! What a contract in JavaScript or TypeScript is tested and typed with.

use crate::project::TEMPLATE;

/// The JavaScript contract's module: its init data is a script.
pub static ENGINE: &[u8] = include_bytes!("../../phat-contracts/artifacts/js.wasm");

/// Where a project has it.
pub(crate) const ENGINE_FILE: &str = "vendor/phat-contract-js/js.wasm";

macro_rules! package {
    ($($path:literal),+ $(,)?) => {
        [$((concat!("vendor/phat-contract-js/", $path), include_str!(concat!("../../phat-contracts/js/types/", $path)))),+]
    };
}

const PACKAGE: &[(&str, &str)] = &package!(
    "README.md",
    "index.d.ts",
    "package.json",
    "testing.d.ts",
    "testing.js",
    "testing/host.js",
    "testing/http.js",
    "testing/keccak.js",
    "testing/scale.js",
);

/// The lock file of the example in TypeScript, and what it calls itself and the types' folder.
const LOCK: &str = include_str!("../../phat-contracts/js/example/package-lock.json");
const EXAMPLE: &str = "phat-contract-example";
const TYPES: &str = "../types";

/// The package with the types and the harness, for a project's `vendor/`.
pub(crate) fn files() -> Vec<(String, String)> {
    PACKAGE.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// A lock file of the versions that the example has.
pub(crate) fn lock() -> (String, String) {
    ("package-lock.json".to_owned(), LOCK.replace(EXAMPLE, TEMPLATE).replace(TYPES, "vendor/phat-contract-js"))
}
