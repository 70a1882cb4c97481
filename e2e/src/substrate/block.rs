//! What a block tells of the oracle.

use crate::{Asked, SentReport};
use anyhow::{Context, Result};
use phat_connector::TxHash;
use phat_protocol::{
    BlockHash, ContractId, Digest, GenesisHash, Outcome, Payee, Report, Request, RequestId, keccak256, substrate,
};
use subxt::{
    OnlineClient, PolkadotConfig,
    dynamic::Value,
    events::Phase,
    ext::{scale_decode::DecodeAsType, scale_value::ValueDef},
    utils::H256,
};

/// Event `RequestSubmitted`.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct Submitted {
    request_id: [u8; 32],
    contract_id: [u8; 32],
    requester: [u8; 32],
    sequence: u64,
    parent_hash: [u8; 32],
    min_revision: u64,
    payload: Vec<u8>,
    max_output: u32,
    expires_at: u64,
    payment: u128,
}

/// Event `RequestFulfilled`; the report stands in the extrinsic.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Fulfilled {
    request_id: [u8; 32],
    callback_ok: bool,
}

/// Event `EntrySkipped`.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Skipped {
    request_id: [u8; 32],
}

#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ReportFields {
    outcome: u8,
    output: Vec<u8>,
    executed_at: u64,
    payee: [u8; 32],
}

/// Call `fulfill`, and an entry of `fulfill_batch`.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Fulfill {
    request_id: [u8; 32],
    report: ReportFields,
    signatures: Vec<Vec<u8>>,
}

/// Call `fulfill_batch`.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FulfillBatch {
    entries: Vec<Fulfill>,
}

/// Call `fulfill_batch_unsigned`.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FulfillUnsigned {
    submission: Submission,
    entries: Vec<Fulfill>,
}

#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Submission {
    submitter: [u8; 32],
}

/// An event of another pallet, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pallet: String,
    name: String,
    /// The variant of a field that is a result, where there is one.
    result: Option<String>,
}

impl Event {
    pub(super) fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet == pallet && self.name == name
    }

    pub(super) fn is_ok(&self) -> bool {
        self.result.as_deref() == Some("Ok")
    }
}

/// An extrinsic that an account signed, or vouches for.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) hash: TxHash,
    pub(super) signer: Option<[u8; 32]>,
    pub(super) succeeded: bool,
    /// The reports that it carries.
    pub(super) entries: Vec<SentReport>,
    /// The requests whose reports the oracle passed over.
    pub(super) skipped: Vec<RequestId>,
    /// The requests that it answered, and whether their callbacks succeeded.
    answered: Vec<(RequestId, bool)>,
}

/// An answer that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) transaction: TxHash,
    pub(super) report: Report,
    pub(super) callback_ok: bool,
}

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) hash: [u8; 32],
    pub(super) submitted: Vec<Submitted>,
    pub(super) events: Vec<Event>,
    pub(super) sent: Vec<Sent>,
}

impl Block {
    pub(super) fn holds(&self, extrinsic: &[u8; 32]) -> bool {
        self.sent.iter().any(|sent| sent.hash.0.0 == *extrinsic)
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.submitted.iter().map(|event| RequestId(event.request_id))
    }

    pub(super) fn answers(&self) -> impl Iterator<Item = Answer> {
        self.sent.iter().flat_map(|sent| {
            sent.answered.iter().filter_map(|(id, callback_ok)| {
                let entry = sent.entries.iter().find(|entry| entry.report.request_id == *id)?;
                Some(Answer { transaction: sent.hash, report: entry.report.clone(), callback_ok: *callback_ok })
            })
        })
    }

    /// What was asked in it.
    pub(super) fn asked(&self, genesis: [u8; 32]) -> Vec<Asked> {
        let asked = self.submitted.iter().map(|event| Asked {
            id: RequestId(event.request_id),
            request: Request::Substrate(substrate::Request {
                genesis: GenesisHash(genesis),
                instance: super::INSTANCE.to_owned(),
                sequence: event.sequence,
                parent_hash: BlockHash(event.parent_hash),
                requester: event.requester.to_vec(),
                contract_id: ContractId(event.contract_id),
                min_revision: event.min_revision,
                payload_hash: Digest(keccak256(&event.payload)),
                max_output: event.max_output,
                expires_at: event.expires_at,
                payment: event.payment,
            }),
            payload: event.payload.clone(),
            block: self.number,
            block_hash: BlockHash(self.hash),
        });
        asked.collect()
    }
}

/// Reads a block.
pub(super) async fn read(client: &OnlineClient<PolkadotConfig>, hash: H256, number: u64) -> Result<Block> {
    let at = client.at_block_hash_and_number(hash, number).await?;
    let mut block = Block { number, hash: hash.0, submitted: Vec::new(), events: Vec::new(), sent: Vec::new() };
    for extrinsic in at.extrinsics().fetch().await?.iter() {
        let extrinsic = extrinsic?;
        // A `MultiAddress::Id`: its tag and the account.
        let mut signer = extrinsic.address_bytes().and_then(|bytes| bytes.get(1..)?.try_into().ok());
        let entries = match (extrinsic.pallet_name(), extrinsic.call_name()) {
            (super::INSTANCE, "fulfill") => vec![extrinsic.decode_call_data_fields_unchecked_as::<Fulfill>()?],
            (super::INSTANCE, "fulfill_batch") => {
                extrinsic.decode_call_data_fields_unchecked_as::<FulfillBatch>()?.entries
            }
            (super::INSTANCE, "fulfill_batch_unsigned") => {
                let call = extrinsic.decode_call_data_fields_unchecked_as::<FulfillUnsigned>()?;
                signer = Some(call.submission.submitter);
                call.entries
            }
            _ => Vec::new(),
        };
        block.sent.push(Sent {
            hash: TxHash(Digest(extrinsic.hash().0)),
            signer,
            succeeded: true,
            entries: entries.into_iter().map(report).collect::<Result<_>>()?,
            skipped: Vec::new(),
            answered: Vec::new(),
        });
    }
    for event in at.events().fetch().await?.iter() {
        let event = event?;
        let extrinsic = match event.phase() {
            Phase::ApplyExtrinsic(index) => block.sent.get_mut(usize::try_from(index)?),
            Phase::Finalization | Phase::Initialization => None,
        };
        match (event.pallet_name(), event.event_name(), extrinsic) {
            (super::INSTANCE, "RequestSubmitted", _) => {
                block.submitted.push(event.decode_fields_unchecked_as::<Submitted>()?);
            }
            (super::INSTANCE, "RequestFulfilled", Some(sent)) => {
                let Fulfilled { request_id, callback_ok } = event.decode_fields_unchecked_as()?;
                sent.answered.push((RequestId(request_id), callback_ok));
            }
            (super::INSTANCE, "EntrySkipped", Some(sent)) => {
                sent.skipped.push(RequestId(event.decode_fields_unchecked_as::<Skipped>()?.request_id));
            }
            ("System", "ExtrinsicFailed", Some(sent)) => sent.succeeded = false,
            (pallet, name, _) => {
                let fields: Value = event.decode_fields_unchecked_as()?;
                block.events.push(Event {
                    pallet: pallet.to_owned(),
                    name: name.to_owned(),
                    result: first_variant(&fields),
                });
            }
        }
    }
    Ok(block)
}

fn report(entry: Fulfill) -> Result<SentReport> {
    let Fulfill { request_id, report, signatures } = entry;
    let report = Report {
        request_id: RequestId(request_id),
        outcome: Outcome::try_from(report.outcome).ok().context("an outcome that isn't known")?,
        output: report.output,
        executed_at: report.executed_at,
        payee: Payee(report.payee),
    };
    Ok(SentReport { report, signatures })
}

/// The name of the first field that is an enum.
fn first_variant(fields: &Value) -> Option<String> {
    let ValueDef::Composite(fields) = &fields.value else { return None };
    fields.values().find_map(|field| match &field.value {
        ValueDef::Variant(variant) => Some(variant.name.clone()),
        ValueDef::Composite(_) | ValueDef::BitSequence(_) | ValueDef::Primitive(_) => None,
    })
}
