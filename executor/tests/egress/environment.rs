//! What the host's environment says of proxies and of roots reaches no guest.

use crate::{
    fetch,
    support::{
        http::{get, response},
        server,
    },
    wire::Wire,
};
use std::process::Command;

/// Set in the child: the address of the proxy that its environment names.
const CHILD: &str = "PHAT_TEST_PROXY";

#[tokio::test]
async fn proxies_in_the_environment_are_ignored() {
    if std::env::var_os(CHILD).is_some() {
        let server = server::http().await;
        let result = fetch(&server.config(), get(server.url("http", "/echo"))).await;
        assert_eq!(response(&result).text(), "GET [] ");
        // What is denied is denied, and not left to a proxy; what has no address is not given to one either.
        for url in ["https://10.0.0.1/", "http://example.com/", "https://nowhere.test/"] {
            assert_eq!(response(&fetch(&server.config(), get(url)).await).status, 523, "{url}");
        }
        return;
    }
    let proxy = Wire::answering("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nproxied").await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "environment::proxies_in_the_environment_are_ignored", "--nocapture"]);
    child.env(CHILD, proxy.address.to_string()).env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        let url = proxy.url("/");
        child.env(name, &url).env(name.to_lowercase(), &url);
    }
    // A list of exceptions that is empty: there is none.
    child.env("NO_PROXY", "").env("no_proxy", "").env_remove("REQUEST_METHOD");
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(proxy.connections(), 0, "{}", proxy.heard());
}
