//! The points at which a process kills itself.

use rustix::process::{Signal, getpid, kill_process};
use std::{fmt, future::pending, str::FromStr, sync::Arc};

/// On which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing of the call has happened.
    Before,
    /// Its answer is there, and nobody has looked at it.
    After,
}

/// A point at which the process kills itself, the first time that it comes there: `Role::call before`, or `after`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrashPoint {
    /// The part's role and its method, as in `SubmitStore::begin`.
    pub call: String,
    /// Which side of it.
    pub moment: Moment,
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(formatter, "{} {moment}", self.call)
    }
}

/// Text that names no point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `Role::call before` or `Role::call after`, found {0:?}")]
pub struct UnknownPoint(pub String);

impl FromStr for CrashPoint {
    type Err = UnknownPoint;

    fn from_str(text: &str) -> Result<Self, UnknownPoint> {
        let unknown = || UnknownPoint(text.to_owned());
        let (call, moment) = text.split_once(' ').ok_or_else(unknown)?;
        let moment = match moment {
            "before" => Moment::Before,
            "after" => Moment::After,
            _ => return Err(unknown()),
        };
        if !super::calls().contains(&call) {
            return Err(unknown());
        }
        Ok(Self { call: call.to_owned(), moment })
    }
}

/// The point of a process, if it has one. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Points(Option<Arc<CrashPoint>>);

impl Points {
    pub(super) fn new(crash_at: Option<CrashPoint>) -> Self {
        Self(crash_at.map(Arc::new))
    }

    /// Makes a call, unless the process is to die before it, and answers, unless it is to die after it.
    pub(super) async fn around<Answer>(&self, call: &str, answer: impl Future<Output = Answer>) -> Answer {
        self.pass(call, Moment::Before).await;
        let answer = answer.await;
        self.pass(call, Moment::After).await;
        answer
    }

    async fn pass(&self, call: &str, moment: Moment) {
        if self.0.as_ref().is_some_and(|point| point.call == call && point.moment == moment) {
            // Nothing runs after a SIGKILL to oneself; where the system refuses it, the process stands here, and
            // whoever waits for its death says so.
            let _ = kill_process(getpid(), Signal::KILL);
            pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_as_it_is_written_and_an_unknown_call_is_refused() {
        for moment in [Moment::Before, Moment::After] {
            let point = CrashPoint { call: "SubmitStore::begin".to_owned(), moment };
            assert_eq!(point.to_string().parse(), Ok(point));
        }
        for text in ["SubmitStore::began before", "SubmitStore::begin", "SubmitStore::begin at", ""] {
            assert_eq!(text.parse::<CrashPoint>(), Err(UnknownPoint(text.to_owned())));
        }
    }
}
