//! What happened in one block: its extrinsics and its events, beside each other.

use crate::{
    peer::Peer,
    runtime::{EVENTS, Runtime},
    stored,
};
use phat_connector::{ChainError, EntryEffect, TxHash, rpc::CallError};
use phat_protocol::{BlockHash, Digest, RequestId, blake2_256};
use std::sync::Arc;
use subxt::{
    SubstrateConfig,
    dynamic::Value,
    events::{Event, Events, Phase},
    ext::{
        scale_decode::{DecodeAsFields, DecodeAsType},
        scale_value::ValueDef,
    },
};

/// What a block's events tell, with the hashes of its extrinsics.
pub(crate) struct Told {
    runtime: Arc<Runtime>,
    events: Events<SubstrateConfig>,
    extrinsics: Vec<TxHash>,
}

/// What became of one extrinsic.
pub(crate) struct Applied {
    pub(crate) succeeded: bool,
    /// The reference time that its weight came to, in picoseconds.
    pub(crate) ref_time: u64,
    pub(crate) effects: Vec<(RequestId, EntryEffect)>,
    /// Why it failed, where a pallet said so.
    pub(crate) error: Option<String>,
}

/// The hash that an extrinsic is known by.
pub(crate) fn hash_of(extrinsic: &[u8]) -> TxHash {
    TxHash(Digest(blake2_256(extrinsic)))
}

impl Peer {
    /// What happened in a block. Events are written by the runtime that made the block: its parent's.
    pub(crate) async fn told(&self, block: BlockHash) -> Result<Told, CallError> {
        let body = self.body(block).await?;
        let runtime = self.runtime(body.parent).await?;
        let [events] = self.values([runtime.key(EVENTS, Vec::new())?], block).await?;
        let extrinsics = body.extrinsics.iter().map(|extrinsic| hash_of(extrinsic)).collect();
        Ok(Told { events: runtime.events(events.unwrap_or_default()), runtime, extrinsics })
    }
}

impl Told {
    /// The events of a pallet, each with the extrinsic that told it, if one did.
    pub(crate) fn by<'told>(
        &'told self,
        pallet: &'told str,
    ) -> impl Iterator<Item = (Event<'told, SubstrateConfig>, Option<TxHash>)> {
        self.all().filter(move |(event, _)| event.pallet_name() == pallet)
    }

    /// All events that can be read, each with the extrinsic that told it, if one did.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Event<'_, SubstrateConfig>, Option<TxHash>)> {
        self.events.iter().filter_map(Result::ok).map(|event| {
            let extrinsic = match event.phase() {
                Phase::ApplyExtrinsic(place) => self.extrinsic(place),
                Phase::Finalization | Phase::Initialization => None,
            };
            (event, extrinsic)
        })
    }

    /// The place of an extrinsic in the block.
    pub(crate) fn place(&self, hash: TxHash) -> Option<u32> {
        u32::try_from(self.extrinsics.iter().position(|extrinsic| *extrinsic == hash)?).ok()
    }

    fn extrinsic(&self, place: u32) -> Option<TxHash> {
        self.extrinsics.get(usize::try_from(place).ok()?).copied()
    }

    /// What became of the extrinsic at a place.
    ///
    /// # Errors
    /// Where an event can't be read, or none says whether it succeeded.
    pub(crate) fn applied(&self, place: u32) -> Result<Applied, ChainError> {
        let malformed = |cause: String| ChainError::Malformed { method: "System.Events".to_owned(), cause };
        let (mut end, mut effects, mut refused) = (None, Vec::new(), None);
        for event in self.events.iter() {
            let event = event.map_err(|error| malformed(error.to_string()))?;
            if event.phase() != Phase::ApplyExtrinsic(place) {
                continue;
            }
            match (event.pallet_name(), event.event_name()) {
                ("System", "ExtrinsicSuccess") => {
                    let Succeeded { dispatch_info } = read(&event)?;
                    end = Some((true, dispatch_info.weight.ref_time, None));
                }
                ("System", "ExtrinsicFailed") => {
                    let Failed { dispatch_info } = read(&event)?;
                    let error = read::<FailedByPallet>(&event).ok();
                    let error = error.and_then(|failed| self.named(&failed.dispatch_error));
                    end = Some((false, dispatch_info.weight.ref_time, error));
                }
                // The call that it makes as root; the extrinsic succeeds in any case.
                ("Sudo", "Sudid") => {
                    let Sudid { sudo_result } = read(&event)?;
                    if variant(&sudo_result) != Some("Ok") {
                        let error = read::<FailedAsRoot>(&event).ok().and_then(|failed| failed.sudo_result.err());
                        let error = error.and_then(|error| self.named(&error));
                        refused = Some(error.unwrap_or_else(|| sudo_result.to_string()));
                    }
                }
                (pallet, _) if pallet == self.runtime.instance() => effects.extend(effect(&event)?),
                (_, _) => {}
            }
        }
        let (succeeded, ref_time, error) =
            end.ok_or_else(|| malformed(format!("nothing tells how extrinsic {place} ended")))?;
        Ok(Applied { succeeded, ref_time, effects, error: error.or(refused) })
    }

    fn named(&self, error: &DispatchError) -> Option<String> {
        let DispatchError::Module(ModuleError { index, error }) = error;
        let (pallet, name) = self.runtime.error_name(*index, *error.first()?)?;
        Some(format!("{pallet}.{name}"))
    }
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Succeeded {
    dispatch_info: DispatchInfo,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Failed {
    dispatch_info: DispatchInfo,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FailedByPallet {
    dispatch_error: DispatchError,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Sudid {
    sudo_result: Value,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FailedAsRoot {
    sudo_result: Result<(), DispatchError>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct DispatchInfo {
    weight: Weight,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Weight {
    ref_time: u64,
}

/// The one kind of errors that is a pallet's own.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum DispatchError {
    Module(ModuleError),
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ModuleError {
    index: u8,
    error: [u8; 4],
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Named {
    request_id: [u8; 32],
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Fulfilled {
    request_id: [u8; 32],
    callback_ok: bool,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Skipped {
    request_id: [u8; 32],
    reason: Value,
}

fn read<T: DecodeAsFields>(event: &Event<'_, SubstrateConfig>) -> Result<T, ChainError> {
    event.decode_fields_unchecked_as().map_err(|error| ChainError::Malformed {
        method: format!("{}.{}", event.pallet_name(), event.event_name()),
        cause: error.to_string(),
    })
}

/// The name of an enum's variant.
fn variant(value: &Value) -> Option<&str> {
    match &value.value {
        ValueDef::Variant(variant) => Some(&variant.name),
        ValueDef::Composite(_) | ValueDef::Primitive(_) | ValueDef::BitSequence(_) => None,
    }
}

/// The request that an event of the oracle is about.
pub(crate) fn request_id(event: &Event<'_, SubstrateConfig>) -> Option<RequestId> {
    read::<Named>(event).ok().map(|named| RequestId(named.request_id))
}

/// Whether the callback took the answer that an event tells of.
pub(crate) fn callback_ok(event: &Event<'_, SubstrateConfig>) -> Option<bool> {
    read::<Fulfilled>(event).ok().map(|fulfilled| fulfilled.callback_ok)
}

fn effect(event: &Event<'_, SubstrateConfig>) -> Result<Option<(RequestId, EntryEffect)>, ChainError> {
    match event.event_name() {
        "RequestFulfilled" => {
            let Fulfilled { request_id, callback_ok } = read(event)?;
            Ok(Some((RequestId(request_id), EntryEffect::Fulfilled { callback_ok })))
        }
        "EntrySkipped" => {
            let Skipped { request_id, reason } = read(event)?;
            let name = variant(&reason).unwrap_or("unknown");
            Ok(Some((RequestId(request_id), EntryEffect::Skipped(stored::refusal(name)))))
        }
        _ => Ok(None),
    }
}
