//! Which addresses are globally reachable.
//!
//! Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), the
//! column "Globally Reachable"; multicast (RFC 5771, RFC 4291) is not reached by a request either.
//! Addresses that carry an IPv4 address are judged by that one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The entry of a registry that makes an address unreachable: its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registry(pub &'static str);

struct Block4(u32, u32, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32, name: &'static str) -> Block4 {
    Block4(u32::from_be_bytes([a, b, c, d]), prefix, name)
}

const IPV4_EXCEPTIONS: &[Block4] = &[
    v4(192, 0, 0, 9, 32, "Port Control Protocol Anycast (RFC 7723)"),
    v4(192, 0, 0, 10, 32, "Traversal Using Relays around NAT Anycast (RFC 8155)"),
];

const IPV4: &[Block4] = &[
    v4(0, 0, 0, 0, 8, "This network (RFC 791)"),
    v4(10, 0, 0, 0, 8, "Private-Use (RFC 1918)"),
    v4(100, 64, 0, 0, 10, "Shared Address Space (RFC 6598)"),
    v4(127, 0, 0, 0, 8, "Loopback (RFC 1122)"),
    v4(169, 254, 0, 0, 16, "Link Local (RFC 3927)"),
    v4(172, 16, 0, 0, 12, "Private-Use (RFC 1918)"),
    v4(192, 0, 0, 0, 24, "IETF Protocol Assignments (RFC 6890)"),
    v4(192, 0, 2, 0, 24, "Documentation TEST-NET-1 (RFC 5737)"),
    v4(192, 88, 99, 0, 24, "Deprecated 6to4 Relay Anycast (RFC 7526)"),
    v4(192, 168, 0, 0, 16, "Private-Use (RFC 1918)"),
    v4(198, 18, 0, 0, 15, "Benchmarking (RFC 2544)"),
    v4(198, 51, 100, 0, 24, "Documentation TEST-NET-2 (RFC 5737)"),
    v4(203, 0, 113, 0, 24, "Documentation TEST-NET-3 (RFC 5737)"),
    v4(224, 0, 0, 0, 4, "Multicast (RFC 5771)"),
    v4(240, 0, 0, 0, 4, "Reserved (RFC 1112)"),
];

struct Block6(u128, u32, &'static str);

const fn v6(segments: [u16; 8], prefix: u32, name: &'static str) -> Block6 {
    let [a, b, c, d, e, f, g, h] = segments;
    Block6(Ipv6Addr::new(a, b, c, d, e, f, g, h).to_bits(), prefix, name)
}

const IPV6_EXCEPTIONS: &[Block6] = &[
    v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128, "Port Control Protocol Anycast (RFC 7723)"),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128, "Traversal Using Relays around NAT Anycast (RFC 8155)"),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128, "DNS-SD Service Registration Protocol Anycast (RFC 9665)"),
    v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32, "AMT (RFC 7450)"),
    v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48, "AS112-v6 (RFC 7535)"),
    v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "ORCHIDv2 (RFC 7343)"),
    v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28, "Drone Remote ID Protocol Entity Tags (RFC 9374)"),
];

const IPV6: &[Block6] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "Loopback Address (RFC 4291)"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "Unspecified Address (RFC 4291)"),
    // Deprecated IPv4-compatible addresses, with all else below the mapped ones.
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible Address (RFC 4291)"),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "IPv4-IPv6 Translation, local use (RFC 8215)"),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "Discard-Only Address Block (RFC 6666)"),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "Dummy IPv6 Prefix (RFC 9780)"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "IETF Protocol Assignments (RFC 2928)"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "Documentation (RFC 3849)"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "Documentation (RFC 9637)"),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "Segment Routing (SRv6) SIDs (RFC 9602)"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "Unique-Local (RFC 4193)"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "Link-Local Unicast (RFC 4291)"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "Deprecated Site-Local (RFC 3879)"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "Multicast (RFC 4291)"),
];

/// Only this block holds global unicast addresses (RFC 4291, IANA's IPv6 Address Space).
const GLOBAL_UNICAST: Block6 = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, "Not Global Unicast (RFC 4291)");

/// Why `address` is not globally reachable; none when it is.
pub(crate) fn unreachable(address: IpAddr) -> Option<Registry> {
    match address {
        IpAddr::V4(address) => unreachable_v4(address),
        IpAddr::V6(address) => unreachable_v6(address),
    }
}

fn unreachable_v4(address: Ipv4Addr) -> Option<Registry> {
    let bits = address.to_bits();
    let within = |Block4(network, prefix, _): &&Block4| (bits ^ network).leading_zeros() >= *prefix;
    if IPV4_EXCEPTIONS.iter().any(|block| within(&block)) {
        return None;
    }
    IPV4.iter().find(within).map(|Block4(_, _, name)| Registry(name))
}

fn unreachable_v6(address: Ipv6Addr) -> Option<Registry> {
    if let Some(embedded) = embedded(address) {
        return embedded.into_iter().find_map(unreachable_v4);
    }
    let bits = address.to_bits();
    let within = |Block6(network, prefix, _): &&Block6| (bits ^ network).leading_zeros() >= *prefix;
    if IPV6_EXCEPTIONS.iter().any(|block| within(&block)) {
        return None;
    }
    let listed = IPV6.iter().find(within);
    let outside = (!within(&&GLOBAL_UNICAST)).then_some(&GLOBAL_UNICAST);
    listed.or(outside).map(|Block6(_, _, name)| Registry(name))
}

/// The IPv4 addresses that packets to `address` end at or pass through.
fn embedded(address: Ipv6Addr) -> Option<Vec<Ipv4Addr>> {
    let segments = address.segments();
    let at = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match segments {
        // IPv4-mapped, RFC 4291 section 2.5.5.2; NAT64's well-known prefix, RFC 6052.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(vec![at(high, low)]),
        // 6to4, RFC 3056.
        [0x2002, high, low, ..] => Some(vec![at(high, low)]),
        // Teredo, RFC 4380: the server, and the client's address with every bit inverted.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            Some(vec![at(server_high, server_low), at(!high, !low)])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
