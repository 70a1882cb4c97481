use super::{Span, Width};
use proptest::prelude::*;
use std::{collections::VecDeque, ops::RangeInclusive};

/// A node that serves some blocks and some logs at once, and drops queries for more blocks than it bears.
#[derive(Clone, Debug)]
struct Node {
    range: u64,
    bears: u64,
    results: u64,
    /// Blocks with so many logs each.
    stretches: Vec<(RangeInclusive<u64>, u64)>,
}

enum Answer {
    Served,
    Refused,
    None,
}

/// What reading took.
#[derive(Debug, Default)]
struct Cost {
    served: u64,
    refused: u64,
    unanswered: u64,
}

/// A part that is being read.
struct Part {
    next: u64,
    last: u64,
    width: Width,
    refused: Option<u64>,
}

impl Node {
    fn of(range: u64) -> Self {
        Self { range, bears: u64::MAX, results: 100, stretches: Vec::new() }
    }

    fn logs(&self, from: u64, to: u64) -> u64 {
        let logs = |(blocks, each): &(RangeInclusive<u64>, u64)| {
            let both = from.max(*blocks.start())..=to.min(*blocks.end());
            if both.is_empty() { 0 } else { (both.end() - both.start() + 1) * each }
        };
        self.stretches.iter().map(logs).sum()
    }

    fn ask(&self, from: u64, to: u64) -> Answer {
        let blocks = to - from + 1;
        if blocks > self.bears {
            Answer::None
        } else if blocks > self.range || (blocks > 1 && self.logs(from, to) > self.results) {
            Answer::Refused
        } else {
            Answer::Served
        }
    }

    /// Reads `blocks` as the pipeline and [`Node::logs`](crate::node::Node::logs) do: in parts of what may be asked
    /// for when it is their turn, and at most `most`, some at once, each after the one before. What isn't answered
    /// is read again from the first part that isn't whole.
    fn read(&self, span: &Span, blocks: RangeInclusive<u64>, most: u64, ahead: u64) -> Cost {
        let ahead = usize::try_from(ahead).unwrap();
        let (mut cost, mut next) = (Cost::default(), *blocks.start());
        let mut parts: VecDeque<Part> = VecDeque::new();
        loop {
            while parts.front().is_some_and(|part| part.next > part.last) {
                parts.pop_front();
            }
            while parts.len() < ahead && next <= *blocks.end() {
                let last = next.saturating_add(span.known().blocks().min(most) - 1).min(*blocks.end());
                parts.push_back(Part { next, last, width: span.known(), refused: None });
                next = last + 1;
            }
            let Some(first) = parts.front().map(|part| part.next) else { return cost };
            for part in parts.iter_mut().filter(|part| part.next <= part.last) {
                let left = part.last - part.next + 1;
                let asked =
                    part.refused.map_or_else(|| part.width.blocks().min(left), |refused| part.width.below(refused));
                match self.ask(part.next, part.next + asked - 1) {
                    Answer::Served => {
                        cost.served += 1;
                        part.width.served(asked, part.refused.take());
                        span.learn(part.width);
                        part.next += asked;
                    }
                    Answer::Refused => {
                        cost.refused += 1;
                        part.refused = Some(asked);
                    }
                    Answer::None => {
                        cost.unanswered += 1;
                        part.width.unanswered(asked);
                        span.learn(part.width);
                        next = first;
                        break;
                    }
                }
            }
            if next == first {
                parts.clear();
            }
        }
    }

    /// How few queries read these blocks, for who knows all in advance.
    fn fewest(&self, blocks: RangeInclusive<u64>) -> u64 {
        let (mut queries, mut next) = (0, *blocks.start());
        while next <= *blocks.end() {
            let (mut most, mut too_many) = (1, self.range.min(blocks.end() - next + 1) + 1);
            while most + 1 < too_many {
                let middle = most + (too_many - most) / 2;
                match self.ask(next, next + middle - 1) {
                    Answer::Served => most = middle,
                    Answer::Refused | Answer::None => too_many = middle,
                }
            }
            (queries, next) = (queries + 1, next + most);
        }
        queries
    }
}

/// A width that has met whatever there is to meet.
fn any_width() -> impl Strategy<Value = Width> {
    prop::collection::vec((0u8..4, 1u64..20_000), 0..200).prop_map(|events| {
        let mut width = Width::default();
        for (event, asked) in events {
            let asked = asked.min(width.blocks());
            match event {
                0 => width.served(asked, None),
                1 if asked > 1 => width.served(width.below(asked), Some(asked)),
                1 | 2 => width.unanswered(asked),
                _ => width.unanswered(width.blocks()),
            }
            assert!(width.blocks() >= 1);
        }
        width
    })
}

proptest! {
    #[test]
    fn whatever_was_seen_before_a_limit_is_soon_found_and_nearly_used(
        width in any_width(), limit in 1u64..12_000, ahead in 1u64..5,
    ) {
        let span = Span::default();
        span.learn(width);
        let cost = Node::of(limit).read(&span, 0..=limit * 150, u64::MAX, ahead);
        prop_assert!(span.known().blocks() >= limit - limit / 8 - 1, "{} of {limit}: {span:?}", span.known().blocks());
        // 151 would do; each of those who read at once may have to be patient first.
        prop_assert!(cost.served <= 240 + 64 * ahead, "{cost:?}");
        prop_assert!(cost.refused <= 24 * ahead, "{cost:?}");
    }

    #[test]
    fn a_fixed_limit_costs_few_refusals_in_the_long_run(limit in 1u64..12_000, most in 1u64..12_000, ahead in 1u64..5) {
        let queries = 4_000;
        let cost = Node::of(limit).read(&Span::default(), 0..=queries * most.min(limit), most, ahead);
        prop_assert!(cost.refused <= (24 + queries / 60) * ahead, "{cost:?}");
        prop_assert!(cost.served <= queries * 5 / 4, "{cost:?}");
    }

    #[test]
    fn dense_stretches_are_read_with_few_more_queries_than_need_be(
        range in 100u64..10_000, ahead in 1u64..5,
        stretches in prop::collection::vec((0u64..1_000_000, 1u64..400, 1u64..40), 0..12),
    ) {
        let stretches: Vec<_> = stretches.into_iter().map(|(from, length, each)| (from..=from + length, each)).collect();
        let count = u64::try_from(stretches.len()).unwrap();
        let node = Node { stretches, ..Node::of(range) };
        let (blocks, span) = (0..=1_000_000, Span::default());
        let cost = node.read(&span, blocks.clone(), 20_000, ahead);
        let fewest = node.fewest(blocks);
        prop_assert!(cost.served <= fewest * 3 / 2 + 60 * (count + 1), "{cost:?} where {fewest} would do");
        prop_assert!(cost.refused <= fewest / 4 + 60 * (count + 1), "{cost:?} where {fewest} would do");
    }

    #[test]
    fn what_is_never_answered_is_soon_asked_for_no_more(bears in 1u64..10_000, ahead in 1u64..5) {
        let node = Node { bears, ..Node::of(u64::MAX) };
        let cost = node.read(&Span::default(), 0..=bears * 2_000, 20_000, ahead);
        prop_assert!(cost.unanswered <= 120, "{cost:?}");
        prop_assert!(cost.served <= 3_000, "{cost:?}");
    }

    #[test]
    fn what_comes_after_a_refusal_is_smaller(width in any_width(), refused in 2u64..20_000) {
        let below = width.below(refused);
        prop_assert!(below >= 1 && below < refused);
    }
}

#[test]
fn what_is_not_answered_is_asked_for_in_halves_and_wholly_again_once_it_is() {
    let mut width = Width::default();
    for expected in [1_000, 500, 250] {
        width.unanswered(width.blocks().min(2_000));
        assert_eq!(width.blocks(), expected);
    }
    for expected in [500, 1_000, 2_000] {
        width.served(width.blocks(), None);
        assert_eq!(width.blocks(), expected, "doubled as it was halved");
    }
}

#[test]
fn one_block_that_is_not_answered_says_nothing_of_ranges() {
    let mut width = Width::default();
    width.unanswered(1);
    assert_eq!(width, Width::default());
}

#[test]
fn a_limit_that_is_lifted_is_noticed() {
    let span = Span::default();
    Node::of(100).read(&span, 0..=1_000_000, 2_000, 4);
    assert!(span.known().blocks() < 200, "{span:?}");
    Node::of(2_000).read(&span, 0..=100_000, 2_000, 4);
    assert!(span.known().blocks() >= 1_750, "{span:?}");
}

#[test]
fn what_is_cut_short_by_the_end_of_a_range_holds_up_nothing() {
    let span = Span::default();
    Node::of(16).read(&span, 0..=1_000, 2_000, 1);
    let mut width = span.known();
    assert!(width.blocks() <= 17, "{width:?}");
    for _ in 0..20 {
        width.served(width.blocks(), None);
        width.served(4, None);
    }
    assert!(width.blocks() >= 1_000, "{width:?}");
}
