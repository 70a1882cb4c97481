//! Calls between contracts: an explicit stack of frames, of which the top one runs. A call is never a
//! call in Rust, so that a callee can wait, and can be stopped, like any other guest.

use super::{
    Entry, Guest, LogLevel, LogLine, Returned, RunState,
    frame::{Ended, Failure, Frame, Step},
    look::{Lookup, Unfound},
    state::{FrameState, Lent},
    wait::{CallWait, Callee, Reply},
};
use crate::{
    HostFault, Instantiated,
    executor::Parts,
    limits::in_memory,
    pink::js::{self, JsValue},
    seal::{OutBuffer, ReturnCode},
    storage::OverlayFull,
};
use phat_protocol::{CodeHash, ContractId, ContractSeed, Outcome, Owner, child_contract_salt};
use std::sync::Arc;

/// The frames that wait for the one above them.
#[derive(Default)]
pub(super) struct Stack {
    below: Vec<Caller>,
}

/// A frame that called another.
struct Caller {
    frame: Box<Frame>,
    tail: bool,
    /// Where what its callee returns goes.
    out: OutBuffer,
    heard: Heard,
    /// How much of the run's records and put-off changes was there before the call.
    events: usize,
    deferred: usize,
    /// Fuel that its callee may not have.
    withheld: u64,
    /// What it was given itself.
    granted: u64,
}

/// What a caller hears of its callee.
#[derive(Clone, Copy)]
enum Heard {
    /// A code, and what was returned.
    Code,
    /// The same; and the id of the contract that the callee's constructor makes goes here.
    CodeAndId(ContractId, OutBuffer),
    /// What a script gave.
    Value,
}

/// Who runs after a frame has ended.
pub(super) enum Left {
    /// Its caller.
    Caller(Box<Frame>),
    /// Nobody: the run is over.
    Run(Result<Returned, Failure>, Box<RunState>),
}

impl Heard {
    /// What the caller of `callee` hears, which is `contract`.
    const fn of(callee: &Callee, contract: ContractId) -> Self {
        match callee {
            Callee::Contract(_) | Callee::Code(_) => Self::Code,
            Callee::New { address, .. } => Self::CodeAndId(contract, *address),
            Callee::JavaScript => Self::Value,
        }
    }

    fn returned(self, returned: Returned, out: OutBuffer) -> Reply {
        match self {
            Self::Code => Reply::Called { returned, out, made: None },
            Self::CodeAndId(id, address) => Reply::Called { returned, out, made: Some((id, address)) },
            Self::Value => Reply::Evaluated { value: JsValue::returned(&returned), out },
        }
    }

    fn failed(self, reason: String, out: OutBuffer) -> Reply {
        match self {
            Self::Code | Self::CodeAndId(..) => Reply::Code(ReturnCode::CalleeTrapped),
            Self::Value => Reply::Evaluated { value: JsValue::Exception(reason), out },
        }
    }
}

/// A frame that is to be made.
struct Call {
    contract: ContractId,
    caller: [u8; 32],
    entry: Entry,
    code_hash: CodeHash,
    code: Arc<[u8]>,
    /// What its constructor makes.
    made: Option<Instantiated>,
}

/// Why a call is not made.
enum Refused {
    /// The caller is told a code.
    Code(ReturnCode),
    /// The caller is told that its script could not be evaluated.
    Exception(String),
    /// The caller broke a rule.
    Trap(String),
}

impl Refused {
    fn reply(self, out: OutBuffer) -> Reply {
        match self {
            Self::Code(code) => Reply::Code(code),
            Self::Exception(reason) => Reply::Evaluated { value: JsValue::Exception(reason), out },
            Self::Trap(reason) => Reply::Trap(reason),
        }
    }
}

impl From<OverlayFull> for Refused {
    fn from(full: OverlayFull) -> Self {
        Self::Trap(full.to_string())
    }
}

impl From<Unfound> for Refused {
    fn from(unfound: Unfound) -> Self {
        match unfound {
            Unfound::Absent => Self::Code(ReturnCode::NotCallable),
            Unfound::TooMany => Self::Code(ReturnCode::CalleeTrapped),
        }
    }
}

impl Stack {
    /// Makes the callee's frame, which is on top from now on, or answers the caller why not.
    ///
    /// # Errors
    /// When the host is at fault.
    pub(super) async fn enter(
        &mut self,
        parts: &Parts,
        lookup: &Lookup,
        mut frame: Box<Frame>,
        wait: CallWait,
    ) -> Result<Step, HostFault> {
        let call = match self.resolve(parts, lookup, &mut frame, &wait).await? {
            Ok(call) => call,
            Err(refused) => return Ok(Step::GoOn(frame.answer(refused.reply(wait.out)))),
        };
        let heard = Heard::of(&wait.callee, call.contract);
        let Ok(translated) = parts.translated(call.code_hash, &call.code).await? else {
            let reply = heard.failed("the code can't be run".to_owned(), wait.out);
            return Ok(Step::GoOn(frame.answer(reply)));
        };
        let mut run = frame.lend();
        let caller = Caller {
            tail: wait.tail,
            out: wait.out,
            heard,
            events: run.records.events.len(),
            deferred: run.deferred.len(),
            withheld: if wait.gas == 0 { 0 } else { run.reserve.saturating_sub(wait.gas) },
            granted: run.granted,
            frame,
        };
        run.overlay.open();
        let Call { contract, caller: calls, entry, code_hash: _, code, made } = call;
        if let Some(made) = made
            && let Err(full) = run.overlay.instantiate(made, code)
        {
            run.overlay.drop_layer();
            let Caller { mut frame, .. } = caller;
            frame.take_back(run);
            return Ok(Step::GoOn(frame.answer(Reply::Trap(full.to_string()))));
        }
        if caller.withheld > 0 {
            run.reserve -= caller.withheld;
            run.granted = run.reserve;
        }
        self.below.push(caller);
        let declared_bytes = translated.declared_bytes();
        let frame = FrameState { nested: true, declared_bytes, ..FrameState::new(contract, calls, wait.input) };
        Ok(Step::begin(translated, entry, Guest { run: Lent::new(run), frame }))
    }

    /// Judges a call, in the order in which pallet-contracts does.
    async fn resolve(
        &self,
        parts: &Parts,
        lookup: &Lookup,
        frame: &mut Frame,
        wait: &CallWait,
    ) -> Result<Result<Call, Refused>, HostFault> {
        let depth = in_memory(frame.guest().run.limits.calls.depth);
        if let Callee::Contract(_) | Callee::JavaScript = &wait.callee {
            frame.guest_mut().frame.allows_reentry = wait.allows_reentry;
        }
        if let Callee::Contract(id) = &wait.callee {
            let refuses = |frame: &FrameState| frame.contract == *id && !frame.allows_reentry;
            let refused =
                refuses(&frame.guest().frame) || self.below.iter().any(|below| refuses(&below.frame.guest().frame));
            if refused {
                return Ok(Err(Refused::Trap(format!("{id} is being called already, and allows no re-entrance"))));
            }
        }
        if self.below.len() >= depth {
            return Ok(Err(match wait.callee {
                Callee::JavaScript => Refused::Exception(format!("calls nest {depth} deep already")),
                Callee::Contract(_) | Callee::Code(_) | Callee::New { .. } => Refused::Code(ReturnCode::CalleeTrapped),
            }));
        }
        let Guest { run, frame } = frame.guest_mut();
        let (contract, caller) = (frame.contract, frame.caller);
        let call = match &wait.callee {
            Callee::Contract(id) => match called(lookup, run, *id).await? {
                Ok((code_hash, code)) => {
                    Call { contract: *id, caller: contract.0, entry: Entry::Call, code_hash, code, made: None }
                }
                Err(refused) => return Ok(Err(refused)),
            },
            Callee::Code(code_hash) => match lookup.code(run, *code_hash).await? {
                Ok(code) => Call { contract, caller, entry: Entry::Call, code_hash: *code_hash, code, made: None },
                Err(unfound) => return Ok(Err(without_code(unfound))),
            },
            Callee::JavaScript => {
                let Some((code_hash, code)) = parts.javascript.clone() else {
                    return Ok(Err(Refused::Exception("there is no JavaScript here".to_owned())));
                };
                let (caller, contract) = (contract.0, js::identity(contract));
                Call { contract, caller, entry: Entry::Call, code_hash, code, made: None }
            }
            Callee::New { code_hash, salt, address: _ } => {
                let code_hash = *code_hash;
                let code = match lookup.code(run, code_hash).await? {
                    Ok(code) => code,
                    Err(unfound) => return Ok(Err(without_code(unfound))),
                };
                let (owner, salt) = (Owner::from(contract), child_contract_salt(salt));
                let contract_id = ContractSeed { code_hash, init_data: &wait.input, owner, salt }.contract_id();
                if lookup.exists(run, contract_id).await? {
                    return Ok(Err(Refused::Code(ReturnCode::CalleeTrapped)));
                }
                let made = Instantiated { contract_id, code_hash, init_data: wait.input.to_vec(), owner, salt };
                let (caller, made) = (contract.0, Some(made));
                Call { contract: contract_id, caller, entry: Entry::Deploy, code_hash, code, made }
            }
        };
        // Nobody here has any money.
        Ok(if wait.sends_value { Err(Refused::Code(ReturnCode::TransferFailed)) } else { Ok(call) })
    }

    /// Ends the top frame: its writes stay or go, and its caller hears how it ended.
    pub(super) fn leave(&mut self, end: Result<Returned, Failure>, ended: Ended) -> Left {
        let Ended { contract, mut run, .. } = ended;
        let Some(mut caller) = self.below.pop() else { return Left::Run(end, run) };
        run.reserve = run.reserve.saturating_add(caller.withheld);
        run.granted = caller.granted;
        if end.as_ref().is_ok_and(|returned| !returned.asks_to_revert()) {
            run.overlay.keep();
        } else {
            run.overlay.drop_layer();
            run.records.events.truncate(caller.events);
            run.deferred.truncate(caller.deferred);
        }
        let reply = match end {
            Ok(returned) if caller.tail => {
                caller.frame.take_back(run);
                return self.leave(Ok(returned), caller.frame.end());
            }
            // What it spent was all that its caller had.
            Err(spent @ Failure { outcome: Outcome::OutOfFuel, .. }) if caller.withheld == 0 => {
                caller.frame.take_back(run);
                return self.leave(Err(spent), caller.frame.end());
            }
            Ok(returned) => caller.heard.returned(returned, caller.out),
            Err(Failure { outcome: _, reason }) => {
                run.log(LogLine { contract, level: LogLevel::Error, message: format!("trapped: {reason}") });
                caller.heard.failed(reason, caller.out)
            }
        };
        caller.frame.take_back(run);
        Left::Caller(caller.frame.answer(reply))
    }

    /// Ends all frames from outside.
    pub(super) fn abandon(self, top: Step) -> Box<RunState> {
        let mut run = top.end().run;
        let withheld = self.below.iter().map(|caller| caller.withheld);
        run.reserve = withheld.fold(run.reserve, u64::saturating_add);
        run
    }
}

/// The code that a call of this contract runs.
async fn called(
    lookup: &Lookup,
    run: &mut RunState,
    id: ContractId,
) -> Result<Result<(CodeHash, Arc<[u8]>), Refused>, HostFault> {
    match lookup.is_reachable(run, id).await? {
        Ok(true) => {}
        Ok(false) => return Ok(Err(Refused::Code(ReturnCode::NotCallable))),
        Err(unfound) => return Ok(Err(unfound.into())),
    }
    let (Some(known), Some(code_hash)) = (run.overlay.known(&id), run.overlay.code_hash(&id)) else {
        return Ok(Err(Refused::Code(ReturnCode::NotCallable)));
    };
    if known.code_hash == code_hash {
        return Ok(Ok((code_hash, Arc::clone(&known.code))));
    }
    let code = lookup.code(run, code_hash).await?;
    Ok(code.map(|code| (code_hash, code)).map_err(without_code))
}

fn without_code(unfound: Unfound) -> Refused {
    match unfound {
        Unfound::Absent => Refused::Code(ReturnCode::CodeNotFound),
        Unfound::TooMany => Refused::Code(ReturnCode::CalleeTrapped),
    }
}
