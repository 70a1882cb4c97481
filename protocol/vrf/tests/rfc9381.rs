//! The suite against RFC 9381's own examples (appendix B.1), and what holds for every key and input.
#![expect(clippy::unwrap_used, reason = "a test's helper fails the test")]

use phat_vrf::{InvalidKey, InvalidProof, Proof, PublicKey, SecretKey};
use proptest::prelude::*;

struct Example {
    secret: &'static str,
    public: &'static str,
    alpha: &'static [u8],
    pi: &'static str,
    beta: &'static str,
}

/// Examples 10, 11 and 12.
const EXAMPLES: [Example; 3] = [
    Example {
        secret: "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        public: "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
        alpha: b"sample",
        pi: "035b5c726e8c0e2c488a107c600578ee75cb702343c153cb1eb8dec77f4b5071b4a53f0a46f018bc2c56e58d383f2305e0975972c2\
             6feea0eb122fe7893c15af376b33edf7de17c6ea056d4d82de6bc02f",
        beta: "a3ad7b0ef73d8fc6655053ea22f9bede8c743f08bbed3d38821f0e16474b505e",
    },
    Example {
        secret: "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        public: "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
        alpha: b"test",
        pi: "034dac60aba508ba0c01aa9be80377ebd7562c4a52d74722e0abae7dc3080ddb56c19e067b15a8a8174905b13617804534214f935b\
             94c2287f797e393eb0816969d864f37625b443f30f1a5a33f2b3c854",
        beta: "a284f94ceec2ff4b3794629da7cbafa49121972671b466cab4ce170aa365f26d",
    },
    Example {
        secret: "2ca1411a41b17b24cc8c3b089cfd033f1920202a6c0de8abb97df1498d50d2c8",
        public: "03596375e6ce57e0f20294fc46bdfcfd19a39f8161b58695b3ec5b3d16427c274d",
        alpha: b"Example using ECDSA key from Appendix L.4.2 of ANSI.X9-62-2005",
        pi: "03d03398bf53aa23831d7d1b2937e005fb0062cbefa06796579f2a1fc7e7b8c667d091c00b0f5c3619d10ecea44363b5a599cadc5b\
             2957e223fec62e81f7b4825fc799a771a3d7334b9186bdbee87316b1",
        beta: "90871e06da5caa39a3c61578ebb844de8635e27ac0b13e829997d0d95dd98c19",
    },
];

/// The order of the group.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    hex::decode(digits).unwrap().try_into().unwrap()
}

#[test]
fn proofs_and_outputs_are_those_of_the_rfc() {
    for example in EXAMPLES {
        let secret = SecretKey::from_scalar(&bytes(example.secret)).unwrap();
        assert_eq!(hex::encode(secret.public().to_bytes()), example.public);
        let proof = secret.prove(example.alpha).unwrap();
        assert_eq!(hex::encode(proof.to_bytes()), example.pi);
        assert_eq!(hex::encode(proof.output().unwrap()), example.beta);
        let public = PublicKey::from_bytes(bytes(example.public)).unwrap();
        assert_eq!(hex::encode(public.verify(example.alpha, &proof).unwrap()), example.beta);
    }
}

#[test]
fn a_proof_with_any_bit_changed_proves_nothing() {
    let [example, ..] = EXAMPLES;
    let public = PublicKey::from_bytes(bytes(example.public)).unwrap();
    let proof: [u8; 81] = bytes(example.pi);
    for bit in 0..proof.len() * 8 {
        let mut changed = proof;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(public.verify(example.alpha, &Proof::from_bytes(changed)), Err(InvalidProof), "bit {bit}");
    }
}

#[test]
fn an_s_that_is_not_below_the_order_is_refused_even_where_it_is_congruent() {
    // A key of scalar 1 and a proof whose s is small enough to add the order to are not to be had; the
    // decoding alone is what refuses.
    let [example, ..] = EXAMPLES;
    let mut proof: [u8; 81] = bytes(example.pi);
    proof[49..].copy_from_slice(&bytes::<32>(ORDER));
    assert_eq!(Proof::from_bytes(proof).output(), Err(InvalidProof));
    proof[80] -= 1;
    assert!(Proof::from_bytes(proof).output().is_ok());
}

#[test]
fn only_compressed_points_of_the_curve_are_keys() {
    let key: [u8; 33] = bytes(EXAMPLES[0].public);
    for tag in (0..=u8::MAX).filter(|tag| !matches!(tag, 2 | 3)) {
        let mut other = key;
        other[0] = tag;
        assert_eq!(PublicKey::from_bytes(other), Err(InvalidKey), "tag {tag}");
    }
    // Not below the field's prime; and x = 1, for which there is no y.
    assert_eq!(PublicKey::from_bytes([[0x02].as_slice(), &[0xff; 32]].concat().try_into().unwrap()), Err(InvalidKey));
    let mut one = [0; 33];
    (one[0], one[32]) = (2, 1);
    assert_eq!(PublicKey::from_bytes(one), Err(InvalidKey));
}

#[test]
fn only_scalars_are_secret_keys_and_they_do_not_show() {
    assert_eq!(SecretKey::from_scalar(&[0; 32]).unwrap_err(), InvalidKey);
    assert_eq!(SecretKey::from_scalar(&bytes(ORDER)).unwrap_err(), InvalidKey);
    let secret = SecretKey::from_scalar(&bytes(EXAMPLES[0].secret)).unwrap();
    assert_eq!(format!("{secret:?}"), "SecretKey(redacted)");
}

fn secrets() -> impl Strategy<Value = SecretKey> {
    any::<[u8; 32]>().prop_filter_map("no scalar", |scalar| SecretKey::from_scalar(&scalar).ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_proved_verifies_and_is_proved_alike_again(
        secret in secrets(),
        alpha in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let proof = secret.prove(&alpha).unwrap();
        prop_assert_eq!(secret.prove(&alpha).unwrap(), proof);
        prop_assert_eq!(secret.public().verify(&alpha, &proof).unwrap(), proof.output().unwrap());
    }

    #[test]
    fn a_proof_is_of_its_own_key_and_input_alone(
        secret in secrets(),
        other in secrets(),
        alpha in any::<[u8; 32]>(),
        beta in any::<[u8; 32]>(),
    ) {
        prop_assume!(alpha != beta);
        let proof = secret.prove(&alpha).unwrap();
        prop_assert_eq!(secret.public().verify(&beta, &proof), Err(InvalidProof));
        prop_assert_eq!(other.public().verify(&alpha, &proof), Err(InvalidProof));
    }

    #[test]
    fn random_bytes_prove_nothing(secret in secrets(), tail in any::<[u8; 48]>(), alpha in any::<[u8; 32]>()) {
        let mut proof = secret.prove(&alpha).unwrap().to_bytes();
        proof[33..].copy_from_slice(&tail);
        prop_assert_eq!(secret.public().verify(&alpha, &Proof::from_bytes(proof)), Err(InvalidProof));
    }
}
