//! Amounts of money, as settings have them.

use super::{
    setting::{Setting, text},
    tree::Value,
};
use phat_protocol::Amount;

/// The units that an amount may have, and their decimals above the smallest.
const UNITS: [(&str, usize); 3] = [("wei", 0), ("gwei", 9), ("ether", 18)];

impl Setting for Amount {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "an amount such as \"0.5 ether\", \"3 gwei\" or \"100 wei\"";
        let text = text(value, EXPECTED)?;
        amount(text).ok_or_else(|| format!("expected {EXPECTED}, found {text:?}"))
    }
}

/// An amount on a Substrate chain, whose unit has the decimals that the chain says: counted in its smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planck(pub(super) Amount);

impl Setting for Planck {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "an amount such as \"1000000000000 planck\"";
        let text = text(value, EXPECTED)?;
        let number = text.trim().strip_suffix(" planck").map(str::trim_end);
        let number = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let amount: Option<u128> = number.and_then(|number| number.parse().ok());
        amount.map(|planck| Self(planck.into())).ok_or_else(|| format!("expected {EXPECTED}, found {text:?}"))
    }
}

/// Reads an amount, exactly; none where it is no whole number of wei, or more than 128 bits.
fn amount(text: &str) -> Option<Amount> {
    let (number, unit) = text.trim().split_once(' ')?;
    let (_, decimals) = UNITS.into_iter().find(|(name, _)| *name == unit.trim())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > decimals || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    if number.ends_with('.') {
        return None;
    }
    let wei: u128 = format!("{whole}{fraction:0<decimals$}").parse().ok()?;
    Some(Amount::from(wei))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        for (text, wei) in [
            ("0 wei", 0),
            ("100 wei", 100),
            ("1 gwei", 1_000_000_000),
            ("1.5 gwei", 1_500_000_000),
            ("0.000000001 gwei", 1),
            ("0.05 ether", 50_000_000_000_000_000),
            (" 12 ether ", 12_000_000_000_000_000_000),
        ] {
            assert_eq!(amount(text), Some(Amount::from(wei)), "{text}");
        }
    }

    #[test]
    fn amounts_of_a_substrate_chain_are_counted_in_its_smallest_unit() {
        let read = |text: &str| Planck::read(&Value::Environment(text.to_owned())).ok();
        for (text, planck) in [("0 planck", 0), (" 1000000000000 planck ", 1_000_000_000_000_u128)] {
            assert_eq!(read(text), Some(Planck(planck.into())), "{text}");
        }
        for text in ["", "1", "planck", " planck", "1 wei", "1.5 planck", "-1 planck", "1planck"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_of_wei_is_no_amount() {
        let too_much = format!("{} ether", u128::MAX);
        for text in [
            "",
            "1",
            "wei",
            "1 Ether",
            "1.5 wei",
            "-1 wei",
            "1e3 wei",
            "0.0000000001 gwei",
            "1. gwei",
            ".5 gwei",
            &too_much,
        ] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
