//! Answers what a symbol such as BTC costs: one value of a JSON API, in hundred-millionths.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

#[ink::contract]
mod contract {
    use ink::prelude::{
        format,
        string::{String, ToString},
        vec::Vec,
    };
    use serde_json::Value;

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
    #[derive(Debug, PartialEq)]
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum Error {
        /// What was asked is no symbol such as BTC.
        NoSymbol,
        /// The API answered with this status; 523 and 524 stand for no answer.
        Status(u16),
        /// The API's answer has no price where it should be.
        NoPrice,
    }

    /// Where prices come from.
    #[ink(storage)]
    pub struct Contract {
        url: String,
        pointer: String,
    }

    impl Contract {
        /// Prices come from `url`, in which `{symbol}` stands for what was asked, and are what the JSON pointer
        /// `pointer` finds there.
        #[ink(constructor)]
        pub fn new(url: String, pointer: String) -> Self {
            Self { url, pointer }
        }

        /// What `symbol` costs, times 10^8.
        #[ink(message)]
        pub fn price(&self, symbol: String) -> Result<u128, Error> {
            let is_symbol = (2..=10).contains(&symbol.len()) && symbol.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !is_symbol {
                return Err(Error::NoSymbol);
            }
            let response = pink::http_get!(self.url.replace("{symbol}", &symbol));
            if response.status_code != 200 {
                pink::warn!("{symbol}: status {}", response.status_code);
                return Err(Error::Status(response.status_code));
            }
            let document: Value = serde_json::from_slice(&response.body).map_err(|_| Error::NoPrice)?;
            let price = document.pointer(&self.pointer).ok_or(Error::NoPrice)?;
            scaled(&price.to_string()).ok_or(Error::NoPrice)
        }

        /// Answers a request whose payload is a symbol: `abi.decode(output, (uint256))` is its price times 10^8.
        #[ink(message)]
        pub fn handle_request(&self, request: OracleRequest) -> Result<Vec<u8>, Error> {
            let symbol = String::from_utf8(request.payload).map_err(|_| Error::NoSymbol)?;
            let price = self.price(symbol)?;
            Ok([[0; 16], price.to_be_bytes()].concat())
        }
    }

    /// A decimal number times 10^8; what is behind its eighth decimal is cut.
    fn scaled(number: &str) -> Option<u128> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let fraction = fraction.get(..8).unwrap_or(fraction);
        let digits = format!("{whole}{fraction:0<8}");
        let is_number = !whole.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    }

    #[cfg(test)]
    mod tests {
        use super::{Chain, Contract, Error, OracleRequest};
        use pink::chain_extension::{mock, HttpResponse};

        /// A contract whose API answers so.
        fn contract(status_code: u16, body: &'static str) -> Contract {
            mock::mock_http_request(move |request| {
                assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", "https://api.example.com/BTC"));
                let body = body.as_bytes().to_vec();
                HttpResponse { status_code, reason_phrase: String::new(), headers: Vec::new(), body }
            });
            mock::mock_log(|_, _| {});
            Contract::new("https://api.example.com/{symbol}".into(), "/USD".into())
        }

        fn asked(payload: &[u8]) -> OracleRequest {
            OracleRequest {
                chain: Chain::Evm(31337),
                oracle: vec![1; 20],
                request_id: [2; 32],
                consumer: vec![3; 20],
                payload: payload.into(),
                expires_at: 4,
                block_hash: [5; 32],
            }
        }

        #[test]
        fn a_price_is_answered_as_solidity_reads_it() {
            let contract = contract(200, r#"{"USD": 97214.53}"#);
            assert_eq!(contract.price("BTC".into()), Ok(9_721_453_000_000));
            let answer = contract.handle_request(asked(b"BTC")).expect("an answer");
            assert_eq!(answer[..24], [0; 24]);
            assert_eq!(answer[24..], 9_721_453_000_000_u64.to_be_bytes());
        }

        #[test]
        fn what_is_wrong_with_the_api_is_told() {
            assert_eq!(contract(500, "").price("BTC".into()), Err(Error::Status(500)));
            for body in ["", "<html>", "{}", r#"{"USD": null}"#, r#"{"USD": -1}"#, r#"{"USD": 1e3}"#] {
                assert_eq!(contract(200, body).price("BTC".into()), Err(Error::NoPrice), "{body}");
            }
        }

        #[test]
        fn a_payload_that_is_no_symbol_asks_nobody() {
            mock::mock_http_request(|_| panic!("nobody is asked"));
            let contract = Contract::new("https://api.example.com/{symbol}".into(), "/USD".into());
            for payload in ["", "B", "BTC/USD", "BTC&x=1", "THIRTEENLETTERS"] {
                assert_eq!(contract.handle_request(asked(payload.as_bytes())), Err(Error::NoSymbol), "{payload}");
            }
        }
    }
}
