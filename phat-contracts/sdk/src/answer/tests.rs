use super::{AnswerError, AnswerType};
use crate::json::Value;
use alloc::{format, vec, vec::Vec};
use proptest::prelude::*;

const UINT: AnswerType = AnswerType::Uint256 { decimals: 8 };
const INT: AnswerType = AnswerType::Int256 { decimals: 2 };
const ALL: [AnswerType; 7] =
    [UINT, INT, AnswerType::Bool, AnswerType::Bytes32, AnswerType::Address, AnswerType::Bytes, AnswerType::String];

fn text(value: &str) -> Value<'static> {
    Value::String(value.into())
}

fn word(last: u128) -> Vec<u8> {
    [[0; 16], last.to_be_bytes()].concat()
}

#[test]
fn numbers_are_one_word_scaled() {
    assert_eq!(UINT.encode(Value::Number("64123.45")), Ok(word(6_412_345_000_000)));
    assert_eq!(UINT.encode(text("64123.45")), Ok(word(6_412_345_000_000)));
    assert_eq!(INT.encode(Value::Number("-0.01")), Ok(vec![0xff; 32]));
    assert_eq!(UINT.encode(Value::Number("-0.01")), Err(AnswerError::OutOfRange));
    assert_eq!(UINT.encode(Value::Number("1e70")), Err(AnswerError::OutOfRange));
}

#[test]
fn every_type_takes_its_own_values() {
    assert_eq!(AnswerType::Bool.encode(Value::Bool(true)), Ok(word(1)));
    assert_eq!(AnswerType::Bool.encode(Value::Bool(false)), Ok(word(0)));
    assert_eq!(AnswerType::Bytes32.encode(text(&format!("0x{}", "aB".repeat(32)))), Ok(vec![0xab; 32]));
    assert_eq!(
        AnswerType::Address.encode(text(&format!("0x{}", "Cd".repeat(20)))),
        Ok([[0; 12].as_slice(), &[0xcd; 20]].concat())
    );
    let dynamic = |length: u128, padded: &[u8]| [word(32), word(length), padded.to_vec()].concat();
    let mut two = [0; 32];
    two[..2].copy_from_slice(&[0x12, 0x34]);
    assert_eq!(AnswerType::Bytes.encode(text("0x1234")), Ok(dynamic(2, &two)));
    assert_eq!(AnswerType::Bytes.encode(text("0x")), Ok(dynamic(0, &[])));
    two[..2].copy_from_slice("ü".as_bytes());
    assert_eq!(AnswerType::String.encode(text("ü")), Ok(dynamic(2, &two)));
}

#[test]
fn other_values_are_of_the_wrong_type() {
    for answer_type in ALL {
        for value in [Value::Null, Value::Array, Value::Object] {
            let found = value.kind();
            let Err(AnswerError::WrongType { found: named, .. }) = answer_type.encode(value) else {
                panic!("{answer_type:?} takes {found}");
            };
            assert_eq!(named, found);
        }
    }
    for (answer_type, value) in [
        (UINT, Value::Bool(true)),
        (UINT, text("12 USD")),
        (UINT, text("")),
        (AnswerType::Bool, text("true")),
        (AnswerType::Bool, Value::Number("1")),
        (AnswerType::String, Value::Number("1")),
        (AnswerType::String, Value::Bool(true)),
        (AnswerType::Bytes, text("1234")),
        (AnswerType::Bytes, text("0x123")),
        (AnswerType::Bytes, text("0xzz")),
        (AnswerType::Bytes32, text("0x12")),
        (AnswerType::Bytes32, Value::Number("1")),
        (AnswerType::Address, text(&format!("0x{}", "ab".repeat(21)))),
        (AnswerType::Address, text(&"ab".repeat(20))),
    ] {
        let wrong = matches!(answer_type.encode(value.clone()), Err(AnswerError::WrongType { .. }));
        assert!(wrong, "{answer_type:?} takes {value:?}");
    }
}

proptest! {
    #[test]
    fn bytes_come_back_as_they_were_written(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let encoded = AnswerType::Bytes.encode(text(&format!("0x{}", hex::encode(&bytes)))).expect("bytes");
        prop_assert_eq!(&encoded[64..][..bytes.len()], &bytes);
    }

    #[test]
    fn no_text_makes_a_type_panic(value in "\\PC{0,70}") {
        for answer_type in ALL {
            let encoded = answer_type.encode(text(&value));
            let refused = matches!(encoded, Err(AnswerError::WrongType { .. } | AnswerError::OutOfRange));
            prop_assert!(encoded.is_ok() || refused);
        }
    }
}
