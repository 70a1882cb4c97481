use crate::{ConfigHash, Measurement, WorkerAddress};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;

/// The most workers that an operator can be allowed.
pub const MAX_WORKERS_PER_OPERATOR: u32 = 16;
/// The longest that a registration can be told to last, in seconds: 365 days.
pub const MAX_REGISTRATION_VALIDITY: u64 = 365 * 24 * 60 * 60;
/// The longest evidence, in bytes: a quote of TDX has 5 KB, and certificates may come with it.
pub const MAX_EVIDENCE: u32 = 16 * 1024;

/// What an operator says of a worker, and evidence for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct WorkerRegistration<AccountId> {
    /// Who runs the worker.
    pub operator: AccountId,
    /// The worker.
    pub worker: WorkerAddress,
    /// What secrets are encrypted to.
    pub x25519_key: [u8; 32],
    /// keccak256 of the VRF public key; zero without one.
    pub vrf_key_hash: [u8; 32],
    /// What the worker is measured as.
    pub measurement: Measurement,
    /// What it is configured as.
    pub config_hash: ConfigHash,
    /// A block, at most 256 old.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: [u8; 32],
    /// What vouches for all of it.
    pub evidence: BoundedVec<u8, ConstU32<MAX_EVIDENCE>>,
}

/// A registered worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct WorkerInfo<AccountId> {
    /// Who runs it.
    pub operator: AccountId,
    /// Until when it counts, unix seconds.
    pub expiry: u64,
    /// Whether it never counts again.
    pub revoked: bool,
    /// What secrets are encrypted to.
    pub x25519_key: [u8; 32],
    /// keccak256 of the VRF public key; zero without one.
    pub vrf_key_hash: [u8; 32],
    /// What it is measured as.
    pub measurement: Measurement,
    /// What it is configured as.
    pub config_hash: ConfigHash,
}

impl<AccountId> WorkerInfo<AccountId> {
    /// Whether it is neither revoked nor expired, `now` being unix seconds.
    pub(crate) fn is_live(&self, now: u64) -> bool {
        !self.revoked && now <= self.expiry
    }
}
