use super::*;
use proptest::prelude::*;

const WELL: Candidate = Candidate {
    priority: 0,
    state: EndpointState::Healthy,
    in_use: false,
    latency: Some(Duration::from_millis(50)),
    error_rate: 0.0,
    head: Some(100),
};

fn in_state(state: EndpointState) -> Candidate {
    Candidate { state, ..WELL }
}

fn with_latency(millis: u64) -> Candidate {
    Candidate { latency: Some(Duration::from_millis(millis)), ..WELL }
}

#[test]
fn the_lowest_priority_comes_first_while_it_does_well() {
    let second = Candidate { priority: 1, latency: Some(Duration::from_millis(1)), in_use: true, ..WELL };
    assert_eq!(order(&[second, WELL], None), [1, 0]);
    for trouble in [EndpointState::Disagreeing, EndpointState::Lagging, EndpointState::Failing] {
        assert_eq!(order(&[second, in_state(trouble)], None), [0, 1], "{trouble}");
    }
}

#[test]
fn the_faster_of_two_equals_comes_first() {
    assert_eq!(order(&[with_latency(300), with_latency(20)], None), [1, 0]);
    let faulty = Candidate { error_rate: 0.3, ..with_latency(20) };
    assert_eq!(order(&[with_latency(300), faulty], None), [0, 1]);
}

#[test]
fn calls_stay_where_they_went_while_that_is_not_much_slower() {
    let in_use = |millis| Candidate { in_use: true, ..with_latency(millis) };
    assert_eq!(order(&[with_latency(20), in_use(115)], None), [1, 0]);
    assert_eq!(order(&[with_latency(200), in_use(600)], None), [1, 0]);
    assert_eq!(order(&[with_latency(200), in_use(700)], None), [0, 1]);
}

#[test]
fn who_has_the_block_comes_before_who_has_not() {
    let short = Candidate { head: Some(99), in_use: true, ..WELL };
    let backup = Candidate { priority: 1, ..WELL };
    assert_eq!(order(&[short, backup], Some(100)), [1, 0]);
    assert_eq!(order(&[short, backup], Some(99)), [0, 1]);
}

#[test]
fn who_rests_is_not_asked_and_another_chain_only_where_there_is_no_other() {
    let (resting, elsewhere) = (in_state(EndpointState::Resting), in_state(EndpointState::WrongChain));
    assert_eq!(order(&[resting, elsewhere, in_state(EndpointState::Failing)], None), [2]);
    assert_eq!(order(&[resting, elsewhere], None), [1]);
    assert_eq!(order(&[resting], None), Vec::<usize>::new());
}

fn candidate() -> impl Strategy<Value = Candidate> {
    let state = proptest::sample::select(EndpointState::ALL.to_vec());
    let latency = proptest::option::of((0u64..1_000).prop_map(Duration::from_millis));
    let head = proptest::option::of(0u64..4);
    (0u32..3, state, any::<bool>(), latency, 0.0f64..1.0, head).prop_map(
        |(priority, state, in_use, latency, error_rate, head)| Candidate {
            priority,
            state,
            in_use,
            latency,
            error_rate,
            head,
        },
    )
}

proptest! {
    #[test]
    fn everybody_who_may_be_asked_is_once_and_the_better_first(
        candidates in proptest::collection::vec(candidate(), 0..8),
        reach in proptest::option::of(0u64..4),
    ) {
        let places = order(&candidates, reach);
        let mut sorted = places.clone();
        sorted.sort_unstable();
        let may = |it: &Candidate| rank(it.state).is_some();
        let is_any = candidates.iter().any(may);
        let expected: Vec<usize> = candidates
            .iter()
            .enumerate()
            .filter(|(_, it)| if is_any { may(it) } else { it.state == EndpointState::WrongChain })
            .map(|(place, _)| place)
            .collect();
        prop_assert_eq!(sorted, expected);
        let ranks: Vec<_> = places.iter().map(|place| rank(candidates[*place].state)).collect();
        prop_assert!(ranks.is_sorted());
    }
}
