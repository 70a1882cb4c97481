//! Answers with what it is told, and keeps a switch: as small as an ink! contract is, for a comparison of
//! what runs them.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

#[ink::contract]
mod ink_echo {
    use ink::prelude::vec::Vec;
    // It is not called, but brings the allocator and the panic handler.
    use pink as _;

    /// A switch.
    #[ink(storage)]
    pub struct InkEcho {
        on: bool,
    }

    impl InkEcho {
        /// Begins with the switch like this.
        #[ink(constructor)]
        pub fn new(on: bool) -> Self {
            Self { on }
        }

        /// Turns the switch.
        #[ink(message)]
        pub fn flip(&mut self) {
            self.on = !self.on;
        }

        /// Whether the switch is on.
        #[ink(message)]
        pub fn get(&self) -> bool {
            self.on
        }

        /// The same bytes.
        #[ink(message)]
        pub fn echo(&self, bytes: Vec<u8>) -> Vec<u8> {
            bytes
        }
    }
}
