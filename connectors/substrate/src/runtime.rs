//! One version of the chain's runtime: how its storage, events, constants and calls are written. Pallets are found by
//! name, their parts by the names that the metadata gives them.

use crate::runtimes::Version;
use phat_connector::ChainError;
use phat_protocol::GenesisHash;
use std::sync::Arc;
use subxt::{
    Metadata, OfflineClient, OfflineClientAtBlock, SubstrateConfig,
    config::substrate::{H256, SpecVersionForRange},
    dynamic::Value,
    events::Events,
    ext::{
        frame_decode::{
            extrinsics::decode_extrinsic,
            storage::{StorageTypeInfo, encode_storage_key_prefix},
        },
        scale_decode::DecodeAsType,
    },
};

/// One version of the runtime.
pub(crate) struct Runtime {
    pub(crate) version: Version,
    pub(crate) client: OfflineClientAtBlock<SubstrateConfig>,
    instance: String,
}

/// The name of a storage entry: the pallet's, and its own within it.
pub(crate) type Entry<'a> = (&'a str, &'a str);

/// The chain's clock, in milliseconds.
pub(crate) const NOW: Entry<'static> = ("Timestamp", "Now");
/// The hashes of the newest blocks before one.
pub(crate) const BLOCK_HASH: Entry<'static> = ("System", "BlockHash");
/// A block's events.
pub(crate) const EVENTS: Entry<'static> = ("System", "Events");
/// What accounts have.
pub(crate) const ACCOUNT: Entry<'static> = ("System", "Account");

impl Runtime {
    /// # Errors
    /// Where the metadata can't be read.
    pub(crate) fn new(
        version: Version,
        metadata: &[u8],
        genesis: GenesisHash,
        instance: &str,
    ) -> Result<Self, ChainError> {
        let malformed =
            |cause: String| ChainError::Malformed { method: "Metadata_metadata_at_version".to_owned(), cause };
        let metadata = Metadata::decode_from(metadata).map_err(|error| malformed(error.to_string()))?;
        let Version { spec_version, transaction_version, .. } = version;
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256(genesis.0))
            .set_metadata_for_spec_versions([(spec_version, Arc::new(metadata))])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version,
                transaction_version,
            }])
            .build();
        let client =
            OfflineClient::new_with_config(config).at_block(0u64).map_err(|error| malformed(error.to_string()))?;
        Ok(Self { version, client, instance: instance.to_owned() })
    }

    /// Whether the oracle is there.
    ///
    /// # Errors
    /// `NoOracle` where it isn't.
    pub(crate) fn has_oracle(&self) -> Result<(), ChainError> {
        self.value_type(self.entry("Requests")).map(drop)
    }

    /// A storage entry of the oracle.
    pub(crate) fn entry<'a>(&'a self, name: &'a str) -> Entry<'a> {
        (&self.instance, name)
    }

    /// The key of a value, or of a map's value under `parts`.
    pub(crate) fn key(&self, entry: Entry<'_>, parts: Vec<Value>) -> Result<Vec<u8>, ChainError> {
        let key = self.client.storage().entry(entry).and_then(|entry| entry.fetch_key(parts));
        key.map_err(|error| self.lacks(entry, error))
    }

    /// What the keys of a map begin with.
    pub(crate) fn prefix(&self, entry: Entry<'_>) -> Result<[u8; 32], ChainError> {
        self.value_type(entry)?;
        Ok(encode_storage_key_prefix(entry.0, entry.1))
    }

    /// Reads a stored value.
    pub(crate) fn decode<T: DecodeAsType>(&self, entry: Entry<'_>, bytes: &[u8]) -> Result<T, ChainError> {
        let types = self.client.metadata_ref().types();
        T::decode_as_type(&mut &*bytes, self.value_type(entry)?, types).map_err(|error| ChainError::Malformed {
            method: format!("{}.{}", entry.0, entry.1),
            cause: error.to_string(),
        })
    }

    /// Reads a stored value, or the default where nothing is stored; none where there is no default either.
    pub(crate) fn decode_or_default<T: DecodeAsType>(
        &self,
        entry: Entry<'_>,
        bytes: Option<&[u8]>,
    ) -> Result<Option<T>, ChainError> {
        let default = match bytes {
            Some(bytes) => return self.decode(entry, bytes).map(Some),
            None => {
                let info = self.client.metadata_ref().storage_info(entry.0, entry.1);
                info.map_err(|error| self.lacks(entry, error))?.default_value
            }
        };
        default.map(|bytes| self.decode(entry, &bytes)).transpose()
    }

    /// Reads a constant.
    pub(crate) fn constant<T: DecodeAsType>(&self, pallet: &str, name: &str) -> Result<T, ChainError> {
        let address = subxt::dynamic::constant::<T>(pallet, name);
        self.client.constants().entry(address).map_err(|error| self.lacks((pallet, name), error))
    }

    /// Reads a constant of the oracle.
    pub(crate) fn oracle_constant<T: DecodeAsType>(&self, name: &str) -> Result<T, ChainError> {
        self.constant(&self.instance, name)
    }

    /// A block's events.
    pub(crate) fn events(&self, bytes: Vec<u8>) -> Events<SubstrateConfig> {
        self.client.events().from_bytes(bytes)
    }

    /// Whether the runtime can read an extrinsic: whether it has such a call.
    pub(crate) fn reads(&self, extrinsic: &[u8]) -> bool {
        let metadata = self.client.metadata_ref();
        decode_extrinsic(&mut &*extrinsic, metadata, metadata.types()).is_ok()
    }

    /// Whether the runtime has a pallet.
    pub(crate) fn has_pallet(&self, name: &str) -> bool {
        self.client.metadata_ref().pallet_by_name(name).is_some()
    }

    /// Whether the runtime has an API. Metadata of version 14 lists none.
    pub(crate) fn has_api(&self, name: &str) -> bool {
        self.client.metadata_ref().runtime_api_trait_by_name(name).is_some()
    }

    /// The name of a pallet's error.
    pub(crate) fn error_name(&self, pallet: u8, error: u8) -> Option<(&str, &str)> {
        let pallet = self.client.metadata_ref().pallet_by_error_index(pallet)?;
        Some((pallet.name(), &pallet.error_variant_by_index(error)?.name))
    }

    /// The oracle's name in the runtime.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    fn value_type(&self, entry: Entry<'_>) -> Result<u32, ChainError> {
        let info = self.client.metadata_ref().storage_info(entry.0, entry.1);
        info.map(|info| info.value_id).map_err(|error| self.lacks(entry, error))
    }

    fn lacks(&self, (pallet, name): Entry<'_>, cause: impl std::fmt::Display) -> ChainError {
        let Version { spec_name, spec_version, .. } = &self.version;
        let cause = format!("{spec_name} {spec_version} has no {pallet}.{name} of ours: {cause}");
        ChainError::NoOracle { address: self.instance.clone(), cause }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Runtime").field("version", &self.version).finish_non_exhaustive()
    }
}
