//! Folders in which Phat Contracts are written.
//!
//! A [`Project`] is a new folder, written from a template. [`Folder`] is one that is there, and builds itself with the
//! [`Toolchain`] for wasm that the machine has: [`Packages`] are compiled, and [`bundle`] puts the code and the
//! metadata of an ink! contract together.

mod bundle;
mod compile;
mod folder;
mod javascript;
mod name;
mod project;
mod sdk;
mod toolchain;

pub use bundle::{Origin, bundle, ink_version};
pub use compile::{BuildError, Dialect, Packages};
pub use folder::{Built, Folder, FolderError};
pub use javascript::ENGINE;
pub use name::{InvalidName, ProjectName};
pub use project::{File, Language, Project, UnknownLanguage, WriteError};
pub use sdk::Sdk;
pub use toolchain::{DEBIAN_FLAGS, FLAGS, NoToolchain, Product, RUNTIME_FLAGS, RUSTUP_FLAGS, Toolchain};
