//! Prints what ink! says of the contract: its constructors, messages, events and types, as JSON.

use ink_echo as _;

extern "Rust" {
    /// ink!'s macro makes it.
    fn __ink_generate_metadata() -> ink::metadata::InkProject;
}

fn main() -> Result<(), serde_json::Error> {
    // SAFETY: the contract's crate, which is linked, defines it with this signature.
    let metadata = unsafe { __ink_generate_metadata() };
    serde_json::to_writer(std::io::stdout(), &metadata)
}
