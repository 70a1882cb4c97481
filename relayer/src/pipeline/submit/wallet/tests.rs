use super::*;
use proptest::prelude::*;

fn first_free(used: &[u64], mined: u64, pending: u64, claims_lowest: bool) -> Vec<u64> {
    free_nonces(used.to_vec(), mined, pending, claims_lowest).take(3).collect()
}

#[test]
fn nonces_are_free_where_no_attempt_has_them_and_no_stranger() {
    for (used, mined, pending, expected) in [
        (&[][..], 5, 5, [5, 6, 7]),
        (&[5, 6], 5, 7, [7, 8, 9]),
        // The pool lost ours: they are sent again, and nothing else gets their nonces.
        (&[5, 6], 5, 5, [7, 8, 9]),
        // A hole below ours, which nothing in the pool fills.
        (&[6, 8], 5, 5, [5, 7, 9]),
        // A stranger has the lowest, and those from 8 to 9.
        (&[6, 7], 5, 10, [10, 11, 12]),
        // What was mined is used, whoever did it.
        (&[1, 2, 3], 5, 5, [5, 6, 7]),
    ] {
        assert_eq!(first_free(used, mined, pending, false), expected, "{used:?} {mined} {pending}");
    }
}

#[test]
fn a_stranger_s_lowest_nonce_alone_is_taken_away() {
    assert_eq!(first_free(&[7], 5, 8, true), [5, 8, 9]);
    assert_eq!(first_free(&[5, 7], 5, 8, true), [8, 9, 10], "it is ours");
}

proptest! {
    #[test]
    fn batches_go_to_who_has_the_fewest_and_never_beyond_its_room(
        wallets in proptest::collection::vec((0usize..20, 0usize..20), 1..5), batches in 0usize..60,
    ) {
        let (waiting, rooms): (Vec<_>, Vec<_>) = wallets.into_iter().unzip();
        let shares = shares(&waiting, &rooms, batches);
        let room: usize = rooms.iter().sum();
        prop_assert_eq!(shares.iter().sum::<usize>(), batches.min(room));
        for (at, share) in shares.iter().enumerate() {
            prop_assert!(*share <= rooms[at]);
            // Nobody got one while another, who had room still, had fewer by two.
            for other in 0..shares.len() {
                if *share > 0 && shares[other] < rooms[other] {
                    prop_assert!(waiting[at] + share <= waiting[other] + shares[other] + 1);
                }
            }
        }
    }
}
