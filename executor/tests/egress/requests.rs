//! What a guest's words become on the wire.

use crate::{
    fetch,
    support::http::{Request, get, response},
    wire::Wire,
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn no_word_of_a_guest_ends_a_line_of_its_request() {
    let injected = ["\r\nx-b: 1", "\nx-b: 1", "\rx-b: 1", "\r\n x-b: 1", "\r\n\r\nGET /b HTTP/1.1", "\0"];
    for line in injected {
        let server = Wire::answering(OK).await;
        let refused = async |request: Request, reason: &str| {
            let answer = response(&fetch(&server.config(), request).await);
            assert_eq!((answer.status, answer.reason.as_str()), (523, "Invalid Request"), "{line:?}");
            assert!(answer.text().contains(reason), "{line:?}: {}", answer.text());
        };
        let good = get(server.url("/a"));
        refused(
            Request { headers: vec![header("x-a", &format!("1{line}"))], ..good.clone() },
            "the value of header 0 is invalid",
        )
        .await;
        let second = vec![header("x-a", "1"), header(&format!("x-a: 1{line}"), "2")];
        refused(Request { headers: second, ..good.clone() }, "the name of header 1 is invalid").await;
        refused(Request { method: format!("GET /b HTTP/1.1{line}"), ..good.clone() }, "invalid method").await;
        refused(Request { method: format!("GET{line}"), ..good }, "invalid method").await;
        assert_eq!(server.connections(), 0);
        // A URL's parser takes line ends away, and escapes the rest.
        for url in
            [server.url(&format!("/a{line}")), server.url(&format!("/a?q={line}")), server.url(&format!("/a#{line}"))]
        {
            let heard = server.heard().len();
            assert_eq!(response(&fetch(&server.config(), get(url)).await).status, 200);
            let heard = &server.heard()[heard..];
            assert!(heard.starts_with("GET /a") && heard.matches("\r\n").count() == heard.matches('\n').count());
            assert_eq!(
                heard.to_lowercase().matches("\r\nx-b").count() + heard.matches("\r\nGET").count(),
                0,
                "{heard}"
            );
            assert_eq!(heard.lines().next().map(|line| line.split(' ').count()), Some(3), "{heard}");
        }
        assert_eq!(server.connections(), 3);
    }
}

#[tokio::test]
async fn what_belongs_to_the_connection_is_not_the_guests_to_say() {
    let server = Wire::answering(OK).await;
    let theirs = [
        ("Host", "elsewhere.test"),
        ("hOST", "elsewhere.test"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "x-a, upgrade"),
        ("Upgrade", "h2c"),
        ("TE", "trailers"),
        ("Trailer", "x-a"),
        ("Expect", "100-continue"),
        ("Proxy-Authorization", "Basic eDp5"),
    ];
    let headers = theirs.iter().map(|(name, value)| header(name, value)).chain([header("x-a", "1")]).collect();
    let request =
        Request { method: "POST".into(), headers, body: b"GET /b HTTP/1.1\r\n\r\n".to_vec(), ..get(server.url("/a")) };
    assert_eq!(response(&fetch(&server.config(), request).await).status, 200);
    let heard = server.heard();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.to_lowercase().lines().map(str::to_owned).collect();
    lines.sort();
    let host = format!("host: {}", server.address);
    assert_eq!(lines, ["accept: */*", "content-length: 19", &host, "post /a http/1.1", "x-a: 1"]);
    assert_eq!(body, "GET /b HTTP/1.1\r\n\r\n");
}

#[tokio::test]
async fn a_guest_opens_no_tunnel_and_switches_no_protocol() {
    let server =
        Wire::answering("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nraw").await;
    for method in ["CONNECT", "connect", "Connect"] {
        let answer =
            response(&fetch(&server.config(), Request { method: method.into(), ..get(server.url("/")) }).await);
        assert_eq!((answer.status, answer.text().as_str()), (523, "invalid method"));
    }
    assert_eq!(server.connections(), 0);
    // A server that switches unasked is not followed.
    let answer = response(&fetch(&server.config(), get(server.url("/"))).await);
    assert!(answer.status == 523 || (answer.status == 101 && answer.body.is_empty()), "{answer:?}");
}

#[tokio::test]
async fn a_name_of_thousands_of_bytes_and_as_many_headers_as_there_may_be_are_sent_as_they_are() {
    let server = Wire::answering(OK).await;
    let headers: Vec<_> = (0..256).map(|index| header(&format!("x-{index}"), &"v".repeat(200))).collect();
    let long = header(&"n".repeat(10_000), &"v".repeat(30_000));
    assert_eq!(response(&fetch(&server.config(), Request { headers, ..get(server.url("/a")) }).await).status, 200);
    assert_eq!(server.heard().matches(&"v".repeat(200)).count(), 256);
    let answer = response(&fetch(&server.config(), Request { headers: vec![long], ..get(server.url("/a")) }).await);
    assert_eq!(answer.status, 200);
    assert!(server.heard().contains(&format!("{}: {}\r\n", "n".repeat(10_000), "v".repeat(30_000))));
}
