//! URLs that hide where they lead.

use crate::{
    denied, fetch,
    support::{
        executor_of, guest, host,
        http::{get, response},
        query, run, server,
    },
};
use async_trait::async_trait;
use parity_scale_codec::Encode;
use phat_executor::{AllowEntry, Denial, Executor, ExecutorConfig, HttpResult, Resolver, Resources, Run};
use phat_protocol::ContractId;
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[tokio::test]
async fn an_address_is_judged_in_whatever_form_it_is_written() {
    let server = server::http().await;
    let port = server.address.port();
    for host in [
        // Octal, hexadecimal, decimal, with parts left out, and what another base makes of a leading zero.
        "0177.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "0x7f000001",
        "0X7F.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "0",
        "0000000000000000000177.0.0.1",
        // The last dot is a name's end and nothing more.
        "127.0.0.1.",
        "2130706433.",
        // Other digits and dots, and digits that are escaped.
        "１２７。０。０。１",
        "①②⑦.⓪.⓪.①",
        "127｡0｡0｡1",
        "%31%32%37.0.0.1",
        "%30x7f.1",
        // Addresses that carry one.
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::1]",
        "[2001:0:808:808::80ff:fffe]",
        "[::]",
        "[0::1]",
    ] {
        let result = fetch(&ExecutorConfig::default(), get(format!("https://{host}:{port}/"))).await;
        assert!(result.last_http_denied, "{host}: {:?}", result.http);
        assert!(matches!(denied(&result), Denial::Address { .. }), "{host}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_no_host_is_no_url() {
    for url in [
        "https://256.256.256.256/",
        "https://127.0.0.1.1/",
        "https://0x100000000/",
        "https://127.0.0.08/",
        "https://[::1%25eth0]/",
        "https://[::1/",
        "https://[fe80::1%eth0]/",
        "https://a b/",
        "https://a%00b/",
        "https://a%0d%0ab/",
        "https://example.com:65536/",
        "https://example.com:-1/",
        "https://example.com:443a/",
        "https:///",
        "https://:443/",
        "https://user@/",
        "//example.com/",
        "",
    ] {
        let result = fetch(&ExecutorConfig::default(), get(url)).await;
        let answer = response(&result);
        assert_eq!((answer.status, answer.reason.as_str()), (523, "Invalid Request"), "{url}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_scheme_but_https_leads_anywhere() {
    for url in ["file:///etc/passwd", "file://localhost/etc/passwd", "data:,x", "javascript:1", "about:blank", "blob:x"]
    {
        let answer = response(&fetch(&ExecutorConfig::default(), get(url)).await);
        assert_eq!((answer.status, answer.reason.as_str()), (523, "Invalid Request"), "{url}");
        assert!(!answer.text().contains("root:"), "{url}");
    }
    for scheme in ["http", "ftp", "ws", "wss", "gopher", "dict", "ldap", "unix", "file+http", "view-source", "hTTp"] {
        let result = fetch(&ExecutorConfig::default(), get(format!("{scheme}://example.com:8443/x"))).await;
        assert_eq!(denied(&result), Denial::Scheme(scheme.to_lowercase()), "{scheme}");
    }
    // A file on a host is the nearest to a file that a URL comes.
    let result = fetch(&ExecutorConfig::default(), get("file://example.com/etc/passwd")).await;
    assert_eq!(denied(&result), Denial::Scheme("file".into()));
}

#[tokio::test]
async fn port_0_and_every_low_port_but_443_are_denied() {
    for port in [0, 21, 25, 444, 853, 1023] {
        let result = fetch(&ExecutorConfig::default(), get(format!("https://example.com:{port}/"))).await;
        assert_eq!(denied(&result), Denial::Port(port));
    }
    // Of an address too, before that is judged.
    assert_eq!(denied(&fetch(&ExecutorConfig::default(), get("https://127.0.0.1:0/")).await), Denial::Port(0));
    let result = fetch(&ExecutorConfig::default(), get("https://127.0.0.1:00443/")).await;
    assert!(matches!(denied(&result), Denial::Address { .. }));
}

#[tokio::test]
async fn what_stands_before_an_at_sign_is_no_host() {
    let server = server::http().await;
    let port = server.address.port();
    for url in [
        format!("https://example.com@127.0.0.1:{port}/"),
        format!("https://example.com:443@127.0.0.1:{port}/"),
        format!("https://example.com%2f@127.0.0.1:{port}/"),
        format!("https://a@example.com@127.0.0.1:{port}/"),
        // A backslash is a slash, a tab and a line's end are nothing.
        format!("https://127.0.0.1:{port}\\@example.com/"),
        format!("https:\\\\127.0.0.1:{port}/"),
        format!("https://127.0.\t0.1:{port}/"),
        format!("ht\ntps://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}#@example.com/"),
        format!("https://127.0.0.1:{port}?@example.com/"),
        format!("https:127.0.0.1:{port}/"),
    ] {
        let result = fetch(&ExecutorConfig::default(), get(&url)).await;
        assert!(matches!(denied(&result), Denial::Address { .. }), "{url}");
    }
    // The pair that an allow entry opens is the host's, not that of the credentials.
    let result = fetch(&server.config(), get(format!("http://127.0.0.1:{port}@example.com/"))).await;
    assert_eq!(denied(&result), Denial::Scheme("http".into()));
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_is_looked_up_in_one_form_however_it_is_written() {
    let inside: &[(&str, &[&str])] = &[
        ("inside.test", &["127.0.0.1"]),
        ("inside.test.", &["127.0.0.1"]),
        ("xn--bcher-kva.test", &["10.0.0.1"]),
        ("xn--fa-hia.test", &["10.0.0.1"]),
    ];
    let executor = executor_of(&ExecutorConfig::default(), inside);
    for (written, name) in [
        ("INSIDE.test", "inside.test"),
        ("inside.test.", "inside.test."),
        ("ｉｎｓｉｄｅ.test", "inside.test"),
        ("inside。test", "inside.test"),
        ("in\u{ad}side.test", "inside.test"),
        ("%69nside.test", "inside.test"),
        ("Bücher.test", "xn--bcher-kva.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("faß.test", "xn--fa-hia.test"),
    ] {
        let input = get(format!("https://{written}:8443/")).encode();
        let result = run(&executor, Run { input, ..query(&guest::fetcher()) }).await;
        let Denial::Resolved { name: found, .. } = denied(&result) else { panic!("{written}") };
        assert_eq!(found, name, "{written}");
        assert_eq!(result.http[0].origin, format!("https://{name}:8443"));
    }
}

#[tokio::test]
async fn an_allow_entry_is_for_the_name_as_it_stands_there() {
    let server = server::http().await;
    let port = server.address.port();
    let mut config = ExecutorConfig::default();
    config.egress.allow.push(AllowEntry { host: "open.test".into(), port, http: true, root_pem: None });
    let names: Vec<_> = ["open.test", "open.test.", "www.open.test", "open.test.evil.test", "xn--bcher-kva.open.test"]
        .map(|name| (name, &["127.0.0.1"][..]))
        .into();
    let executor = executor_of(&config, &names);
    let fetch = async |url: String| run(&executor, Run { input: get(url).encode(), ..query(&guest::fetcher()) }).await;
    assert_eq!(response(&fetch(format!("http://OPEN.test:{port}/echo")).await).status, 200);
    for name in ["open.test.", "www.open.test", "open.test.evil.test", "bücher.open.test"] {
        assert_eq!(denied(&fetch(format!("http://{name}:{port}/echo")).await), Denial::Scheme("http".into()), "{name}");
        let result = fetch(format!("https://{name}:{port}/echo")).await;
        assert!(matches!(denied(&result), Denial::Resolved { .. }), "{name}");
    }
    // Another port of the name, and its address, are not open.
    let other = fetch(format!("https://open.test:{}/", port ^ 1)).await;
    assert!(matches!(denied(&other), Denial::Resolved { .. }));
    assert!(matches!(denied(&fetch(format!("https://127.0.0.1:{port}/")).await), Denial::Address { .. }));
}

/// Answers with a public address first, and with the host's own from then on.
#[derive(Default)]
struct Rebinding(AtomicUsize);

#[async_trait]
impl Resolver for Rebinding {
    async fn resolve(&self, _contract: ContractId, _name: &str) -> io::Result<Vec<IpAddr>> {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        // The Port Control Protocol's anycast address is globally reachable by the registry, and serves no https.
        let public = Ipv4Addr::new(192, 0, 0, 9);
        Ok(vec![if first { public } else { Ipv4Addr::LOCALHOST }.into()])
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_after_it_was_judged_gains_nothing() {
    let server = server::http().await;
    let resolver = Arc::new(Rebinding::default());
    let mut config = ExecutorConfig::default();
    config.limits.http.timeout = Duration::from_millis(300);
    let services = phat_executor::HostServices { resolver: Arc::clone(&resolver) as _, ..host(&[]) };
    let Ok(executor) = Executor::new(&config, &Resources::default(), services) else { panic!() };
    let input = get(format!("https://rebinding.test:{}/", server.address.port())).encode();
    let fetch = async || run(&executor, Run { input: input.clone(), ..query(&guest::fetcher()) }).await;
    // What was judged is what is connected to: nobody asks a second time.
    let first = fetch().await;
    assert!(matches!(first.http[0].result, HttpResult::Failed(_)), "{:?}", first.http);
    assert_eq!(resolver.0.load(Ordering::SeqCst), 1);
    let Denial::Resolved { address, .. } = denied(&fetch().await) else { panic!() };
    assert_eq!(address, IpAddr::from(Ipv4Addr::LOCALHOST));
    assert_eq!((resolver.0.load(Ordering::SeqCst), server.connections.load(Ordering::SeqCst)), (2, 0));
}

#[tokio::test]
async fn of_several_addresses_one_that_is_forbidden_denies_all_wherever_it_stands() {
    let public = "93.184.216.34";
    for forbidden in ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1", "0.0.0.0"] {
        for addresses in [[public, public, forbidden], [public, forbidden, public], [forbidden, public, public]] {
            let executor = executor_of(&ExecutorConfig::default(), &[("mixed.test", &addresses)]);
            let input = get("https://mixed.test/").encode();
            let result = run(&executor, Run { input, ..query(&guest::fetcher()) }).await;
            let Denial::Resolved { address, .. } = denied(&result) else { panic!("{addresses:?}") };
            assert_eq!(address.to_string(), forbidden);
        }
    }
}
