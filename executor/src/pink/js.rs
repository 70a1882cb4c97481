//! `js_eval`: scripts that a contract has the JavaScript contract evaluate.
#![expect(clippy::cast_possible_truncation, reason = "the SCALE derive casts the variant's index")]

use crate::{
    fuel,
    run::{
        Mode, Returned,
        wait::{CallWait, Callee, Suspension},
    },
    seal::{Host, OutBuffer},
};
use parity_scale_codec::{Decode, Encode};
use phat_protocol::{ContractId, keccak256, selector};
use wasmi::Error;

/// The message of the JavaScript contract that answers, without a script of its own:
/// `js_eval(codes: Vec<JsCode>, args: Vec<String>) -> Result<JsValue, String>`.
const MESSAGE: &str = "js_eval";

/// What a script gave; these numbers are the reference's.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum JsValue {
    /// `undefined`.
    #[codec(index = 0)]
    Undefined,
    /// `null`.
    #[codec(index = 1)]
    Null,
    /// A string.
    #[codec(index = 2)]
    String(String),
    /// A `Uint8Array`.
    #[codec(index = 3)]
    Bytes(Vec<u8>),
    /// Anything else, as a string.
    #[codec(index = 4)]
    Other(String),
    /// It gave nothing, and this is why.
    #[codec(index = 5)]
    Exception(String),
}

/// What ink! puts around a message's result, of whose errors one can come: the arguments were unreadable.
type Answer = Result<Result<JsValue, String>, u8>;

impl JsValue {
    /// What came back from the JavaScript contract.
    pub(crate) fn returned(returned: &Returned) -> Self {
        match Answer::decode(&mut returned.data.as_slice()) {
            Ok(Ok(Ok(value))) => value,
            Ok(Ok(Err(reason))) => Self::Exception(reason),
            Ok(Err(_)) => Self::Exception("undecodable arguments".to_owned()),
            Err(error) => Self::Exception(format!("an undecodable answer: {error}")),
        }
    }

    /// Writes the value where the guest wants it, or why it can't have it.
    pub(crate) fn write(self, host: &mut Host<'_>, out: OutBuffer) -> Result<(), Error> {
        let (encoded, capacity) = (self.encode(), host.capacity(out)?);
        if encoded.len() <= capacity {
            return host.write_out(out, &encoded);
        }
        let reason = format!("a value of {} bytes, and the buffer takes {capacity}", encoded.len());
        host.write_out(out, &Self::Exception(reason).encode())
    }
}

/// Evaluates `codes` one after the other; the arguments are the contract's own bytes.
pub(super) fn eval(host: &mut Host<'_>, codes_and_arguments: &[u8], out: OutBuffer) -> Result<u32, Error> {
    match host.guest().run.mode {
        Mode::Query | Mode::Simulation => {}
        Mode::Transaction => {
            JsValue::Exception("JavaScript is not evaluated in a transaction".to_owned()).write(host, out)?;
            return Ok(0);
        }
    }
    host.charge(fuel::FRAME)?;
    let input = [&selector(MESSAGE)[..], codes_and_arguments].concat().into();
    let callee = Callee::JavaScript;
    let wait = CallWait { callee, input, gas: 0, sends_value: false, allows_reentry: false, tail: false, out };
    Err(host.suspend(Suspension::Call(wait)))
}

/// Who a contract's scripts are: nobody else's, no contract, and never the one that has them evaluated, whose keys,
/// storage and cache they can't reach.
pub(crate) fn identity(contract: ContractId) -> ContractId {
    ContractId(keccak256(&[&b"phat-js-eval/v1"[..], contract.as_bytes()].concat()))
}
