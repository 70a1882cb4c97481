use super::*;
use proptest::prelude::*;

const POLICY: Policy = Policy { max_lag: 5, probe_interval: Duration::from_secs(15) };
const SOME: Duration = Duration::from_millis(20);
const ANSWERED: Sample = Sample::Answered { elapsed: SOME };
const FAILED: Sample = Sample::Failed { lost: false };

fn limited(seconds: Option<u64>) -> Sample {
    Sample::Limited { retry_after: seconds.map(Duration::from_secs) }
}

fn right() -> Health {
    let mut health = Health::default();
    health.identified(Identity::Right, Instant::now());
    health
}

#[test]
fn an_endpoint_is_untried_until_something_was_heard_of_it() {
    let now = Instant::now();
    let mut health = Health::default();
    assert_eq!(health.state(POLICY, now), EndpointState::Untried);
    assert_eq!(health.until_probe(POLICY, now), Duration::ZERO);
    health.observe(ANSWERED, now);
    assert_eq!(health.state(POLICY, now), EndpointState::Healthy);
    assert_eq!(health.until_probe(POLICY, now), Duration::ZERO, "nobody knows which chain it serves");
    health.identified(Identity::Right, now);
    assert_eq!(health.until_probe(POLICY, now), POLICY.probe_interval);
    health.observe(ANSWERED, now + SOME);
    assert_eq!(health.until_probe(POLICY, now + SOME), POLICY.probe_interval - SOME, "however busy it is");
}

#[test]
fn a_failure_takes_it_out_and_an_answer_brings_it_back() {
    let now = Instant::now();
    let mut health = right();
    health.observe(ANSWERED, now);
    health.observe(FAILED, now);
    assert_eq!(health.state(POLICY, now), EndpointState::Failing);
    health.observe(ANSWERED, now);
    assert_eq!(health.state(POLICY, now), EndpointState::Healthy);
}

#[test]
fn one_that_failed_most_of_its_calls_has_to_answer_more_than_once() {
    let now = Instant::now();
    let mut health = right();
    (0..20).for_each(|_| health.observe(FAILED, now));
    let answers = (1..).take_while(|_| {
        health.observe(ANSWERED, now);
        health.state(POLICY, now) == EndpointState::Failing
    });
    assert_eq!(answers.count(), 3, "the fourth answer brings it back");
}

#[test]
fn who_is_lost_has_to_say_again_which_chain_it_serves() {
    let now = Instant::now();
    let mut health = right();
    health.observe(FAILED, now);
    assert_eq!(health.identity(), Identity::Right);
    health.observe(Sample::Failed { lost: true }, now);
    assert_eq!(health.identity(), Identity::Unknown);
}

#[test]
fn who_serves_another_chain_is_out_until_it_serves_ours() {
    let now = Instant::now();
    let mut health = right();
    health.observe(ANSWERED, now);
    health.showed(7, 7);
    health.identified(Identity::Wrong, now);
    assert_eq!((health.state(POLICY, now), health.head()), (EndpointState::WrongChain, None));
    health.observe(Sample::Failed { lost: true }, now);
    assert_eq!(health.state(POLICY, now), EndpointState::WrongChain, "being away as well doesn't bring it back");
    health.observe(ANSWERED, now);
    health.identified(Identity::Right, now);
    assert_eq!(health.state(POLICY, now), EndpointState::Healthy);
}

#[test]
fn a_limit_lasts_as_long_as_was_asked_for() {
    let now = Instant::now();
    let mut health = right();
    health.observe(limited(Some(7)), now);
    // A call that was sent before, with less to say.
    health.observe(limited(None), now);
    let almost = now + Duration::from_millis(6_999);
    assert_eq!(health.state(POLICY, almost), EndpointState::Resting);
    assert_eq!(health.resting(almost), Some(Duration::from_millis(1)));
    assert_eq!(health.until_probe(POLICY, now), Duration::from_secs(7));
    assert_eq!(health.state(POLICY, now + Duration::from_secs(7)), EndpointState::Healthy);
}

#[test]
fn a_limit_that_names_no_time_is_met_with_longer_and_longer_rests() {
    let now = Instant::now();
    let mut health = right();
    let rests: Vec<u64> = (0..8)
        .map(|_| {
            health.observe(limited(None), now);
            health.resting(now).unwrap().as_secs()
        })
        .collect();
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
    health.observe(ANSWERED, now);
    health.observe(limited(None), now);
    assert_eq!(health.resting(now), Some(Duration::from_secs(1)));
}

#[test]
fn who_is_too_far_behind_lags() {
    let now = Instant::now();
    let mut health = right();
    health.observe(ANSWERED, now);
    health.showed(95, 100);
    assert_eq!(health.state(POLICY, now), EndpointState::Healthy);
    health.showed(94, 100);
    assert_eq!(health.state(POLICY, now), EndpointState::Lagging);
    health.showed(101, 100);
    assert_eq!((health.state(POLICY, now), health.lag()), (EndpointState::Healthy, Some(0)));
}

#[test]
fn a_dissenter_is_forgiven_after_a_while() {
    let now = Instant::now();
    let mut health = right();
    health.observe(ANSWERED, now);
    health.dissented(now);
    assert_eq!(health.state(POLICY, now + DISSENT - SOME), EndpointState::Disagreeing);
    assert_eq!(health.state(POLICY, now + DISSENT), EndpointState::Healthy);
}

#[test]
fn one_in_trouble_is_probed_soon_and_then_as_rarely_as_any() {
    let now = Instant::now();
    let mut health = right();
    let waits: Vec<u128> = (0..7)
        .map(|_| {
            health.observe(FAILED, now);
            let wait = health.until_probe(POLICY, now).as_millis();
            health.probed(POLICY, now);
            wait
        })
        .collect();
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
}

fn sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        (0u64..5_000).prop_map(|millis| Sample::Answered { elapsed: Duration::from_millis(millis) }),
        any::<bool>().prop_map(|lost| Sample::Failed { lost }),
        proptest::option::of(0u64..1_000_000).prop_map(limited),
    ]
}

proptest! {
    #[test]
    fn whatever_happened_the_figures_keep_their_bounds(
        samples in proptest::collection::vec((sample(), 0u64..10_000), 0..60),
    ) {
        let mut now = Instant::now();
        let mut health = right();
        for (sample, pause) in samples {
            now += Duration::from_millis(pause);
            health.observe(sample, now);
            prop_assert!((0.0..=1.0).contains(&health.error_rate()));
            prop_assert!(health.latency().is_none_or(|latency| latency < Duration::from_secs(5)));
            let rest = health.resting(now).unwrap_or_default();
            prop_assert!(rest <= LONGEST_REST);
            prop_assert!(health.until_probe(POLICY, now) <= POLICY.probe_interval.max(rest));
        }
    }

    #[test]
    fn no_endpoint_is_lost_for_good(samples in proptest::collection::vec((sample(), 0u64..10_000), 0..60)) {
        let mut now = Instant::now();
        let mut health = right();
        for (sample, pause) in samples {
            now += Duration::from_millis(pause);
            health.observe(sample, now);
        }
        // From now on it answers every probe.
        for _ in 0..8 {
            now += health.until_probe(POLICY, now);
            health.observe(ANSWERED, now);
            health.identified(Identity::Right, now);
            health.probed(POLICY, now);
        }
        prop_assert_eq!(health.state(POLICY, now), EndpointState::Healthy);
    }

    #[test]
    fn a_rest_is_never_cut_short_by_a_failure(told in 1u64..3_600, samples in proptest::collection::vec(sample(), 0..20)) {
        let now = Instant::now();
        let mut health = right();
        health.observe(limited(Some(told)), now);
        for sample in samples.into_iter().filter(|sample| !matches!(sample, Sample::Answered { .. })) {
            health.observe(sample, now);
            prop_assert!(health.resting(now) >= Some(Duration::from_secs(told)));
        }
    }
}
