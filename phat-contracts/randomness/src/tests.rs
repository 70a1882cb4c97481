use crate::Randomness;
use phat_sdk::{
    Outcome,
    randomness::{VrfProof, random_word},
    testing::{MockHost, error_of, json_under, response},
};

fn proof() -> VrfProof {
    VrfProof { worker: [7; 20].into(), public_key: [2; 33], proof: [3; 81], output: [4; 32] }
}

fn host(json: &str, vrf: Option<VrfProof>) -> MockHost {
    let mut host = MockHost::deployed::<Randomness>(json, |_| response(500, b""));
    host.vrf = vrf;
    host
}

fn word(output: &[u8], index: usize) -> &[u8] {
    &output[32 * index..][..32]
}

#[test]
fn the_answer_is_what_the_solidity_library_decodes() {
    let answer = host(r#"{"words":2,"from":1,"to":6}"#, Some(proof())).ask::<Randomness>(b"any payload");
    assert_eq!(answer.outcome, Outcome::Ok);
    let output = answer.output;
    // The block that the mock host names.
    assert_eq!(word(&output, 0), [5; 32]);
    assert_eq!(word(&output, 1), [[0; 12].as_slice(), &[7; 20]].concat());
    // Where the three of any length begin, in bytes.
    let offset = |index| usize::from(u16::from_be_bytes([word(&output, index)[30], word(&output, index)[31]]));
    let bytes = |at: usize, length: usize| &output[at + 32..][..length];
    assert_eq!((word(&output[offset(2)..], 0)[31], bytes(offset(2), 33)), (33, [2; 33].as_slice()));
    assert_eq!((word(&output[offset(3)..], 0)[31], bytes(offset(3), 81)), (81, [3; 81].as_slice()));
    let words = &output[offset(4)..];
    assert_eq!((word(words, 0)[31], words.len()), (2, 96));
    for index in 0..2_u8 {
        let raw = random_word(&[4; 32], index.into());
        // 256 leaves 4 when divided by 6, and so does every power of it.
        let rest = (raw[..31].iter().map(|byte| u32::from(*byte) * 4).sum::<u32>() + u32::from(raw[31])) % 6;
        assert_eq!(u32::from(word(words, usize::from(index) + 1)[31]), rest + 1);
    }
}

#[test]
fn words_without_a_range_have_all_their_bits() {
    let output = host("{}", Some(proof())).ask::<Randomness>(b"").output;
    assert_eq!(output[output.len() - 32..], random_word(&[4; 32], 0));
}

#[test]
fn without_a_request_there_is_no_value() {
    let mut host = host("{}", None);
    let (code, text) = error_of(&host.ask::<Randomness>(b""));
    assert_eq!(code, 1);
    assert!(text.contains("request"), "{text}");
    assert_eq!(host.log.len(), 1);
}

#[test]
fn the_init_data_that_the_documentation_shows_is_taken() {
    let documentation = include_str!("../../../docs/ready-made.md");
    host(json_under("\n## randomness\n", documentation), None);
}
