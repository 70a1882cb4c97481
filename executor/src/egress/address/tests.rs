use super::*;
use proptest::prelude::*;

fn reachable(address: &str) -> bool {
    unreachable(address.parse().unwrap()).is_none()
}

#[test]
fn public_addresses_are_reachable() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.0.9",
        "192.0.0.10",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "2001:1::1",
        "2001:20::1",
        "2001:200::1",
        "2620:4f:8000::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ] {
        assert!(reachable(address), "{address}");
    }
}

#[test]
fn every_special_purpose_block_is_unreachable_at_both_ends() {
    for address in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.0",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.8",
        "192.0.0.11",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "100:0:0:1::1",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "5f00::1",
        "fc00::1",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "e000::1",
    ] {
        assert!(!reachable(address), "{address}");
    }
}

#[test]
fn addresses_that_carry_a_private_one_are_judged_by_it() {
    for address in [
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::192.168.1.1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
        // Teredo to 127.0.0.1 by a public server, and to a public client by a private server.
        "2001:0:808:808::80ff:fffe",
        "2001:0:a00:1::f7f7:f7f7",
    ] {
        assert!(!reachable(address), "{address}");
    }
    assert!(reachable("2001:0:808:808::f7f7:f7f7"));
}

#[test]
fn the_reason_names_the_registrys_entry() {
    assert_eq!(unreachable("169.254.169.254".parse().unwrap()), Some(Registry("Link Local (RFC 3927)")));
    assert_eq!(unreachable("::ffff:10.0.0.1".parse().unwrap()), Some(Registry("Private-Use (RFC 1918)")));
}

proptest! {
    #[test]
    fn no_wrapping_changes_the_judgement_of_an_ipv4_address(bits in any::<u32>()) {
        let plain = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = plain.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let expected = unreachable(plain.into());
        for wrapped in [
            plain.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 1, 2, 3, 4, 5),
            Ipv6Addr::new(0x2001, 0, 0x808, 0x808, 0, 0, !high, !low),
            Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !0x808, !0x808),
        ] {
            prop_assert_eq!(unreachable(wrapped.into()), expected, "{}", wrapped);
        }
    }

    /// What the standard library knows to be special is a subset of what is refused here.
    #[test]
    fn nothing_that_is_known_to_be_private_is_reachable(bits in any::<u32>(), wide in any::<u128>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast()
            || v4.is_documentation() || v4.is_unspecified()
        {
            prop_assert!(unreachable(v4.into()).is_some(), "{}", v4);
        }
        for v6 in [Ipv6Addr::from_bits(wide), Ipv6Addr::from_bits(wide | 0xfc << 120), Ipv6Addr::from_bits(wide >> 100)] {
            if v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local()
                || v6.is_unicast_link_local()
            {
                prop_assert!(unreachable(v6.into()).is_some(), "{}", v6);
            }
        }
    }
}
