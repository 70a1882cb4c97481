//! Prints what the chain of the preset `development` has stored at its start, but for its code, as JSON: keys and values
//! as `0x` and hexadecimal digits.

use phat_dev_runtime::RuntimeGenesisConfig;
use sp_genesis_builder::DEV_RUNTIME_PRESET;
use sp_runtime::BuildStorage;
use std::{collections::BTreeMap, error::Error, io::Write};

fn main() -> Result<(), Box<dyn Error>> {
    let preset = phat_dev_runtime::preset(&DEV_RUNTIME_PRESET.into()).ok_or("no such preset")?;
    let config: RuntimeGenesisConfig = serde_json::from_slice(&preset)?;
    let stored = config.build_storage()?.top;
    let shown: BTreeMap<_, _> = stored.iter().map(|(key, value)| (shown(key), shown(value))).collect();
    let mut json = serde_json::to_vec_pretty(&shown)?;
    json.push(b'\n');
    std::io::stdout().write_all(&json)?;
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
