//! How a contract says what its answers are, so that whoever shows them can decode them: the custom section
//! [`SECTION`] of its module. [`contract!`](crate::contract) writes it; nothing that runs reads it.
//!
//! The section is UTF-8 JSON:
//!
//! | member | meaning |
//! | --- | --- |
//! | `abi` | what `abi.encode` was given: one type, as `"uint256"`, or several in parentheses, as `"(uint256,string)"` |
//! | `decimals` | optional, beside `abi`: a number stands for itself divided by 10^`decimals`; 0 to 77 |
//! | `init` | in place of the two: an object of `abi` and perhaps `decimals`, JSON pointers (RFC 6901) into the contract's JSON init data, where the two stand |
//! | `error` | `"text"`: errors are as [`encode_error`](crate::encode_error) encodes them |
//!
//! Init data can be pointed into where it is a JSON text and the constructor's one argument, a SCALE `Vec<u8>`.
//! Decimals that it leaves out are 0.

/// The name of the custom section.
pub const SECTION: &str = "phat.output";

/// The section's text for [`contract!`](crate::contract).
#[doc(hidden)]
#[macro_export]
macro_rules! output_description {
    (output = init($abi:literal)) => {
        concat!(r#"{"init":{"abi":""#, $abi, r#""},"error":"text"}"#)
    };
    (output = init($abi:literal), decimals = init($decimals:literal)) => {
        concat!(r#"{"init":{"abi":""#, $abi, r#"","decimals":""#, $decimals, r#""},"error":"text"}"#)
    };
    (output = $abi:literal) => {
        concat!(r#"{"abi":""#, $abi, r#"","error":"text"}"#)
    };
    (output = $abi:literal, decimals = $decimals:literal) => {
        concat!(r#"{"abi":""#, $abi, r#"","decimals":"#, $decimals, r#","error":"text"}"#)
    };
}

/// The bytes of a text, for a static.
///
/// # Panics
/// When the text hasn't `N` bytes.
#[doc(hidden)]
#[must_use]
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    match text.as_bytes().first_chunk() {
        Some(bytes) if text.len() == N => *bytes,
        Some(_) | None => panic!("another length than the text's"),
    }
}

#[cfg(test)]
mod tests {
    use crate::serde_json::{Value, from_str, json};

    fn read(text: &str) -> Value {
        from_str(text).expect("JSON")
    }

    #[test]
    fn each_way_to_describe_an_output_has_its_json() {
        for (text, expected) in [
            (output_description!(output = "uint256"), json!({"abi": "uint256", "error": "text"})),
            (output_description!(output = "(bool,string)"), json!({"abi": "(bool,string)", "error": "text"})),
            (
                output_description!(output = "int256", decimals = 8),
                json!({"abi": "int256", "decimals": 8, "error": "text"}),
            ),
            (output_description!(output = init("/type")), json!({"init": {"abi": "/type"}, "error": "text"})),
            (
                output_description!(output = init("/type"), decimals = init("/decimals")),
                json!({"init": {"abi": "/type", "decimals": "/decimals"}, "error": "text"}),
            ),
        ] {
            assert_eq!(read(text), expected);
        }
    }

    #[test]
    fn the_bytes_are_the_texts() {
        assert_eq!(super::bytes::<3>("abc"), *b"abc");
    }

    #[test]
    #[should_panic(expected = "another length")]
    fn a_text_of_another_length_is_refused() {
        let _ = super::bytes::<2>("abc");
    }
}
