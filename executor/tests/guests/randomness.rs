//! `randomness`, asked by a request and by nobody.

use crate::{
    assert_error, deployment,
    support::{CONTRACT, executor, run},
};
use phat_executor::{Entry, ExecutorConfig, Mode, Run, RunEnd, RunResult, State, Vrf};
use phat_protocol::{BlockHash, Chain, OracleRequest, Outcome, RequestId, WorkerAddress, random_word, vrf_alpha};
use phat_vrf::{Proof, PublicKey, SecretKey};
use std::sync::Arc;

const REQUEST: RequestId = RequestId([2; 32]);
const BLOCK: BlockHash = BlockHash([5; 32]);
const WORKER: WorkerAddress = WorkerAddress([8; 20]);

fn vrf() -> Option<Arc<Vrf>> {
    let key = Arc::new(SecretKey::from_scalar(&[7; 32]).expect("a scalar"));
    Some(Arc::new(Vrf::new(key, WORKER, &REQUEST, &BLOCK)))
}

/// Deploys it with this init data, and asks it in this mode.
async fn ask(init: &str, mode: Mode, vrf: Option<Arc<Vrf>>) -> RunResult {
    let executor = executor(&ExecutorConfig::default());
    let deployment = deployment("randomness", init.as_bytes());
    let deployed = run(&executor, deployment.clone()).await;
    assert_eq!(deployed.end, RunEnd::Returned { flags: 0, data: vec![0, 0] });
    let written = deployed.changes.get(&CONTRACT).into_iter().flatten();
    let state: State = written.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let request = OracleRequest {
        chain: Chain::Evm(31337),
        oracle: vec![1; 20],
        request_id: REQUEST,
        consumer: vec![3; 20],
        payload: b"raffle 7".to_vec(),
        expires_at: 4,
        block_hash: BLOCK,
    };
    let input = request.call_input();
    let message = Run { entry: Entry::Call, mode, caller: [0; 32], input, state: Arc::new(state), vrf, ..deployment };
    run(&executor, message).await
}

#[tokio::test]
async fn a_request_is_answered_with_words_and_a_proof_that_anyone_can_check() {
    let answer = ask(r#"{"words":64,"from":1,"to":52}"#, Mode::Query, vrf()).await.answer(16 * 1024);
    assert_eq!(answer.outcome, Outcome::Ok);
    let output = answer.output;
    assert_eq!(output.len(), 416 + 64 * 32);
    assert_eq!((&output[..32], &output[44..64]), (&BLOCK.0[..], &WORKER.0[..]));
    let key = PublicKey::from_bytes(output[192..225].try_into().unwrap()).unwrap();
    let proof = Proof::from_bytes(output[288..369].try_into().unwrap());
    let value = key.verify(&vrf_alpha(&REQUEST, &BLOCK).0, &proof).unwrap();
    for (index, word) in (0_u64..).zip(output[416..].chunks(32)) {
        let raw = random_word(&value, index);
        let rest = raw.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % 52);
        assert_eq!(word[..31], [0; 31]);
        assert_eq!(u32::from(word[31]), rest + 1, "word {index}");
    }
}

#[tokio::test]
async fn nobody_is_answered_beside_a_request() {
    for mode in [Mode::Query, Mode::Simulation] {
        let vrf = if mode == Mode::Simulation { vrf() } else { None };
        let answer = ask("{}", mode, vrf).await.answer(1024);
        assert_error(&answer, Outcome::ContractError, 1, "request");
    }
}

/// 600,000 units of it are for the proof.
#[tokio::test]
async fn many_words_cost_little_beside_the_proof() {
    let result = ask(r#"{"words":64,"from":1,"to":52}"#, Mode::Query, vrf()).await;
    let one = ask("{}", Mode::Query, vrf()).await;
    assert!(one.fuel_used < 1_000_000, "{}", one.fuel_used);
    assert!(result.fuel_used < 2_600_000, "{}", result.fuel_used);
}
