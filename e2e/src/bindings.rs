//! The contracts as their committed artifacts describe them.
#![expect(missing_docs, reason = "generated from the artifacts, whose sources are documented")]

use ethers::contract::abigen;

abigen!(PhatOracle, "../contracts-evm/artifacts/PhatOracle.json");
abigen!(WorkerRegistry, "../contracts-evm/artifacts/WorkerRegistry.json");
abigen!(SimulatedAttestationVerifier, "../contracts-evm/artifacts/SimulatedAttestationVerifier.json");
abigen!(EmptyConsumer, "../contracts-evm/artifacts/EmptyConsumer.json");
abigen!(Dice, "../contracts-evm/artifacts/Dice.json");
abigen!(HostileConsumer, "../contracts-evm/artifacts/HostileConsumer.json");
abigen!(PriceConsumer, "../contracts-evm/artifacts/PriceConsumer.json");
abigen!(RevertingConsumer, "../contracts-evm/artifacts/RevertingConsumer.json");
