//! The random value of a request ([`crate::Host::vrf`]), and words that follow from it.

pub use phat_protocol::{VrfProof, random_word};
