use super::{MockHost, Refused, error_of, response};
use crate::{
    Answer, BatchFailure, Chain, ContractError, Host, HttpFailure, HttpRequest, MAX_BATCH, OracleRequest, Outcome,
    PhatContract,
};
use alloc::{string::String, vec, vec::Vec};
use parity_scale_codec::Encode;

const A: &str = "https://a.example.com/1";
const B: &str = "https://b.example.com/2";

/// Does what its payload says.
struct Does;

#[derive(Debug, thiserror::Error)]
#[error("no such deed")]
struct NoDeed;

impl ContractError for NoDeed {
    fn code(&self) -> u8 {
        9
    }
}

impl PhatContract for Does {
    type Init = bool;
    type Error = NoDeed;

    fn new(able: bool) -> Result<Self, NoDeed> {
        if able { Ok(Self) } else { Err(NoDeed) }
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, NoDeed> {
        match request.payload.as_slice() {
            b"count" => {
                let count = host.read(b"count").map_or(0, |count| count[0]) + 1;
                host.write(b"count", &[count]);
                Ok(vec![count])
            }
            b"long" => Ok(vec![0; 5]),
            b"facts" => Ok((&request.chain, &request.consumer, host.now_millis()).encode()),
            b"secret" => Ok(host.secret("key").unwrap_or_default()),
            b"statuses" => Ok([A, B].map(|url| host.http(&HttpRequest::get(url), 1024).status_code).encode()),
            _ => Err(NoDeed),
        }
    }
}

fn quiet() -> MockHost {
    let mut host = MockHost::new(|_| response(200, b""));
    host.deploy::<Does>(&true).expect("deployed");
    host
}

fn ok(output: impl Into<Vec<u8>>) -> Answer {
    Answer { outcome: Outcome::Ok, output: output.into() }
}

fn get(host: &mut MockHost, url: &str) -> u16 {
    host.http(&HttpRequest::get(url), 1024).status_code
}

#[test]
fn a_contract_that_refuses_its_init_data_says_why() {
    let refused = MockHost::new(|_| response(200, b"")).deploy::<Does>(&false);
    assert_eq!(refused, Err(Refused { code: 9, text: "no such deed".into() }));
}

#[test]
fn what_a_request_writes_is_forgotten() {
    let mut host = quiet();
    assert_eq!(host.ask::<Does>(b"count"), ok([1]));
    assert_eq!(host.ask::<Does>(b"count"), ok([1]));
    host.storage.insert(b"count".to_vec(), vec![7]);
    assert_eq!(host.ask::<Does>(b"count"), ok([8]));
}

#[test]
fn facts_of_the_request_and_limits_of_the_answer_are_the_tests() {
    let mut host = quiet();
    host.request.chain = Chain::Evm(1);
    host.request.consumer = vec![7; 20];
    host.now_millis = 5;
    assert_eq!(host.ask::<Does>(b"facts"), ok((Chain::Evm(1), vec![7_u8; 20], 5_u64).encode()));
    assert_eq!(error_of(&host.ask::<Does>(b"?")), (9, "no such deed".into()));
    host.max_output = 4;
    assert_eq!(host.ask::<Does>(b"long").outcome, Outcome::OutputTooLarge);
}

#[test]
fn requests_are_answered_in_the_order_in_which_they_are_expected() {
    let exchanges = [(HttpRequest::get(A), response(201, b"")), (HttpRequest::get(B), response(404, b""))];
    let mut host = MockHost::expecting(exchanges);
    host.deploy::<Does>(&true).expect("deployed");
    assert_eq!(host.ask::<Does>(b"statuses"), ok([201_u16, 404].encode()));
    assert_eq!(host.requests, [HttpRequest::get(A), HttpRequest::get(B)]);
}

#[test]
#[should_panic(expected = "another request than is expected next")]
fn another_request_than_the_expected_one_fails_the_test() {
    get(&mut MockHost::expecting([(HttpRequest::get(A), response(200, b""))]), B);
}

#[test]
#[should_panic(expected = "one request more than is expected")]
fn one_request_more_fails_the_test() {
    get(&mut MockHost::expecting([]), A);
}

#[test]
#[should_panic(expected = "expected requests that were never made: [\"https://a.example.com/1\"]")]
fn an_expected_request_that_is_not_made_fails_the_test() {
    drop(MockHost::expecting([(HttpRequest::get(A), response(200, b""))]));
}

#[test]
fn a_response_beyond_the_buffer_is_late() {
    let mut host = MockHost::new(|_| response(200, &[0; 100]));
    let length = response(200, &[0; 100]).encoded_size();
    assert_eq!(host.http(&HttpRequest::get(A), length).status_code, 200);
    let late = host.http(&HttpRequest::get(A), length - 1);
    assert_eq!(late.failure(), Some(HttpFailure::Late));
    assert!(String::from_utf8_lossy(&late.body).contains("the contract's buffer"), "{late:?}");
}

#[test]
fn the_longest_response_of_a_batch_gives_way() {
    let mut host = MockHost::new(|request| response(200, &vec![0; if request.url == A { 500 } else { 10 }]));
    let both = [HttpRequest::get(A), HttpRequest::get(B)];
    let short = Ok(response(200, &[0; 10]));
    assert_eq!(host.http_batch(&both, 1, 100), [Err(BatchFailure::TooLong), short.clone()]);
    let whole = [response(200, &[0; 500]), response(200, &[0; 10])];
    // A SCALE list of results: its length in one byte, and one byte more for each.
    let exactly = 1 + 2 + whole.iter().map(Encode::encoded_size).sum::<usize>();
    assert_eq!(host.http_batch(&both, 1, exactly), whole.map(Ok));
    assert_eq!(host.http_batch(&both, 1, exactly - 1), [Err(BatchFailure::TooLong), short]);
    let many = vec![HttpRequest::get(B); MAX_BATCH + 1];
    assert_eq!(host.http_batch(&many, 1, 10_000), vec![Err(BatchFailure::TooManyRequests); MAX_BATCH + 1]);
}

#[test]
fn a_secret_that_was_read_binds_the_run_to_its_origins() {
    let mut host = quiet();
    host.give_secret("key", b"hunter2", &["https://a.example.com", "https://C.example.com:443"]);
    assert_eq!(host.secret_names(), ["key"]);
    assert_eq!([A, B].map(|url| get(&mut host, url)), [200, 200]);
    assert_eq!(host.secret("key").as_deref(), Some(b"hunter2".as_slice()));
    let urls = [A, B, "https://c.example.com?q", "http://a.example.com/1", "https://a.example.com:8443/1"];
    assert_eq!(urls.map(|url| get(&mut host, url)), [200, 523, 200, 523, 523]);
    assert_eq!(host.http_batch(&[HttpRequest::get(B)], 1, 1024), [Err(BatchFailure::Denied)]);
    assert_eq!(host.requests.len(), 4);

    let mut host = quiet();
    host.give_secret("key", b"hunter2", &[]);
    assert_eq!(host.ask::<Does>(b"secret"), ok(*b"hunter2"));
    assert_eq!(host.ask::<Does>(b"statuses"), ok([200_u16, 200].encode()), "the next run has read none");
    host.take_secret("key");
    assert_eq!(host.ask::<Does>(b"secret"), ok([]));
}
