use phat_protocol::Amount;

/// Decimals of the smallest unit below the coin, on EVM chains.
const DECIMALS: usize = 18;
/// Decimals that are shown.
const SHOWN: usize = 6;

/// Wei as ether, to six decimals, rounded down.
pub(super) fn ether(wei: Amount) -> String {
    let digits = format!("{:0>width$}", wei.to_string(), width = DECIMALS + 1);
    let (whole, fraction) = digits.split_at(digits.len() - DECIMALS);
    let shown = fraction[..SHOWN].trim_end_matches('0');
    match (whole, shown) {
        ("0", "") if wei != Amount::default() => "less than 0.000001 ether".to_owned(),
        (whole, "") => format!("{whole} ether"),
        (whole, shown) => format!("{whole}.{shown} ether"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wei_are_shown_as_ether() {
        for (wei, shown) in [
            (0, "0 ether"),
            (1, "less than 0.000001 ether"),
            (1_000_000_000_000_000_000, "1 ether"),
            (1_234_567_899_999_999_999, "1.234567 ether"),
            (1_000_001_000_000_000_000_000, "1000.001 ether"),
        ] {
            assert_eq!(ether(Amount::from(wei)), shown);
        }
        assert!(ether(Amount([0xff; 32])).len() > 60);
    }
}
