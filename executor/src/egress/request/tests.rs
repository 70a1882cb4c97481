use super::*;

#[test]
fn an_origin_holds_neither_path_nor_credentials() {
    assert_eq!(origin_of("https://user:key@example.com:8443/secret?token=1#x"), "https://example.com:8443");
    assert_eq!(origin_of("https://example.com:443/"), "https://example.com");
    assert_eq!(origin_of("secret"), "(not a URL)");
    assert_eq!(origin_of("data:text/plain,secret"), "(not a URL)");
    assert!(origin_of(&format!("https://{}.com/", "a.".repeat(5000))).len() <= LONGEST_ORIGIN);
}

#[test]
fn headers_of_the_connection_are_left_out_and_all_others_are_kept_in_number_and_order() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = HttpRequest {
        url: "https://example.com/".into(),
        method: "get".into(),
        headers: vec![
            header("HOST", "elsewhere"),
            header("X-A", "1"),
            header("Transfer-Encoding", "chunked"),
            header("x-a", "2"),
            header("Authorization", "Bearer t"),
        ],
        body: Vec::new(),
    };
    let request = Request::parse(request, &HttpLimits::default()).unwrap();
    assert_eq!(request.method, Method::GET);
    let values: Vec<_> = request.headers.get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
    assert_eq!(request.headers.len(), 3);
    assert!(!request.headers.contains_key(header::HOST));
}
