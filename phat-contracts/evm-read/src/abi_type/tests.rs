use super::{AbiType, SignatureError, parameters};
use phat_sdk::abi::Token;

fn token(name: &str, text: &str) -> Option<Token> {
    let [one] = parameters(&format!("f({name})")).expect("a signature").try_into().expect("one type");
    one.token(text)
}

fn word(last: u128) -> Option<Token> {
    Some(Token::from(last))
}

#[test]
fn a_signature_has_a_name_and_types() {
    let types = parameters("swap(uint112,int24,bool,address,bytes4,bytes,string,uint256[])");
    let array = AbiType::Array(AbiType::Uint(256).into());
    let expected = [
        AbiType::Uint(112),
        AbiType::Int(24),
        AbiType::Bool,
        AbiType::Address,
        AbiType::FixedBytes(4),
        AbiType::Bytes,
        AbiType::String,
        array,
    ];
    assert_eq!(types, Ok(expected.into()));
    assert_eq!(parameters("totalSupply()"), Ok(Vec::new()));
}

#[test]
fn what_is_no_signature_is_refused() {
    for text in ["", "f", "(uint256)", "f(uint256", "f uint256)", "f(uint256) view", "f o(bool)", "é()"] {
        assert_eq!(parameters(text), Err(SignatureError::Shape), "{text}");
    }
    for text in [
        "uint", "int", "uint7", "uint0", "uint264", "uint08", "uint+8", "bytes0", "bytes33", "bytes01", " bool",
        "byte", "bool[3]", "bool[][]", "function", "[]", "(bool)",
    ] {
        let refused = parameters(&format!("f({text})"));
        assert_eq!(refused, Err(SignatureError::Type(text.into())), "{text}");
    }
    assert_eq!(parameters("f(bool,)"), Err(SignatureError::Type("".into())));
}

#[test]
fn numbers_are_whole_and_fit_their_bits() {
    assert_eq!(token("uint8", "255"), word(255));
    assert_eq!(token("int8", "-128"), Some(Token::from(-128_i128)));
    assert_eq!(token("int8", "127"), word(127));
    assert_eq!(token("uint256", &format!("1{}", "0".repeat(30))), word(10_u128.pow(30)));
    for (name, text) in [
        ("uint8", "256"),
        ("uint8", "-1"),
        ("int8", "128"),
        ("int8", "-129"),
        ("uint256", "1.5"),
        ("uint256", "1e3"),
        ("uint256", ""),
        ("uint256", "0x10"),
        ("uint256", "01"),
        ("int256", "-"),
        ("uint256", " 1"),
    ] {
        assert_eq!(token(name, text), None, "{name} {text:?}");
    }
}

#[test]
fn every_type_takes_its_own_text() {
    assert_eq!(token("bool", "true"), word(1));
    assert_eq!(token("bool", "1"), None);
    let address = "ab".repeat(20);
    assert_eq!(token("address", &format!("0x{address}")), Some(Token::address([0xab; 20])));
    assert_eq!(token("address", &address), None);
    assert_eq!(token("address", "0xab"), None);
    let mut word = [0; 32];
    word[..4].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
    assert_eq!(token("bytes4", "0xdeadbeef"), Some(Token::Word(word)));
    assert_eq!(token("bytes4", "0xdeadbe"), None);
    assert_eq!(token("bytes", "0x"), Some(Token::Dynamic(Vec::new())));
    assert_eq!(token("bytes", "deadbe"), None);
    assert_eq!(token("string", "a\"b"), Some(Token::Dynamic(b"a\"b".into())));
    assert_eq!(token("bool[]", "true"), None);
}
