//! How values of the other crates look in the API's description. Those crates know nothing of
//! OpenAPI: where a struct of this crate has such a value, `#[schema(value_type = …)]` names the type
//! of the same name here.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// Values that are text of a certain form.
macro_rules! text {
    ($($(#[doc = $doc:literal])+ $name:ident: $pattern:expr, $example:expr;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(concat!($($doc),+).trim()))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

const HASH: &str = "^0x[0-9a-fA-F]{64}$";
const ADDRESS: &str = "^0x[0-9a-fA-F]{40}$";
const A_HASH: &str = "0x1f0c3aa1be5b2d8d2ee4a5a0e2d0a8c0c8b8d3f3a2a1f0e9d8c7b6a594837261";
const AN_ADDRESS: &str = "0x5fbdb2315678afecb367f032d93f642f64180aa3";

text! {
    /// A request's id: the hash of everything in it.
    RequestId: HASH, A_HASH;
    /// A contract's id: the hash of its code, init data, owner and salt.
    ContractId: HASH, A_HASH;
    /// BLAKE2b-256 of a contract's wasm bytes.
    CodeHash: HASH, A_HASH;
    /// What tells a contract from others of the same code, init data and owner.
    Salt: HASH, A_HASH;
    /// Who may change a contract; 32 zero bytes for nobody.
    Owner: HASH, A_HASH;
    /// 32 bytes, most often a hash.
    Digest: HASH, A_HASH;
    /// A block's hash.
    BlockHash: HASH, A_HASH;
    /// The hash of a chain's first block.
    GenesisHash: HASH, A_HASH;
    /// A transaction's hash.
    TxHash: HASH, A_HASH;
    /// Who is paid for an answer: an account of 32 bytes, or an address with zeros before it.
    Payee: HASH, A_HASH;
    /// An EVM account or contract.
    EvmAddress: ADDRESS, AN_ADDRESS;
    /// The address of a worker's secp256k1 key.
    WorkerAddress: ADDRESS, AN_ADDRESS;
    /// A recoverable secp256k1 signature.
    Signature: "^0x[0-9a-fA-F]{130}$", format!("{A_HASH}{}1b", &A_HASH[2..]);
    /// Bytes.
    Bytes: "^0x([0-9a-fA-F]{2})*$", "0x616263";
    /// A decimal number below 2^256, in the chain's smallest unit.
    Amount: "^[0-9]{1,78}$", "1000000000000000000";
}

/// What vouches for an enclave.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Attestation {
    /// Nothing does.
    Simulated,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, ToSchema)]
#[expect(missing_docs, reason = "docs/protocol.md says what each outcome means")]
pub enum Outcome {
    Ok,
    ContractError,
    Trapped,
    OutOfFuel,
    OutOfMemory,
    TimedOut,
    OutputTooLarge,
    EgressDenied,
    BadContract,
    Disagreed,
}

/// A worker's public keys.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct WorkerKeys {
    /// Names the worker, and signs reports.
    pub worker: WorkerAddress,
    /// Secrets are encrypted to it.
    pub x25519: Digest,
    /// keccak256 of the key of its verifiable random function.
    pub vrf_key_hash: Digest,
}

/// A block.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct BlockRef {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: BlockHash,
}

/// A chain: an EVM chain by its EIP-155 id, or a Substrate chain by the hash of its first block.
#[derive(Clone, Copy, Debug, ToSchema)]
pub enum Chain {
    /// An EVM chain.
    Evm(u64),
    /// A Substrate chain.
    Substrate(GenesisHash),
}

/// What chain and oracle say of themselves.
#[derive(Clone, Debug, ToSchema)]
pub struct ChainFacts {
    /// The chain.
    pub chain: Chain,
    /// The oracle: an address, or the pallet's name.
    pub oracle: String,
    /// Where workers are registered.
    pub registry: String,
    /// How many workers must sign a report.
    pub threshold: u32,
    /// Whether the oracle takes nothing now.
    pub paused: bool,
}

/// How one endpoint of a chain does.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum EndpointState {
    /// Nothing was asked of it yet.
    Untried,
    /// It answers, and is where the others are.
    Healthy,
    /// It answers, and is too many blocks behind the others.
    Lagging,
    /// It answered something else than a quorum of the others did.
    Disagreeing,
    /// It doesn't answer, or too often not.
    Failing,
    /// It asked for fewer calls, and gets none until that time is over.
    Resting,
    /// It serves another chain than the configured one, and nothing of it counts.
    WrongChain,
}

/// What a transaction offers for a unit of gas.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct Fees {
    /// The most, in all.
    pub max_fee: Amount,
    /// The most for the block's producer.
    pub max_priority_fee: Amount,
}

/// Why the oracle doesn't take an entry.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum EntryRefusal {
    /// It was answered or cancelled, or is not known there.
    NotPending,
    /// Its time is over.
    Expired,
    /// The report says that it ran after the newest block.
    ExecutedInFuture,
    /// Its signer is no active worker.
    NotRegistered,
    /// The signatures are not what the oracle asks for.
    BadSignatures,
    /// The oracle is paused.
    Paused,
    /// Another reason, in the chain's words.
    Other(String),
}

/// What a mined transaction did to a request.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum EntryEffect {
    /// It answered it.
    Fulfilled {
        /// Whether the consumer took the answer.
        callback_ok: bool,
    },
    /// Nothing.
    Skipped(EntryRefusal),
}

/// A line that a contract logged.
#[derive(Clone, Debug, ToSchema)]
pub struct LogEntry {
    /// 1 error, 2 warning, 3 information, 4 debug, 5 trace.
    pub level: u8,
    /// What it says.
    pub message: String,
}

/// What an owner may do to a contract.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ActionKind {
    /// Call a message, and keep what it writes.
    Message,
    /// Replace the whole set of secrets.
    Secrets,
    /// Call a message, and drop what it writes.
    Query,
}

/// What a contract deposited as an event.
#[derive(Clone, Debug, ToSchema)]
pub struct EventEntry {
    /// Who deposited it.
    pub contract: ContractId,
    /// SCALE `Vec<[u8; 32]>`, as the contract encoded it.
    pub topics: Bytes,
    /// The event's own encoding.
    pub data: Bytes,
}

/// Everything that a request's id binds.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Request {
    /// A request to an oracle on an EVM chain.
    Evm(EvmRequest),
    /// A request to an oracle on a Substrate chain.
    Substrate(SubstrateRequest),
}

/// A request to an oracle on an EVM chain.
#[derive(Clone, Debug, ToSchema)]
pub struct EvmRequest {
    /// The EIP-155 chain id.
    pub chain_id: u64,
    /// The oracle's address.
    pub oracle: EvmAddress,
    /// The oracle's count of requests; starts at 1.
    pub sequence: u64,
    /// Hash of the block before the request's.
    pub parent_hash: BlockHash,
    /// The account or contract that asked, and is called back.
    pub consumer: EvmAddress,
    /// The contract that is asked.
    pub contract_id: ContractId,
    /// The least revision that the consumer accepts.
    pub min_revision: u64,
    /// keccak256 of the payload.
    pub payload_hash: Digest,
    /// Gas that the callback gets.
    pub callback_gas_limit: u32,
    /// The longest output, in bytes.
    pub max_output: u32,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
    /// What was paid for the answer, in wei.
    pub payment: Amount,
}

/// A request to an oracle on a Substrate chain.
#[derive(Clone, Debug, ToSchema)]
pub struct SubstrateRequest {
    /// The chain.
    pub genesis: GenesisHash,
    /// The pallet's name in the runtime.
    pub instance: String,
    /// The pallet's count of requests; starts at 1.
    pub sequence: u64,
    /// Hash of the block before the request's.
    pub parent_hash: BlockHash,
    /// The encoded AccountId that asked.
    pub requester: Bytes,
    /// The contract that is asked.
    pub contract_id: ContractId,
    /// The least revision that the requester accepts.
    pub min_revision: u64,
    /// keccak256 of the payload.
    pub payload_hash: Digest,
    /// The longest output, in bytes.
    pub max_output: u32,
    /// Until when an answer is accepted, unix seconds.
    pub expires_at: u64,
    /// What was paid for the answer, in the chain's smallest unit.
    pub payment: u128,
}

/// For whom a quote is made.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum QuoteFor {
    /// A registry on an EVM chain.
    Evm(EvmRegistration),
    /// A registry on a Substrate chain.
    Substrate(SubstrateRegistration),
}

/// A registration at a registry on an EVM chain.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct EvmRegistration {
    /// The EIP-155 chain id.
    pub chain_id: u64,
    /// The registry's address.
    pub registry: EvmAddress,
    /// The account that registers the worker.
    pub operator: EvmAddress,
    /// A recent block.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: BlockHash,
}

/// A registration at a registry on a Substrate chain.
#[derive(Clone, Debug, ToSchema)]
pub struct SubstrateRegistration {
    /// The chain.
    pub genesis: GenesisHash,
    /// The pallet's name in the runtime.
    pub instance: String,
    /// The encoded AccountId that registers the worker.
    pub operator: Bytes,
    /// A recent block.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: BlockHash,
}
