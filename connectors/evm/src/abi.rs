//! Between the protocol's types and those of the contracts' bindings.

use crate::bindings::phat_oracle;
use ethers::{
    contract::EthEvent,
    types::{Address, Bytes, H256, Log, U256},
};
use phat_connector::{BlockRef, Entry, ObservedRequest, TxHash};
use phat_protocol::{
    Amount, BlockHash, ContractId, Digest, EvmAddress, OracleChain, Request, RequestId, evm, keccak256,
};

pub(crate) fn address(address: EvmAddress) -> Address {
    Address::from(address.0)
}

pub(crate) fn from_address(address: Address) -> EvmAddress {
    EvmAddress(address.0)
}

pub(crate) fn uint(amount: Amount) -> U256 {
    U256::from_big_endian(&amount.0)
}

pub(crate) fn amount(uint: U256) -> Amount {
    let mut bytes = [0; 32];
    uint.to_big_endian(&mut bytes);
    Amount(bytes)
}

pub(crate) fn tx_hash(hash: H256) -> TxHash {
    TxHash(Digest(hash.0))
}

fn request(request: &evm::Request) -> phat_oracle::Request {
    phat_oracle::Request {
        sequence: request.sequence,
        parent_hash: request.parent_hash.0,
        consumer: address(request.consumer),
        contract_id: request.contract_id.0,
        min_revision: request.min_revision,
        payload_hash: request.payload_hash.0,
        callback_gas_limit: request.callback_gas_limit,
        max_output: request.max_output,
        expires_at: request.expires_at,
        payment: uint(request.payment),
    }
}

/// An entry as the oracle takes it; none when its request isn't of this oracle's family.
pub(crate) fn entry(entry: &Entry) -> Option<phat_oracle::Entry> {
    let Request::Evm(asked) = &entry.request else {
        return None;
    };
    Some(phat_oracle::Entry {
        request: request(asked),
        report: phat_oracle::Report {
            outcome: entry.report.outcome.number(),
            output: Bytes::from(entry.report.output.clone()),
            executed_at: entry.report.executed_at,
            payee: entry.report.payee.0,
        },
        signatures: entry.signatures.iter().map(|signature| Bytes::from(signature.0.to_vec())).collect(),
    })
}

/// Why a log is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UntrueLog {
    #[error("it is of another contract, event or block than asked for")]
    NotAskedFor,
    #[error("it can't be decoded: {0}")]
    Undecodable(String),
    #[error("its content hashes to request {computed}, not {claimed}")]
    OtherRequest { claimed: RequestId, computed: RequestId },
    #[error("its payload doesn't hash to the request's payload hash")]
    OtherPayload,
}

/// Where a mined log stands.
pub(crate) fn place(log: &Log) -> Option<(BlockRef, TxHash)> {
    let number = u64::try_from(log.block_number?).ok()?;
    let block = BlockRef { number, hash: BlockHash(log.block_hash?.0) };
    Some((block, tx_hash(log.transaction_hash?)))
}

/// Reads a `RequestSubmitted` log of the oracle at `oracle`, and recomputes the id that it claims.
pub(crate) fn observed_request(chain_id: u64, oracle: EvmAddress, log: Log) -> Result<ObservedRequest, UntrueLog> {
    let (block, transaction) = place(&log).ok_or(UntrueLog::NotAskedFor)?;
    if log.address != address(oracle) {
        return Err(UntrueLog::NotAskedFor);
    }
    let event = phat_oracle::RequestSubmittedFilter::decode_log(&log.into())
        .map_err(|error| UntrueLog::Undecodable(error.to_string()))?;
    let request = evm::Request {
        chain_id,
        oracle,
        sequence: event.request.sequence,
        parent_hash: BlockHash(event.request.parent_hash),
        consumer: from_address(event.request.consumer),
        contract_id: ContractId(event.request.contract_id),
        min_revision: event.request.min_revision,
        payload_hash: Digest(event.request.payload_hash),
        callback_gas_limit: event.request.callback_gas_limit,
        max_output: event.request.max_output,
        expires_at: event.request.expires_at,
        payment: amount(event.request.payment),
    };
    let claimed = RequestId(event.request_id);
    let computed = request.request_id();
    if claimed != computed {
        return Err(UntrueLog::OtherRequest { claimed, computed });
    }
    let payload = event.payload.to_vec();
    if Digest(keccak256(&payload)) != request.payload_hash {
        return Err(UntrueLog::OtherPayload);
    }
    Ok(ObservedRequest { id: claimed, request: Request::Evm(request), payload, block, transaction })
}
