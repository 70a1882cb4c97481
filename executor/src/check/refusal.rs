use std::fmt;

/// Why a module can't become a contract. `Display` says it in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes do not begin with a core module's magic number and version.
    #[error("not a WebAssembly module")]
    NotWasm,
    /// The module breaks WebAssembly's rules.
    #[error("not a valid module: {message} (at byte {offset})")]
    Invalid {
        /// What the validator says.
        message: String,
        /// Where in the module.
        offset: usize,
    },
    /// The module uses a feature of WebAssembly that guests don't have.
    #[error("uses {0}, which contracts don't have")]
    Feature(&'static str),
    /// The module is longer than the limit.
    #[error("the code is {bytes} bytes long, and the limit is {limit}")]
    CodeTooLarge {
        /// Its length.
        bytes: usize,
        /// `code_bytes`.
        limit: u32,
    },
    /// `call` or `deploy` is not exported.
    #[error("exports no function `{0}`")]
    MissingExport(&'static str),
    /// `call` or `deploy` is exported, but isn't a function without arguments and results.
    #[error("exports `{0}`, but not as a function without arguments and results")]
    WrongExport(&'static str),
    /// No host function has this name.
    #[error("imports `{module}.{name}`, which the host doesn't have")]
    UnknownImport {
        /// The module that it is imported from.
        module: String,
        /// Its name.
        name: String,
    },
    /// A host function is imported with another signature than it has.
    #[error("imports `{module}.{name}` with the signature {found}, and it is {expected}")]
    WrongImport {
        /// The module that it is imported from.
        module: String,
        /// Its name.
        name: String,
        /// How it is.
        expected: Signature,
        /// How it is imported.
        found: Signature,
    },
    /// The module declares more memory than a run may have.
    #[error("its memory {bound} is {pages} pages of 64 KiB, and the limit is {limit}")]
    TooMuchMemory {
        /// Which of its two sizes.
        bound: MemoryBound,
        /// That size.
        pages: u64,
        /// `memory_pages`.
        limit: u32,
    },
    /// `env.memory` is not imported.
    #[error("does not import its memory as `env.memory` (link it with --import-memory)")]
    MemoryNotImported,
    /// The table is larger than the limit.
    #[error("its table has {elements} elements, and the limit is {limit}")]
    TableTooLarge {
        /// Its least number of elements.
        elements: u64,
        /// `table_elements`.
        limit: u32,
    },
    /// The module declares more than one table.
    #[error("declares {0} tables, and contracts have one at most")]
    SeveralTables(usize),
    /// A function has more parameters and locals than the limit. Of several, the one with the most
    /// is named.
    #[error("function {function} has {locals} parameters and locals, and the limit is {limit}")]
    TooManyLocals {
        /// Its index, imported functions included.
        function: usize,
        /// Its parameters and locals.
        locals: u64,
        /// `function_locals`.
        limit: u32,
    },
    /// The module has a start function.
    #[error("has a start function")]
    StartFunction,
    /// The module is valid, but exceeds one of the engine's own bounds.
    #[error("can't be translated: {0}")]
    Untranslatable(String),
}

/// Which of a memory's sizes is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryBound {
    /// What it begins with.
    Initial,
    /// What it may grow to.
    Maximum,
}

impl fmt::Display for MemoryBound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Initial => "at the start",
            Self::Maximum => "at most",
        })
    }
}

/// The signature of a function, or what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// A function.
    Function {
        /// Types of its arguments.
        params: Vec<wasmparser::ValType>,
        /// Types of its results.
        results: Vec<wasmparser::ValType>,
    },
    /// A memory, a table, a global or a tag.
    NotAFunction,
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function { params, results } => {
                let list = |types: &[wasmparser::ValType]| {
                    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                };
                write!(formatter, "({}) -> ({})", list(params), list(results))
            }
            Self::NotAFunction => formatter.write_str("not a function"),
        }
    }
}
