//! Answers what a price is, from a source that its deployer names.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

#[ink::contract]
mod ink_price {
    use ink::prelude::{format, string::String, vec::Vec};

    /// A request, as the enclave gives it to a contract.
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub struct OracleRequest {
        /// Where it was made.
        pub chain: Chain,
        /// The oracle that took it: an address of 20 bytes, or the pallet's name.
        pub oracle: Vec<u8>,
        /// Its id.
        pub request_id: [u8; 32],
        /// Who asked.
        pub consumer: Vec<u8>,
        /// What was asked.
        pub payload: Vec<u8>,
        /// Until when an answer is accepted, unix seconds.
        pub expires_at: u64,
        /// The hash of its block.
        pub block_hash: [u8; 32],
    }

    /// A chain.
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum Chain {
        /// An EVM chain, by its id.
        Evm(u64),
        /// A Substrate chain, by the hash of its first block.
        Substrate([u8; 32]),
    }

    /// Why there is no answer.
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum Error {
        /// The payload is not three letters or more, like BTC.
        NoSymbol,
        /// The source answered with this status.
        Status(u16),
        /// The source's answer is no price.
        NoPrice,
    }

    /// Where prices come from.
    #[ink(storage)]
    pub struct InkPrice {
        origin: String,
    }

    impl InkPrice {
        /// Prices come from `origin`, such as https://prices.example.com.
        #[ink(constructor)]
        pub fn new(origin: String) -> Self {
            Self { origin }
        }

        /// Where prices come from.
        #[ink(message)]
        pub fn origin(&self) -> String {
            self.origin.clone()
        }

        /// The price of `symbol` in millionths.
        #[ink(message)]
        pub fn price(&self, symbol: String) -> Result<u128, Error> {
            if symbol.len() < 3 || !symbol.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Error::NoSymbol);
            }
            let response = pink::http_get!(format!("{}/price/{symbol}", self.origin));
            if response.status_code != 200 {
                return Err(Error::Status(response.status_code));
            }
            let text = String::from_utf8(response.body).map_err(|_| Error::NoPrice)?;
            pink::info!("{symbol} is {text}");
            millionths(text.trim()).ok_or(Error::NoPrice)
        }

        /// Answers a request whose payload is a symbol: `abi.decode(output, (uint256))` is its price.
        #[ink(message)]
        pub fn handle_request(&self, request: OracleRequest) -> Result<Vec<u8>, Error> {
            let symbol = String::from_utf8(request.payload).map_err(|_| Error::NoSymbol)?;
            let price = self.price(symbol)?;
            Ok([[0; 16], price.to_be_bytes()].concat())
        }
    }

    /// A decimal number, times a million.
    fn millionths(text: &str) -> Option<u128> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction:0<6}");
        if whole.is_empty() || fraction.len() > 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok()
    }
}
