use super::{INIT_KEY, NEW, Returned, call, deploy, init_data};
use crate::{ContractError, HANDLE_REQUEST, Host, OracleRequest, PhatContract, testing::MockHost};
use alloc::{string::String, vec, vec::Vec};
use parity_scale_codec::Encode;
use phat_protocol::{Answer, BlockHash, Chain, Outcome, RequestId, selector};

/// Answers its greeting and the payload; refuses an empty greeting, and an empty payload.
struct Greeter(String);

#[derive(Debug, thiserror::Error)]
enum Nothing {
    #[error("no greeting")]
    Greeting,
    #[error("no payload")]
    Payload,
}

impl ContractError for Nothing {
    fn code(&self) -> u8 {
        match self {
            Self::Greeting => 3,
            Self::Payload => 4,
        }
    }
}

impl PhatContract for Greeter {
    type Init = String;
    type Error = Nothing;

    fn new(greeting: String) -> Result<Self, Nothing> {
        if greeting.is_empty() { Err(Nothing::Greeting) } else { Ok(Self(greeting)) }
    }

    fn handle_request(&self, _: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, Nothing> {
        if request.payload.is_empty() {
            return Err(Nothing::Payload);
        }
        Ok([self.0.as_bytes(), &request.payload].concat())
    }
}

fn host() -> MockHost {
    MockHost::new(|_| panic!("a greeter makes no requests"))
}

fn deployed() -> MockHost {
    let mut host = host();
    let returned = deploy::<Greeter>(&mut host, &init_data(&"hello "));
    assert_eq!(returned, Returned { reverted: false, bytes: vec![0, 0] });
    host
}

fn request(payload: &[u8]) -> OracleRequest {
    OracleRequest {
        chain: Chain::Evm(31337),
        oracle: vec![1; 20],
        request_id: RequestId([2; 32]),
        consumer: vec![3; 20],
        payload: payload.into(),
        expires_at: 4,
        block_hash: BlockHash([5; 32]),
    }
}

#[test]
fn selectors_are_those_of_the_names() {
    assert_eq!(NEW, selector("new"));
    assert_eq!(HANDLE_REQUEST, selector("handle_request"));
}

#[test]
fn init_data_is_the_selector_and_the_scale_argument() {
    assert_eq!(init_data(&vec![7_u8, 8]), [0x9b, 0xae, 0x9d, 0x5e, 2 << 2, 7, 8]);
}

#[test]
fn a_deployed_contract_answers_with_its_init_data() {
    let returned = call::<Greeter>(&mut deployed(), &request(b"world").call_input());
    assert!(!returned.reverted);
    let answer = Answer::from_returned(&returned.bytes, 1024);
    assert_eq!(answer, Answer { outcome: Outcome::Ok, output: b"hello world".into() });
}

#[test]
fn an_error_is_a_contract_error_with_code_and_text() {
    let returned = call::<Greeter>(&mut deployed(), &request(b"").call_input());
    assert!(returned.reverted);
    let answer = Answer::from_returned(&returned.bytes, 1024);
    assert_eq!(answer, Answer { outcome: Outcome::ContractError, output: (4_u8, "no payload").encode() });
}

#[test]
fn refused_init_data_reverts_and_stores_nothing() {
    let mut host = host();
    let returned = deploy::<Greeter>(&mut host, &init_data(&""));
    assert_eq!(returned, Returned { reverted: true, bytes: (0_u8, 1_u8, 3_u8, "no greeting").encode() });
    assert!(host.storage.is_empty());
}

#[test]
fn a_call_never_changes_the_init_data() {
    let mut host = deployed();
    let stored = host.storage.clone();
    call::<Greeter>(&mut host, &request(b"world").call_input());
    call::<Greeter>(&mut host, &init_data(&"other"));
    assert_eq!(host.storage, stored);
    assert_eq!(host.storage.get(INIT_KEY), Some(&"hello ".encode()));
}

#[test]
fn input_that_cannot_be_read_is_answered_as_ink_does() {
    let unreadable = Returned { reverted: true, bytes: vec![1, 1] };
    let mut trailing = request(b"world").call_input();
    trailing.push(0);
    let cut = &request(b"world").call_input()[..20];
    for input in [b"".as_slice(), &HANDLE_REQUEST[..3], &[0; 4], &NEW, &HANDLE_REQUEST, &trailing, cut] {
        assert_eq!(call::<Greeter>(&mut deployed(), input), unreadable, "{input:?}");
    }
    let mut trailing = init_data(&"hello");
    trailing.push(0);
    for input in [b"".as_slice(), &NEW, &HANDLE_REQUEST, &trailing] {
        assert_eq!(deploy::<Greeter>(&mut host(), input), unreadable, "{input:?}");
    }
}

#[test]
#[should_panic(expected = "deployed before it is called")]
fn a_call_without_deploy_traps() {
    call::<Greeter>(&mut host(), &request(b"world").call_input());
}
