use crate::config::{ChainKind, Config, ConfigError, EndpointsConfig};
use std::{path::Path, time::Duration};

const REST: &str = "[chains.base]\nkind = \"evm\"\nchain_id = 1\noracle = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\"\n\
                    key_env = \"KEY\"\n";
const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

fn parse(endpoints: &str, variables: &[(&str, &str)]) -> Result<EndpointsConfig, Vec<String>> {
    let variables = variables.iter().copied().chain([("KEY", KEY)]).collect();
    match Config::parse(&format!("{REST}{endpoints}"), Path::new(""), &variables) {
        Ok(mut config) => match config.chains.remove("base").unwrap().kind {
            ChainKind::Evm(evm) => Ok(evm.endpoints),
            ChainKind::Substrate(other) => panic!("{other:?}"),
        },
        Err(ConfigError::Mistakes { mistakes, .. }) => Err(mistakes.iter().map(ToString::to_string).collect()),
        Err(other) => panic!("{other}"),
    }
}

/// The one mistake that there is.
#[track_caller]
fn mistake(endpoints: &str) -> String {
    let mut mistakes = parse(endpoints, &[]).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes.remove(0)
}

#[test]
fn one_endpoint_has_a_short_form() {
    let found = parse("rpc_url = \"http://node:8545/key\"\nws_url = \"ws://node:8546\"\n", &[]).unwrap();
    let [endpoint] = &found.endpoints[..] else { panic!("{found:?}") };
    assert_eq!((endpoint.name.as_str(), endpoint.priority), ("http://node:8545", 0));
    assert!(endpoint.ws_url.is_some());
    assert_eq!((found.read_quorum.get(), found.max_lag, found.probe_interval), (1, 5, Duration::from_secs(15)));
}

#[test]
fn several_have_names_priorities_and_web_sockets_of_their_own() {
    let text = "read_quorum = 2\nmax_lag = 30\nprobe_interval = \"1m\"\n\
                [[chains.base.endpoints]]\nurl = \"https://a.example/key\"\n\
                [[chains.base.endpoints]]\nurl = \"https://a.example/other\"\npriority = 1\n\
                [[chains.base.endpoints]]\nname = \"own-node\"\nurl = \"http://127.0.0.1:1\"\nws_url = \"ws://127.0.0.1:2\"\n";
    let found = parse(text, &[]).unwrap();
    let shown: Vec<(&str, u32, bool)> =
        found.endpoints.iter().map(|it| (it.name.as_str(), it.priority, it.ws_url.is_some())).collect();
    let expected = [("https://a.example", 0, false), ("https://a.example (2)", 1, false), ("own-node", 0, true)];
    assert_eq!(shown, expected);
    assert_eq!((found.read_quorum.get(), found.max_lag, found.probe_interval), (2, 30, Duration::from_secs(60)));
}

#[test]
fn the_short_form_comes_from_the_environment_too() {
    let found = parse("", &[("PHAT_RELAYER__CHAINS__BASE__RPC_URL", "https://b.example")]).unwrap();
    assert_eq!(found.endpoints[0].name, "https://b.example");
}

#[test]
fn both_forms_at_once_and_neither_are_mistakes() {
    let list = "[[chains.base.endpoints]]\nurl = \"https://a.example\"\n";
    let both = mistake(&format!("rpc_url = \"https://b.example\"\n{list}"));
    assert!(both.starts_with("chains.base.rpc_url (PHAT_RELAYER__CHAINS__BASE__RPC_URL)"), "{both}");
    assert!(both.ends_with("keep one of the two"), "{both}");
    let socket = mistake(&format!("ws_url = \"wss://b.example\"\n{list}"));
    assert!(socket.ends_with("keep one of the two"), "{socket}");
    let neither = mistake("");
    assert!(neither.contains("is required, or [[chains.base.endpoints]]"), "{neither}");
    assert!(mistake("endpoints = []\n").contains("at least one endpoint is required"));
    assert!(mistake("ws_url = \"wss://b.example\"\n").starts_with("chains.base.rpc_url"));
}

#[test]
fn every_mistake_of_a_list_is_named_with_its_place_and_no_secret() {
    let text = "read_quorum = 0\nmax_lag = \"far\"\n\
                [[chains.base.endpoints]]\nname = \"a\"\nurl = \"https://a.example\"\n\
                [[chains.base.endpoints]]\nname = \"a\"\nurl = \"https://b.example\"\n\
                [[chains.base.endpoints]]\nname = \"No Name\"\nurl = \"user:word@host\"\npriorty = 1\n\
                [[chains.base.endpoints]]\nws_url = \"https://c.example\"\n";
    let mistakes = parse(text, &[]).unwrap_err();
    for expected in [
        "chains.base.endpoints[1].name: another endpoint is called a",
        "chains.base.endpoints[2].name: an endpoint's name has",
        "chains.base.endpoints[2].url: ",
        "chains.base.endpoints[2].priorty: is unknown; did you mean priority?",
        "chains.base.endpoints[3].url: is required",
        "chains.base.endpoints[3].ws_url: expected a ws or wss URL",
        "chains.base.read_quorum (",
        "chains.base.max_lag (",
    ] {
        assert!(mistakes.iter().any(|mistake| mistake.starts_with(expected)), "{expected}: {mistakes:#?}");
    }
    assert_eq!(mistakes.len(), 8, "{mistakes:#?}");
    assert!(!mistakes.concat().contains("word"), "{mistakes:#?}");
}

#[test]
fn a_quorum_needs_as_many_endpoints() {
    let found = mistake("rpc_url = \"https://a.example\"\nread_quorum = 2\n");
    assert!(found.contains("expected at most 1, the number of endpoints, found 2"), "{found}");
}
