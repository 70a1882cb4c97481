use super::*;

const DEPTH: u64 = 0;

fn hash(name: u8) -> BlockHash {
    BlockHash([name; 32])
}

fn version(spec_version: u32) -> Version {
    Version { spec_name: "node".to_owned(), spec_version, transaction_version: 1 }
}

/// Blocks 9 and 10 are final.
fn tree(now: Instant) -> Tree {
    let first = Header { number: 9, parent_hash: hash(8) };
    Tree::new(first, &[hash(9), hash(10)], Some(version(1)), now).unwrap()
}

#[test]
fn heights_follow_the_best_chain() {
    let now = Instant::now();
    let mut tree = tree(now);
    tree.announced(hash(11), hash(10), None, now).unwrap();
    tree.announced(hash(12), hash(11), None, now).unwrap();
    tree.announced(hash(111), hash(10), None, now).unwrap();
    assert_eq!(tree.best(), (hash(10), 10), "what is announced isn't the best block yet");
    tree.best_changed(hash(12)).unwrap();
    let seen: Vec<AtHeight> = (8..=13).map(|number| tree.at(number)).collect();
    let expected = [
        AtHeight::Forgotten,
        AtHeight::Block(hash(9)),
        AtHeight::Block(hash(10)),
        AtHeight::Block(hash(11)),
        AtHeight::Block(hash(12)),
        AtHeight::NotReached,
    ];
    assert_eq!(seen, expected);
    tree.best_changed(hash(111)).unwrap();
    assert_eq!((tree.at(11), tree.at(12)), (AtHeight::Block(hash(111)), AtHeight::NotReached));
    tree.finalized(&[hash(111)]).unwrap();
    assert_eq!((tree.last_finalized(), tree.at(11)), ((hash(111), 11), AtHeight::Block(hash(111))));
    assert_eq!(tree.header(hash(111)).unwrap().parent_hash, hash(10));
}

#[test]
fn a_runtime_holds_until_another_is_told() {
    let now = Instant::now();
    let mut tree = tree(now);
    tree.announced(hash(11), hash(10), None, now).unwrap();
    tree.announced(hash(12), hash(11), Some(Some(version(2))), now).unwrap();
    tree.announced(hash(13), hash(12), None, now).unwrap();
    tree.announced(hash(14), hash(13), Some(None), now).unwrap();
    assert_eq!(tree.version(hash(9)), None, "of the older ones nothing is told");
    assert_eq!((tree.version(hash(10)), tree.version(hash(11))), (Some(version(1)), Some(version(1))));
    assert_eq!((tree.version(hash(12)), tree.version(hash(13))), (Some(version(2)), Some(version(2))));
    assert_eq!(tree.version(hash(14)), None);
}

#[test]
fn what_the_head_of_the_chain_needs_stays_pinned_and_the_rest_for_a_while() {
    let now = Instant::now();
    let mut tree = tree(now);
    tree.announced(hash(11), hash(10), None, now).unwrap();
    tree.announced(hash(111), hash(10), None, now).unwrap();
    tree.announced(hash(12), hash(11), None, now).unwrap();
    tree.best_changed(hash(12)).unwrap();
    tree.finalized(&[hash(11)]).unwrap();
    assert_eq!(tree.expendable(DEPTH, now), []);
    let later = now + KEPT;
    let mut gone = tree.expendable(DEPTH, later);
    gone.sort_unstable_by_key(|hash| hash.0);
    assert_eq!(gone, [hash(9), hash(10), hash(111)]);
    assert_eq!(tree.expendable(DEPTH, later), [], "none is unpinned twice");
    assert_eq!([9, 10, 11, 12, 111].map(|name| tree.is_pinned(hash(name))), [false, false, true, true, false]);
    assert_eq!(tree.at(9), AtHeight::Block(hash(9)), "its place is remembered");
    assert!(tree.header(hash(111)).is_none(), "what never counts is forgotten");
}

#[test]
fn what_the_finality_reaches_back_to_stays_pinned() {
    let now = Instant::now();
    let mut tree = tree(now);
    tree.announced(hash(11), hash(10), None, now).unwrap();
    tree.best_changed(hash(11)).unwrap();
    tree.finalized(&[hash(11)]).unwrap();
    assert_eq!(tree.expendable(1, now + KEPT), [hash(9)]);
}

#[test]
fn no_more_are_kept_than_a_node_has_room_for() {
    let now = Instant::now();
    let hashes: Vec<BlockHash> = (0..=u8::MAX).map(hash).collect();
    let mut tree = Tree::new(Header { number: 1, parent_hash: hash(0) }, &hashes, None, now).unwrap();
    assert_eq!(tree.expendable(DEPTH, now).len(), hashes.len() - 1 - MOST_KEPT);
}

#[test]
fn a_head_that_is_set_back_replaces_what_was_final() {
    let now = Instant::now();
    let mut tree = tree(now);
    tree.announced(hash(11), hash(10), None, now).unwrap();
    tree.finalized(&[hash(11)]).unwrap();
    tree.announced(hash(10), hash(9), None, now).unwrap();
    tree.best_changed(hash(10)).unwrap();
    tree.finalized(&[hash(10)]).unwrap();
    assert_eq!((tree.at(10), tree.at(11)), (AtHeight::Block(hash(10)), AtHeight::NotReached));
    tree.announced(hash(111), hash(10), None, now).unwrap();
    tree.best_changed(hash(111)).unwrap();
    tree.finalized(&[hash(111)]).unwrap();
    assert_eq!(tree.at(11), AtHeight::Block(hash(111)));
}

#[test]
fn what_doesn_t_fit_is_told() {
    let now = Instant::now();
    let mut tree = tree(now);
    assert!(tree.announced(hash(20), hash(19), None, now).is_err());
    assert!(tree.best_changed(hash(20)).is_err() && tree.finalized(&[hash(20)]).is_err());
    assert!(Tree::new(Header { number: 1, parent_hash: hash(0) }, &[], None, now).is_none());
}
