//! Maps that are keyed by ids, which are hashes already.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
};

/// A map from contract ids or code hashes.
pub(crate) type IdMap<K, V> = HashMap<K, V, Keyed>;

/// Hashes ids in a few nanoseconds with keys of its own, drawn at random. Ids are hashes, but of what their
/// makers choose, so that some of their bits can be ground; which of them end up in one bucket, nobody knows
/// without the keys. As wyhash does it: what two words are after a key each was added is multiplied, and the
/// product folded.
#[derive(Clone, Debug)]
pub(crate) struct Keyed {
    keys: [u64; 2],
}

impl Default for Keyed {
    fn default() -> Self {
        let random = RandomState::new();
        Self { keys: [random.hash_one(0), random.hash_one(1)] }
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { keys: self.keys, state: 0 }
    }
}

/// The hash of one id as it grows.
pub(crate) struct Folded {
    keys: [u64; 2],
    state: u64,
}

impl Folded {
    fn fold(&mut self, low: u64, high: u64) {
        let product = u128::from(low ^ self.keys[0] ^ self.state) * u128::from(high ^ self.keys[1]);
        let [low, high] = [product, product >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0));
        self.state = self.state.rotate_left(32) ^ low ^ high;
    }
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
            self.fold(word(&pair[..8]), word(&pair[8..]));
        }
        for byte in rest {
            self.fold(u64::from(*byte), 1);
        }
    }

    /// How many bytes follow, which is the same for all ids.
    fn write_usize(&mut self, _length: usize) {}

    /// Products of steps in one place are steps themselves, which a key in some hundred leaves in few buckets: the
    /// finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
    /// with Stafford's constants) has every bit depend on every other.
    fn finish(&self) -> u64 {
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phat_protocol::ContractId;
    use std::collections::BTreeSet;

    #[test]
    fn every_byte_of_an_id_changes_its_hash_and_so_do_the_keys() {
        let keyed = Keyed::default();
        let one_bit = |bit: usize| {
            let mut id = [0; 32];
            id[bit / 8] = 1 << (bit % 8);
            ContractId(id)
        };
        let ids: Vec<_> = (0..256).map(one_bit).chain([ContractId([0; 32])]).collect();
        let hashes = |keyed: &Keyed| ids.iter().map(|id| keyed.hash_one(id)).collect::<BTreeSet<_>>();
        assert_eq!(hashes(&keyed).len(), ids.len());
        assert_eq!(keyed.hash_one(ids[0]), keyed.clone().hash_one(ids[0]));
        assert!(hashes(&keyed).is_disjoint(&hashes(&Keyed::default())));
    }

    #[test]
    fn ids_that_share_all_but_a_byte_are_spread_over_the_buckets() {
        // With many keys: one that spreads badly is what somebody would look for.
        for (keyed, place) in
            (0..100).map(|_| Keyed::default()).flat_map(|keyed| (0..32).map(move |at| (keyed.clone(), at)))
        {
            let mut buckets = [0; 16];
            for value in 0..=u8::MAX {
                let mut id = [0x5a; 32];
                id[place] = value;
                // Both ends of a hash are used: the low bits choose the bucket, the high ones tell entries apart.
                let hash = keyed.hash_one(ContractId(id));
                buckets[usize::try_from(hash & 7).unwrap()] += 1;
                buckets[usize::try_from(8 + (hash >> 61)).unwrap()] += 1;
            }
            // 256 in 8 buckets: 32 each, and 80 would be more than 8 standard deviations off.
            assert!(buckets.iter().all(|in_bucket| *in_bucket < 80), "byte {place}: {buckets:?}");
        }
    }
}
