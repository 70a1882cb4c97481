use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process open as many files as it may: each guest that waits for an answer holds a
/// connection, and shells start processes with far fewer than the system allows.
pub(super) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        tracing::debug!(limit = current, "open files");
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => tracing::debug!(from = current, limit = maximum, "open files"),
        // It works all the same, for fewer at once.
        Err(error) => tracing::warn!(limit = current, %error, "the limit of open files can't be raised"),
    }
}
