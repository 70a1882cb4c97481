//! The tools that the repository is built and tested with, beside those that npm's lockfile pins.

/// A program from crates.io.
pub(crate) struct CargoTool {
    /// The crate.
    pub(crate) name: &'static str,
    /// The subcommand that it adds to cargo.
    pub(crate) subcommand: &'static str,
    /// What is installed where there is none, and what the repository is tested with. Another that is
    /// there already will do; setup says so.
    pub(crate) version: &'static str,
}

/// Runs the tests.
pub(crate) const NEXTEST: CargoTool = CargoTool { name: "cargo-nextest", subcommand: "nextest", version: "0.9.143" };

/// Checks licences, sources and bans.
pub(crate) const DENY: CargoTool = CargoTool { name: "cargo-deny", subcommand: "deny", version: "0.20.2" };

/// Debian packages for a machine whose rustup can't fetch the wasm target: a second compiler with
/// its library's sources, and a linker for wasm.
pub(crate) const WASM_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld"];

/// Debian packages for the JavaScript contract: a compiler for C, its library for wasm, and a libc.
pub(crate) const C_PACKAGES: [&str; 4] = ["clang", "lld", "libclang-rt-dev-wasm32", "wasi-libc"];

/// The folders whose package.json pins npm packages.
pub(crate) const NPM_FOLDERS: [&str; 3] = ["connectors/substrate", "contracts-evm", "phat-contracts/js/example"];
