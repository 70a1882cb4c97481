use super::*;
use ethers::{
    abi::{Token, encode},
    types::{Address, I256, U256},
};
use serde_json::json;

fn types(text: &str) -> AbiTypes {
    text.parse().unwrap()
}

fn decoded(text: &str, tokens: &[Token]) -> Vec<Value> {
    types(text).decode(&encode(tokens)).unwrap()
}

fn uint(value: u64) -> Token {
    Token::Uint(U256::from(value))
}

fn text(value: &str) -> Token {
    Token::String(value.to_owned())
}

#[test]
fn every_type_is_read_as_the_library_wrote_it() {
    let minus_five = Token::Int(I256::from(-5).into_raw());
    assert_eq!(decoded("uint256", &[Token::Uint(U256::MAX)]), [json!(U256::MAX.to_string())]);
    assert_eq!(decoded("int8", std::slice::from_ref(&minus_five)), [json!("-5")]);
    assert_eq!(decoded("int256", &[Token::Int(I256::MIN.into_raw())]), [json!(I256::MIN.to_string())]);
    assert_eq!(decoded("(bool,bool)", &[Token::Bool(true), Token::Bool(false)]), [json!(true), json!(false)]);
    assert_eq!(
        decoded("address", &[Token::Address(Address::from([0xab; 20]))]),
        [json!(format!("0x{}", "ab".repeat(20)))]
    );
    assert_eq!(decoded("bytes3", &[Token::FixedBytes(vec![1, 2, 3])]), [json!("0x010203")]);
    for length in [0, 1, 31, 32, 33] {
        let bytes = vec![7; length];
        assert_eq!(decoded("bytes", &[Token::Bytes(bytes)]), [json!(format!("0x{}", "07".repeat(length)))]);
    }
    assert_eq!(decoded("(uint256,string)", &[uint(1), text("préis")]), [json!("1"), json!("préis")]);
    let pair = |value, name| Token::Tuple(vec![uint(value), text(name)]);
    assert_eq!(decoded("((uint256,string))", &[pair(1, "a")]), [json!(["1", "a"])]);
    assert_eq!(
        decoded("((uint256,string)[],int8)", &[Token::Array(vec![pair(1, "a"), pair(2, "b")]), minus_five]),
        [json!([["1", "a"], ["2", "b"]]), json!("-5")]
    );
    let grid = Token::Array(vec![Token::FixedArray(vec![uint(1), uint(2)]), Token::FixedArray(vec![uint(3), uint(4)])]);
    assert_eq!(decoded("uint8[2][]", &[grid]), [json!([["1", "2"], ["3", "4"]])]);
    assert_eq!(decoded("(uint256,string)[]", &[Token::Array(vec![pair(1, "a")])]), [json!([["1", "a"]])]);
    let texts = Token::FixedArray(vec![text(""), text("x")]);
    assert_eq!(decoded("string[2]", &[texts]), [json!(["", "x"])]);
    assert_eq!(decoded("uint256[]", &[Token::Array(vec![])]), [json!([])]);
}

#[test]
fn bytes_that_abi_encode_never_makes_are_refused() {
    let encoded = encode(&[uint(7), text("seven")]);
    let of = types("(uint256,string)");
    for end in 0..encoded.len() {
        assert!(of.decode(&encoded[..end]).is_err(), "{end} bytes");
    }
    assert_eq!(of.decode(&[&encoded[..], &[0; 32]].concat()), Err(NotEncoded::Trailing(32)));
    let mut padded = encoded.clone();
    *padded.last_mut().unwrap() = 1;
    assert_eq!(of.decode(&padded), Err(NotEncoded::OutOfRange("bytes")));
    let mut elsewhere = encoded.clone();
    elsewhere[63] = 0x20;
    assert_eq!(of.decode(&elsewhere), Err(NotEncoded::Offset));
    assert_eq!(types("uint8").decode(&encode(&[uint(256)])), Err(NotEncoded::OutOfRange("unsigned integer")));
    assert_eq!(types("bool").decode(&encode(&[uint(2)])), Err(NotEncoded::OutOfRange("boolean")));
    assert_eq!(types("int8").decode(&encode(&[uint(128)])), Err(NotEncoded::OutOfRange("integer")));
    let below = Token::Int(I256::from(-129).into_raw());
    assert_eq!(types("int8").decode(&encode(&[below])), Err(NotEncoded::OutOfRange("integer")));
    assert_eq!(types("address").decode(&[0xff; 32]), Err(NotEncoded::OutOfRange("address")));
    assert_eq!(types("bytes4").decode(&[0xff; 32]), Err(NotEncoded::OutOfRange("fixed bytes")));
    assert_eq!(types("string").decode(&encode(&[Token::Bytes(vec![0xff])])), Err(NotEncoded::NotText));
    assert_eq!(types("uint256").decode(&[]), Err(NotEncoded::TooShort));
}

/// Sixteen arrays in each other whose offsets all point back: read naively, 30^16 elements.
#[test]
fn offsets_to_one_place_and_huge_lengths_cost_nothing() {
    let nested = types(&format!("uint256{}", "[]".repeat(15)));
    let number = |value: u64| encode(&[uint(value)]);
    let mut bomb = [number(32), number(500)].concat();
    for _ in 0..500 {
        bomb.extend(number(0));
    }
    assert!(nested.decode(&bomb).is_err());
    let huge = [number(32), vec![0xff; 32]].concat();
    for array in ["uint256[]", "bytes", "string", "string[]", "uint256[][]", "(uint256,string)[]"] {
        assert!(types(array).decode(&huge).is_err(), "{array}");
    }
    let far = [number(32), number(u64::MAX)].concat();
    assert!(types("bytes").decode(&far).is_err());
    for fixed in ["uint256[18446744073709551615]", "string[18446744073709551615]", "uint8[4294967295][4294967295][9]"] {
        assert!(types(fixed).decode(&huge).is_err(), "{fixed}");
    }
}

#[test]
fn text_that_names_no_types_is_refused() {
    let deep = format!("{}bool{}", "(".repeat(40), ")".repeat(40));
    let long = format!("({}bool)", "bool,".repeat(200));
    let dimensions = format!("bool{}", "[]".repeat(40));
    for text in [
        "",
        " ",
        "uint",
        "int",
        "uint7",
        "uint0",
        "uint264",
        "uint08",
        "bytes0",
        "bytes33",
        "fixed",
        "function",
        "()",
        "(bool",
        "bool)",
        "(bool,)",
        "(,bool)",
        "bool[",
        "bool]",
        "bool[0]",
        "bool[-1]",
        "bool[01]",
        "bool bool",
        "uint256[99999999999999999999999999]",
        "(bool) x",
        "tuple",
        "bool[]é",
        &deep,
        &long,
        &dimensions,
    ] {
        assert!(text.parse::<AbiTypes>().is_err(), "{text}");
    }
}

#[test]
fn types_say_how_many_values_they_are_and_whether_the_first_is_a_number() {
    assert_eq!((types("(int8,string)").count(), types("(int8,string)").begin_with_integer()), (2, true));
    assert_eq!((types("((int8,string))").count(), types("((int8,string))").begin_with_integer()), (1, false));
    assert_eq!(types("(uint8,bool[2])").to_string(), "(uint8,bool[2])");
}
