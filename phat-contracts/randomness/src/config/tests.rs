use super::{Config, Fault, MAX_WORDS, Mistake};
use proptest::prelude::*;

fn config(json: &str) -> Config {
    Config::parse(json.as_bytes()).expect("a configuration")
}

fn mistakes(json: &str) -> Vec<(String, String)> {
    let mistakes: Vec<Mistake<Fault>> = Config::parse(json.as_bytes()).expect_err("a mistake");
    mistakes.into_iter().map(|mistake| (mistake.field, mistake.fault.to_string())).collect()
}

#[test]
fn all_may_be_left_out() {
    assert_eq!(config("{}"), Config { words: 1, range: None });
    assert_eq!(config(r#"{"words":64,"from":0,"to":18446744073709551615}"#).range, Some((0, u64::MAX)));
}

#[test]
fn every_mistake_is_named() {
    let named = |json: &str| mistakes(json).into_iter().map(|(field, _)| field).collect::<Vec<_>>();
    assert_eq!(named(r#"{"words":0,"from":7,"to":6,"of":1}"#), ["words", "to", "of"]);
    assert_eq!(named(&format!(r#"{{"words":{}}}"#, MAX_WORDS + 1)), ["words"]);
    assert_eq!(mistakes(r#"{"from":1}"#), [("to".into(), "missing".into())]);
    assert_eq!(mistakes(r#"{"to":1}"#), [("from".into(), "missing".into())]);
    assert_eq!(named(r#"{"from":-1,"to":1.5}"#), ["from", "to"]);
    assert_eq!(named("[]"), [""]);
}

#[test]
fn a_word_without_a_range_stays_as_it_is() {
    assert_eq!(config("{}").fit([0xab; 32]), [0xab; 32]);
}

#[test]
fn the_greatest_word_fits_the_widest_range() {
    let widest = Config { words: 1, range: Some((0, u64::MAX)) };
    assert_eq!(widest.fit([0xff; 32])[24..], [0xff; 8]);
    let highest = Config { words: 1, range: Some((u64::MAX, u64::MAX)) };
    assert_eq!(highest.fit([0xff; 32])[24..], [0xff; 8]);
}

proptest! {
    /// Checked against the remainder of the low half, which a word below 2^128 is.
    #[test]
    fn a_word_is_reduced_into_its_range(low in any::<u128>(), one in any::<u64>(), other in any::<u64>()) {
        let (from, to) = (one.min(other), one.max(other));
        let mut word = [0; 32];
        word[16..].copy_from_slice(&low.to_be_bytes());
        let fitted = Config { words: 1, range: Some((from, to)) }.fit(word);
        let expected = u128::from(from) + low % (u128::from(to - from) + 1);
        prop_assert_eq!(&fitted[..16], &[0; 16]);
        prop_assert_eq!(&fitted[16..], &expected.to_be_bytes());
    }

    /// 2^128 leaves 1 when divided by 3 and 5: high and low half count alike.
    #[test]
    fn the_high_half_of_a_word_counts(high in any::<u128>(), low in any::<u128>()) {
        let word: [u8; 32] = [high.to_be_bytes(), low.to_be_bytes()].concat().try_into().expect("32 bytes");
        let fitted = Config { words: 1, range: Some((0, 14)) }.fit(word);
        prop_assert_eq!(u128::from(fitted[31]), (high % 15 + low % 15) % 15);
    }
}
