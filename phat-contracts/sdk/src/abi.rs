//! Solidity's ABI encoding of an answer (Contract ABI Specification, "Formal Specification of the
//! Encoding"), so that a consumer reads it with `abi.decode`.

use alloc::{string::String, vec::Vec};

/// One value, as `abi.encode` sees it: a word, bytes of any length, or an array of such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `uint256`, `int256`, `bool`, `bytes32`, `address` and the shorter ones, already in a word.
    Word([u8; 32]),
    /// `bytes` and `string`.
    Dynamic(Vec<u8>),
    /// An array of any length: `uint256[]`, `string[]`.
    Array(Vec<Token>),
}

impl Token {
    /// An `address`.
    #[must_use]
    pub fn address(address: [u8; 20]) -> Self {
        let mut word = [0; 32];
        word[12..].copy_from_slice(&address);
        Self::Word(word)
    }
}

impl From<u128> for Token {
    fn from(value: u128) -> Self {
        let mut word = [0; 32];
        word[16..].copy_from_slice(&value.to_be_bytes());
        Self::Word(word)
    }
}

impl From<i128> for Token {
    fn from(value: i128) -> Self {
        let mut word = [if value < 0 { 0xff } else { 0 }; 32];
        word[16..].copy_from_slice(&value.to_be_bytes());
        Self::Word(word)
    }
}

impl From<u64> for Token {
    fn from(value: u64) -> Self {
        Self::from(u128::from(value))
    }
}

impl From<usize> for Token {
    fn from(value: usize) -> Self {
        let bytes = value.to_be_bytes();
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(&bytes);
        Self::Word(word)
    }
}

impl From<bool> for Token {
    fn from(value: bool) -> Self {
        Self::from(u128::from(value))
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self::Dynamic(text.into_bytes())
    }
}

/// `abi.encode(tokens…)`.
#[must_use]
pub fn encode(tokens: &[Token]) -> Vec<u8> {
    let mut head = Vec::with_capacity(32 * tokens.len());
    let mut tail = Vec::new();
    for token in tokens {
        match token {
            Token::Word(word) => head.extend_from_slice(word),
            Token::Array(elements) => {
                head.extend_from_slice(&word(32 * tokens.len() + tail.len()));
                tail.extend_from_slice(&word(elements.len()));
                tail.extend_from_slice(&encode(elements));
            }
            Token::Dynamic(bytes) => {
                head.extend_from_slice(&word(32 * tokens.len() + tail.len()));
                tail.extend_from_slice(&word(bytes.len()));
                tail.extend_from_slice(bytes);
                tail.resize(tail.len().next_multiple_of(32), 0);
            }
        }
    }
    head.append(&mut tail);
    head
}

fn word(length: usize) -> [u8; 32] {
    let bytes = length.to_be_bytes();
    let mut word = [0; 32];
    word[32 - bytes.len()..].copy_from_slice(&bytes);
    word
}

#[cfg(test)]
mod tests;
