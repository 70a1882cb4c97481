use super::*;

fn key(text: &str, scheme: KeyScheme) -> Result<SubmitterKey, InvalidKey> {
    SubmitterKey::from_secret(&SecretString::from(text), scheme)
}

/// As `subkey inspect` prints them for the well-known keys of development chains.
#[test]
fn well_known_keys_have_their_addresses() {
    for (scheme, expected) in [
        (KeyScheme::Sr25519, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"),
        (KeyScheme::Ed25519, "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu"),
        (KeyScheme::Ecdsa, "5C7C2Z5sWbytvHpuLTvzKunnnRwQxft1jiqrLD5rhucQ5S9X"),
    ] {
        assert_eq!(key("//Alice", scheme).unwrap().address(), expected, "{scheme}");
    }
}

#[test]
fn a_phrase_and_its_seed_are_the_same_key() {
    let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
    let seed = "fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e";
    for scheme in [KeyScheme::Sr25519, KeyScheme::Ed25519, KeyScheme::Ecdsa] {
        let account = key(phrase, scheme).unwrap().account();
        for other in [seed.to_owned(), format!("0x{seed}"), format!("  {seed}\n")] {
            assert_eq!(key(&other, scheme).unwrap().account(), account, "{scheme} {other:?}");
        }
        assert_eq!(key(&format!("{phrase}//Bob"), scheme).unwrap().account(), key("//Bob", scheme).unwrap().account());
        assert_ne!(key(&format!("{phrase}///word"), scheme).unwrap().account(), account);
    }
}

#[test]
fn what_is_no_secret_is_refused_and_not_repeated() {
    for text in ["", "hello world", "0x12", "bottom drive obey"] {
        let error = key(text, KeyScheme::Sr25519).unwrap_err();
        assert_eq!(error, InvalidKey::Malformed, "{text:?}");
    }
    assert_eq!(key("//Alice/soft", KeyScheme::Ecdsa).unwrap_err(), InvalidKey::SoftJunction(KeyScheme::Ecdsa));
    assert_eq!(key("//Alice/soft", KeyScheme::Ed25519).unwrap_err(), InvalidKey::SoftJunction(KeyScheme::Ed25519));
    assert!(key("//Alice/soft", KeyScheme::Sr25519).is_ok());
    let zero = "0".repeat(64);
    assert_eq!(key(&zero, KeyScheme::Ecdsa).unwrap_err(), InvalidKey::NoKey(KeyScheme::Ecdsa));
}

#[test]
fn what_is_printed_holds_no_secret() {
    let seed = "fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e";
    for scheme in [KeyScheme::Sr25519, KeyScheme::Ed25519, KeyScheme::Ecdsa] {
        let key = key(seed, scheme).unwrap();
        assert_eq!(format!("{key:?}"), format!("SubmitterKey({:?})", key.address()));
    }
}
