//! Servers that mean harm: whatever they send, the guest gets a whole response or the reason why there is none, in
//! time, and keeps no more of it than its limits say.

use crate::{
    fetch,
    support::{
        executor, guest,
        http::{Response, get, response},
        query, run,
    },
    wire::Wire,
};
use parity_scale_codec::Encode;
use phat_executor::{ExecutorConfig, Run};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// With time for what should be given up.
fn hurried(server: &Wire) -> ExecutorConfig {
    let mut config = server.config();
    config.limits.http.timeout = Duration::from_millis(500);
    config
}

async fn answer_of(server: &Wire) -> Response {
    response(&fetch(&hurried(server), get(server.url("/"))).await)
}

#[tokio::test]
async fn a_body_that_trickles_is_late() {
    let server = Wire::speaking(|mut stream| async move {
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
        while sent.is_ok() {
            // Each byte comes well before the time is over: it's the whole that counts.
            tokio::time::sleep(Duration::from_millis(20)).await;
            sent = stream.write_all(b"x").await;
        }
    })
    .await;
    let result = fetch(&hurried(&server), get(server.url("/"))).await;
    assert_eq!((response(&result).status, response(&result).reason.as_str()), (524, "Timeout"));
    assert!(result.http[0].duration < Duration::from_secs(5), "{:?}", result.http[0].duration);
}

#[tokio::test]
async fn headers_that_trickle_are_late() {
    let server = Wire::speaking(|mut stream| async move {
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while sent.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            sent = stream.write_all(b"a").await;
        }
    })
    .await;
    let answer = answer_of(&server).await;
    assert_eq!((answer.status, answer.reason.as_str()), (524, "Timeout"));
}

#[tokio::test]
async fn redirects_that_trickle_share_one_time() {
    let server = Wire::speaking(|mut stream| async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n").await;
    })
    .await;
    // Six times 200 ms, each of which is less than the 500 ms that there are.
    let answer = answer_of(&server).await;
    assert_eq!((answer.status, answer.reason.as_str()), (524, "Timeout"));
}

#[tokio::test]
async fn heads_without_end_are_given_up() {
    for (beginning, flood) in [
        ("", "x"),
        ("", "\r\n"),
        ("HTTP/1.1 200 ", "x"),
        ("HTTP/1.1 200 OK\r\n", "a"),
        ("HTTP/1.1 200 OK\r\na: ", "b"),
        ("HTTP/1.1 200 OK\r\n", "a: b\r\n"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"),
    ] {
        let server = Wire::flooding(beginning, flood).await;
        let answer = answer_of(&server).await;
        assert!(matches!(answer.status, 523 | 524), "{beginning:?} {flood:?}: {answer:?}");
    }
}

#[tokio::test]
async fn bodies_without_end_are_cut_however_they_are_framed() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (beginning, flood, status) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x", 524),
        (CHUNKED, "1\r\nx\r\n", 524),
        (CHUNKED, "ff\r\n", 523),
        // A chunk's size, its extension, and the trailers, without end.
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=", "b", 523),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "a: b\r\n", 523),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: ", "b", 523),
    ] {
        let server = Wire::flooding(beginning, flood).await;
        let mut config = server.config();
        config.limits.http.response_bytes = 10_000;
        let answer = response(&fetch(&config, get(server.url("/"))).await);
        assert_eq!(answer.status, status, "{beginning:?} {flood:?}: {}", answer.text());
        assert!(status != 524 || answer.text().contains("longer than 10000 bytes"), "{}", answer.text());
    }
    // Zeros before a chunk's size are no size yet: time alone ends them.
    let answer = answer_of(&Wire::flooding(CHUNKED, "0").await).await;
    assert_eq!((answer.status, answer.reason.as_str()), (524, "Timeout"));
}

#[tokio::test]
async fn a_response_whose_length_is_in_doubt_is_none() {
    for head in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: -5\r\n",
        "content-length: +5\r\n",
        "content-length: 0x5\r\n",
        "content-length: 5 5\r\n",
        "content-length: 99999999999999999999999999\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "content-length : 5\r\n",
        "content-length:\t5\0\r\n",
        "a\r\n",
        ": a\r\n",
        " folded: 5\r\n",
    ] {
        let server = Wire::answering(format!("HTTP/1.1 200 OK\r\n{head}\r\nhelloHTTP/1.1 200 OK\r\n\r\n")).await;
        let answer = answer_of(&server).await;
        // A connection that ends is the one other framing that there is: then all of it is the body.
        assert!(answer.status == 523 || answer.text().starts_with("helloHTTP"), "{head:?}: {answer:?}");
        assert_ne!(answer.text(), "hello", "{head:?}");
    }
}

#[tokio::test]
async fn malformed_chunks_are_no_body() {
    for chunks in [
        "g\r\nhello\r\n0\r\n\r\n",
        "-1\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloworld\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n",
        "5\r\nhel",
        "\r\nhello\r\n0\r\n\r\n",
    ] {
        let server = Wire::answering(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}")).await;
        let answer = answer_of(&server).await;
        assert!(answer.status == 523 || answer.status == 524, "{chunks:?}: {answer:?}");
    }
}

#[tokio::test]
async fn length_and_chunks_together_are_read_as_chunks_and_the_rest_reaches_nobody() {
    // RFC 9112, 6.3: chunks count. What the length would have left over must not be the next response.
    let server = Wire::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled",
    )
    .await;
    let executor = executor(&server.config());
    for _ in 0..3 {
        let input = get(server.url("/")).encode();
        let answer = response(&run(&executor, Run { input, ..query(&guest::fetcher()) }).await);
        assert!(answer.text() == "hello" || answer.status == 523, "{answer:?}");
    }
}

#[tokio::test]
async fn a_second_response_to_one_request_answers_nobody() {
    // On a connection that stays open, since that is where the next request would look for its response.
    let server = Wire::speaking(|mut stream| async move {
        let mine = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nmine";
        let smuggled = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
        let _ = stream.write_all(&[&mine[..], smuggled].concat()).await;
        let mut next = [0; 1_024];
        while stream.read(&mut next).await.is_ok_and(|read| read > 0) {
            let _ = stream.write_all(mine).await;
        }
    })
    .await;
    let executor = executor(&server.config());
    for _ in 0..5 {
        let input = get(server.url("/")).encode();
        let answer = response(&run(&executor, Run { input, ..query(&guest::fetcher()) }).await);
        assert_eq!((answer.status, answer.text().as_str()), (200, "mine"));
    }
}

#[tokio::test]
async fn a_response_without_a_body_has_none_whatever_it_says() {
    for (method, status) in [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")] {
        let server = Wire::answering(format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\nhello")).await;
        let request = crate::support::http::Request { method: method.into(), ..get(server.url("/")) };
        let answer = response(&fetch(&hurried(&server), request).await);
        assert_eq!((answer.body.as_slice(), &answer.status.to_string()), (&b""[..], &status[..3].to_owned()));
    }
}

#[tokio::test]
async fn what_is_compressed_stays_so() {
    // 10 MiB of zeros by `gzip -9` are some 10 KB: whoever unpacked them would keep what was never sent. This is
    // gzip's head with a body that is none, which nobody who looks into it would take.
    let body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03 not deflated";
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n", body.len());
        let server = Wire::answering([head.as_bytes(), body].concat()).await;
        let answer = answer_of(&server).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &body[..]), "{encoding}");
        assert!(answer.headers.contains(&("content-encoding".into(), encoding.into())));
        assert!(!server.heard().to_lowercase().contains("accept-encoding"), "{}", server.heard());
    }
}

#[tokio::test]
async fn other_protocols_than_http_1_are_none() {
    for answer in [
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 99 x\r\n\r\n",
        "HTTP/1.1 2000 x\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\0\0\0\0",
        "{\"a\": 1}",
        "HTTP/1.1 -20 x\r\n\r\n",
    ] {
        let server = Wire::answering(answer).await;
        assert_eq!(answer_of(&server).await.status, 523, "{answer:?}");
    }
}
