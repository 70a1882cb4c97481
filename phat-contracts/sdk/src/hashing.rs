//! The hashes that Substrate's storage keys are made with.

use blake2::{
    Blake2b, Digest,
    digest::consts::{U16, U32},
};

/// BLAKE2b with a 16-byte digest (RFC 7693).
#[must_use]
pub fn blake2_128(bytes: &[u8]) -> [u8; 16] {
    Blake2b::<U16>::digest(bytes).into()
}

/// BLAKE2b with a 32-byte digest (RFC 7693).
#[must_use]
pub fn blake2_256(bytes: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::digest(bytes).into()
}

/// Substrate's `twox_64`: XXH64 with seed 0, little-endian. Not a cryptographic hash.
#[must_use]
pub fn twox_64(bytes: &[u8]) -> [u8; 8] {
    xxh64(bytes, 0).to_le_bytes()
}

/// Substrate's `twox_128`: XXH64 with the seeds 0 and 1, one behind the other.
#[must_use]
pub fn twox_128(bytes: &[u8]) -> [u8; 16] {
    let mut hash = [0; 16];
    fill(bytes, &mut hash);
    hash
}

/// Substrate's `twox_256`: XXH64 with the seeds 0 to 3, one behind the other.
#[must_use]
pub fn twox_256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    fill(bytes, &mut hash);
    hash
}

fn fill(bytes: &[u8], hash: &mut [u8]) {
    for (seed, part) in (0..).zip(hash.chunks_exact_mut(8)) {
        part.copy_from_slice(&xxh64(bytes, seed).to_le_bytes());
    }
}

const PRIMES: [u64; 5] =
    [0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5];

/// XXH64, as the xxHash specification (0.1.1) describes it.
fn xxh64(bytes: &[u8], seed: u64) -> u64 {
    let [one, two, three, four, five] = PRIMES;
    let (stripes, tail) = bytes.as_chunks::<32>();
    let mut hash = if stripes.is_empty() {
        seed.wrapping_add(five)
    } else {
        let mut lanes =
            [seed.wrapping_add(one).wrapping_add(two), seed.wrapping_add(two), seed, seed.wrapping_sub(one)];
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<8>().0) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        let turned = lanes.iter().zip([1, 7, 12, 18]).map(|(lane, turn)| lane.rotate_left(turn));
        let mixed = turned.fold(0_u64, u64::wrapping_add);
        lanes.iter().fold(mixed, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(one).wrapping_add(four))
    };
    hash = hash.wrapping_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let (words, tail) = tail.as_chunks::<8>();
    for word in words {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(one).wrapping_add(four);
    }
    let (halves, tail) = tail.as_chunks::<4>();
    for half in halves {
        hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(one);
        hash = hash.rotate_left(23).wrapping_mul(two).wrapping_add(three);
    }
    for byte in tail {
        hash ^= u64::from(*byte).wrapping_mul(five);
        hash = hash.rotate_left(11).wrapping_mul(one);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(two);
    hash = (hash ^ (hash >> 29)).wrapping_mul(three);
    hash ^ (hash >> 32)
}

fn round(lane: u64, word: u64) -> u64 {
    let [one, two, ..] = PRIMES;
    lane.wrapping_add(word.wrapping_mul(two)).rotate_left(31).wrapping_mul(one)
}

#[cfg(test)]
mod tests {
    use super::{blake2_128, blake2_256, twox_64, twox_128, twox_256};
    use alloc::vec::Vec;

    /// The prefixes that every Substrate chain's `System.Account`, `Balances.TotalIssuance` and `Timestamp.Now` have.
    #[test]
    fn names_hash_to_the_prefixes_that_chains_use() {
        for (name, prefix) in [
            ("System", "26aa394eea5630e07c48ae0c9558cef7"),
            ("Account", "b99d880ec681799c0cf30e8886371da9"),
            ("Balances", "c2261276cc9d1f8598ea4b6a74b15c2f"),
            ("TotalIssuance", "57c875e4cff74148e4628f264b974c80"),
            ("Timestamp", "f0c365c3cf59d671eb72da0e7a4113c4"),
            ("Now", "9f1f0515f462cdcf84e0f1d6045dfcbb"),
        ] {
            assert_eq!(hex::encode(twox_128(name.as_bytes())), prefix, "{name}");
        }
    }

    /// xxHash's own sanity vectors of XXH64: the hash of nothing, and of 14 and 222 bytes of its generator.
    #[test]
    fn xxh64_gives_the_reference_values() {
        let mut generator = 2_654_435_761_u64;
        let mut bytes = Vec::new();
        while bytes.len() < 222 {
            let [.., last] = generator.to_le_bytes();
            bytes.push(last);
            generator = generator.wrapping_mul(11_400_714_785_074_694_797);
        }
        for (length, seed_0) in [
            (0, 0xEF46_DB37_51D8_E999),
            (1, 0xE934_A84A_DB05_2768),
            (4, 0x9136_A0DC_A574_57EE),
            (14, 0x8282_DCC4_994E_35C8),
            (222, 0xB641_AE8C_B691_C174),
        ] {
            let hash = u64::from_le_bytes(twox_64(&bytes[..length]));
            assert_eq!(hash, seed_0, "{length}");
        }
    }

    #[test]
    fn a_longer_hash_begins_with_the_shorter() {
        let text = b"between one stripe and the next: forty-seven bytes";
        assert_eq!(twox_128(text)[..8], twox_64(text));
        assert_eq!(twox_256(text)[..16], twox_128(text));
        assert_ne!(twox_256(text)[16..24], twox_256(text)[24..]);
    }

    /// RFC 7693, appendix A's text, with the shorter digests.
    #[test]
    fn blake2_has_the_length_as_a_parameter() {
        assert_eq!(hex::encode(blake2_128(b"abc")), "cf4ab791c62b8d2b2109c90275287816");
        assert_eq!(hex::encode(blake2_256(b"abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    }
}
