//! Prints the description of the HTTP API: `cargo xtask openapi` keeps it in docs/openapi.json.
#![expect(clippy::print_stdout, reason = "prints what it is for")]

fn main() -> anyhow::Result<()> {
    println!("{}", phat_relayer::api::openapi().to_pretty_json()?);
    Ok(())
}
