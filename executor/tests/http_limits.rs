//! What bounds a guest's HTTP: sizes, time, the number of requests, and its own buffer.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod support;

use parity_scale_codec::{Decode, Encode};
use phat_executor::{Executor, ExecutorConfig, HttpResult, Resources, Run, RunResult};
use std::time::Duration;
use support::{
    executor, guest,
    http::{Request, Response, get, response, returned},
    query, run, server,
};

async fn fetch(config: &ExecutorConfig, request: Request) -> RunResult {
    run(&executor(config), Run { input: request.encode(), ..query(&guest::fetcher()) }).await
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let server = server::http().await;
    let mut config = server.config();
    config.limits.http.response_bytes = 500_000;
    for path in ["/huge", "/announced"] {
        let answer = response(&fetch(&config, get(server.url("http", path))).await);
        assert_eq!((answer.status, answer.reason.as_str()), (524, "Response Too Large"));
        assert!(answer.text().contains("longer than 500000 bytes"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_response_beyond_the_guests_buffer_says_so() {
    let server = server::http().await;
    let mut config = server.config();
    config.limits.http.response_bytes = 64 * 1024 * 1024;
    let answer = response(&fetch(&config, get(server.url("http", "/huge"))).await);
    assert_eq!(answer.status, 524);
    assert!(answer.text().contains("the contract's buffer of 1048576 bytes"), "{}", answer.text());
    // Where the memory ends before the capacity does, that is the buffer's end.
    let body = "(call $capacity (i32.const 60000))
        (call $input (i32.const 0) (i32.const 65532))
        (i32.store (i32.const 65528) (i32.load (i32.const 65532)))
        (call $capacity (i32.const -1))
        (drop (call $ext (i32.const 1) (i32.const 0) (i32.load (i32.const 65528)) (i32.const 130072) (i32.const 65532)))
        (call $return (i32.const 130072) (i32.load (i32.const 65532)))";
    let wat = guest::contract_with("(memory 2 2)", "", body);
    let input = get(server.url("http", "/huge")).encode();
    let answer = response(&run(&executor(&config), Run { input, ..query(&wat) }).await);
    assert_eq!((answer.status, answer.text().contains("buffer of 1000 bytes")), (524, true), "{}", answer.text());
}

#[tokio::test]
async fn of_a_batch_no_more_is_read_than_the_guests_buffer_takes() {
    let server = server::http().await;
    let mut config = server.config();
    config.limits.http.response_bytes = 64 * 1024 * 1024;
    // 50 MiB each, of which one MiB together can be delivered; the small one is.
    let requests = ["/huge", "/echo", "/huge", "/announced", "/huge"].map(|path| get(server.url("http", path)));
    let input = (requests.to_vec(), 10_000u64).encode();
    let result = run(&executor(&config), Run { input, ..query(&guest::extension(22)) }).await;
    let answers = Vec::<Result<Response, u8>>::decode(&mut &returned(&result)[4..]).unwrap();
    assert_eq!(answers[1].as_ref().unwrap().text(), "GET [] ");
    assert_eq!([&answers[0], &answers[2], &answers[3], &answers[4]], [&Err(9); 4]);
    // Whatever was read of them was cut off: nothing that came whole was thrown away.
    assert_eq!(result.http.iter().filter(|call| call.result == HttpResult::Status(200)).count(), 1);
}

#[tokio::test]
async fn requests_beyond_the_connections_wait_and_are_late_in_the_end() {
    let server = server::http().await;
    let mut config = server.config();
    config.limits.grace = Duration::from_millis(100);
    let requests = ["/never", "/echo"].map(|path| get(server.url("http", path))).to_vec();
    // Whoever waits in vain does so for the whole time; who is answered is given more than a busy machine takes.
    for (connections, echoed, time) in [(1, false, 500u64), (2, true, 5_000)] {
        let resources = Resources { threads: 1, connections, ..Resources::default() };
        let Ok(executor) = Executor::new(&config, &resources, support::host(&[])) else { panic!() };
        let input = (requests.clone(), time).encode();
        let result = run(&executor, Run { input, ..query(&guest::extension(22)) }).await;
        let answers = Vec::<Result<Response, u8>>::decode(&mut &returned(&result)[4..]).unwrap();
        assert_eq!(answers[0], Err(5));
        assert_eq!(answers[1].is_ok(), echoed, "{:?}", answers[1]);
        // The place is free again.
        let input = get(server.url("http", "/echo")).encode();
        assert_eq!(response(&run(&executor, Run { input, ..query(&guest::fetcher()) }).await).status, 200);
    }
}

#[tokio::test]
async fn a_slow_server_is_late_and_the_guest_still_answers() {
    let server = server::http().await;
    let mut config = server.config();
    config.limits.wall_time = Duration::from_secs(6);
    config.limits.grace = Duration::from_millis(5_500);
    let result = fetch(&config, get(server.url("http", "/never"))).await;
    assert_eq!((response(&result).status, response(&result).reason), (524, "Timeout".into()));
    assert!(result.elapsed < Duration::from_secs(6), "{:?}", result.elapsed);
    assert!(!result.last_http_denied);
}

#[tokio::test]
async fn a_response_with_more_headers_than_the_limit_is_not_taken() {
    for (headers, status) in [(250, 200), (257, 523)] {
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{}\r\n", "a: b\r\n".repeat(headers - 1));
        let server = server::raw(text.leak().as_bytes()).await;
        let answer = response(&fetch(&server.config(), get(server.url("http", "/"))).await);
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_batch_answers_each_request() {
    let server = server::http().await;
    let requests = vec![
        get(server.url("http", "/echo")),
        get("https://127.0.0.1/"),
        get("nowhere"),
        get(server.url("http", "/huge")),
        get(server.url("http", "/never")),
    ];
    let mut config = server.config();
    config.limits.grace = Duration::from_millis(100);
    let input = (requests.clone(), 5_000u64).encode();
    let result = run(&executor(&config), Run { input, ..query(&guest::extension(22)) }).await;
    let data = returned(&result);
    let (code, mut body) = data.split_at(4);
    assert_eq!(code, [0; 4]);
    let answers = Vec::<Result<Response, u8>>::decode(&mut body).unwrap();
    assert_eq!(answers[0].as_ref().unwrap().text(), "GET [] ");
    assert_eq!([&answers[1], &answers[2], &answers[3], &answers[4]], [&Err(6), &Err(0), &Err(9), &Err(5)]);
    assert!(result.last_http_denied);
    assert_eq!(result.http.len(), 5);

    let six = ([&requests[..], &requests[..1]].concat(), 300u64).encode();
    let result = run(&executor(&config), Run { input: six, ..query(&guest::extension(22)) }).await;
    assert_eq!(returned(&result)[..4], 8u32.to_le_bytes());
}

/// Makes the request that is its input as often as `count` says, and returns the last answer.
fn repeating(count: u32) -> String {
    guest::contract(&format!(
        "(call $capacity (i32.const 60000))
        (call $input (i32.const 0) (i32.const 65532))
        (i32.store (i32.const 65528) (i32.load (i32.const 65532)))
        (loop
          (drop (call $extension (i32.const 1) (i32.load (i32.const 65528))))
          (i32.store (i32.const 65524) (i32.add (i32.const 1) (i32.load (i32.const 65524))))
          (br_if 0 (i32.lt_u (i32.load (i32.const 65524)) (i32.const {count}))))
        (call $return (i32.const 65536) (i32.load (i32.const 65532)))"
    ))
}

#[tokio::test]
async fn a_run_sends_and_receives_no_more_bytes_than_its_limits() {
    let server = server::http().await;
    let body = vec![b'x'; 10_000];
    let request = Request { method: "POST".into(), body, ..get(server.url("http", "/echo")) };
    let answer = async |config: &ExecutorConfig, count| {
        let input = request.encode();
        let result = run(&executor(config), Run { input, ..query(&repeating(count)) }).await;
        response(&result)
    };
    let mut config = server.config();
    config.limits.http.sent_bytes = 25_000;
    assert_eq!(answer(&config, 2).await.status, 200);
    let third = answer(&config, 3).await;
    assert_eq!((third.status, third.reason.as_str()), (523, "Too Many Requests"));
    assert!(third.text().contains("more than 25000 bytes together"), "{}", third.text());
    let mut config = server.config();
    config.limits.http.received_bytes = 25_000;
    assert_eq!(answer(&config, 2).await.status, 200);
    let third = answer(&config, 3).await;
    assert_eq!((third.status, third.reason.as_str()), (524, "Response Too Large"));
    assert!(third.text().contains("more than 25000 bytes together"), "{}", third.text());
    // Without an announced length too, and for a batch together.
    let input = (vec![get(server.url("http", "/huge")), get(server.url("http", "/huge"))], 5_000u64).encode();
    let result = run(&executor(&config), Run { input, ..query(&guest::extension(22)) }).await;
    assert_eq!(Vec::<Result<Response, u8>>::decode(&mut &returned(&result)[4..]).unwrap(), [Err(9), Err(9)]);
}

#[tokio::test]
async fn a_redirected_request_counts_each_time_it_is_sent() {
    let server = server::http().await;
    let mut config = server.config();
    let to = server.url("http", "/echo");
    let url = server.url("http", &format!("/redirect?code=307&to={to}"));
    let request = Request { method: "POST".into(), body: vec![b'x'; 10_000], ..get(url) };
    assert_eq!(response(&fetch(&config, request.clone()).await).status, 200);
    config.limits.http.sent_bytes = 15_000;
    assert_eq!(response(&fetch(&config, request).await).status, 523);
}

#[tokio::test]
async fn connections_that_one_contract_keeps_leave_those_of_others() {
    let server = server::http().await;
    let config = server.config();
    let resources = Resources { threads: 1, connections: 2, contract_connections: 1, ..Resources::default() };
    let Ok(executor) = Executor::new(&config, &resources, support::host(&[])) else { panic!() };
    let never = Run { input: get(server.url("http", "/never")).encode(), ..query(&guest::fetcher()) };
    let keeping: Vec<_> = (0..3)
        .map(|_| {
            let (executor, never) = (executor.clone(), never.clone());
            tokio::spawn(async move { run(&executor, never).await })
        })
        .collect();
    let input = get(server.url("http", "/echo")).encode();
    let other = Run { contract: phat_protocol::ContractId([8; 32]), input, ..query(&guest::fetcher()) };
    assert_eq!(response(&run(&executor, other).await).status, 200);
    assert!(keeping.iter().all(|keeping| !keeping.is_finished()));
    keeping.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_run_makes_no_more_requests_than_its_limit() {
    let server = server::http().await;
    let mut config = server.config();
    config.limits.http.requests = 2;
    for (count, status, reason) in [(2, 200, "OK"), (3, 523, "Too Many Requests")] {
        let input = get(server.url("http", "/echo")).encode();
        let result = run(&executor(&config), Run { input, ..query(&repeating(count)) }).await;
        assert_eq!((response(&result).status, response(&result).reason.as_str()), (status, reason));
        assert_eq!(result.http.len(), 2);
    }
    // A batch that would go beyond it is not begun.
    let input = (vec![get(server.url("http", "/echo")); 3], 300u64).encode();
    let result = run(&executor(&config), Run { input, ..query(&guest::extension(22)) }).await;
    assert_eq!((&returned(&result)[..], result.http.len()), (&8u32.to_le_bytes()[..], 0));
}
