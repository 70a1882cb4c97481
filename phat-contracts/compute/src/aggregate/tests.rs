use super::{Aggregate, AggregateError, Total};
use proptest::prelude::*;

fn of(aggregate: Aggregate, numbers: &[i128], places: u8, decimals: u8) -> Result<i128, AggregateError> {
    let mut total = Total::new(aggregate);
    for number in numbers {
        total.add(*number)?;
    }
    total.finish(places, decimals)
}

#[test]
fn each_aggregate_is_what_its_name_says() {
    let numbers = [300, -150, 1_000, 25];
    for (aggregate, expected) in [
        (Aggregate::Count, 400),
        (Aggregate::Sum, 1_175),
        (Aggregate::Mean, 293),
        (Aggregate::Min, -150),
        (Aggregate::Max, 1_000),
        (Aggregate::Quantile(0), -150),
        (Aggregate::Quantile(500_000), 162),
        (Aggregate::Quantile(1_000_000), 1_000),
        // At 2.25 of 0 to 3: 300 and a quarter of the way to 1,000.
        (Aggregate::Quantile(750_000), 475),
    ] {
        assert_eq!(of(aggregate, &numbers, 2, 2), Ok(expected), "{aggregate:?}");
    }
}

#[test]
fn no_rows_have_a_count_and_a_sum_alone() {
    assert_eq!(of(Aggregate::Count, &[], 2, 2), Ok(0));
    assert_eq!(of(Aggregate::Sum, &[], 2, 2), Ok(0));
    for aggregate in [Aggregate::Mean, Aggregate::Min, Aggregate::Max, Aggregate::Quantile(500_000)] {
        assert_eq!(of(aggregate, &[], 2, 2), Err(AggregateError::NoRows), "{aggregate:?}");
    }
    assert_eq!(of(Aggregate::Quantile(300_000), &[7], 0, 0), Ok(7));
}

#[test]
fn an_answer_is_rounded_toward_zero_once() {
    assert_eq!(of(Aggregate::Mean, &[1, 1, 0], 0, 6), Ok(666_666));
    assert_eq!(of(Aggregate::Mean, &[-1, -1, 0], 0, 6), Ok(-666_666));
    assert_eq!(of(Aggregate::Mean, &[199, 200, 200], 2, 0), Ok(1));
    assert_eq!(of(Aggregate::Sum, &[-199], 2, 0), Ok(-1));
    assert_eq!(of(Aggregate::Sum, &[15, 15], 1, 0), Ok(3));
    assert_eq!(of(Aggregate::Quantile(333_333), &[0, 1], 0, 7), Ok(3_333_330));
}

#[test]
fn what_needs_more_bits_is_out_of_range() {
    let out = Err(AggregateError::OutOfRange);
    assert_eq!(of(Aggregate::Sum, &[i128::MAX, 1], 0, 0), out);
    assert_eq!(of(Aggregate::Max, &[i128::MAX], 0, 1), out);
    assert_eq!(of(Aggregate::Max, &[i128::MAX], 0, 0), Ok(i128::MAX));
    assert_eq!(of(Aggregate::Quantile(1), &[i128::MAX], 0, 0), out);
}

proptest! {
    #[test]
    fn a_mean_agrees_with_integer_arithmetic(numbers in proptest::collection::vec(any::<i64>(), 1..20), places in 0_u8..6, decimals in 0_u8..6) {
        let wide: Vec<i128> = numbers.iter().map(|number| i128::from(*number)).collect();
        let count = i128::try_from(wide.len()).expect("few");
        let expected = wide.iter().sum::<i128>() * 10_i128.pow(decimals.into()) / (count * 10_i128.pow(places.into()));
        prop_assert_eq!(of(Aggregate::Mean, &wide, places, decimals), Ok(expected));
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours_and_grows_with_its_part(
        numbers in proptest::collection::vec(-1_000_i128..1_000, 1..20), part in 0_u32..=1_000_000, more in 0_u32..=1_000_000
    ) {
        let (low, high) = (part.min(more), part.max(more));
        let at = |part| of(Aggregate::Quantile(part), &numbers, 0, 0).expect("a quantile");
        prop_assert!(at(0) <= at(low) && at(low) <= at(high) && at(high) <= at(1_000_000));
        prop_assert_eq!(Some(&at(1_000_000)), numbers.iter().max());
    }
}
