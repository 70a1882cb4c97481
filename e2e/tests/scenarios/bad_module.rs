//! Modules that would not run: refused when they are deployed, with every reason.

use anyhow::{Context, Result, ensure};
use phat_e2e::{CommandFailed, Environment};
use std::fs;

const NO_CALL: &str = r#"(module (import "env" "memory" (memory 2 16)) (func (export "deploy")))"#;
const UNKNOWN_IMPORT: &str = r#"(module (import "env" "memory" (memory 2 16)) (import "seal0" "launch" (func))
    (func (export "deploy")) (func (export "call")))"#;
const TOO_MUCH_MEMORY: &str = r#"(module (import "env" "memory" (memory 2 4096))
    (func (export "deploy")) (func (export "call")))"#;
const ALL_THREE: &str = r#"(module (import "env" "memory" (memory 2 4096)) (import "seal0" "launch" (func))
    (func (export "deploy")))"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_would_not_run_is_refused_at_deploy_with_every_reason() -> Result<()> {
    let environment: Environment = Environment::start().await?;
    let cases: [(&str, Vec<u8>, &[&str]); 5] = [
        ("not-wasm", b"not a module".to_vec(), &["not a WebAssembly module"]),
        ("no-call", wat::parse_str(NO_CALL)?, &["call"]),
        ("unknown-import", wat::parse_str(UNKNOWN_IMPORT)?, &["launch"]),
        ("too-much-memory", wat::parse_str(TOO_MUCH_MEMORY)?, &["4096"]),
        ("all-three", wat::parse_str(ALL_THREE)?, &["call", "launch", "4096"]),
    ];
    for (name, module, reasons) in cases {
        let path = environment.directory().join(format!("{name}.wasm"));
        fs::write(&path, module)?;
        let path = path.to_str().context("a path that isn't UTF-8")?;
        let deployed = environment.api_command(["contract", "deploy", path, "--init-data", "0x9bae9d5e"]).await;
        let checked = environment.command(["contract", "check", path]).await;
        for refused in [deployed.map(drop), checked.map(drop)] {
            let refusal = refused.err().with_context(|| format!("{name} was accepted"))?;
            let refusal = refusal.downcast::<CommandFailed>()?;
            let said = format!("{}{}", refusal.stdout, refusal.stderr);
            ensure!(refusal.status.code() == Some(1), "{refusal}");
            for reason in reasons {
                ensure!(said.contains(reason), "{name}: {reason:?} is not in {said:?}");
            }
        }
    }
    let contracts = environment.relayer.api().get("/v1/contracts").await?;
    ensure!(contracts["contracts"].as_array().is_some_and(Vec::is_empty), "{contracts}");
    environment.finish().await
}
