//! Substrate chains.

use super::{SUBSTRATE, mistakes, parse, whole_sample};
use crate::config::ChainKind;
use phat_connector::Finality;
use phat_connector_substrate::Submission;
use phat_protocol::Amount;

/// What the reader knows in a Substrate chain's sections stands in the sample: there, or in the EVM chain's.
#[test]
fn the_sample_shows_every_setting_of_a_substrate_chain() {
    let unknown = "qqqqqqqqqqqqqqqqqqqqqqqqqqq = 1\n";
    let text = format!("{SUBSTRATE}{unknown}[chains.relay.tips]\n{unknown}");
    let sample: toml::Table = whole_sample().parse().unwrap();
    let (chains, mistakes) = (&sample["chains"], mistakes(&text, &[]));
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    for (mistake, tables) in mistakes
        .iter()
        .zip([[&chains["relay"]["tips"], &chains["relay"]["tips"]], [&chains["relay"], &chains["local"]]])
    {
        let (_, known) = mistake.split_once("known here: ").unwrap();
        for key in known.split(", ").filter(|key| !["endpoints", "tips"].contains(key)) {
            assert!(tables.iter().any(|table| table.get(key).is_some()), "{key}");
        }
    }
}

#[test]
fn a_substrate_chain_has_its_own_settings() {
    let text = SUBSTRATE.replace("key_file = \"wallet.key\"", "key_env = \"URI\"\nkey_scheme = \"ed25519\"");
    let more = "instance = \"Oracle\"\nfinality = \"latest - 2\"\nmortality = 128\nsubmission = \"unsigned\"\nmin_balance = \"7 planck\"\n\
                tips = { max_tip = \"9 planck\" }\n";
    let config = parse(&format!("{text}{more}"), &[("URI", "//Alice")]).unwrap();
    let ChainKind::Substrate(chain) = &config.chains["relay"].kind else { panic!("{config:?}") };
    assert_eq!((chain.instance.as_str(), chain.finality, chain.mortality), ("Oracle", Finality::Latest(2), 128));
    assert_eq!(chain.submission, Submission::Unsigned);
    assert_eq!(chain.wallets[0].min_balance, Some(Amount::from(7)));
    assert_eq!(chain.tips.max_tip, Some(Amount::from(9)));
    // Alice of the development phrase, by ed25519.
    let alice = "88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee";
    assert_eq!(hex::encode(chain.wallets[0].signer.account()), alice);

    for (more, expected) in [
        ("mortality = 100\n", "expected a power of two"),
        ("mortality = 2\n", "expected a power of two"),
        ("tips = { min_tip = \"2 planck\", max_tip = \"1 planck\" }\n", "no less than min_tip"),
        ("tips = { min_tip = \"1 wei\" }\n", "planck"),
        ("submission = \"free\"\n", "expected signed or unsigned"),
        ("chain_id = 1\n", "chain_id (PHAT_RELAYER__CHAINS__RELAY__CHAIN_ID): is unknown"),
        ("signer_url = \"http://127.0.0.1:9000\"\n", "signer_url"),
        ("key_scheme = \"rsa\"\n", "expected sr25519, ed25519 or ecdsa"),
    ] {
        let found = mistakes(&format!("{SUBSTRATE}{more}"), &[]);
        assert!(matches!(&found[..], [one] if one.contains(expected)), "{more}: {found:?}");
    }
    let several = text.replace("key_env = \"URI\"\nkey_scheme = \"ed25519\"", "submission = \"unsigned\"");
    let several =
        format!("{several}[[chains.relay.wallets]]\nkey_env = \"A\"\n[[chains.relay.wallets]]\nkey_env = \"B\"\n");
    let found = mistakes(&several, &[("A", "//Alice"), ("B", "//Bob")]);
    assert!(matches!(&found[..], [one] if one.contains("expected signed with several wallets")), "{found:?}");
    let found = mistakes(&SUBSTRATE.replace("0x45", "0x4"), &[]);
    assert!(matches!(&found[..], [one] if one.contains("the hash of the chain's first block")), "{found:?}");
    let found = mistakes(&text, &[("URI", "correct horse battery")]);
    assert!(matches!(&found[..], [one] if one.contains("chains.relay.key_env") && !one.contains("horse")), "{found:?}");
}
