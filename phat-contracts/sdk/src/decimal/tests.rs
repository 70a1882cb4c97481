use super::{Cut, DecimalError, Scaled, parse_i128, places};
use alloc::{
    format,
    string::{String, ToString},
};
use phat_protocol::Amount;
use proptest::prelude::*;

const MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
const MAX_INT: &str = "57896044618658097711785492504343953926634992332820282019728792003956564819967";

fn uint(text: &str, decimals: u8) -> Result<String, DecimalError> {
    Scaled::parse(text, decimals)?.to_uint256().map(|word| Amount(word).to_string())
}

fn int(text: &str, decimals: u8) -> Result<[u8; 32], DecimalError> {
    Scaled::parse(text, decimals)?.to_int256()
}

#[test]
fn numbers_are_scaled_exactly_and_cut_toward_zero() {
    for (text, decimals, expected) in [
        ("64123.45", 8, "6412345000000"),
        ("64123.456789019", 8, "6412345678901"),
        ("0.1", 18, "100000000000000000"),
        ("0.30000000000000004", 17, "30000000000000004"),
        ("1.999", 2, "199"),
        ("1.999", 0, "1"),
        ("0.009", 2, "0"),
        ("0.000001", 6, "1"),
        ("0", 77, "0"),
        ("0.000", 2, "0"),
        ("1e3", 0, "1000"),
        ("1.5E+3", 0, "1500"),
        ("1.5e-3", 4, "15"),
        ("1.5e-3", 2, "0"),
        ("12345e-2", 0, "123"),
        ("0e999999999999999999999", 2, "0"),
        ("1e-999999999999999999999", 2, "0"),
        ("100000000000000000000e-20", 0, "1"),
        (MAX, 0, MAX),
    ] {
        assert_eq!(uint(text, decimals).as_deref(), Ok(expected), "{text} × 10^{decimals}");
    }
}

#[test]
fn places_are_those_that_no_digit_is_lost_in() {
    for (text, expected) in [
        ("0", 0),
        ("0.000", 0),
        ("-0.0e-9", 0),
        ("100", 0),
        ("1.5", 1),
        ("1.50", 1),
        ("12.50e-1", 2),
        ("1.5e3", 0),
        ("100e-2", 0),
        ("100e-3", 1),
        ("-1e-18", 18),
        ("1e-999999999999999999999", 1_000_000_000_000),
    ] {
        assert_eq!(places(text), Ok(expected), "{text}");
    }
    assert_eq!(places("1."), Err(DecimalError::NotANumber));
}

#[test]
fn a_number_of_128_bits_is_one_with_its_sign() {
    let small = |text: &str| Scaled::parse(text, 1).and_then(Scaled::to_i128);
    assert_eq!(small("64123.45"), Ok(641_234));
    assert_eq!(small("-0.19"), Ok(-1));
    assert_eq!(small("17014118346046923173168730371588410572.7"), Ok(i128::MAX));
    assert_eq!(small("-17014118346046923173168730371588410572.7"), Ok(-i128::MAX));
    for text in ["17014118346046923173168730371588410572.8", "-17014118346046923173168730371588410572.8", "1e40"] {
        assert_eq!(small(text), Err(DecimalError::OutOfRange), "{text}");
    }
}

#[test]
fn what_needs_more_than_256_bits_is_out_of_range() {
    let above = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    let above_int = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    for (text, decimals) in
        [(above, 0), (MAX, 1), ("1", 78), ("1e78", 0), ("1e999999999999999999999", 0), ("9e9999", 0)]
    {
        assert_eq!(uint(text, decimals), Err(DecimalError::OutOfRange), "{text} × 10^{decimals}");
    }
    assert_eq!(int(above_int, 0), Err(DecimalError::OutOfRange));
    assert_eq!(int(&format!("-{above_int}").replace("968", "969"), 0), Err(DecimalError::OutOfRange));
    assert_eq!(uint("-1", 0), Err(DecimalError::OutOfRange));
}

#[test]
fn signed_numbers_are_in_twos_complement() {
    let mut greatest = [0xff; 32];
    greatest[0] = 0x7f;
    let mut least = [0; 32];
    least[0] = 0x80;
    let mut minus_256 = [0xff; 32];
    minus_256[31] = 0;
    assert_eq!(int(MAX_INT, 0), Ok(greatest));
    assert_eq!(int("-57896044618658097711785492504343953926634992332820282019728792003956564819968", 0), Ok(least));
    assert_eq!(int("-1", 0), Ok([0xff; 32]));
    assert_eq!(int("-2.56", 2), Ok(minus_256));
}

#[test]
fn a_negative_number_that_is_cut_to_zero_is_zero() {
    for text in ["-0", "-0.0", "-0.009", "-1e-9"] {
        assert_eq!(uint(text, 2).as_deref(), Ok("0"), "{text}");
        assert_eq!(int(text, 2), Ok([0; 32]), "{text}");
    }
}

#[test]
fn what_json_does_not_write_is_no_number() {
    for text in [
        "", "-", "+1", ".5", "5.", "1e", "1e+", "1.e3", "01", "-01", "0x10", "1_000", "1,000", " 1", "1 ", "NaN",
        "Infinity", "1e1.5", "1.2.3", "--1", "١",
    ] {
        assert_eq!(Scaled::parse(text, 2), Err(DecimalError::NotANumber), "{text:?}");
    }
}

fn the_slow_way(text: &str, decimals: u8) -> Result<Cut, DecimalError> {
    let value = Scaled::parse(text, decimals)?.to_i128()?;
    Ok(Cut { value, exact: places(text)? <= decimals.into() })
}

proptest! {
    #[test]
    fn the_fast_way_to_128_bits_gives_the_same(
        text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?", decimals in 0_u8..40
    ) {
        prop_assert_eq!(parse_i128(&text, decimals), the_slow_way(&text, decimals));
    }

    #[test]
    fn the_fast_way_gives_the_same_for_short_numbers(text in "[-+0-9.eE]{0,12}", decimals in 0_u8..40) {
        prop_assert_eq!(parse_i128(&text, decimals), the_slow_way(&text, decimals));
    }

    #[test]
    fn an_integer_is_itself(number in any::<u128>()) {
        prop_assert_eq!(uint(&number.to_string(), 0), Ok(number.to_string()));
    }

    #[test]
    fn scaling_agrees_with_integer_arithmetic(number in any::<u64>(), places in 0_u32..30, decimals in 0_u8..19) {
        let text = format!("{number}e-{places}");
        let scaled = u128::from(number) * 10_u128.pow(decimals.into());
        prop_assert_eq!(uint(&text, decimals), Ok((scaled / 10_u128.pow(places)).to_string()));
    }

    #[test]
    fn a_point_is_an_exponent(integer in any::<u32>(), fraction in "[0-9]{1,20}", decimals in 0_u8..10) {
        let pointed = format!("{integer}.{fraction}");
        let digits = format!("{integer}{fraction}");
        let exponent = format!("{}e-{}", digits.trim_start_matches('0'), fraction.len());
        prop_assume!(!exponent.starts_with('e'));
        prop_assert_eq!(uint(&pointed, decimals), uint(&exponent, decimals));
    }

    #[test]
    fn a_sign_negates(number in 1_u64.., decimals in 0_u8..10) {
        let [positive, negative] = [int(&number.to_string(), decimals), int(&format!("-{number}"), decimals)];
        let (positive, negative) = (positive.expect("fits"), negative.expect("fits"));
        let sum = positive.iter().zip(negative).rev().fold((0_u16, true), |(carry, zero), (left, right)| {
            let sum = u16::from(*left) + u16::from(right) + carry;
            (sum >> 8, zero && sum.is_multiple_of(256))
        });
        prop_assert_eq!(sum, (1, true));
    }

    #[test]
    fn any_text_is_a_number_or_refused(text in "[-+0-9.eE]{0,12}", decimals in any::<u8>()) {
        let is_json_number = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok() && !text.is_empty();
        prop_assert_eq!(Scaled::parse(&text, decimals) != Err(DecimalError::NotANumber), is_json_number);
    }
}
