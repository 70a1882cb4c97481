//! Scripts in JavaScript: init data of the one contract that runs them.

use crate::cli::argument;
use anyhow::{Context, ensure};
use parity_scale_codec::Encode;
pub(super) use phat_project::ENGINE;
use phat_protocol::selector;
use serde_json::{Map, Value};

/// What `deploy` gets: the script among its settings.
pub(super) fn init_data(script: Vec<u8>, settings: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let script = String::from_utf8(script).context("the script is no UTF-8")?;
    let mut settings: Map<String, Value> = match settings {
        Some(given) => {
            serde_json::from_slice(&argument::json("--init-json", given)?).context("--init-json: an object")?
        }
        None => Map::new(),
    };
    let given_twice = settings.insert("script".to_owned(), script.into()).is_some();
    ensure!(!given_twice, "--init-json has a script too");
    let json = serde_json::to_vec(&settings)?;
    Ok([&selector("new")[..], &json.encode()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parity_scale_codec::DecodeAll;

    fn settings(init_data: &[u8]) -> Value {
        let json = Vec::<u8>::decode_all(&mut &init_data[4..]).expect("one argument");
        serde_json::from_slice(&json).expect("JSON")
    }

    #[test]
    fn a_script_is_a_setting_beside_others() {
        let alone = init_data(b"1 + 1".to_vec(), None).unwrap();
        assert_eq!(alone[..4], selector("new"));
        assert_eq!(settings(&alone), serde_json::json!({"script": "1 + 1"}));
        let both = init_data(b"1".to_vec(), Some(r#"{"type":"uint256"}"#)).unwrap();
        assert_eq!(settings(&both), serde_json::json!({"script": "1", "type": "uint256"}));
    }

    #[test]
    fn what_is_no_script_or_no_settings_is_refused() {
        for (script, given) in [(&[0xff][..], None), (b"1", Some("[]")), (b"1", Some(r#"{"script":"2"}"#))] {
            assert!(init_data(script.to_vec(), given).is_err());
        }
    }

    #[test]
    fn the_engine_is_a_module() {
        assert!(ENGINE.starts_with(b"\0asm"));
    }
}
