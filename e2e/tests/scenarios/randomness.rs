//! A consumer that asks for random values, and a relayer that lies about the request's block.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{
    Dice, Environment, Guest, Roll,
    phat_oracle::{self, PhatOracle},
    wait_for,
    worker_registry::WorkerRegistry,
};
use phat_enclave_api::{Enclave, Execute, Simulate};
use phat_protocol::{BlockHash, Chain, ContractId, Digest, EvmAddress, Outcome, keccak256, vrf_alpha};
use serde_json::json;

/// `PhatRandomness.Verdict.WrongBlock`.
const WRONG_BLOCK: u8 = 1;

async fn deploy(environment: &Environment) -> Result<(ContractId, Dice)> {
    let guest = Guest::ready_made("randomness.wasm", "random", &json!({"words": 2, "from": 1, "to": 6}))?;
    let contract_id = environment.deploy(&guest).await?;
    let key_hash = environment.enclave.status().await?.keys.vrf_key_hash;
    Ok((contract_id, Dice::deploy(&environment.end.chain, &environment.end.oracle, contract_id, key_hash).await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_die_lands_as_the_proof_says_that_the_chain_has_checked() -> Result<()> {
    let environment: Environment = Environment::start().await?;
    let (contract_id, dice) = deploy(&environment).await?;
    let status = environment.enclave.status().await?;
    let registry = WorkerRegistry::new(environment.end.oracle.registry, environment.end.chain.provider());
    let registered = registry.worker_of(status.keys.worker.0.into()).call().await?;
    ensure!(Digest(registered.vrf_key_hash) == status.keys.vrf_key_hash, "{registered:?}");
    ensure!(!status.keys.vrf_key_hash.is_zero(), "the worker has no VRF key");

    let asked = dice.roll().await?;
    let landed = async || Ok(Some(dice.outcome_of(asked.id).await?).filter(|roll| *roll != Roll::Rolling));
    let roll = wait_for("the die to land", DEADLINE, landed).await?;
    // The enclave gives its one answer again: the die shows what follows from that.
    let answer = environment.enclave.client().execute(&environment.execution_of(&asked).await?).await?;
    let output = &answer.report.output;
    ensure!(output[..32] == asked.block_hash.0 && output[44..64] == status.keys.worker.0, "{answer:?}");
    let proof = phat_vrf::Proof::from_bytes(output[288..369].try_into()?);
    let key = phat_vrf::PublicKey::from_bytes(output[192..225].try_into()?)?;
    ensure!(Digest(keccak256(&key.to_bytes())) == status.keys.vrf_key_hash, "{key:?}");
    let seed = key.verify(&vrf_alpha(&asked.id, &asked.block_hash).0, &proof)?;
    // 256 leaves 4 when divided by 6, and so does every power of it.
    let word = phat_protocol::random_word(&seed, 0);
    let rest = (word[..31].iter().map(|byte| 4 * u32::from(*byte)).sum::<u32>() + u32::from(word[31])) % 6;
    ensure!(roll == Roll::Landed(u8::try_from(rest + 1)?), "{roll:?}, {rest}");
    // What the contract makes of it by itself is the same.
    ensure!(u32::from(output[output.len() - 33]) == rest + 1, "{output:?}");

    // A simulation has no random value that anyone could try beforehand.
    let simulate = Simulate {
        contract_id,
        payload: Vec::new(),
        chain: Chain::Evm(phat_e2e::CHAIN_ID),
        consumer: EvmAddress([3; 20]),
        max_output: 512,
    };
    let simulation = environment.enclave.client().simulate(&simulate).await?;
    ensure!(simulation.outcome == Outcome::ContractError && simulation.output[0] == 1, "{simulation:?}");
    environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_a_block_that_the_relayer_made_up_is_void_and_there_is_no_other() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let (_, dice) = deploy(&environment).await?;
    environment.relayer.stop().await?;
    let asked = dice.roll().await?;
    let truth = environment.execution_of(&asked).await?;
    let lie = Execute { block_hash: BlockHash([9; 32]), ..truth.clone() };
    let enclave = environment.enclave.client();
    let answer = enclave.execute(&lie).await?;
    ensure!(answer.report.outcome == Outcome::Ok && answer.report.output[..32] == [9; 32], "{answer:?}");
    ensure!(enclave.execute(&truth).await?.report == answer.report, "a request was answered twice");

    let report = phat_oracle::Report {
        outcome: answer.report.outcome.number(),
        output: answer.report.output.clone().into(),
        executed_at: answer.report.executed_at,
        payee: answer.report.payee.0,
    };
    let oracle = PhatOracle::new(environment.end.oracle.address, environment.end.chain.provider());
    let fulfil = oracle.fulfill(asked.on_chain()?, report, vec![answer.signature.0.to_vec().into()]);
    let receipt = fulfil.send().await?.await?.context("the transaction was dropped")?;
    ensure!(receipt.status == Some(1.into()), "the oracle accepts what the worker signed: {receipt:?}");
    ensure!(dice.outcome_of(asked.id).await? == Roll::Void(WRONG_BLOCK), "the die believed a lie about its block");
    environment.finish().await
}
