//! Who asks: consumers on chain, and what they heard.

use crate::{
    CHAIN_ID, Chain, Oracle,
    phat_oracle::{self, PhatOracle, RequestSubmittedFilter},
    price_consumer::PriceConsumer,
    reverting_consumer::{AnswerTakenFilter, RevertingConsumer},
};
use anyhow::{Context, Result, bail, ensure};
use ethers::{
    contract::{ContractCall, EthEvent},
    providers::{Http, Middleware, Provider},
    types::{Address, H256, TransactionReceipt, U64, U256, transaction::eip2718::TypedTransaction},
};
use phat_protocol::{
    Amount, BlockHash, ContractId, Digest, EvmAddress, Outcome, Request, RequestId, bounds::LEAST_LIFETIME, evm,
    keccak256,
};
use std::collections::BTreeMap;

type Call<T> = ContractCall<Provider<Http>, T>;

/// For how long requests can be answered, in seconds.
const LIFETIME: u64 = 60 * LEAST_LIFETIME;
/// More than asking with a short payload uses.
const GAS_OF_ASKING: u64 = 400_000;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whom.
    pub contract_id: ContractId,
    /// The least revision.
    pub min_revision: u64,
    /// The contract's input.
    pub payload: Vec<u8>,
    /// Gas of the callback.
    pub callback_gas: u32,
    /// The longest answer, in bytes.
    pub max_output: u32,
    /// For how many seconds it can be answered.
    pub lifetime: u64,
}

impl Question {
    /// With room for an answer of 1 KiB.
    #[must_use]
    pub fn new(contract_id: ContractId, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            contract_id,
            min_revision: 0,
            payload: payload.into(),
            callback_gas: 200_000,
            max_output: 1024,
            lifetime: LIFETIME,
        }
    }

    /// The question of `http-json` for a pair.
    #[must_use]
    pub fn price(contract_id: ContractId, base: &str, quote: &str) -> Self {
        Self::new(contract_id, format!(r#"{{"base":"{base}","quote":"{quote}"}}"#))
    }
}

/// A request as the oracle's event shows it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its id.
    pub id: RequestId,
    /// All that the id binds.
    pub request: Request,
    /// The contract's input.
    pub payload: Vec<u8>,
    /// The height of its block.
    pub block: u64,
    /// The hash of its block.
    pub block_hash: BlockHash,
}

impl Asked {
    /// All that the id binds, of a request on an EVM chain.
    ///
    /// # Errors
    /// When it is of another chain.
    pub fn evm(&self) -> Result<&evm::Request> {
        match &self.request {
            Request::Evm(request) => Ok(request),
            Request::Substrate(_) => bail!("{} was asked on a Substrate chain", self.id),
        }
    }

    /// As the functions of `PhatOracle` take it.
    ///
    /// # Errors
    /// As [`Self::evm`].
    pub fn on_chain(&self) -> Result<phat_oracle::Request> {
        let request = self.evm()?;
        Ok(phat_oracle::Request {
            sequence: request.sequence,
            parent_hash: request.parent_hash.0,
            consumer: request.consumer.0.into(),
            contract_id: request.contract_id.0,
            min_revision: request.min_revision,
            payload_hash: request.payload_hash.0,
            callback_gas_limit: request.callback_gas_limit,
            max_output: request.max_output,
            expires_at: request.expires_at,
            payment: request.payment.0.into(),
        })
    }

    pub(crate) fn from_receipt(receipt: &TransactionReceipt, oracle: Address) -> Result<Self> {
        let log = receipt
            .logs
            .iter()
            .find(|log| log.address == oracle && log.topics.first() == Some(&RequestSubmittedFilter::signature()))
            .context("the transaction made no request")?;
        let event = RequestSubmittedFilter::decode_log(&log.clone().into())?;
        let on_chain = event.request;
        let request = evm::Request {
            chain_id: CHAIN_ID,
            oracle: EvmAddress(oracle.0),
            sequence: on_chain.sequence,
            parent_hash: BlockHash(on_chain.parent_hash),
            consumer: EvmAddress(on_chain.consumer.0),
            contract_id: ContractId(on_chain.contract_id),
            min_revision: on_chain.min_revision,
            payload_hash: Digest(keccak256(&event.payload)),
            callback_gas_limit: on_chain.callback_gas_limit,
            max_output: on_chain.max_output,
            expires_at: on_chain.expires_at,
            payment: Amount(on_chain.payment.into()),
        };
        Ok(Self {
            id: RequestId(event.request_id),
            request: Request::Evm(request),
            payload: event.payload.to_vec(),
            block: receipt.block_number.context("no block")?.as_u64(),
            block_hash: BlockHash(receipt.block_hash.context("no block")?.0),
        })
    }
}

/// What a consumer's callback was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// How the run ended.
    pub outcome: Outcome,
    /// The answer, or the contract's error.
    pub output: Vec<u8>,
    /// When it ran, unix seconds.
    pub executed_at: u64,
}

impl TryFrom<AnswerTakenFilter> for Heard {
    type Error = anyhow::Error;

    fn try_from(event: AnswerTakenFilter) -> Result<Self> {
        Ok(Self {
            outcome: Outcome::try_from(event.outcome).map_err(|error| anyhow::anyhow!("{error}"))?,
            output: event.output.to_vec(),
            executed_at: event.executed_at,
        })
    }
}

/// A consumer that asks whatever it is told, and writes what it hears into events.
#[derive(Clone, Debug)]
pub struct Asker {
    contract: RevertingConsumer<Provider<Http>>,
    oracle: PhatOracle<Provider<Http>>,
}

impl Asker {
    /// Deploys it, so that its callback takes answers.
    ///
    /// # Errors
    /// When a transaction fails.
    pub async fn deploy(chain: &Chain, oracle: &Oracle) -> Result<Self> {
        let contract = RevertingConsumer::deploy(chain.provider(), oracle.address)?.send().await?;
        mined(contract.set_reverting(false)).await?;
        Ok(Self { contract, oracle: PhatOracle::new(oracle.address, chain.provider()) })
    }

    /// Whether its callback fails from now on.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn set_reverting(&self, reverting: bool) -> Result<()> {
        mined(self.contract.set_reverting(reverting)).await.map(drop)
    }

    /// Asks, and pays what is due.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn ask(&self, question: &Question) -> Result<Asked> {
        Asked::from_receipt(&mined(self.asking(question).await?).await?, self.oracle.address())
    }

    /// Asks all at once: in a transaction each, and few blocks. Whoever else sends a transaction meanwhile has it
    /// mined with them.
    ///
    /// # Errors
    /// When the node refuses, or a transaction fails.
    pub async fn ask_together(&self, questions: &[Question]) -> Result<Vec<Asked>> {
        let provider = self.contract.client();
        provider.request::<_, ()>("evm_setAutomine", [false]).await?;
        let asked = self.ask_unmined(questions).await;
        provider.request::<_, ()>("evm_setAutomine", [true]).await?;
        // What came since the last block waits for the next.
        provider.request::<_, serde_json::Value>("evm_mine", ()).await?;
        asked
    }

    async fn ask_unmined(&self, questions: &[Question]) -> Result<Vec<Asked>> {
        let provider = self.contract.client();
        let first = provider.get_block_number().await?.as_u64() + 1;
        let mut dues = BTreeMap::new();
        let mut transactions = Vec::with_capacity(questions.len());
        for question in questions {
            let size = (question.callback_gas, question.payload.len(), question.max_output);
            let due = match dues.get(&size) {
                Some(due) => *due,
                None => self.due(question).await?,
            };
            dues.insert(size, due);
            let call = self.call(question).value(due).gas(GAS_OF_ASKING);
            transactions.push(provider.request::<_, H256>("eth_sendTransaction", [call.tx]).await?);
        }
        let (mut receipts, mut next) = (BTreeMap::new(), first);
        let most = first + 1 + u64::try_from(questions.len())?;
        while !transactions.iter().all(|hash| receipts.contains_key(hash)) {
            ensure!(next < most, "the node leaves transactions out of its blocks");
            provider.request::<_, serde_json::Value>("evm_mine", ()).await?;
            for receipt in provider.get_block_receipts(U64::from(next)).await? {
                receipts.insert(receipt.transaction_hash, receipt);
            }
            next += 1;
        }
        let in_order = transactions.iter().filter_map(|hash| receipts.get(hash));
        in_order.map(|receipt| Asked::from_receipt(receipt, self.oracle.address())).collect()
    }

    /// The transaction that asks and pays what is due, for anyone to sign.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn transaction(&self, question: &Question) -> Result<TypedTransaction> {
        Ok(self.asking(question).await?.tx)
    }

    async fn asking(&self, question: &Question) -> Result<Call<[u8; 32]>> {
        Ok(self.call(question).value(self.due(question).await?))
    }

    /// What is due, in wei, at the gas price of the newest block.
    async fn due(&self, question: &Question) -> Result<U256> {
        let length = U256::from(question.payload.len());
        Ok(self.oracle.quote(question.callback_gas, length, question.max_output).call().await?)
    }

    fn call(&self, question: &Question) -> Call<[u8; 32]> {
        self.contract.ask(
            question.contract_id.0,
            question.min_revision,
            question.payload.clone().into(),
            question.callback_gas,
            question.max_output,
            question.lifetime,
        )
    }

    /// Everything that its callback was told, by request, in order.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn all_heard(&self) -> Result<BTreeMap<RequestId, Vec<Heard>>> {
        let mut heard = BTreeMap::<_, Vec<_>>::new();
        for event in self.contract.event::<AnswerTakenFilter>().from_block(0).query().await? {
            heard.entry(RequestId(event.request_id)).or_default().push(Heard::try_from(event)?);
        }
        Ok(heard)
    }

    /// Everything that its callback was told about a request, in order.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn heard(&self, id: RequestId) -> Result<Vec<Heard>> {
        let filter = self.contract.event::<AnswerTakenFilter>().from_block(0).topic1(H256(id.0));
        filter.query().await?.into_iter().map(Heard::try_from).collect()
    }

    /// How many answers its callback took.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn answers(&self) -> Result<u64> {
        Ok(self.contract.answers().call().await?.as_u64())
    }
}

/// The example consumer, `PriceConsumer`.
#[derive(Clone, Debug)]
pub struct PriceAsker {
    contract: PriceConsumer<Provider<Http>>,
    oracle: Address,
}

impl PriceAsker {
    /// Deploys it, to ask `contract_id`.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn deploy(chain: &Chain, oracle: &Oracle, contract_id: ContractId) -> Result<Self> {
        let arguments = (oracle.address, contract_id.0, 0_u64, LIFETIME);
        let contract = PriceConsumer::deploy(chain.provider(), arguments)?.send().await?;
        Ok(Self { contract, oracle: oracle.address })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> Address {
        self.contract.address()
    }

    /// Asks for a pair, and pays what is due.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn ask(&self, base: &str, quote: &str) -> Result<Asked> {
        let due = self.contract.quote_of(base.to_owned(), quote.to_owned()).call().await?;
        let receipt = mined(self.contract.ask(base.to_owned(), quote.to_owned()).value(due)).await?;
        Asked::from_receipt(&receipt, self.oracle)
    }

    /// What it stored about a request.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn price_of(&self, id: RequestId) -> Result<crate::price_consumer::Price> {
        Ok(self.contract.price_of(id.0).call().await?)
    }
}

/// Sends a call, and waits for its success.
pub(crate) async fn mined<T: ethers::abi::Detokenize>(call: Call<T>) -> Result<TransactionReceipt> {
    let receipt = call.send().await?.await?.context("the transaction was dropped")?;
    ensure!(receipt.status == Some(1.into()), "transaction {:?} was reverted", receipt.transaction_hash);
    Ok(receipt)
}
