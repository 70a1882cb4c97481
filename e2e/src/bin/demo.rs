//! The relayer.
fn main() {}
