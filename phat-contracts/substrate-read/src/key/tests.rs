use super::PayloadError;
use crate::{Config, Key};
use phat_sdk::source::TemplateError;

const ENDPOINTS: &str = r#""endpoints":[{"name":"a","origin":"https://a.example","path":"/"}]"#;
const ALICE: &str = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

fn parse(key: &str) -> Result<Key, Vec<String>> {
    let config = Config::parse(format!("{{{ENDPOINTS},{key}}}").as_bytes());
    config.map(|config| config.key).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn filled(key: &str, payload: &str) -> Result<String, PayloadError> {
    let bytes = parse(key).expect("a key").fill(payload.as_bytes())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn system_account(value: &str) -> String {
    format!(
        r#""pallet":"System","item":"Account",
            "keys":[{{"hasher":"blake2_128_concat","type":"account","value":"{value}"}}]"#
    )
}

/// The storage keys that Substrate's own documentation shows for `Sudo.Key` and the account of Alice.
#[test]
fn keys_are_those_of_the_chains() {
    let sudo = "5c0d1176a568c1f92944340dbfed9e9c530ebca703c85910e7164cb7d1c9e47b";
    assert_eq!(filled(r#""pallet":"Sudo","item":"Key""#, "").as_deref(), Ok(sudo));
    let alice = format!(
        "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9de1e86a9a8c739864cf3cc5ec2bea59f{ALICE}"
    );
    assert_eq!(filled(&system_account(&format!("0x{ALICE}")), "").as_deref(), Ok(alice.as_str()));
    let payload = format!(r#"{{"who":"0x{ALICE}"}}"#);
    assert_eq!(filled(&system_account("{who}"), &payload).as_deref(), Ok(alice.as_str()));
    assert_eq!(filled(&format!(r#""key":"0x{sudo}""#), "{}").as_deref(), Ok(sudo));
    assert_eq!(filled(r#""key":"{key}""#, &format!(r#"{{"key":"0x{sudo}"}}"#)).as_deref(), Ok(sudo));
}

#[test]
fn every_hasher_and_type_has_its_part_of_the_key() {
    let part = |hasher: &str, value_type: &str, value: &str| {
        let keys = format!(r#"[{{"hasher":"{hasher}","type":"{value_type}","value":{value}}}]"#);
        filled(&format!(r#""pallet":"P","item":"I","keys":{keys}"#), "").expect("a key")[64..].to_owned()
    };
    for (value_type, value, scale) in [
        ("u8", "255", "ff"),
        ("u16", "\"258\"", "0201"),
        ("u32", "1", "01000000"),
        ("u64", "1", "0100000000000000"),
        ("u128", "340282366920938463463374607431768211455", "ffffffffffffffffffffffffffffffff"),
        ("bytes", "\"0x0102\"", "0102"),
        ("string", "\"abc\"", "0c616263"),
    ] {
        assert_eq!(part("identity", value_type, value), scale, "{value_type}");
    }
    for (hasher, hashed) in [
        ("blake2_128", "cf4ab791c62b8d2b2109c90275287816"),
        ("blake2_128_concat", "cf4ab791c62b8d2b2109c90275287816616263"),
        ("blake2_256", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
        // XXH64 of "abc" is 0x44bc2cf5ad770999.
        ("twox_64_concat", "990977adf52cbc44616263"),
    ] {
        assert_eq!(part(hasher, "bytes", "\"0x616263\""), hashed, "{hasher}");
    }
    assert_eq!(part("twox_128", "bytes", "\"0x53797374656d\""), "26aa394eea5630e07c48ae0c9558cef7");
    assert_eq!(part("twox_256", "bytes", "\"0x53797374656d\"")[..32], *"26aa394eea5630e07c48ae0c9558cef7");
}

#[test]
fn a_payload_that_does_not_fit_is_refused() {
    let key = system_account("{who}");
    let wrong = Err(PayloadError::Type("who".into(), "0x and 64 hexadecimal digits"));
    assert_eq!(filled(&key, r#"{"who":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}"#), wrong);
    let missing = TemplateError::MissingParameter("who".into());
    assert_eq!(filled(&key, ""), Err(PayloadError::Template(missing)));
    let unknown = TemplateError::UnknownParameter("key".into());
    let payload = format!(r#"{{"who":"0x{ALICE}","key":"0x00"}}"#);
    assert_eq!(filled(&key, &payload), Err(PayloadError::Template(unknown)));
    assert!(matches!(filled(&key, "[]"), Err(PayloadError::Parameters(_))));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let mistakes = |key: &str| parse(key).expect_err("a mistake");
    assert_eq!(mistakes(r#""pallet":"System""#), ["item: missing"]);
    assert_eq!(mistakes(r#""key":"0x00","item":"A""#), ["item: must be left out where the whole key is given"]);
    assert_eq!(mistakes(r#""key":"0x""#), ["key: must be 0x and pairs of hexadecimal digits"]);
    let map = |key: &str| mistakes(&format!(r#""pallet":"P","item":"I","keys":[{key}]"#));
    let of = |rest: &str| map(&format!(r#"{{"hasher":"identity",{rest}}}"#));
    assert_eq!(map(r#"{"type":"u8","value":1}"#), ["keys[0].hasher: missing"]);
    let number = "keys[0].value: must be a whole number, zero or above, that fits the type";
    for value in ["256", "-1", "1.5", "true", "\"\"", "null"] {
        assert_eq!(of(&format!(r#""type":"u8","value":{value}"#)), [number], "{value}");
    }
    assert_eq!(of(r#""type":"string","value":null"#), ["keys[0].value: must be a string"]);
    assert_eq!(of(r#""type":"string","value":"{a b}""#).len(), 1);
    assert_eq!(of(r#""type":"float","value":"1""#).len(), 1);
    assert_eq!(mistakes(r#""pallet":"P","item":"I","keys":{}"#), ["keys: must be a list of at most 8 keys"]);
    let decode = |text: &str| mistakes(&format!(r#""pallet":"P","item":"I","decode":{text}"#));
    assert_eq!(decode("1").len(), 1);
    assert_eq!(decode(r#"{"offset":65536,"type":"u8"}"#), ["decode.offset: must be a number from 0 to 65535"]);
    assert_eq!(decode(r#"{"type":"i8"}"#), ["decode.type: \"i8\" is none of u8, u16, u32, u64, u128"]);
}
