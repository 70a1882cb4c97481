//! What an operator does once: registering a worker.

use crate::{SubstrateChain, block::Applied, extrinsic::RuntimeCall, peer::Peer, refusal::pair, stored::StoredWorker};
use phat_connector::{
    Acceptance, BlockRef, ChainError, OracleStatus, PreparedTransaction, Receipt, ReportSink, Sent, TxHash,
};
use phat_protocol::{BlockHash, Digest, WorkerAddress, WorkerKeys, substrate::Registration};
use std::time::Duration;
use subxt::{dynamic::Value, ext::scale_value::Composite};
use tokio::time::{Instant, sleep};

/// How long to wait for an extrinsic to be included.
const INCLUDED_WITHIN: Duration = Duration::from_secs(120);

/// What a worker is registered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerEvidence {
    /// The worker's public keys.
    pub keys: WorkerKeys,
    /// What hardware says is running.
    pub measurement: Digest,
    /// The hash of its configuration.
    pub config_hash: Digest,
    /// The block that the evidence names ([`Registration::block_number`]).
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: BlockHash,
    /// The quote over [`Registration::report_data`], in the verifier's encoding.
    pub quote: Vec<u8>,
}

/// What the oracle knows of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Who runs it, an account's id; none when it is not registered.
    pub operator: Option<[u8; 32]>,
    /// The last second in which it counts, unix seconds.
    pub expiry: u64,
    /// Whether it is banned for ever.
    pub revoked: bool,
    /// Whether its reports count now.
    pub active: bool,
    /// Its measurement.
    pub measurement: Digest,
    /// The hash of its configuration.
    pub config_hash: Digest,
}

/// An extrinsic that was included and succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mined {
    /// Its hash.
    pub hash: TxHash,
    /// The block that holds it.
    pub block: BlockRef,
}

/// Why an operation didn't succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AdminError {
    /// The chain end failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The extrinsic was sent, and not included in time. It may still be.
    #[error("extrinsic {hash} was not included within {waited:?}; it may still be")]
    NotMined {
        /// The extrinsic.
        hash: TxHash,
        /// How long we waited.
        waited: Duration,
    },
    /// Another extrinsic of the account used its nonce.
    #[error("another extrinsic took the place of {hash}")]
    Replaced {
        /// The extrinsic.
        hash: TxHash,
    },
    /// The extrinsic was included and failed.
    #[error("extrinsic {hash} failed in block {}: {reason}", .block.number)]
    Failed {
        /// The extrinsic.
        hash: TxHash,
        /// The block that holds it.
        block: BlockRef,
        /// The pallet's and the error's name, where the chain tells.
        reason: String,
    },
}

impl SubstrateChain {
    /// What a worker's quote must vouch for, with this account as operator and the newest block's parent: a block can't
    /// be named before it is there.
    ///
    /// # Errors
    /// When the chain can't be read.
    pub async fn registration(&self) -> Result<Registration, AdminError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            let header = peer.header(best).await?;
            Ok((header.number.saturating_sub(1), header.parent_hash))
        };
        let (block_number, block_hash) = self.0.read(None, ask).await?;
        Ok(Registration {
            genesis: self.genesis(),
            instance: self.instance().to_owned(),
            operator: self.account().to_vec(),
            block_number,
            block_hash,
        })
    }

    /// Registers a worker of this account, or renews it: through `Sudo` where this account is its key, else by itself.
    ///
    /// # Errors
    /// `Failed` when this account may not register workers, the evidence isn't accepted or is too old, or the worker is
    /// banned; otherwise as any extrinsic.
    pub async fn register_worker(&self, evidence: &WorkerEvidence) -> Result<Mined, AdminError> {
        let WorkerEvidence { keys, measurement, config_hash, block_number, block_hash, quote } = evidence;
        let registration = Value::named_composite([
            ("operator", Value::from_bytes(self.account())),
            ("worker", Value::from_bytes(keys.worker.0)),
            ("x25519_key", Value::from_bytes(keys.x25519.0)),
            ("vrf_key_hash", Value::from_bytes(keys.vrf_key_hash.0)),
            ("measurement", Value::from_bytes(measurement.0)),
            ("config_hash", Value::from_bytes(config_hash.0)),
            ("block_number", Value::u128((*block_number).into())),
            ("block_hash", Value::from_bytes(block_hash.0)),
            ("evidence", Value::from_bytes(quote)),
        ]);
        let call = self.0.oracle_call("register_worker", vec![("registration".to_owned(), registration)]);
        self.administer(call).await
    }

    /// What the oracle knows of a worker.
    ///
    /// # Errors
    /// When the chain can't be read, or there is no oracle.
    pub async fn worker(&self, worker: WorkerAddress) -> Result<WorkerRecord, AdminError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            let (runtime, now) = tokio::try_join!(peer.runtime(best), peer.time(best))?;
            let workers = runtime.entry("Workers");
            let [stored] = peer.values([runtime.key(workers, vec![Value::from_bytes(worker.0)])?], best).await?;
            let stored: Option<StoredWorker> = stored.map(|stored| runtime.decode(workers, &stored)).transpose()?;
            let [counting] = self.0.counting(&peer, [worker], best, now).await?;
            Ok(WorkerRecord {
                operator: stored.as_ref().map(|stored| stored.operator.0),
                expiry: stored.as_ref().map_or(0, |stored| stored.expiry),
                revoked: stored.as_ref().is_some_and(|stored| stored.revoked),
                active: counting.is_some(),
                measurement: Digest(stored.as_ref().map_or([0; 32], |stored| stored.measurement)),
                config_hash: Digest(stored.as_ref().map_or([0; 32], |stored| stored.config_hash)),
            })
        };
        Ok(self.0.read(None, ask).await?)
    }

    /// Whether this account is the key of `Sudo`, so that it may register workers in any case, and whether the oracle
    /// allows workers with this code and configuration. Who else may register them is the runtime's secret.
    ///
    /// # Errors
    /// When the chain can't be read, or there is no oracle.
    pub async fn may_register(&self, measurement: Digest, config_hash: Digest) -> Result<(bool, bool), ChainError> {
        let ask = |peer: Peer| async move {
            let best = peer.best().await?;
            let runtime = peer.runtime(best).await?;
            let key = runtime.key(runtime.entry("AllowedPairs"), vec![pair(&measurement.0, &config_hash.0)])?;
            let [allowed] = peer.values([key], best).await?;
            Ok((peer.sudo(best).await? == Some(self.account()), allowed.is_some()))
        };
        self.0.read(None, ask).await
    }

    /// Sends a call of the oracle as one whose origin is root, where this account is the key of `Sudo`, or as this
    /// account's own, and waits until it is included.
    async fn administer(&self, call: RuntimeCall) -> Result<Mined, AdminError> {
        let is_sudo = self.0.read(None, |peer| async move {
            let best = peer.best().await?;
            Ok(peer.sudo(best).await? == Some(self.account()))
        });
        let call = if is_sudo.await? { sudo(call) } else { call };
        let signing = self.signing();
        let outlook = signing.outlook().await?;
        let (prepared, _) = signing.sign(&call, outlook.pending_nonce, outlook.fees).await?;
        signing.deliver(&prepared).await
    }

    async fn deliver(&self, prepared: &PreparedTransaction) -> Result<Mined, AdminError> {
        let PreparedTransaction { hash, ref raw, nonce, .. } = *prepared;
        match self.broadcast(raw).await? {
            Acceptance::Pooled => {}
            Acceptance::NonceUsed | Acceptance::Underpriced | Acceptance::Expired => {
                return Err(AdminError::Replaced { hash });
            }
        }
        let sent = [Sent { hash, account: self.submitter(), nonce }];
        let deadline = Instant::now() + INCLUDED_WITHIN;
        let mut pause = Duration::from_millis(20);
        loop {
            let used = self.mined_nonce().await?;
            match self.receipts(&sent).await?.pop() {
                Some(Receipt { block, .. }) => {
                    return match self.failure(hash, block).await? {
                        None => Ok(Mined { hash, block }),
                        Some(reason) => Err(AdminError::Failed { hash, block, reason }),
                    };
                }
                None if used > nonce => return Err(AdminError::Replaced { hash }),
                None => {}
            }
            if Instant::now() >= deadline {
                return Err(AdminError::NotMined { hash, waited: INCLUDED_WITHIN });
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

impl SubstrateChain {
    /// Why an extrinsic failed, or the call that it had made as root; none where all succeeded.
    async fn failure(&self, hash: TxHash, block: BlockRef) -> Result<Option<String>, ChainError> {
        let ask = |peer: Peer| async move {
            let told = peer.told(block.hash).await?;
            let place = told.place(hash).ok_or_else(|| ChainError::Malformed {
                method: "chain_getBlock".to_owned(),
                cause: format!("block {} lost extrinsic {hash}", block.number),
            })?;
            let Applied { succeeded, error, .. } = told.applied(place)?;
            Ok(error.or_else(|| (!succeeded).then(|| "no pallet says why".to_owned())))
        };
        self.0.read(Some(block.number), ask).await
    }
}

/// The call, as root's.
fn sudo(call: RuntimeCall) -> RuntimeCall {
    let inner = Value::named_variant(call.call_name(), named(call.call_data()));
    let outer = Value::unnamed_variant(call.pallet_name(), [inner]);
    subxt::dynamic::tx("Sudo", "sudo", Composite::Named(vec![("call".to_owned(), outer)]))
}

fn named(fields: &Composite<()>) -> Vec<(String, Value)> {
    match fields {
        Composite::Named(fields) => fields.clone(),
        Composite::Unnamed(_) => Vec::new(),
    }
}
