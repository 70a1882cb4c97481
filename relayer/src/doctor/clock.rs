use super::Check;
use phat_protocol::bounds::{MAX_EXECUTED_AHEAD, MAX_EXECUTED_SKEW};
use std::time::Duration;

/// A difference that is no reason for a look, in seconds.
const SMALL: u64 = 5;
/// A newest block that is older than this, in seconds, is worth a look.
const OLD_BLOCK: u64 = 600;

const REMEDY: &str = "set this machine's clock (chrony, systemd-timesyncd), and the enclave's host's";

/// This machine's clock beside the enclave's; both unix seconds. The enclave refuses a time of
/// execution that is more than [`MAX_EXECUTED_SKEW`] from its own.
#[must_use]
pub fn against_enclave(now: u64, enclave: u64) -> Check {
    if let Some((finding, remedy)) = too_far_apart(now, enclave) {
        return Check::fail("clock", finding, remedy);
    }
    match now.abs_diff(enclave) {
        difference @ 0..=SMALL => Check::ok("clock", apart(difference)),
        difference => Check::warn("clock", apart(difference), REMEDY),
    }
}

/// What it means that the clocks of this machine and of the enclave, both unix seconds, are so far apart that nothing
/// is signed, and what mends it; none where they aren't.
#[must_use]
pub fn too_far_apart(now: u64, enclave: u64) -> Option<(String, String)> {
    let difference = now.abs_diff(enclave);
    (difference > MAX_EXECUTED_SKEW).then(|| {
        (
            format!("{}; it refuses to sign with more than {MAX_EXECUTED_SKEW} s", apart(difference)),
            format!("{REMEDY}; an enclave whose clock was ahead stays there until time has caught up"),
        )
    })
}

fn apart(difference: u64) -> String {
    format!("{difference} s between this machine and the enclave")
}

/// This machine's clock beside the time of a chain's newest block; both unix seconds. An oracle
/// refuses a report from more than [`MAX_EXECUTED_AHEAD`] ahead of its block.
#[must_use]
pub fn against_chain(chain: &str, now: u64, block: u64) -> Check {
    let subject = format!("chain {chain}: clock");
    if block > now + SMALL {
        let finding = format!("the newest block is {} s ahead of this machine", block - now);
        return Check::warn(subject, finding, format!("{REMEDY}; on a development chain this is no harm"));
    }
    let age = now.saturating_sub(block);
    if age <= OLD_BLOCK {
        return Check::ok(subject, format!("the newest block is {age} s old"));
    }
    let age = humantime::format_duration(Duration::from_secs(age));
    Check::warn(
        subject,
        format!("the newest block is {age} old"),
        format!(
            "look whether the node follows its chain; a chain without blocks is well, but it refuses reports more than \
             {MAX_EXECUTED_AHEAD} s ahead of the block that takes them"
        ),
    )
}
