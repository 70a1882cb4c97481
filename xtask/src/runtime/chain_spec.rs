use super::{GENESIS, RUNTIME};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::{fmt::Write, fs, path::Path};

/// Where a chain stores its runtime: `:code`.
const CODE: &str = "0x3a636f6465";

/// Writes a chain specification that chopsticks (`genesis: FILE`) and `polkadot-omni-node --dev --chain FILE` take.
pub(super) fn write(artifacts: &Path, file: &Path) -> Result<()> {
    let genesis = fs::read(artifacts.join(GENESIS)).with_context(|| format!("can't read {GENESIS}"))?;
    let runtime = fs::read(artifacts.join(RUNTIME)).with_context(|| format!("can't read {RUNTIME}"))?;
    let text = serde_json::to_vec(&chain_spec(&genesis, &runtime)?)?;
    fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
}

fn chain_spec(genesis: &[u8], runtime: &[u8]) -> Result<Value> {
    let mut stored: Map<String, Value> = serde_json::from_slice(genesis).context(GENESIS)?;
    let mut code = String::from("0x");
    runtime.iter().try_for_each(|byte| write!(code, "{byte:02x}"))?;
    stored.insert(CODE.into(), Value::String(code));
    Ok(json!({
        "name": "Phat development",
        "id": "phat-dev",
        "chainType": "Development",
        "bootNodes": [],
        "telemetryEndpoints": null,
        "protocolId": null,
        "properties": { "ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "UNIT" },
        "codeSubstitutes": {},
        // The omni node wants to be told of a relay chain, which it uses none of in development.
        "relay_chain": "rococo-local",
        "para_id": 1000,
        "genesis": { "raw": { "top": stored, "childrenDefault": {} } },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_stands_beside_what_the_genesis_stores() {
        let spec = chain_spec(br#"{"0x01": "0x02"}"#, &[0, 0x61]).expect("a specification");
        assert_eq!(spec["genesis"]["raw"]["top"], json!({ "0x01": "0x02", "0x3a636f6465": "0x0061" }));
    }
}
