use super::StateName;

#[test]
fn every_state_but_the_first_can_be_reached() {
    for to in StateName::ALL {
        assert!(StateName::ALL.into_iter().any(|from| StateName::may_become(from, to)), "nothing becomes {to}");
    }
}

#[test]
fn an_expired_request_never_gets_an_answer() {
    for to in [StateName::Observed, StateName::Reported, StateName::Submitted, StateName::Settled] {
        assert!(!StateName::may_become(StateName::Expired, to), "expired became {to}");
    }
}

#[test]
fn a_report_is_never_dropped_for_another_execution() {
    for from in [StateName::Reported, StateName::Submitted, StateName::Settled] {
        assert!(!StateName::may_become(from, StateName::Observed), "{from} was executed again");
    }
}

#[test]
fn states_read_what_they_write() {
    for name in StateName::ALL {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    assert!("done".parse::<StateName>().is_err());
}
