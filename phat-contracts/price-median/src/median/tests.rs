use super::{BASIS_POINTS, Rule, mean, median, wide_product};
use proptest::prelude::*;

const ANY: Rule = Rule { minimum: 1, max_deviation_bps: BASIS_POINTS };

fn rule(minimum: usize, max_deviation_bps: u16) -> Rule {
    Rule { minimum, max_deviation_bps }
}

fn answer(rule: Rule, prices: &[i128]) -> Option<i128> {
    rule.judge(prices).and_then(|verdict| verdict.answer)
}

#[test]
fn the_middle_one_of_an_odd_count_is_the_median() {
    assert_eq!(answer(ANY, &[5]), Some(5));
    assert_eq!(answer(ANY, &[103, 101, 102]), Some(102));
    assert_eq!(answer(ANY, &[102, 102, 102]), Some(102));
}

#[test]
fn the_mean_of_the_two_in_the_middle_is_rounded_toward_zero() {
    assert_eq!(answer(ANY, &[100, 103]), Some(101));
    assert_eq!(answer(ANY, &[101, 103, 99, 104]), Some(102));
    assert_eq!(answer(ANY, &[-100, -103]), Some(-101));
    assert_eq!(mean(-1, 0), 0);
    assert_eq!(mean(-2, 1), 0);
    assert_eq!(mean(i128::MAX, i128::MAX - 1), i128::MAX - 1);
    assert_eq!(mean(i128::MIN, i128::MIN + 1), i128::MIN + 1);
    assert_eq!(mean(i128::MIN, i128::MAX), 0);
}

#[test]
fn a_price_is_dropped_beyond_the_deviation_and_kept_at_it() {
    let verdict = rule(2, 100).judge(&[10_000, 10_100, 9_899, 10_000, 10_000]).expect("prices");
    assert_eq!((verdict.of_all, verdict.answer), (10_000, Some(10_000)));
    assert_eq!(verdict.near, [true, true, false, true, true]);
}

#[test]
fn one_that_lies_tenfold_changes_nothing() {
    assert_eq!(answer(rule(2, 500), &[100_000, 1_000_000, 100_200]), Some(100_100));
    assert_eq!(answer(rule(2, 500), &[100_000, 10_000, 100_200]), Some(100_100));
}

#[test]
fn sources_that_contradict_each_other_make_no_answer() {
    let verdict = rule(2, 500).judge(&[100, 1_000]).expect("prices");
    assert_eq!((verdict.of_all, verdict.answer), (550, None));
    assert_eq!(verdict.near, [false, false]);
    assert_eq!(answer(rule(1, 500), &[100, 100, 1_000, 1_000]), None);
}

#[test]
fn too_few_prices_make_no_answer() {
    assert_eq!(ANY.judge(&[]), None);
    assert_eq!(answer(rule(2, 500), &[100]), None);
    assert_eq!(answer(rule(3, 500), &[100, 101, 200]), None);
}

#[test]
fn without_any_deviation_only_equal_prices_count() {
    assert_eq!(answer(rule(2, 0), &[100, 100, 101]), Some(100));
    assert_eq!(answer(rule(2, 0), &[0, 0]), Some(0));
    assert_eq!(answer(rule(2, 500), &[0, 0, 1]), Some(0));
}

/// The textbook's definition, in numbers small enough for it.
fn slow_median(prices: &[i128]) -> i128 {
    let mut sorted = prices.to_vec();
    sorted.sort_unstable();
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2 }
}

proptest! {
    #[test]
    fn the_median_is_the_textbooks(prices in proptest::collection::vec(-1_000_i128..1_000, 1..12)) {
        prop_assert_eq!(median(prices.clone()), Some(slow_median(&prices)));
    }

    #[test]
    fn the_mean_lies_between_and_is_never_off_by_one(a: i128, b: i128) {
        let mean = mean(a, b);
        prop_assert!(a.min(b) <= mean && mean <= a.max(b));
        if let Some(sum) = a.checked_add(b) {
            prop_assert_eq!(mean, sum / 2);
        }
    }

    #[test]
    fn the_wide_product_is_the_product(value in 0..u128::MAX >> 16, factor: u16) {
        let (high, low) = wide_product(value, factor);
        prop_assert_eq!((high << 64) | low, value * u128::from(factor));
    }

    #[test]
    fn nothing_overflows(prices in proptest::collection::vec(any::<i128>(), 1..12), max_deviation_bps in 0..=BASIS_POINTS) {
        let verdict = rule(1, max_deviation_bps).judge(&prices).expect("prices");
        let (least, most) = (prices.iter().min().expect("one"), prices.iter().max().expect("one"));
        prop_assert!(verdict.answer.is_none_or(|answer| (*least..=*most).contains(&answer)));
    }

    #[test]
    fn the_order_of_sources_means_nothing(
        mut prices in proptest::collection::vec(90_000_i128..110_000, 1..12), minimum in 1_usize..5, bps in 0..=BASIS_POINTS,
    ) {
        let before = answer(rule(minimum, bps), &prices);
        prices.reverse();
        prop_assert_eq!(answer(rule(minimum, bps), &prices), before);
    }

    #[test]
    fn a_minority_of_liars_never_moves_the_answer_out_of_what_the_honest_said(
        honest in proptest::collection::vec(99_000_i128..101_000, 3..7),
        lies in proptest::collection::vec(any::<i128>(), 0..3),
    ) {
        let all = [honest.as_slice(), &lies].concat();
        let (least, most) = (honest.iter().min().expect("one"), honest.iter().max().expect("one"));
        let answered = answer(rule(honest.len(), 500), &all);
        prop_assert!(answered.is_none_or(|answer| (*least..=*most).contains(&answer)), "{:?}", answered);
        // What lies beyond the deviation is not among them; within it, a lie is as good as a price.
        let apart = lies.iter().all(|lie| *lie < 0 || *lie > 200_000);
        if apart {
            prop_assert_eq!(answered, Some(slow_median(&honest)));
        }
    }
}
