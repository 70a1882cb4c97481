use alloc::vec::Vec;
use phat_sdk::config::{Fault, Fields, Mistake};

/// The longest init data, in bytes of JSON.
pub const MAX_CONFIG: usize = 1024;
/// The most words of an answer.
pub const MAX_WORDS: u64 = 64;
const FIELDS: &[&str] = &["words", "from", "to"];
const NUMBER: &str = "a whole number, at most 18446744073709551615";

/// What the init data says.
///
/// | field | |
/// | --- | --- |
/// | `words` | how many words the answer has, 1 to [`MAX_WORDS`]; 1 when left out |
/// | `from`, `to` | the least and the greatest value of a word, both or neither, below 2^64; any 256 bits when left out |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) words: u64,
    pub(crate) range: Option<(u64, u64)>,
}

impl Config {
    /// Reads init data: UTF-8 JSON.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Mistake>> {
        let mut fields = Fields::<Fault>::read(json, MAX_CONFIG)?;
        let words = fields.number("words", 1..=MAX_WORDS, "a whole number, 1 to 64").unwrap_or(1);
        let from = fields.number("from", 0..=u64::MAX, NUMBER);
        let to = fields.number("to", 0..=u64::MAX, NUMBER);
        let range = from.zip(to);
        match range {
            Some((from, to)) if to < from => fields.mistake("to", Fault::WrongKind("at least `from`")),
            None if fields.get("from").is_some() && fields.get("to").is_none() => fields.mistake("to", Fault::Missing),
            None if fields.get("from").is_none() && fields.get("to").is_some() => {
                fields.mistake("from", Fault::Missing)
            }
            Some(_) | None => {}
        }
        let mistakes = fields.finish(FIELDS);
        if mistakes.is_empty() { Ok(Self { words, range }) } else { Err(mistakes) }
    }

    /// A random word within the range: `from` + word mod (`to` - `from` + 1), which is off from uniform by less than
    /// 2^-192.
    pub(crate) fn fit(&self, word: [u8; 32]) -> [u8; 32] {
        let Some((from, to)) = self.range else { return word };
        let count = u128::from(to - from) + 1;
        // By 64 bits at a time: the remainder is below 2^64 before each step.
        let (limbs, _) = word.as_chunks::<8>();
        let remainder = limbs
            .iter()
            .fold(0_u128, |remainder, limb| ((remainder << 64) | u128::from(u64::from_be_bytes(*limb))) % count);
        let mut fitted = [0; 32];
        fitted[16..].copy_from_slice(&(u128::from(from) + remainder).to_be_bytes());
        fitted
    }
}

#[cfg(test)]
mod tests;
