//! An ink! 4 contract, with `pink`, that uses every function that such a contract can call.
//! Its messages are for tests, and each does one thing.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

#[ink::contract(env = pink::PinkEnvironment)]
mod ink4_probe {
    use ink::{
        env::{
            call::{build_call, ExecutionInput, Selector},
            debug_println, hash, CallFlags,
        },
        prelude::{format, string::String, vec::Vec},
        storage::{Lazy, Mapping},
        ToAccountId,
    };
    use pink::{
        chain_extension::{HttpRequest, HttpRequestError, JsCode, JsValue, SigType},
        types::sgx::SgxQuote,
    };
    use scale::{Decode, Encode};

    /// Status, reason, headers and body of a response.
    type Response = (u16, String, Vec<(String, String)>, Vec<u8>);

    /// What a contract is told of its call.
    #[derive(Encode, Decode)]
    #[cfg_attr(feature = "std", derive(scale_info::TypeInfo))]
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

    /// One text, hashed in every way.
    #[derive(Encode, Decode)]
    #[cfg_attr(feature = "std", derive(scale_info::TypeInfo))]
    pub struct Hashes {
        /// SHA-256.
        pub sha2_256: [u8; 32],
        /// Keccak-256.
        pub keccak_256: [u8; 32],
        /// BLAKE2b-256.
        pub blake2_256: [u8; 32],
        /// BLAKE2b-128.
        pub blake2_128: [u8; 16],
    }

    /// How a message fails that can.
    #[derive(Debug, Encode, Decode)]
    #[cfg_attr(feature = "std", derive(scale_info::TypeInfo))]
    pub enum Failure {
        /// Nothing is no value.
        Zero,
        /// As it was told to.
        Told {
            /// With this number.
            code: u32,
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
    pub struct Ink4Probe {
        value: u32,
        text: Lazy<String>,
        notes: Mapping<String, Vec<u8>>,
    }

    impl Ink4Probe {
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

        /// Hashes a text in every way.
        #[ink(message)]
        pub fn hashes(&self, text: Vec<u8>) -> Hashes {
            Hashes {
                sha2_256: self.env().hash_bytes::<hash::Sha2x256>(&text),
                keccak_256: self.env().hash_bytes::<hash::Keccak256>(&text),
                blake2_256: self.env().hash_bytes::<hash::Blake2x256>(&text),
                blake2_128: self.env().hash_bytes::<hash::Blake2x128>(&text),
            }
        }

        /// The key that signed, and its Ethereum address.
        #[ink(message)]
        pub fn recover(&self, signature: [u8; 65], hash: [u8; 32]) -> Option<([u8; 33], [u8; 20])> {
            let key = self.env().ecdsa_recover(&signature, &hash).ok()?;
            Some((key, self.env().ecdsa_to_eth_address(&key).ok()?))
        }

        /// Writes a debug message.
        #[ink(message)]
        pub fn debug(&self, text: String) {
            debug_println!("{text}");
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
            let call = build_call::<Environment>()
                .call(callee)
                .exec_input(ExecutionInput::new(Selector::new(ink::selector_bytes!("get"))))
                .returns::<u32>();
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
                .call_flags(CallFlags::default().set_allow_reentry(reentry))
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
            let flags = CallFlags::default().set_forward_input(!clone).set_clone_input(clone).set_tail_call(tail);
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
            let made = Ink4ProbeRef::new(value).code_hash(code_hash).gas_limit(0).endowment(0).salt_bytes(salt);
            answered(made.try_instantiate()).map(|made| made.to_account_id())
        }

        /// Makes a contract, by constructor `not_zero`.
        #[ink(message)]
        pub fn instantiate_not_zero(
            &mut self,
            code_hash: Hash,
            value: u32,
        ) -> Result<Result<AccountId, Failure>, String> {
            let made =
                Ink4ProbeRef::not_zero(value).code_hash(code_hash).gas_limit(0).endowment(0).salt_bytes([1u8; 4]);
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
            ink::env::set_code_hash2::<Environment>(&code_hash).map_err(|error| format!("{error:?}"))
        }

        /// An HTTP request.
        #[ink(message)]
        pub fn http(&self, url: String, method: String, headers: Vec<(String, String)>, body: Vec<u8>) -> Response {
            let response = pink::ext().http_request(HttpRequest { url, method, headers, body });
            (response.status_code, response.reason_phrase, response.headers, response.body)
        }

        /// Several at once.
        #[ink(message)]
        pub fn batch(
            &self,
            urls: Vec<String>,
            timeout_ms: u64,
        ) -> Result<Vec<Result<(u16, Vec<u8>), HttpRequestError>>, HttpRequestError> {
            let get = |url| HttpRequest { url, method: "GET".into(), headers: Vec::new(), body: Vec::new() };
            let requests = urls.into_iter().map(get).collect();
            let answers = pink::ext().batch_http_request(requests, timeout_ms)?;
            Ok(answers.into_iter().map(|answer| answer.map(|answer| (answer.status_code, answer.body))).collect())
        }

        /// Signs with a key, and verifies with its public key.
        #[ink(message)]
        pub fn sign(&self, kind: u8, key: Vec<u8>, message: Vec<u8>) -> (Vec<u8>, Vec<u8>, bool) {
            let signature = pink::ext().sign(signature_kind(kind), &key, &message);
            let public = pink::ext().get_public_key(signature_kind(kind), &key);
            let valid = pink::ext().verify(signature_kind(kind), &public, &message, &signature);
            (signature, public, valid)
        }

        /// Signs a hash, and verifies it.
        #[ink(message)]
        pub fn sign_prehashed(&self, key: Vec<u8>, hash: [u8; 32], public: Vec<u8>) -> ([u8; 65], bool) {
            let signature = pink::ext().ecdsa_sign_prehashed(&key, hash);
            let public = public.try_into().unwrap_or([0; 33]);
            (signature, pink::ext().ecdsa_verify_prehashed(signature, hash, public))
        }

        /// A key of this contract.
        #[ink(message)]
        pub fn derive(&self, salt: Vec<u8>) -> Vec<u8> {
            pink::ext().derive_sr25519_key(salt.into())
        }

        /// Puts a value into the cache; false where there is no room.
        #[ink(message)]
        pub fn cache_set(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
            pink::ext().cache_set(&key, &value).is_ok()
        }

        /// Lets a cached value expire after that many seconds.
        #[ink(message)]
        pub fn cache_expire(&self, key: Vec<u8>, seconds: u64) {
            pink::ext().cache_set_expiration(&key, seconds);
        }

        /// A cached value.
        #[ink(message)]
        pub fn cache_get(&self, key: Vec<u8>) -> Option<Vec<u8>> {
            pink::ext().cache_get(&key)
        }

        /// Takes a value out of the cache.
        #[ink(message)]
        pub fn cache_remove(&self, key: Vec<u8>) -> Option<Vec<u8>> {
            pink::ext().cache_remove(&key)
        }

        /// Logs a line at every level.
        #[ink(message)]
        pub fn log(&self, text: String) {
            pink::error!("{text}");
            pink::warn!("{text}");
            pink::info!("{text}");
            pink::debug!("{text}");
            pink::trace!("{text}");
        }

        /// Random bytes.
        #[ink(message)]
        pub fn random(&self, length: u8) -> Vec<u8> {
            pink::ext().getrandom(length)
        }

        /// Whether what it writes is to stay.
        #[ink(message)]
        pub fn in_transaction(&self) -> bool {
            pink::ext().is_in_transaction()
        }

        /// As it answered while it was made; a constructor runs in a transaction.
        #[ink(message)]
        pub fn millis(&self) -> u64 {
            pink::ext().untrusted_millis_since_unix_epoch()
        }

        /// The system contract, what an account has, and whether there is such code.
        #[ink(message)]
        pub fn system(&self, account: AccountId, code_hash: [u8; 32]) -> (AccountId, (Balance, Balance), bool, bool) {
            (
                pink::ext().system_contract_id(),
                pink::ext().balance_of(account),
                pink::ext().code_exists(code_hash, false),
                pink::ext().code_exists(code_hash, true),
            )
        }

        /// What only the system contract may ask.
        #[ink(message)]
        pub fn import_system_code(&self) -> Option<[u8; 32]> {
            pink::ext().import_latest_system_code(self.env().account_id())
        }

        /// The worker's key, the runtime's version, the head of the event chain, the worker's quote.
        #[ink(message)]
        pub fn worker(&self) -> ([u8; 32], (u32, u32), (u64, [u8; 32]), Option<SgxQuote>) {
            (
                pink::ext().worker_pubkey(),
                pink::ext().runtime_version(),
                pink::ext().current_event_chain_head(),
                pink::ext().worker_sgx_quote(),
            )
        }

        /// Evaluates JavaScript.
        #[ink(message)]
        pub fn javascript(&self, source: String, arguments: Vec<String>) -> JsValue {
            pink::ext().js_eval([JsCode::Source(source)].into(), arguments)
        }
    }

    fn signature_kind(number: u8) -> SigType {
        match number {
            0 => SigType::Ed25519,
            1 => SigType::Sr25519,
            _ => SigType::Ecdsa,
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
