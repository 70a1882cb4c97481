use super::*;
use std::time::Duration;

const CONTRACT: ContractId = ContractId([1; 32]);
const OTHER: ContractId = ContractId([2; 32]);
const DAY: u64 = 24 * 3600 * 1000;

fn cache(contract_bytes: u32, most_bytes: usize) -> LocalCache {
    LocalCache::new(
        CacheLimits { contract_bytes, lifetime: Duration::from_secs(7 * 24 * 3600) },
        BTreeMap::new(),
        most_bytes,
    )
}

fn kept(value: &[u8]) -> Kept {
    Kept { value: value.to_vec(), sendable: None }
}

fn set(cache: &LocalCache, contract: ContractId, key: &str, length: usize, now: u64) -> Result<(), Full> {
    cache.set(contract, key.into(), kept(&vec![7; length]), now)
}

#[test]
fn a_value_is_its_contracts_own_and_expires_after_seven_days() {
    let cache = cache(10_000, 100_000);
    cache.set(CONTRACT, b"k".to_vec(), kept(b"v"), 5).unwrap();
    assert_eq!(cache.get(CONTRACT, b"k", 5), Some(kept(b"v")));
    assert_eq!(cache.get(OTHER, b"k", 5), None);
    assert_eq!(cache.get(CONTRACT, b"k", 4 + 7 * DAY), Some(kept(b"v")));
    assert_eq!(cache.get(CONTRACT, b"k", 5 + 7 * DAY), None);
}

#[test]
fn what_has_expired_can_not_be_revived_or_removed_and_a_huge_expiry_does_not_overflow() {
    let cache = cache(10_000, 100_000);
    set(&cache, CONTRACT, "k", 1, 0).unwrap();
    cache.set_expiration(CONTRACT, b"k", u64::MAX, 0);
    assert!(cache.get(CONTRACT, b"k", u64::MAX - 1).is_some());
    cache.set_expiration(CONTRACT, b"k", 10, 0);
    assert!(cache.get(CONTRACT, b"k", 9_999).is_some());
    assert!(cache.get(CONTRACT, b"k", 10_000).is_none());
    cache.set_expiration(CONTRACT, b"k", 1000, 10_000);
    assert!(cache.get(CONTRACT, b"k", 10_000).is_none());
    assert_eq!(cache.remove(CONTRACT, b"k", 10_000), None);
    set(&cache, CONTRACT, "k", 1, 0).unwrap();
    cache.set_expiration(CONTRACT, b"k", 0, 0);
    assert!(cache.get(CONTRACT, b"k", 0).is_none());
    set(&cache, CONTRACT, "k", 3, 0).unwrap();
    assert_eq!(cache.remove(CONTRACT, b"k", 1), Some(kept(&[7; 3])));
    assert_eq!(cache.get(CONTRACT, b"k", 1), None);
}

#[test]
fn a_full_share_refuses_until_something_expires_and_replacing_takes_no_more() {
    let one = u32::try_from(ENTRY_BYTES).unwrap() + 101;
    let cache = cache(2 * one, 100_000);
    for _ in 0..5 {
        set(&cache, CONTRACT, "a", 100, 0).unwrap();
        set(&cache, CONTRACT, "b", 100, 0).unwrap();
    }
    assert_eq!(set(&cache, CONTRACT, "c", 1, 0), Err(Full));
    set(&cache, OTHER, "c", 100, 0).unwrap();
    cache.set_expiration(CONTRACT, b"a", 1, 0);
    assert_eq!(set(&cache, CONTRACT, "c", 100, 999), Err(Full));
    set(&cache, CONTRACT, "c", 100, 1000).unwrap();
    assert!(cache.get(CONTRACT, b"b", 1000).is_some());
}

#[test]
fn contracts_used_longest_ago_make_room_for_others() {
    let share = 2 * ENTRY_BYTES + 101;
    let cache = cache(10_000, 2 * share);
    let third = ContractId([3; 32]);
    set(&cache, CONTRACT, "k", 100, 0).unwrap();
    set(&cache, OTHER, "k", 100, 0).unwrap();
    assert!(cache.get(CONTRACT, b"k", 0).is_some());
    set(&cache, third, "k", 100, 0).unwrap();
    assert!(cache.get(OTHER, b"k", 0).is_none());
    assert!(cache.get(CONTRACT, b"k", 0).is_some() && cache.get(third, b"k", 0).is_some());
    assert_eq!(cache.shelves.lock().unwrap().bytes, 2 * share);
}

#[test]
fn put_off_changes_are_bounded_and_done_in_order() {
    let cache = cache(10_000, 100_000);
    let set = |value: u8| Change::Set { key: b"k".to_vec(), value: vec![value] };
    let mut deferred = Deferred::default();
    let most = 3 * (ENTRY_BYTES + 2);
    deferred.push(CONTRACT, set(1), most).unwrap();
    deferred.push(CONTRACT, Change::Remove { key: b"k".to_vec() }, most).unwrap();
    deferred.push(CONTRACT, set(2), most).unwrap();
    assert_eq!(deferred.push(CONTRACT, set(3), most), Err(Full));
    deferred.truncate(2);
    deferred.push(CONTRACT, set(4), most).unwrap();
    cache.apply(deferred, 0);
    assert_eq!(cache.get(CONTRACT, b"k", 0), Some(kept(&[4])));
}
