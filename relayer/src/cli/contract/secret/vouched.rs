//! Whether the key that secrets are encrypted to is an enclave's.

use crate::{
    api::{ChainsAnswer, QuoteAnswer},
    cli::client::Client,
};
use anyhow::{bail, ensure};
use clap::Args;
use phat_enclave_api::{Attestation, QuoteFor};
use phat_protocol::Digest;

/// Which enclave is trusted with secrets.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The chain for whose registry the enclave's quote is made, by its name in the configuration; without this the
    /// only one that there is.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
    /// The code that the enclave has to run, as its quote says it.
    #[arg(long, value_name = "HEX")]
    measurement: Option<Digest>,
    /// Take an enclave that nothing vouches for: whoever runs it can read the secrets.
    #[arg(long)]
    allow_simulated: bool,
}

impl Trust {
    /// The worker's X25519 key, once a fresh quote vouches for it. The relayer's word counts for nothing
    /// here.
    pub(super) async fn encryption_key(&self, client: &Client) -> anyhow::Result<Digest> {
        let chain = match &self.chain {
            Some(chain) => chain.clone(),
            None => only_chain(client).await?,
        };
        let quote: QuoteAnswer = client.get(&["v1", "worker", "quote"], &[("chain", chain)]).await?;
        self.check(&quote)
    }

    fn check(&self, quote: &QuoteAnswer) -> anyhow::Result<Digest> {
        let report_data = match &quote.quote_for {
            QuoteFor::Evm(registration) => registration.report_data(&quote.keys, &quote.config_hash),
            QuoteFor::Substrate(registration) => registration.report_data(&quote.keys, &quote.config_hash),
        };
        ensure!(
            quote.report_data == report_data.0,
            "the quote vouches for other keys than the relayer shows: someone stands between you and the enclave"
        );
        match quote.attestation {
            Attestation::Simulated if self.allow_simulated => {}
            Attestation::Simulated => bail!(
                "the enclave's attestation is simulated: nothing vouches for it, and whoever runs it can read the \
                 secrets; --allow-simulated sends them all the same"
            ),
        }
        if let Some(measurement) = self.measurement {
            ensure!(quote.measurement == measurement, "the enclave runs {}, and not {measurement}", quote.measurement);
        }
        Ok(quote.keys.x25519)
    }
}

async fn only_chain(client: &Client) -> anyhow::Result<String> {
    let mut answer: ChainsAnswer = client.get(&["v1", "chains"], &[]).await?;
    match (answer.chains.pop(), answer.chains.is_empty()) {
        (Some(chain), true) => Ok(chain.name),
        (Some(_), false) => bail!("several chains are configured; name the one to quote for with --chain"),
        (None, _) => bail!("no chain is configured, and the enclave's quote is made for a chain's registry"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phat_protocol::{BlockHash, EvmAddress, WorkerAddress, WorkerKeys, evm};

    fn quote() -> QuoteAnswer {
        let registration = evm::Registration {
            chain_id: 1,
            registry: EvmAddress([1; 20]),
            operator: EvmAddress([2; 20]),
            block_number: 3,
            block_hash: BlockHash([4; 32]),
        };
        let keys =
            WorkerKeys { worker: WorkerAddress([5; 20]), x25519: Digest([6; 32]), vrf_key_hash: Digest([0; 32]) };
        let config_hash = Digest([7; 32]);
        QuoteAnswer {
            chain: "local".to_owned(),
            report_data: registration.report_data(&keys, &config_hash).0.to_vec(),
            quote_for: QuoteFor::Evm(registration),
            attestation: Attestation::Simulated,
            keys,
            measurement: Digest([8; 32]),
            config_hash,
            evidence: Vec::new(),
        }
    }

    fn trust(allow_simulated: bool, measurement: Option<Digest>) -> Trust {
        Trust { chain: None, measurement, allow_simulated }
    }

    #[test]
    fn a_simulated_enclave_is_taken_when_its_user_says_so() {
        assert_eq!(trust(true, None).check(&quote()).unwrap(), Digest([6; 32]));
        assert!(trust(false, None).check(&quote()).unwrap_err().to_string().contains("--allow-simulated"));
    }

    #[test]
    fn a_key_that_the_quote_does_not_vouch_for_is_refused() {
        let mut swapped = quote();
        swapped.keys.x25519 = Digest([9; 32]);
        assert!(trust(true, None).check(&swapped).unwrap_err().to_string().contains("other keys"));
    }

    #[test]
    fn other_code_than_the_user_wants_is_refused() {
        assert!(trust(true, Some(Digest([8; 32]))).check(&quote()).is_ok());
        assert!(trust(true, Some(Digest([1; 32]))).check(&quote()).is_err());
    }
}
