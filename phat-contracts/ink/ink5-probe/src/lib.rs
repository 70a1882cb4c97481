//! An ink! 5 contract that calls others in both of the ways that ink! 5 knows, and uses what a chain
//! gives any contract. Its messages are for tests, and each does one thing.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

use ink::prelude::string::String;

/// Whom one can greet.
#[ink::trait_definition]
pub trait Greeter {
    /// Says hello.
    #[ink(message)]
    fn greet(&self, name: String) -> String;
}

#[ink::contract]
mod ink5_probe {
    use super::Greeter;
    use ink::{
        env::{
            call::{build_call, ExecutionInput, Selector},
            debug_println, hash, CallFlags,
        },
        prelude::{format, string::String, vec::Vec},
        storage::{Lazy, Mapping},
        ToAccountId,
    };

    /// What a contract is told of its call.
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub struct Context {
        /// Who calls.
        pub caller: AccountId,
        /// The contract itself.
        pub address: AccountId,
        /// What was paid to it.
        pub value: Balance,
        /// Unix milliseconds.
        pub now: Timestamp,
        /// The chain's height.
        pub block: BlockNumber,
    }

    /// How a message fails that can.
    #[derive(Debug)]
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum Failure {
        /// Nothing is no value.
        Zero,
        /// As it was told to.
        Told {
            /// With this number.
            code: u32,
        },
    }

    /// Values of many types, as they come and go.
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub struct Mixture {
        /// A whole number that JSON can't hold exactly.
        pub large: u128,
        /// One below zero.
        pub small: i64,
        /// A text, or none.
        pub text: Option<String>,
        /// Pairs.
        pub pairs: Vec<(u8, bool)>,
        /// Bytes of a fixed number.
        pub fixed: [u8; 4],
        /// One of several.
        pub choice: Choice,
    }

    /// One of several.
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum Choice {
        /// Nothing with it.
        Bare,
        /// A number.
        One(u32),
        /// Named fields.
        Named {
            /// Who.
            who: AccountId,
            /// How much.
            amount: Balance,
        },
    }

    /// The value changed.
    #[ink(event)]
    pub struct Changed {
        /// Who changed it.
        #[ink(topic)]
        by: AccountId,
        /// What it was.
        from: u32,
        /// What it is.
        to: u32,
    }

    /// The contract's state.
    #[ink(storage)]
    pub struct Ink5Probe {
        value: u32,
        text: Lazy<String>,
        notes: Mapping<String, Vec<u8>>,
    }

    impl Ink5Probe {
        /// Starts with a value.
        #[ink(constructor)]
        pub fn new(value: u32) -> Self {
            let mut text = Lazy::new();
            text.set(&String::from("begun"));
            Self { value, text, notes: Mapping::new() }
        }

        /// Starts with a value that is not zero.
        #[ink(constructor)]
        pub fn not_zero(value: u32) -> Result<Self, Failure> {
            if value == 0 {
                return Err(Failure::Zero);
            }
            Ok(Self::new(value))
        }

        /// The value.
        #[ink(message)]
        pub fn get(&self) -> u32 {
            self.value
        }

        /// Changes the value, and says so in an event.
        #[ink(message)]
        pub fn set(&mut self, value: u32) -> u32 {
            let from = core::mem::replace(&mut self.value, value);
            self.env().emit_event(Changed { by: self.env().caller(), from, to: value });
            from
        }

        /// Puts one more on the value.
        #[ink(message)]
        pub fn increment(&mut self) -> u32 {
            self.value = self.value.saturating_add(1);
            self.value
        }

        /// Changes the text, which has a place in storage of its own; answers the one before.
        #[ink(message)]
        pub fn set_text(&mut self, text: String) -> String {
            let before = self.text.get_or_default();
            self.text.set(&text);
            before
        }

        /// Keeps a note; answers how long the one before was.
        #[ink(message)]
        pub fn note(&mut self, key: String, value: Vec<u8>) -> Option<u32> {
            self.notes.insert(key, &value)
        }

        /// A note, and its length as storage has it.
        #[ink(message)]
        pub fn noted(&self, key: String) -> (Option<Vec<u8>>, Option<u32>) {
            (self.notes.get(&key), self.notes.size(&key))
        }

        /// Drops a note; answers whether it was there, and whether it still is.
        #[ink(message)]
        pub fn forget(&mut self, key: String) -> (bool, bool) {
            let before = self.notes.contains(&key);
            self.notes.remove(&key);
            (before, self.notes.contains(&key))
        }

        /// What the contract is told.
        #[ink(message, payable)]
        pub fn context(&self) -> Context {
            Context {
                caller: self.env().caller(),
                address: self.env().account_id(),
                value: self.env().transferred_value(),
                now: self.env().block_timestamp(),
                block: self.env().block_number(),
            }
        }

        /// Gives back what it is given.
        #[ink(message)]
        pub fn echo(&self, mixture: Mixture) -> Mixture {
            mixture
        }

        /// SHA-256, Keccak-256, BLAKE2b-256 and BLAKE2b-128 of a text.
        #[ink(message)]
        pub fn hashes(&self, text: Vec<u8>) -> ([u8; 32], [u8; 32], [u8; 32], [u8; 16]) {
            (
                self.env().hash_bytes::<hash::Sha2x256>(&text),
                self.env().hash_bytes::<hash::Keccak256>(&text),
                self.env().hash_bytes::<hash::Blake2x256>(&text),
                self.env().hash_bytes::<hash::Blake2x128>(&text),
            )
        }

        /// The key that signed, and its Ethereum address.
        #[ink(message)]
        pub fn recover(&self, signature: [u8; 65], hash: [u8; 32]) -> Option<([u8; 33], [u8; 20])> {
            let key = self.env().ecdsa_recover(&signature, &hash).ok()?;
            Some((key, self.env().ecdsa_to_eth_address(&key).ok()?))
        }

        /// Writes a debug message, and logs a line.
        #[ink(message)]
        pub fn debug(&self, text: String) {
            debug_println!("{text}");
            pink::info!("{text}");
        }

        /// Changes the value, and fails.
        #[ink(message)]
        pub fn fail(&mut self, code: u32) -> Result<u32, Failure> {
            self.value = code;
            Err(Failure::Told { code })
        }

        /// Changes the value, and traps.
        #[ink(message)]
        pub fn panic(&mut self, text: String) {
            self.value = 0;
            panic!("{text}");
        }

        /// What another contract's `get` answers.
        #[ink(message)]
        pub fn get_of(&self, callee: AccountId) -> Result<u32, String> {
            let input = ExecutionInput::new(Selector::new(ink::selector_bytes!("get")));
            let call = build_call::<Environment>().call(callee).exec_input(input).returns::<u32>();
            answered(call.try_invoke())
        }

        /// The same by the older host function.
        #[ink(message)]
        pub fn get_of_v1(&self, callee: AccountId) -> Result<u32, String> {
            let input = ExecutionInput::new(Selector::new(ink::selector_bytes!("get")));
            let call = build_call::<Environment>().call_v1(callee).gas_limit(0).exec_input(input).returns::<u32>();
            answered(call.try_invoke())
        }

        /// Calls another contract's `set`.
        #[ink(message)]
        pub fn set_of(&mut self, callee: AccountId, value: u32) -> Result<u32, String> {
            let input = ExecutionInput::new(Selector::new(ink::selector_bytes!("set"))).push_arg(value);
            let call = build_call::<Environment>().call(callee).exec_input(input).returns::<u32>();
            answered(call.try_invoke())
        }

        /// Calls another contract's `fail`, and answers how it did.
        #[ink(message)]
        pub fn fail_of(&mut self, callee: AccountId, code: u32) -> Result<Result<u32, Failure>, String> {
            let input = ExecutionInput::new(Selector::new(ink::selector_bytes!("fail"))).push_arg(code);
            let call = build_call::<Environment>().call(callee).exec_input(input).returns::<Result<u32, Failure>>();
            answered(call.try_invoke())
        }

        /// Calls another contract's `panic`.
        #[ink(message)]
        pub fn panic_of(&mut self, callee: AccountId) -> Result<(), String> {
            let input =
                ExecutionInput::new(Selector::new(ink::selector_bytes!("panic"))).push_arg(String::from("asked"));
            let call = build_call::<Environment>().call(callee).exec_input(input).returns::<()>();
            answered(call.try_invoke())
        }

        /// Calls a message that nobody has.
        #[ink(message)]
        pub fn nothing_of(&mut self, callee: AccountId) -> Result<(), String> {
            let input = ExecutionInput::new(Selector::new([0xde, 0xad, 0xbe, 0xef]));
            let call = build_call::<Environment>().call(callee).exec_input(input).returns::<()>();
            answered(call.try_invoke())
        }

        /// Calls itself through another's `get_of`, with or without leave to be called again.
        #[ink(message)]
        pub fn get_by_way_of(&self, callee: AccountId, reentry: bool) -> Result<Result<u32, String>, String> {
            let input =
                ExecutionInput::new(Selector::new(ink::selector_bytes!("get_of"))).push_arg(self.env().account_id());
            let call = build_call::<Environment>()
                .call(callee)
                .call_flags(if reentry { CallFlags::ALLOW_REENTRY } else { CallFlags::empty() })
                .exec_input(input)
                .returns::<Result<u32, String>>();
            answered(call.try_invoke())
        }

        /// Passes its own input on to another contract (`clone` keeps it, `tail` lets the other answer in its
        /// place), which, being the one that is meant, answers its address and what it was given.
        #[ink(message)]
        pub fn pass(&self, to: AccountId, clone: bool, tail: bool) -> Result<(AccountId, bool), String> {
            let own = self.env().account_id();
            if own == to {
                return Ok((own, clone));
            }
            let mut flags = if clone { CallFlags::CLONE_INPUT } else { CallFlags::FORWARD_INPUT };
            flags.set(CallFlags::TAIL_CALL, tail);
            let call = build_call::<Environment>()
                .call(to)
                .call_flags(flags)
                .exec_input(ExecutionInput::new(Selector::new([0; 4])))
                .returns::<Result<(AccountId, bool), String>>();
            answered(call.try_invoke())?
        }

        /// Runs other code's `increment` on the own storage.
        #[ink(message)]
        pub fn increment_by(&mut self, code_hash: Hash) -> Result<u32, String> {
            let call = build_call::<Environment>()
                .delegate(code_hash)
                .exec_input(ExecutionInput::new(Selector::new(ink::selector_bytes!("increment"))))
                .returns::<u32>();
            let answer = answered(call.try_invoke())?;
            // What ink! holds of the storage is from before the call, and is written at the end.
            self.value = answer;
            Ok(answer)
        }

        /// Makes a contract, by constructor `new`.
        #[ink(message)]
        pub fn instantiate(&mut self, code_hash: Hash, value: u32, salt: Vec<u8>) -> Result<AccountId, String> {
            let made = Ink5ProbeRef::new(value).code_hash(code_hash).endowment(0).salt_bytes(salt);
            answered(made.try_instantiate()).map(|made| made.to_account_id())
        }

        /// The same by the older host function.
        #[ink(message)]
        pub fn instantiate_v1(&mut self, code_hash: Hash, value: u32, salt: Vec<u8>) -> Result<AccountId, String> {
            let made = Ink5ProbeRef::new(value).instantiate_v1().code_hash(code_hash).endowment(0).salt_bytes(salt);
            answered(made.gas_limit(0).try_instantiate()).map(|made| made.to_account_id())
        }

        /// Makes a contract, by constructor `not_zero`.
        #[ink(message)]
        pub fn instantiate_not_zero(
            &mut self,
            code_hash: Hash,
            value: u32,
        ) -> Result<Result<AccountId, Failure>, String> {
            let made = Ink5ProbeRef::not_zero(value).code_hash(code_hash).endowment(0).salt_bytes([1u8; 4]);
            answered(made.try_instantiate()).map(|made| made.map(|made| made.to_account_id()))
        }

        /// The code of a contract.
        #[ink(message)]
        pub fn code_of(&self, contract: AccountId) -> Result<Hash, String> {
            self.env().code_hash(&contract).map_err(|error| format!("{error:?}"))
        }

        /// Takes other code in place of its own.
        #[ink(message)]
        pub fn become_other(&mut self, code_hash: Hash) -> Result<(), String> {
            self.env().set_code_hash(&code_hash).map_err(|error| format!("{error:?}"))
        }
    }

    impl Greeter for Ink5Probe {
        #[ink(message)]
        fn greet(&self, name: String) -> String {
            format!("Hello, {name}")
        }
    }

    /// What a call between contracts answered, or why it didn't, in words.
    fn answered<T>(answer: Result<ink::MessageResult<T>, ink::env::Error>) -> Result<T, String> {
        match answer {
            Ok(answer) => answer.map_err(|error| format!("{error:?}")),
            Err(error) => Err(format!("{error:?}")),
        }
    }
}
