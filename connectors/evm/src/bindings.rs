//! The contracts as their committed artifacts describe them.

use ethers::contract::abigen;

abigen!(PhatOracle, "../../contracts-evm/artifacts/PhatOracle.json");
abigen!(WorkerRegistry, "../../contracts-evm/artifacts/WorkerRegistry.json");
abigen!(SimulatedAttestationVerifier, "../../contracts-evm/artifacts/SimulatedAttestationVerifier.json");
