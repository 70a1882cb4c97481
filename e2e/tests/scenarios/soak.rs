//! The soak, for a minute; `cargo xtask soak` goes on for as long as is wanted.

use anyhow::{Context, Result, ensure};
use phat_e2e::Soak;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_random_trouble_leaves_every_request_its_one_answer() -> Result<()> {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let soak = Soak { seed, length: Duration::from_secs(60), progress: |line| println!("{line}") };
    let endured = soak.run().await.with_context(|| format!("from seed {seed}"))?;
    println!("{endured}");
    ensure!(endured.answered > 20 && !endured.faults.is_empty(), "little happened: {endured}");
    Ok(())
}
