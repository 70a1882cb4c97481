use super::{Token, encode};
use alloc::{string::String, vec::Vec};
use proptest::prelude::*;

fn words(hex: &[&str]) -> Vec<u8> {
    hex.iter()
        .flat_map(|word| (0..32).map(move |at| u8::from_str_radix(&word[2 * at..][..2], 16)))
        .collect::<Result<_, _>>()
        .expect("hexadecimal digits")
}

/// The encoding of `sam("dave", true, …)` in the specification's examples, without its array.
#[test]
fn bytes_and_bool_are_encoded_as_the_specification_does() {
    let encoded = encode(&[Token::Dynamic(b"dave".into()), Token::from(true)]);
    let expected = words(&[
        "0000000000000000000000000000000000000000000000000000000000000040",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "0000000000000000000000000000000000000000000000000000000000000004",
        "6461766500000000000000000000000000000000000000000000000000000000",
    ]);
    assert_eq!(encoded, expected);
}

/// The specification's example `g(uint256[][],string[])`: its second argument alone.
#[test]
fn an_arrays_elements_are_encoded_behind_its_length() {
    let texts = ["one", "two", "three"].map(|text| Token::from(String::from(text)));
    let expected = words(&[
        "0000000000000000000000000000000000000000000000000000000000000020",
        "0000000000000000000000000000000000000000000000000000000000000003",
        "0000000000000000000000000000000000000000000000000000000000000060",
        "00000000000000000000000000000000000000000000000000000000000000a0",
        "00000000000000000000000000000000000000000000000000000000000000e0",
        "0000000000000000000000000000000000000000000000000000000000000003",
        "6f6e650000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000003",
        "74776f0000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000005",
        "7468726565000000000000000000000000000000000000000000000000000000",
    ]);
    assert_eq!(encode(&[Token::Array(texts.into())]), expected);
    assert_eq!(encode(&[Token::Array(Vec::new())]), expected_empty());
}

fn expected_empty() -> Vec<u8> {
    words(&[
        "0000000000000000000000000000000000000000000000000000000000000020",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ])
}

/// What `cast abi-encode "f(string,address,string,uint256)" …` gives.
#[test]
fn offsets_count_from_the_start_of_the_heads() {
    let encoded = encode(&[
        Token::from(String::from("Hello, world!")),
        Token::address([0x11; 20]),
        Token::from(String::new()),
        Token::from(0x1234_u64),
    ]);
    let expected = words(&[
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000001111111111111111111111111111111111111111",
        "00000000000000000000000000000000000000000000000000000000000000c0",
        "0000000000000000000000000000000000000000000000000000000000001234",
        "000000000000000000000000000000000000000000000000000000000000000d",
        "48656c6c6f2c20776f726c642100000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ]);
    assert_eq!(encoded, expected);
}

#[test]
fn a_negative_number_is_in_twos_complement() {
    assert_eq!(Token::from(-1_i128), Token::Word([0xff; 32]));
    assert_eq!(Token::from(i128::MAX), Token::from(u128::MAX >> 1));
    let mut least = [0xff; 32];
    least[16..].copy_from_slice(&i128::MIN.to_be_bytes());
    assert_eq!(Token::from(i128::MIN), Token::Word(least));
}

proptest! {
    #[test]
    fn bytes_of_any_length_can_be_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let encoded = encode(&[Token::Dynamic(bytes.clone())]);
        prop_assert_eq!(encoded.len() % 32, 0);
        prop_assert_eq!(&encoded[..32], &encode(&[Token::from(32_u64)]));
        prop_assert_eq!(&encoded[32..64], &encode(&[Token::from(bytes.len())]));
        prop_assert_eq!(&encoded[64..][..bytes.len()], &bytes);
        prop_assert!(encoded[64 + bytes.len()..].iter().all(|byte| *byte == 0));
        prop_assert!(encoded.len() < 64 + bytes.len() + 32);
    }

    #[test]
    fn a_number_stands_big_endian_at_the_end_of_its_word(number in any::<u128>()) {
        let encoded = encode(&[Token::from(number)]);
        prop_assert_eq!(&encoded[..16], &[0; 16]);
        prop_assert_eq!(&encoded[16..], &number.to_be_bytes());
    }
}
