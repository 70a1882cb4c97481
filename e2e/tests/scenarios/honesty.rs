//! A relayer that lies: about the request, to the enclave; about the answer, to the chain.

use anyhow::{Context, Result, ensure};
use ethers::{
    contract::ContractError,
    providers::{Http, Middleware, Provider},
    types::{Bytes, U256},
};
use phat_e2e::{
    Asked, Asker, Environment, Oracle, Question,
    phat_oracle::{self, PhatOracle},
};
use phat_enclave_api::{Enclave, EnclaveError, Execute, Execution, Refusal};
use phat_protocol::{Amount, BlockHash, ContractId, Digest, EvmAddress, Payee, Request, evm};

/// Enough for any fulfilment here, so that one which reverts gets into a block all the same.
const GAS: u64 = 1_000_000;
/// The order of secp256k1's group (SEC 2, section 2.4.1).
const ORDER: &str = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// One way to be untruthful, and how it is called.
type Lie<T> = (&'static str, fn(&mut T));

const ABOUT_THE_REQUEST: [Lie<evm::Request>; 12] = [
    ("chain_id", |request| request.chain_id = 1337),
    ("oracle", |request| request.oracle = EvmAddress([9; 20])),
    ("sequence", |request| request.sequence += 1),
    ("parent_hash", |request| request.parent_hash = BlockHash([9; 32])),
    ("consumer", |request| request.consumer = EvmAddress([9; 20])),
    ("contract_id", |request| request.contract_id = ContractId([9; 32])),
    ("min_revision", |request| request.min_revision += 1),
    ("payload_hash", |request| request.payload_hash = Digest([9; 32])),
    ("callback_gas_limit", |request| request.callback_gas_limit += 1),
    ("max_output", |request| request.max_output += 1),
    ("expires_at", |request| request.expires_at += 1),
    ("payment", |request| request.payment = Amount([9; 32])),
];

const ABOUT_THE_REQUEST_ON_CHAIN: [Lie<phat_oracle::Request>; 10] = [
    ("sequence", |request| request.sequence += 1),
    ("parent_hash", |request| request.parent_hash = [9; 32]),
    ("consumer", |request| request.consumer.0 = [9; 20]),
    ("contract_id", |request| request.contract_id = [9; 32]),
    ("min_revision", |request| request.min_revision += 1),
    ("payload_hash", |request| request.payload_hash = [9; 32]),
    ("callback_gas_limit", |request| request.callback_gas_limit += 1),
    ("max_output", |request| request.max_output += 1),
    ("expires_at", |request| request.expires_at += 1),
    ("payment", |request| request.payment += U256::one()),
];

const ABOUT_THE_REPORT: [Lie<phat_oracle::Report>; 6] = [
    ("outcome", |report| report.outcome += 1),
    ("output", |report| report.output = Bytes::from(vec![9; 32])),
    ("no output", |report| report.output = Bytes::new()),
    ("executed_at", |report| report.executed_at -= 1),
    ("payee", |report| report.payee[31] ^= 1),
    ("upper bytes of the payee", |report| report.payee[0] = 1),
];

const ABOUT_THE_SIGNATURES: [Lie<Vec<Bytes>>; 6] = [
    ("r", |signatures| flip(signatures, 0)),
    ("s", |signatures| flip(signatures, 63)),
    ("v", |signatures| signatures[0] = with_v(&signatures[0], |v| 55 - v)),
    ("the other s", |signatures| signatures[0] = with_high_s(&signatures[0])),
    ("none", Vec::clear),
    ("twice", |signatures| signatures.push(signatures[0].clone())),
];

fn flip(signatures: &mut [Bytes], byte: usize) {
    let mut changed = signatures[0].to_vec();
    changed[byte] ^= 1;
    signatures[0] = changed.into();
}

fn with_v(signature: &Bytes, change: fn(u8) -> u8) -> Bytes {
    let mut changed = signature.to_vec();
    changed[64] = change(changed[64]);
    changed.into()
}

/// The same signature's twin, which a verifier that takes high values of s would accept.
fn with_high_s(signature: &Bytes) -> Bytes {
    let mut changed = with_v(signature, |v| 55 - v).to_vec();
    let order: U256 = ORDER.parse().expect("hexadecimal digits");
    (order - U256::from_big_endian(&changed[32..64])).to_big_endian(&mut changed[32..64]);
    changed.into()
}

/// What the oracle's `fulfill` takes.
#[derive(Clone)]
struct Submission {
    request: phat_oracle::Request,
    report: phat_oracle::Report,
    signatures: Vec<Bytes>,
}

impl Submission {
    fn new(request: &phat_oracle::Request, execution: &Execution) -> Self {
        let report = phat_oracle::Report {
            outcome: execution.report.outcome.number(),
            output: execution.report.output.clone().into(),
            executed_at: execution.report.executed_at,
            payee: execution.report.payee.0,
        };
        Self { request: request.clone(), report, signatures: vec![execution.signature.0.to_vec().into()] }
    }

    /// Whether the transaction succeeded; it gets into a block in any case.
    async fn send(self, oracle: &PhatOracle<Provider<Http>>) -> Result<bool> {
        let call = oracle.fulfill(self.request, self.report, self.signatures).gas(GAS);
        let receipt = call.send().await?.await?.context("the transaction was dropped")?;
        Ok(receipt.status == Some(1.into()))
    }
}

/// A request that no relayer answers, and the enclave's true answer to it.
struct Scene {
    environment: Environment,
    oracle: PhatOracle<Provider<Http>>,
    asker: Asker,
    asked: Asked,
    ask_enclave: Execute,
    truth: Execution,
}

impl Scene {
    async fn set() -> Result<Self> {
        let mut environment: Environment = Environment::start().await?;
        let contract_id = environment.deploy_prices().await?;
        environment.relayer.stop().await?;
        let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
        environment.source.price("BTC", "USD", "97214.53");
        let asked = asker.ask(&Question::price(contract_id, "BTC", "USD")).await?;
        let ask_enclave = environment.execution_of(&asked).await?;
        let truth = environment.enclave.client().execute(&ask_enclave).await?;
        let oracle = PhatOracle::new(environment.end.oracle.address, environment.end.chain.provider());
        Ok(Self { environment, oracle, asker, asked, ask_enclave, truth })
    }

    async fn expect_refused(&self, lie: &str, submission: Submission) -> Result<()> {
        ensure!(!submission.send(&self.oracle).await?, "the oracle believed a lie about {lie}");
        ensure!(self.asker.answers().await? == 0, "the consumer heard a lie about {lie}");
        Ok(())
    }

    /// Without this, the lies might be refused because nothing is accepted.
    async fn tell_the_truth(self) -> Result<()> {
        let truth = Submission::new(&self.asked.on_chain()?, &self.truth);
        ensure!(truth.clone().send(&self.oracle).await?, "the oracle refused the truth");
        ensure!(!truth.send(&self.oracle).await?, "the oracle took the truth twice");
        self.environment.expect_heard_once(&self.asker, &self.asked).await?;
        self.environment.finish().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_altered_on_its_way_to_the_enclave_is_of_no_use() -> Result<()> {
    let scene = Scene::set().await?;
    let enclave = scene.environment.enclave.client();
    for (field, lie) in ABOUT_THE_REQUEST {
        let mut altered = scene.asked.evm()?.clone();
        lie(&mut altered);
        let answer = enclave.execute(&Execute { request: Request::Evm(altered), ..scene.ask_enclave.clone() }).await;
        let execution = match (field, answer) {
            ("contract_id", Err(EnclaveError::Refused(Refusal::UnknownContract { .. })))
            | ("min_revision", Err(EnclaveError::Refused(Refusal::StaleRevision { .. })))
            | ("payload_hash", Err(EnclaveError::Refused(Refusal::WrongPayload))) => continue,
            (_, answer) => answer.with_context(|| field.to_owned())?,
        };
        ensure!(execution.report.request_id != scene.asked.id, "another {field} gives the same id");
        // For the request as it is on chain; and as it was altered, where the chain has the field.
        scene.expect_refused(field, Submission::new(&scene.asked.on_chain()?, &execution)).await?;
        if let Some((_, lie)) = ABOUT_THE_REQUEST_ON_CHAIN.iter().find(|(name, _)| *name == field) {
            let mut submission = Submission::new(&scene.asked.on_chain()?, &execution);
            lie(&mut submission.request);
            scene.expect_refused(field, submission).await?;
        }
    }
    scene.tell_the_truth().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_relayer_says_beside_the_request_is_refused_or_changes_nothing() -> Result<()> {
    let scene = Scene::set().await?;
    let enclave = scene.environment.enclave.client();
    let refused = async |execute: Execute| match enclave.execute(&execute).await {
        Err(EnclaveError::Refused(refusal)) => Ok(refusal),
        other => anyhow::bail!("{other:?}"),
    };
    // The id is answered already, so a lie that the enclave doesn't look at would get the old answer.
    let mut fresh = scene.ask_enclave.clone();
    if let Request::Evm(request) = &mut fresh.request {
        request.sequence += 100;
    }
    let now = scene.environment.enclave.status().await?.now;
    let with = |change: &dyn Fn(&mut Execute)| {
        let mut changed = fresh.clone();
        change(&mut changed);
        changed
    };
    let payload = with(&|execute| execute.payload = br#"{"base":"ETH","quote":"USD"}"#.to_vec());
    ensure!(refused(payload).await? == Refusal::WrongPayload, "another payload");
    let nobody = with(&|execute| execute.payee = Payee([0; 32]));
    ensure!(refused(nobody).await? == Refusal::BadPayee, "no payee");
    let no_address = with(&|execute| execute.payee = Payee([9; 32]));
    ensure!(refused(no_address).await? == Refusal::BadPayee, "a payee that is no address");
    for executed_at in [now - 3600, now + 3600] {
        let refusal = refused(with(&|execute| execute.executed_at = executed_at)).await?;
        ensure!(matches!(refusal, Refusal::ClockSkew { .. }), "{refusal:?}");
    }
    ensure!(scene.environment.source.fetches() == 1, "something refused was run");

    // Answered once, whatever is said the second time.
    let mut again = scene.ask_enclave.clone();
    again.payee = Payee::from(EvmAddress([9; 20]));
    again.executed_at += 1;
    again.block_hash = BlockHash([9; 32]);
    scene.environment.source.price("BTC", "USD", "1");
    let second = enclave.execute(&again).await?;
    ensure!(second.report == scene.truth.report && second.signature == scene.truth.signature, "{second:?}");
    scene.tell_the_truth().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_altered_on_its_way_to_the_chain_is_refused() -> Result<()> {
    let scene = Scene::set().await?;
    let truth = Submission::new(&scene.asked.on_chain()?, &scene.truth);
    for (field, lie) in ABOUT_THE_REQUEST_ON_CHAIN {
        let mut submission = truth.clone();
        lie(&mut submission.request);
        scene.expect_refused(field, submission).await?;
    }
    for (field, lie) in ABOUT_THE_REPORT {
        let mut submission = truth.clone();
        lie(&mut submission.report);
        scene.expect_refused(field, submission).await?;
    }
    for (field, lie) in ABOUT_THE_SIGNATURES {
        let mut submission = truth.clone();
        lie(&mut submission.signatures);
        scene.expect_refused(field, submission).await?;
    }
    scene.tell_the_truth().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_one_oracle_or_chain_is_refused_by_another() -> Result<()> {
    let scene = Scene::set().await?;
    let truth = Submission::new(&scene.asked.on_chain()?, &scene.truth);
    let environment = &scene.environment;
    let provider = environment.end.chain.provider();

    // Another oracle that believes the same workers.
    let settings = phat_oracle::Settings {
        threshold: 1,
        min_lifetime: 60,
        max_lifetime: 24 * 3600,
        prices: phat_oracle::Prices { per_request: 1, per_callback_gas: 1, per_payload_byte: 1, per_output_byte: 1 },
    };
    let admin = *provider.get_accounts().await?.first().context("anvil has no accounts")?;
    let other =
        PhatOracle::deploy(provider.clone(), (admin, environment.end.oracle.registry, settings))?.send().await?;
    let there = Oracle { address: other.address(), ..environment.end.oracle };
    let asker = Asker::deploy(&environment.end.chain, &there).await?;
    let question = Question::new(scene.asked.evm()?.contract_id, scene.asked.payload.clone());
    let asked = asker.ask(&question).await?;
    ensure!(!truth.clone().send(&other).await?, "another oracle took the answer with its request");
    let swapped = Submission { request: asked.on_chain()?, ..truth.clone() };
    ensure!(!swapped.send(&other).await?, "another oracle took the answer for a request of its own");
    let its_own = environment.enclave.client().execute(&environment.execution_of(&asked).await?).await?;
    let its_own = Submission::new(&asked.on_chain()?, &its_own);
    ensure!(!its_own.clone().send(&scene.oracle).await?, "the first oracle took the other's answer");
    ensure!(its_own.send(&other).await?, "the other oracle refuses what is its own");

    // The same chain, split off under another id: the same state, and the same request in it. (Nobody's key signs for
    // that one, so the node is asked what a transaction would do.)
    let Submission { request, report, signatures } = truth;
    let tried = scene.oracle.fulfill(request, report, signatures).gas(GAS);
    provider.request::<_, ()>("anvil_setChainId", [1337]).await?;
    let there = tried.call().await;
    provider.request::<_, ()>("anvil_setChainId", [phat_e2e::CHAIN_ID]).await?;
    ensure!(there.as_ref().is_err_and(ContractError::is_revert), "another chain took the answer: {there:?}");
    tried.call().await?;
    scene.tell_the_truth().await
}
