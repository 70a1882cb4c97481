use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps what is in the process's memory there: a crash leaves no core file, and no other process of the
/// same user can read it. What is confidential to the host itself only hardware keeps so.
pub(super) fn keep() {
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "core files can't be forbidden");
    }
    // A core file that is piped to a program isn't bound by that limit.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other processes of this user can't be kept from reading the memory");
    }
}
