use crate::{Decode, Key};
use alloc::vec::Vec;
use phat_sdk::{
    chain::Quorum,
    config::{Fields, Mistake},
    json::Object,
};

pub use phat_sdk::config::Fault;

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 32 * 1024;
/// What each of the four rounds (final hashes, their numbers, hashes at one height, the value) may wait, in
/// milliseconds.
const LONGEST: (u64, &str) = (2_200, "a number from 100 to 2200");
const FIELDS: &[&str] = &["endpoints", "minimum", "timeout_ms", "pallet", "item", "keys", "key", "decode"];

/// What the init data says: a [`Quorum`], a [`Key`], and perhaps how the value is read ([`Decode`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) quorum: Quorum,
    pub(crate) key: Key,
    pub(crate) decode: Option<Decode>,
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake>> {
        let mut fields = Fields::<Fault>::read(json, MAX_CONFIG)?;
        let quorum = Quorum::read(&mut fields, LONGEST);
        let key = Key::read(&mut fields);
        let decode = fields.get("decode").and_then(|raw| {
            let object = fields.check("decode", Object::read(raw.get()).map_err(Fault::NotAnObject))?;
            let mut inner = Fields::within(fields.place("decode"), object);
            let decode = Decode::read(&mut inner);
            fields.append(inner.finish(Decode::FIELDS));
            decode
        });
        let mistakes = fields.finish(FIELDS);
        match (quorum, key) {
            (Some(quorum), Some(key)) if mistakes.is_empty() => Ok(Self { quorum, key, decode }),
            _ => Err(mistakes),
        }
    }
}
