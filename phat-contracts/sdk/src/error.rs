use alloc::{string::ToString, vec, vec::Vec};
use core::fmt::Display;
use parity_scale_codec::Encode;

/// The longest text of an error that a consumer gets, in bytes; what is longer is cut.
pub const MAX_ERROR_TEXT: usize = 512;

/// Why a contract has no answer.
pub trait ContractError: Display {
    /// The number by which a consumer tells errors apart; part of the contract's interface.
    fn code(&self) -> u8;
}

/// The bytes of an error as the consumer gets them: its code, then its text as a SCALE string (the
/// length as a SCALE compact integer, then UTF-8, at most [`MAX_ERROR_TEXT`] bytes).
#[must_use]
pub fn encode_error(error: &impl ContractError) -> Vec<u8> {
    let mut bytes = vec![error.code()];
    clip(&error.to_string(), MAX_ERROR_TEXT).encode_to(&mut bytes);
    bytes
}

/// The longest start of `text` that has at most `limit` bytes.
pub(crate) fn clip(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::{ContractError, MAX_ERROR_TEXT, clip, encode_error};
    use alloc::string::String;
    use parity_scale_codec::Decode;

    #[derive(Debug)]
    struct Refused(String);

    impl core::fmt::Display for Refused {
        fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            formatter.write_str(&self.0)
        }
    }

    impl ContractError for Refused {
        fn code(&self) -> u8 {
            7
        }
    }

    #[test]
    fn an_error_is_its_code_and_its_text() {
        assert_eq!(encode_error(&Refused("no".into())), [7, 2 << 2, b'n', b'o']);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let bytes = encode_error(&Refused("ü".repeat(MAX_ERROR_TEXT)));
        let text = String::decode(&mut &bytes[1..]).expect("SCALE string");
        assert_eq!(text, "ü".repeat(MAX_ERROR_TEXT / 2));
        assert_eq!(clip("aü", 2), "a");
    }
}
