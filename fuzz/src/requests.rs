//! Requests: whatever URL, headers and redirects are given, nothing is let pass that the egress policy forbids, and no
//! header says what is not the guest's to say.

use crate::host::services;
use parity_scale_codec::Encode;
use phat_executor::{
    AllowEntry, EgressPolicy, HttpLimits,
    fuzzing::{Gate, Hop},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::LazyLock,
};

/// The one host and port that are open to http.
const OPEN: (&str, u16) = ("open.test", 8080);

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let entry = AllowEntry { host: OPEN.0.into(), port: OPEN.1, http: true, root_pem: None };
    let policy = EgressPolicy { allow: vec![entry] };
    Gate::new(&policy, &HttpLimits::default(), &services()).unwrap_or_else(|errors| panic!("{errors:?}"))
});

/// Lines: the URL; then, each in a line, answers (a status of three digits, a space and a location) and headers (a
/// name, a colon and a value).
pub fn fuzz(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let url = text(lines.next().unwrap_or_default());
    let (mut answers, mut headers) = (Vec::new(), Vec::new());
    for line in lines {
        match line {
            [a, b, c, b' ', location @ ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
                let status = [a, b, c].iter().fold(0, |number, digit| number * 10 + u16::from(**digit - b'0'));
                answers.push((status, location.to_vec()));
            }
            _ => {
                let mut parts = line.splitn(2, |byte| *byte == b':');
                let mut part = || text(parts.next().unwrap_or_default());
                headers.push((part(), part()));
            }
        }
    }
    // What a Rust text can't hold between lines, a header may.
    let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name, value.replace('|', "\r\n"))).collect();
    let request = (url, "POST", headers, b"body".to_vec()).encode();
    let hops = GATE.hops(&request, &answers);
    for hop in &hops {
        judge(hop);
    }
    for pair in hops.windows(2) {
        if let [from, to] = pair {
            assert!(!(from.url.scheme() == "https" && to.url.scheme() == "http"), "{} to {}", from.url, to.url);
            assert!(to.body <= from.body && to.headers.len() <= from.headers.len());
            if from.url.origin() != to.url.origin() {
                assert!(to.headers.is_empty() && to.body == 0, "{to:?}");
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn judge(hop: &Hop) {
    let url = &hop.url;
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
    assert!(!host.is_empty() && port.is_some(), "{url}");
    let open = (host, port) == (OPEN.0, Some(OPEN.1));
    assert!(url.scheme() == "https" || open && url.scheme() == "http", "{url}");
    if !open {
        assert!(port.is_some_and(|port| port == 443 || port >= 1024), "{url}");
        // A literal address, also in the forms that resolvers take for one.
        let bare = host.trim_matches(['[', ']']);
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        match bare.parse::<IpAddr>() {
            Ok(address) => assert!(is_public(address), "{url}"),
            Err(_) => {
                let last = bare.rsplit('.').next().unwrap_or_default();
                let number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
                assert!(!number && !is_hexadecimal(last), "{url}");
            }
        }
    }
    for (name, value) in &hop.headers {
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()), "{name:?}");
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{value:?}");
        let ours = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "expect"];
        assert!(!ours.contains(&name.as_str()), "{name}");
    }
}

/// Digits after `0x`, of which there may be none: that is zero too.
fn is_hexadecimal(label: &str) -> bool {
    label.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// By the standard library, and so by another list than the policy's.
fn is_public(address: IpAddr) -> bool {
    let v4 = |address: Ipv4Addr| {
        !(address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_multicast()
            || address.is_unspecified()
            || address.is_broadcast()
            || address.is_documentation())
    };
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => {
            address.to_ipv4().is_none_or(v4)
                && !(address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_unique_local()
                    || address.is_unicast_link_local())
        }
    }
}
