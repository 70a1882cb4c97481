use super::Span;
use proptest::prelude::*;

/// Reads `blocks` blocks in ranges of at most `range` from a node that serves at most `limit` at once, as
/// [`Node::logs`](crate::node::Node::logs) does. Answers how many queries were refused.
fn read(span: &Span, blocks: u64, range: u64, limit: u64) -> usize {
    let (mut done, mut refusals) = (0, 0);
    while done < blocks {
        let end = (done + range).min(blocks);
        let mut refused = None;
        while done < end {
            let asked = match refused {
                None => span.width().min(end - done),
                Some(refused) => span.below(refused),
            };
            if asked > limit {
                refusals += 1;
                refused = Some(asked);
            } else {
                span.served(asked, refused.take());
                done += asked;
            }
        }
    }
    refusals
}

proptest! {
    #[test]
    fn a_fixed_limit_costs_few_refusals_and_is_nearly_used(limit in 1u64..12_000, range in 1u64..12_000) {
        let span = Span::default();
        let queries = 2_000;
        let refusals = read(&span, queries * range.min(limit), range, limit);
        prop_assert!(refusals <= 60, "{refusals} refusals");
        prop_assert!(span.width() >= range.min(limit) / 2, "{} of {limit}", span.width());
    }

    #[test]
    fn a_width_is_never_nothing_and_what_comes_after_a_refusal_is_smaller(
        events in prop::collection::vec((0u8..3, 1u64..10_000), 0..200),
    ) {
        let span = Span::default();
        for (event, asked) in events {
            match event {
                0 => span.served(asked.min(span.width()), None),
                1 => {
                    let below = span.below(asked.max(2));
                    prop_assert!(below >= 1 && below < asked.max(2));
                    span.served(below, Some(asked.max(2)));
                }
                _ => span.unanswered(asked),
            }
            prop_assert!(span.width() >= 1);
        }
    }
}

#[test]
fn what_is_not_answered_is_asked_for_in_halves_and_wholly_again_once_it_is() {
    let span = Span::default();
    for expected in [1_000, 500, 250] {
        span.unanswered(span.width().min(2_000));
        assert_eq!(span.width(), expected);
    }
    let mut queries = 0;
    while span.width() < 2_000 {
        span.served(span.width(), None);
        queries += 1;
    }
    assert_eq!(queries, 3, "doubled as it was halved");
}

#[test]
fn a_limit_that_is_lifted_is_noticed() {
    let span = Span::default();
    read(&span, 100_000, 2_000, 100);
    assert!(span.width() < 200);
    read(&span, 1_000_000, 2_000, 2_000);
    assert!(span.width() >= 1_000, "{}", span.width());
}

#[test]
fn a_denser_stretch_is_read_in_smaller_ranges() {
    let span = Span::default();
    read(&span, 100_000, 2_000, 2_000);
    let refusals = read(&span, 100_000, 2_000, 30);
    assert!(refusals < 100_000 / 30 / 40, "{refusals}");
    assert!(span.width() <= 32, "{}", span.width());
    let mut queries = 0;
    while span.width() < 2_000 {
        span.served(span.width(), None);
        queries += 1;
    }
    assert!(queries < 200, "{queries} queries until what comes after is read as before");
}
