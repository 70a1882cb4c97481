//! The loop around a run's frames. It is async and owns no thread: slices run on the pool, waits
//! on the caller's runtime.

use super::{
    RunResult,
    begin::{Opening, finish, timed_out},
    frame::{Frame, Step, Turn},
    look::Lookup,
    nest::{Left, Stack},
    wait::{HttpShape, HttpWait, Reply, Suspension},
};
use crate::{
    HostFault, Limits,
    egress::{Asker, Traffic},
    executor::Parts,
    pink::{HttpReply, perform},
    pool::{Need, Share},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Runs to the end.
pub(crate) async fn drive(parts: &Parts, share: Share, opening: Opening) -> Result<Box<RunResult>, HostFault> {
    let deadline = opening.deadline();
    let expired = deadline.is_some_and(|deadline| opening.started >= deadline);
    let step = Step::Open(opening);
    if expired {
        return Ok(expire(Stack::default(), step));
    }
    match parts.pool.run(share, Need::Fresh, step).await? {
        // As most runs end: all of it was done on the guest thread.
        Turn::Over(result) => Ok(result),
        turn @ (Turn::Sliced(_) | Turn::Suspended(..) | Turn::Ended(..)) => {
            // What it takes to go on is large, and of no use to a run that is over.
            Box::pin(go_on(parts, share, deadline, turn)).await
        }
    }
}

/// Goes on with a run that is not over.
async fn go_on(
    parts: &Parts,
    share: Share,
    deadline: Option<Instant>,
    mut turn: Turn,
) -> Result<Box<RunResult>, HostFault> {
    let (mut stack, lookup) = (Stack::default(), Lookup::new(share.contract));
    loop {
        if turn.starved() {
            return Err(HostFault::MemoryBusy(share.contract));
        }
        let mut need = Need::Fresh;
        let step = match turn {
            Turn::Over(result) => return Ok(result),
            Turn::Sliced(frame) => {
                need = Need::Spent;
                Step::GoOn(frame)
            }
            Turn::Suspended(frame, Suspension::Http(wait)) => Step::GoOn(fetch(parts, deadline, frame, wait).await),
            Turn::Suspended(frame, Suspension::Call(wait)) => stack.enter(parts, &lookup, frame, wait).await?,
            Turn::Suspended(mut frame, Suspension::Look(wait)) => {
                let reply = lookup.answer(&mut frame, wait).await?;
                Step::GoOn(frame.answer(reply))
            }
            Turn::Ended(end, ended) => match stack.leave(end, ended) {
                Left::Caller(frame) => Step::GoOn(frame),
                Left::Run(end, run) => return Ok(finish(end, run)),
            },
        };
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(expire(stack, step));
        }
        turn = parts.pool.run(share, need, step).await?;
    }
}

/// Ends a run that has lasted too long.
fn expire(stack: Stack, top: Step) -> Box<RunResult> {
    let run = stack.abandon(top);
    finish(Err(timed_out(&run.limits)), run)
}

/// What an HTTP call may take: the setting, the guest's own wish, and what is left of the run less
/// the grace.
fn time_left(limits: &Limits, deadline: Option<Instant>, shape: HttpShape) -> Duration {
    let setting = limits.http.timeout;
    let wish = match shape {
        HttpShape::Single => setting,
        HttpShape::Batch { timeout } => timeout.min(setting),
    };
    deadline.map_or(wish, |deadline| {
        wish.min(deadline.saturating_duration_since(Instant::now()).saturating_sub(limits.grace))
    })
}

async fn fetch(parts: &Parts, deadline: Option<Instant>, frame: Box<Frame>, wait: HttpWait) -> Box<Frame> {
    let limits = Arc::clone(&frame.guest().run.limits);
    let time = time_left(&limits, deadline, wait.shape);
    let HttpWait { contract, sendable, allowance, requests, shape, out, room } = wait;
    let asker = Asker { contract, sendable, limits, traffic: Traffic::new(allowance) };
    let (results, calls) = perform(&parts.egress, &asker, requests, room, time).await;
    let allowance = asker.traffic.into_allowance();
    frame.answer(Reply::Http(HttpReply { results, calls, allowance, shape, out }))
}
