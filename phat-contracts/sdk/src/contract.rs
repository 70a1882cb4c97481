use crate::{ContractError, HANDLE_REQUEST, Host, OracleRequest, encode_error};
use alloc::{vec, vec::Vec};
use parity_scale_codec::{Decode, Encode};

/// The selector of the constructor `new`: the first four bytes of BLAKE2b-256 of its name.
pub const NEW: [u8; 4] = [0x9b, 0xae, 0x9d, 0x5e];

/// The longest input of `deploy` and `call`, in bytes.
pub const MAX_INPUT: usize = 64 * 1024;

/// Where `deploy` leaves the SCALE-encoded init data.
const INIT_KEY: &[u8] = b"phat-sdk/init";

/// What SCALE `Err(LangError::CouldNotReadInput)` is in ink!: the answer to an unknown selector, and
/// to arguments that can't be decoded.
const COULD_NOT_READ_INPUT: [u8; 2] = [1, 1];

/// A contract that answers requests.
pub trait PhatContract: Sized {
    /// The argument of the constructor `new`.
    type Init: Encode + Decode;
    /// Why a contract can't be made, or a request can't be answered.
    type Error: ContractError;

    /// Checks the init data. Called when the contract is deployed, and again before each request.
    ///
    /// # Errors
    /// When the init data is wrong; the contract is then not deployed.
    fn new(init: Self::Init) -> Result<Self, Self::Error>;

    /// Answers a request with the bytes that the consumer gets.
    ///
    /// Whoever runs the executor chooses every field of the request, and may ask twice: nothing here
    /// may have an effect that only an authentic request should have.
    ///
    /// # Errors
    /// When there is no answer; the consumer then gets [`encode_error`]'s bytes instead.
    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, Self::Error>;
}

/// What a message returns to its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Whether what the message wrote is undone.
    pub reverted: bool,
    /// SCALE `Result<Result<T, E>, LangError>`, as ink! 4 and later return it.
    pub bytes: Vec<u8>,
}

impl Returned {
    fn unreadable() -> Self {
        Self { reverted: true, bytes: COULD_NOT_READ_INPUT.to_vec() }
    }

    fn error(error: &impl ContractError) -> Self {
        let mut bytes = vec![0, 1];
        bytes.extend_from_slice(&encode_error(error));
        Self { reverted: true, bytes }
    }
}

/// The input of `deploy` that makes a contract from `init`: what the contract id is a hash of.
#[must_use]
pub fn init_data(init: &impl Encode) -> Vec<u8> {
    let mut input = NEW.to_vec();
    init.encode_to(&mut input);
    input
}

/// Runs the constructor `new`: checks the init data and stores it.
pub fn deploy<C: PhatContract>(host: &mut dyn Host, input: &[u8]) -> Returned {
    let Some(init) = input.strip_prefix(&NEW).and_then(decode_all::<C::Init>) else {
        return Returned::unreadable();
    };
    let encoded = init.encode();
    match C::new(init) {
        Ok(_) => {
            host.write(INIT_KEY, &encoded);
            Returned { reverted: false, bytes: vec![0, 0] }
        }
        Err(error) => Returned::error(&error),
    }
}

/// Runs the message that `input` names.
///
/// # Panics
/// When the contract was never deployed.
pub fn call<C: PhatContract>(host: &mut dyn Host, input: &[u8]) -> Returned {
    let Some(request) = input.strip_prefix(&HANDLE_REQUEST).and_then(decode_all::<OracleRequest>) else {
        return Returned::unreadable();
    };
    let init = host.read(INIT_KEY).and_then(|stored| decode_all::<C::Init>(&stored));
    let answer = C::new(init.expect("a contract is deployed before it is called"))
        .and_then(|contract| contract.handle_request(host, &request));
    match answer {
        Ok(output) => {
            let mut bytes = vec![0, 0];
            output.encode_to(&mut bytes);
            Returned { reverted: false, bytes }
        }
        Err(error) => Returned::error(&error),
    }
}

fn decode_all<T: Decode>(mut encoded: &[u8]) -> Option<T> {
    let value = T::decode(&mut encoded).ok()?;
    encoded.is_empty().then_some(value)
}

/// Exports a [`PhatContract`] as the guest's `deploy` and `call`; nothing where it is built natively.
///
/// What its answers are may be said behind it, for whoever shows them: see [`output`](crate::output).
///
/// ```
/// # struct Answers;
/// # impl phat_sdk::PhatContract for Answers {
/// #     type Init = ();
/// #     type Error = NoError;
/// #     fn new((): ()) -> Result<Self, NoError> { Ok(Self) }
/// #     fn handle_request(
/// #         &self, _: &mut dyn phat_sdk::Host, _: &phat_sdk::OracleRequest
/// #     ) -> Result<Vec<u8>, NoError> { Ok(Vec::new()) }
/// # }
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("none")]
/// # struct NoError;
/// # impl phat_sdk::ContractError for NoError { fn code(&self) -> u8 { 0 } }
/// # mod one { use super::*;
/// phat_sdk::contract!(Answers);
/// # } mod two { use super::*;
/// phat_sdk::contract!(Answers, output = "(uint256,string)");
/// # } mod three { use super::*;
/// phat_sdk::contract!(Answers, output = "int256", decimals = 8);
/// # } mod four { use super::*;
/// // What stands in the contract's JSON init data, at these pointers.
/// phat_sdk::contract!(Answers, output = init("/type"), decimals = init("/decimals"));
/// # }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! contract {
    ($contract:ty $(, output $($output:tt)+)?) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[unsafe(no_mangle)]
            extern "C" fn deploy() {
                $crate::wasm::answer($crate::deploy::<$contract>)
            }

            #[unsafe(no_mangle)]
            extern "C" fn call() {
                $crate::wasm::answer($crate::call::<$contract>)
            }
        };
        $(const _: () = {
            #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "modules alone have sections"))]
            const DESCRIPTION: &str = $crate::output_description!(output $($output)+);
            // A custom section of the module, not data that the guest holds in memory.
            #[cfg(target_arch = "wasm32")]
            #[unsafe(link_section = "phat.output")]
            static SECTION: [u8; DESCRIPTION.len()] = $crate::output::bytes(DESCRIPTION);
        };)?
    };
}

#[cfg(test)]
mod tests;
