use super::Behind;
use phat_connector::{BlockRef, Head};
use phat_protocol::BlockHash;
use std::time::Duration;

fn head(number: u64) -> Head {
    let block = BlockRef { number, hash: BlockHash([1; 32]) };
    Head { latest: block, confirmed: block, timestamp: 0, confirmed_timestamp: 0 }
}

fn seen(behind: &mut Behind, watched: Option<u64>, confirmed: u64, second: u64) -> u64 {
    behind.seen(watched, &head(confirmed), Duration::from_secs(second)).as_secs()
}

#[test]
fn a_chain_that_is_always_a_block_ahead_is_not_behind_for_long() {
    let mut behind = Behind::default();
    // Every look finds a block that isn't watched yet, and never the same.
    for second in 0..1_000 {
        assert!(seen(&mut behind, Some(4 * second), 4 * second + 1, second) <= 1, "{second}");
    }
}

#[test]
fn watching_that_stands_still_is_behind_for_longer_and_longer_while_the_chain_goes_on() {
    let mut behind = Behind::default();
    assert_eq!(seen(&mut behind, Some(7), 8, 100), 0);
    assert_eq!(seen(&mut behind, Some(7), 50, 130), 30);
    assert_eq!(seen(&mut behind, Some(7), 90, 160), 60);
    // The first is watched now, so the present head is what is waited for.
    assert_eq!(seen(&mut behind, Some(8), 120, 170), 0);
    assert_eq!(seen(&mut behind, Some(119), 200, 180), 10);
}

#[test]
fn watching_that_never_began_is_behind_from_the_first_look() {
    let mut behind = Behind::default();
    assert_eq!(seen(&mut behind, None, 0, 100), 0);
    assert_eq!(seen(&mut behind, None, 0, 140), 40);
}

#[test]
fn what_is_level_begins_anew() {
    let mut behind = Behind::default();
    seen(&mut behind, Some(7), 8, 100);
    assert_eq!(seen(&mut behind, Some(8), 8, 200), 0);
    assert_eq!(seen(&mut behind, Some(8), 9, 300), 0);
    assert_eq!(seen(&mut behind, Some(8), 9, 310), 10);
}
