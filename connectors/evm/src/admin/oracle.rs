use super::{AdminError, Deployed, EvmAdmin, Mined};
use crate::{
    abi,
    bindings::{
        PHATORACLE_BYTECODE, SIMULATEDATTESTATIONVERIFIER_BYTECODE, WORKERREGISTRY_BYTECODE, phat_oracle,
        worker_registry::{AllowPairCall, GrantRoleCall, RenounceRoleCall},
    },
};
use ethers::{
    abi::{AbiEncode, Token, Tokenizable},
    signers::{LocalWallet, Signer},
    types::Address,
    utils::keccak256,
};
use phat_connector::ChainError;
use phat_protocol::{Amount, Digest, EvmAddress};

/// The chain ids of development chains, where simulated attestation may be deployed.
const DEVELOPMENT_CHAINS: [u64; 2] = [31337, 1337];
/// OpenZeppelin's DEFAULT_ADMIN_ROLE.
const ADMIN_ROLE: [u8; 32] = [0; 32];

/// What an oracle asks for, in wei; a request pays the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// For each request, below 2^96.
    pub per_request: u128,
    /// For each unit of the callback's gas, below 2^96.
    pub per_callback_gas: u128,
    /// For each byte of the payload, below 2^80.
    pub per_payload_byte: u128,
    /// For each byte of `maxOutput`, below 2^80.
    pub per_output_byte: u128,
}

/// What checks workers' evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// A signature by the development key in place of hardware; on chains 31337 and 1337 alone.
    Simulated,
    /// A verifier that is deployed already.
    At(EvmAddress),
}

/// An oracle to be deployed, with a registry of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OraclePlan {
    /// Who administers oracle and registry; the deploying account where there is none.
    pub admin: Option<EvmAddress>,
    /// What checks workers' evidence.
    pub verifier: Verifier,
    /// Measurement and configuration hash of each kind of worker that may register.
    pub allowed: Vec<(Digest, Digest)>,
    /// Who may register workers.
    pub operators: Vec<EvmAddress>,
    /// How long a registration lasts, in seconds: up to 365 days.
    pub registration_validity: u64,
    /// How many signatures a report needs: 1 to 32.
    pub threshold: u8,
    /// The least time between a request and its expiry, in seconds: at least 60.
    pub min_lifetime: u32,
    /// The most, in seconds: at most 30 days.
    pub max_lifetime: u32,
    /// What a request costs.
    pub prices: Prices,
}

/// An oracle that was deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedOracle {
    /// The oracle.
    pub oracle: Deployed,
    /// Its registry of workers.
    pub registry: Deployed,
    /// What checks evidence.
    pub verifier: EvmAddress,
    /// The transaction that made the verifier, where it is a new one.
    pub verifier_transaction: Option<Mined>,
    /// The transactions that granted roles and allowed workers, in order.
    pub granted: Vec<Mined>,
}

impl DeployedOracle {
    /// Gas that all transactions used.
    #[must_use]
    pub fn gas_used(&self) -> u64 {
        let deployed = self.oracle.transaction.gas_used + self.registry.transaction.gas_used;
        let verifier = self.verifier_transaction.map_or(0, |mined| mined.gas_used);
        deployed + verifier + self.granted.iter().map(|mined| mined.gas_used).sum::<u64>()
    }
}

impl EvmAdmin {
    /// Deploys verifier, registry and oracle, and grants what the plan says. Doing so twice makes two
    /// oracles.
    ///
    /// # Errors
    /// `SimulatedAttestation` on a chain that isn't for development, before anything is sent; otherwise
    /// whatever one of the transactions meets.
    pub async fn deploy_oracle(&self, plan: &OraclePlan) -> Result<DeployedOracle, AdminError> {
        if plan.verifier == Verifier::Simulated && !DEVELOPMENT_CHAINS.contains(&self.chain_id) {
            return Err(AdminError::SimulatedAttestation { chain_id: self.chain_id });
        }
        let (verifier, verifier_transaction) = match plan.verifier {
            Verifier::At(address) => (address, None),
            Verifier::Simulated => {
                let deployed = self.deploy_simulated_verifier().await?;
                (deployed.address, Some(deployed.transaction))
            }
        };
        let me = Token::Address(self.wallet.address());
        let registry = self
            .deploy(creation(
                &WORKERREGISTRY_BYTECODE,
                &[me.clone(), address(verifier), Token::Uint(plan.registration_validity.into())],
            ))
            .await?;
        let settings = plan.settings().into_token();
        let oracle = self.deploy(creation(&PHATORACLE_BYTECODE, &[me, address(registry.address), settings])).await?;
        let mut granted = Vec::new();
        for (measurement, config_hash) in &plan.allowed {
            granted.push(self.allow(registry.address, *measurement, *config_hash).await?);
        }
        for operator in &plan.operators {
            granted.push(self.grant_operator(registry.address, *operator).await?);
        }
        if let Some(admin) = plan.admin.filter(|admin| *admin != self.account()) {
            for contract in [registry.address, oracle.address] {
                granted.extend(self.hand_over(contract, admin).await?);
            }
        }
        Ok(DeployedOracle { oracle, registry, verifier, verifier_transaction, granted })
    }

    /// Lets an account register workers.
    ///
    /// # Errors
    /// When this account isn't the registry's admin, or as any transaction.
    pub async fn grant_operator(&self, registry: EvmAddress, operator: EvmAddress) -> Result<Mined, AdminError> {
        let role = keccak256("OPERATOR_ROLE");
        let data = GrantRoleCall { role, account: abi::address(operator) }.encode();
        self.send(registry, data, Amount::default()).await
    }

    /// Lets workers with this measurement and configuration register.
    ///
    /// # Errors
    /// When this account isn't the registry's admin, or as any transaction.
    pub async fn allow(
        &self,
        registry: EvmAddress,
        measurement: Digest,
        config_hash: Digest,
    ) -> Result<Mined, AdminError> {
        let data = AllowPairCall { measurement: measurement.0, config_hash: config_hash.0 }.encode();
        self.send(registry, data, Amount::default()).await
    }

    async fn deploy_simulated_verifier(&self) -> Result<Deployed, AdminError> {
        let key = Token::Address(development_key()?);
        self.deploy(creation(&SIMULATEDATTESTATIONVERIFIER_BYTECODE, &[key])).await
    }

    async fn hand_over(&self, contract: EvmAddress, admin: EvmAddress) -> Result<[Mined; 2], AdminError> {
        let grant = GrantRoleCall { role: ADMIN_ROLE, account: abi::address(admin) }.encode();
        let renounce = RenounceRoleCall { role: ADMIN_ROLE, caller_confirmation: self.wallet.address() }.encode();
        Ok([
            self.send(contract, grant, Amount::default()).await?,
            self.send(contract, renounce, Amount::default()).await?,
        ])
    }
}

impl OraclePlan {
    fn settings(&self) -> phat_oracle::Settings {
        phat_oracle::Settings {
            threshold: self.threshold,
            min_lifetime: self.min_lifetime,
            max_lifetime: self.max_lifetime,
            prices: phat_oracle::Prices {
                per_request: self.prices.per_request,
                per_callback_gas: self.prices.per_callback_gas,
                per_payload_byte: self.prices.per_payload_byte,
                per_output_byte: self.prices.per_output_byte,
            },
        }
    }
}

/// The address of the key that signs simulated quotes; its scalar is known to all.
fn development_key() -> Result<Address, ChainError> {
    let scalar = keccak256("phat-development-attestation-key/v1");
    LocalWallet::from_bytes(&scalar)
        .map(|wallet| wallet.address())
        .map_err(|error| ChainError::Malformed { method: "key".to_owned(), cause: error.to_string() })
}

fn address(address: EvmAddress) -> Token {
    Token::Address(abi::address(address))
}

fn creation(bytecode: &[u8], arguments: &[Token]) -> Vec<u8> {
    [bytecode.to_vec(), ethers::abi::encode(arguments)].concat()
}
