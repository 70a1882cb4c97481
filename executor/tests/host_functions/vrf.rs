//! The random value of the request that a run answers.

use super::{
    guest, returned,
    support::{CONTRACT, executor, query, run, world::World},
};
use parity_scale_codec::DecodeAll;
use phat_executor::{ExecutorConfig, Mode, Run, Vrf};
use phat_protocol::{BlockHash, ContractId, Outcome, RequestId, VrfProof, WorkerAddress, keccak256};
use phat_vrf::{Proof, PublicKey, SecretKey};
use std::sync::Arc;

const VRF: u32 = 1 << 16 | 3;
const WORKER: WorkerAddress = WorkerAddress([8; 20]);
const BLOCK: BlockHash = BlockHash([2; 32]);
/// The code where there is no request.
const NO_REQUEST: [u8; 4] = [2, 0, 0, 0];

fn vrf_of(request: u8) -> Option<Arc<Vrf>> {
    let key = Arc::new(SecretKey::from_scalar(&[7; 32]).expect("a scalar"));
    Some(Arc::new(Vrf::new(key, WORKER, &RequestId([request; 32]), &BLOCK)))
}

/// What a guest gets, with its code in front.
async fn ask(run_of: Run) -> Vec<u8> {
    returned(&run(&executor(&ExecutorConfig::default()), run_of).await)
}

async fn proof(run_of: Run) -> VrfProof {
    let data = ask(run_of).await;
    assert_eq!(data[..4], [0; 4]);
    VrfProof::decode_all(&mut &data[4..]).expect("a proof")
}

#[tokio::test]
async fn a_request_gets_a_proof_over_its_id_and_its_block_whatever_the_guest_says() {
    let of = async |request: u8, input: &[u8]| {
        proof(Run { vrf: vrf_of(request), input: input.to_vec(), ..query(&guest::extension(VRF)) }).await
    };
    let first = of(1, b"").await;
    assert_eq!(first.worker, WORKER);
    let alpha = keccak256(&[[1; 32], BLOCK.0].concat());
    let key = PublicKey::from_bytes(first.public_key).expect("a key");
    assert_eq!(key.verify(&alpha, &Proof::from_bytes(first.proof)), Ok(first.output));
    assert_eq!(of(1, &[0xff; 64]).await, first);
    assert_ne!(of(2, b"").await.output, first.output);
}

#[tokio::test]
async fn a_run_that_answers_no_request_gets_a_code_and_no_proof() {
    for (mode, vrf) in [
        (Mode::Query, None),
        (Mode::Simulation, vrf_of(1)),
        (Mode::Simulation, None),
        (Mode::Transaction, vrf_of(1)),
        (Mode::Transaction, None),
    ] {
        let asked = Run { mode, vrf, ..query(&guest::extension(VRF)) };
        assert_eq!(ask(asked).await, NO_REQUEST, "{mode:?}");
    }
}

#[tokio::test]
async fn a_contract_that_another_calls_gets_the_same_proof() {
    let callee = ContractId([9; 32]);
    let own = proof(Run { vrf: vrf_of(1), ..query(&guest::extension(VRF)) }).await;
    let contracts = Arc::new(World::default().with(callee, &guest::extension(VRF)));
    let asked = Run { vrf: vrf_of(1), contracts, input: callee.0.to_vec(), ..query(&guest::caller(0)) };
    assert_ne!(asked.contract, callee);
    assert_eq!(asked.contract, CONTRACT);
    let data = ask(asked).await;
    // The call's code, and the callee's.
    assert_eq!(data[..8], [0; 8]);
    assert_eq!(VrfProof::decode_all(&mut &data[8..]), Ok(own));
}

#[tokio::test]
async fn a_buffer_that_is_too_small_is_told_the_length_and_every_try_is_paid() {
    let small = guest::contract(&format!(
        "(call $capacity (i32.const 165))
         (i32.store (i32.const 65528)
            (call $ext (i32.const {VRF}) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 65532)))
         (call $return (i32.const 65528) (i32.const 8))"
    ));
    let asked = Run { vrf: vrf_of(1), ..query(&small) };
    assert_eq!(ask(asked.clone()).await, [1_u32.to_le_bytes(), 166_u32.to_le_bytes()].concat());

    let mut config = ExecutorConfig::default();
    config.limits.fuel = 500_000;
    let spent = run(&executor(&config), asked).await;
    assert_eq!(spent.answer(100).outcome, Outcome::OutOfFuel);
}
