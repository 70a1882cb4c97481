//! A small runtime for development: a chain that has the oracle, and a consumer that asks it for prices.
//!
//! Nothing is worth anything here. Evidence of workers is simulated, sudo may do everything, and who makes blocks is
//! left to the node: chopsticks, or a node that seals blocks by the clock.
#![cfg_attr(not(feature = "std"), no_std)]
// What the macros of FRAME generate.
#![expect(missing_docs, reason = "the macros generate items without")]

extern crate alloc;

// The macro below names it.
#[cfg(not(feature = "std"))]
use alloc::vec::Vec;

mod apis;
mod currency;
mod genesis;
mod oracle;
mod system;
#[cfg(test)]
mod tests;

pub use apis::api;
pub use currency::{Balance, EXISTENTIAL_DEPOSIT, UNIT};
pub use genesis::preset;
pub use system::{Address, Block, Executive, Header, Signature, TxExtension, UncheckedExtrinsic, VERSION};

/// The runtime, with the oracle and its consumer at these indices.
macro_rules! runtime {
    ($oracle:tt, $consumer:tt) => {
        #[frame_support::runtime]
        mod runtime {
            #[runtime::runtime]
            #[runtime::derive(
                RuntimeCall,
                RuntimeEvent,
                RuntimeError,
                RuntimeOrigin,
                RuntimeFreezeReason,
                RuntimeHoldReason,
                RuntimeSlashReason,
                RuntimeLockId,
                RuntimeTask
            )]
            pub struct Runtime;

            #[runtime::pallet_index(0)]
            pub type System = frame_system;

            #[runtime::pallet_index(1)]
            pub type Timestamp = pallet_timestamp;

            #[runtime::pallet_index(2)]
            pub type Balances = pallet_balances;

            #[runtime::pallet_index(3)]
            pub type TransactionPayment = pallet_transaction_payment;

            #[runtime::pallet_index(4)]
            pub type Sudo = pallet_sudo;

            #[runtime::pallet_index(5)]
            pub type Utility = pallet_utility;

            #[runtime::pallet_index($oracle)]
            pub type PhatOracle = pallet_phat_oracle;

            #[runtime::pallet_index($consumer)]
            pub type PriceConsumer = pallet_price_consumer;
        }
    };
}

#[cfg(not(feature = "next"))]
runtime!(10, 11);

// What calls and events of the oracle begin with is another byte here than before.
#[cfg(feature = "next")]
runtime!(20, 21);
