//! A chain of a million blocks that nobody made: every block follows from its height, so that none is
//! kept. A JSON-RPC server on loopback serves it as providers do, limits included.

mod chain;
mod endpoint;
mod limits;
mod watched;

pub use chain::{SYNTHETIC_CHAIN_ID, SyntheticAsk, SyntheticChain};
pub use endpoint::{SyntheticNode, Tally};
pub use limits::{Limits, Provider, Rate, Trouble};
pub use watched::Watched;
