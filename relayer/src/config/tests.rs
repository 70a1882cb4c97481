mod substrate;

use super::{ChainKind, Config, ConfigError, DatabaseConfig, Environment, EvmConfig, SAMPLE};
use phat_connector::Finality;
use phat_enclave_api::Endpoint;
use phat_protocol::Amount;
use phat_telemetry::LogFormat;
use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path, time::Duration};
use tempfile::TempDir;

const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const CHAIN: &str = r#"
[chains.local]
kind = "evm"
rpc_url = "http://user:word@127.0.0.1:8545/apikey"
chain_id = 31337
oracle = "0x5fbdb2315678afecb367f032d93f642f64180aa3"
key_file = "wallet.key"
"#;

const SUBSTRATE: &str = r#"
[chains.relay]
kind = "substrate"
rpc_url = "ws://127.0.0.1:9944"
genesis = "0x4545454545454545454545454545454545454545454545454545454545454545"
key_file = "wallet.key"
"#;

/// A directory with a wallet's key and a token.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("wallet.key");
    std::fs::write(&key, format!("0x{KEY}\n")).unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    std::fs::write(directory.path().join("api-token"), "a token of no secrecy".replace(' ', "-")).unwrap();
    directory
}

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = directory();
    Config::parse(text, directory.path(), &variables.iter().copied().collect())
}

/// The chain `local`.
fn evm(config: &Config) -> &EvmConfig {
    match &config.chains["local"].kind {
        ChainKind::Evm(evm) => evm,
        ChainKind::Substrate(other) => panic!("{other:?}"),
    }
}

/// Every mistake as it is printed.
fn mistakes(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match parse(text, variables).unwrap_err() {
        ConfigError::Mistakes { mistakes, .. } => mistakes.iter().map(ToString::to_string).collect(),
        other @ (ConfigError::Unreadable { .. } | ConfigError::Syntax { .. }) => panic!("{other}"),
    }
}

/// The sample with the settings that are commented out.
fn whole_sample() -> String {
    SAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => rest,
            Some(_) | None => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_key(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn the_sample_is_the_default() {
    let directory = directory();
    let parse = |text| Config::parse(text, directory.path(), &Environment::default()).unwrap();
    assert_eq!(format!("{:?}", parse(SAMPLE)), format!("{:?}", parse("")));
}

#[test]
fn the_samples_chain_shows_the_defaults() {
    let directory = directory();
    std::fs::write(directory.path().join("ca.pem"), "a certificate").unwrap();
    let without_alternatives = |text: &str| {
        let unwanted = [
            "key_env",
            "keystore_file",
            "password_",
            "signer_url",
            "public_key",
            "min_balance",
            "min_priority_fee",
            "max_fee",
            "ca_certificate",
            "ws_url",
            "addr_file",
            "otlp_endpoint",
            "min_tip",
            "max_tip",
        ];
        text.lines().filter(|line| !unwanted.iter().any(|key| line.starts_with(key))).collect::<Vec<_>>().join("\n")
    };
    let parse = |text: &str| Config::parse(text, directory.path(), &Environment::default()).unwrap();
    let sample = parse(&without_alternatives(&whole_sample()));
    let least = parse(&format!("{}{SUBSTRATE}", CHAIN.replace("user:word@", "").replace("/apikey", "")));
    assert_eq!(format!("{sample:?}"), format!("{least:?}"));
}

#[test]
fn the_sample_shows_every_setting() {
    // A misspelt key in every section makes the reader list what it knows there.
    let sections = ["api", "database", "enclave", "execute", "submit", "job_runs", "retry"];
    let mut text: String =
        sections.iter().map(|section| format!("[{section}]\nqqqqqqqqqqqqqqqqqqqqqqqqqqq = 1\n")).collect();
    text.push_str(CHAIN);
    text.push_str("qqqqqqqqqqqqqqqqqqqqqqqqqqq = 1\n[chains.local.fees]\nqqqqqqqqqqqqqqqqqqqqqqqqqqq = 1\n");
    let sample: toml::Table = whole_sample().parse().unwrap();
    let mistakes = mistakes(&text, &[]);
    assert_eq!(mistakes.len(), sections.len() + 2, "{mistakes:?}");
    for mistake in mistakes {
        let section = mistake.split(".qqq").next().unwrap();
        let table = section.split('.').fold(&toml::Value::Table(sample.clone()), |value, key| &value[key]).clone();
        let (_, known) = mistake.split_once("known here: ").unwrap();
        // The list of endpoints takes the place of others, and is shown as text.
        let mut known: Vec<&str> = known.split(", ").filter(|key| *key != "endpoints").collect();
        known.sort_unstable();
        let shown: Vec<&String> = table.as_table().unwrap().keys().collect();
        let mut shown: Vec<&str> = shown.into_iter().map(String::as_str).collect();
        shown.sort_unstable();
        assert_eq!(known, shown, "section {section}");
    }
}

#[test]
fn settings_get_their_types_and_paths_follow_the_file() {
    let directory = directory();
    let text = format!("[enclave]\nendpoint = \"unix:run/enclave.sock\"\n{CHAIN}finality = \"latest - 3\"\n");
    let path = directory.path().join("relayer.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path, &Environment::default()).unwrap();
    assert_eq!(config.enclave.endpoint, Endpoint::Unix(directory.path().join("run/enclave.sock")));
    assert_eq!(config.database, DatabaseConfig::Sqlite(directory.path().join("relayer.db")));
    assert!(config.api.token.as_ref().unwrap().matches("a-token-of-no-secrecy"));
    assert!(!config.api.token.as_ref().unwrap().matches("a-token-of-no-secrecyy"));
    let evm = evm(&config);
    assert_eq!((evm.chain_id, evm.finality), (31337, Finality::Latest(3)));
}

#[test]
fn three_mistakes_give_three_messages() {
    let text = format!(
        "[execute]\nlease = \"soon\"\n[submit]\nbach = 5\n{}",
        CHAIN.replace("chain_id = 31337", "chain_id = \"one\"")
    );
    assert_eq!(
        mistakes(&text, &[]),
        [
            "execute.lease (PHAT_RELAYER__EXECUTE__LEASE): expected a duration such as \"30s\", found \"soon\": \
             expected number at 0",
            "submit.bach (PHAT_RELAYER__SUBMIT__BACH): is unknown; did you mean batch?",
            "chains.local.chain_id (PHAT_RELAYER__CHAINS__LOCAL__CHAIN_ID): expected a whole number, 0 or more, found text",
        ]
    );
}

#[test]
fn the_environment_is_above_the_file() {
    let variables = [
        ("PHAT_RELAYER__SUBMIT__BATCH", "7"),
        ("PHAT_RELAYER__ENCLAVE__ALLOW_SIMULATED", "true"),
        ("PHAT_RELAYER__CHAINS__LOCAL__POLL_INTERVAL", "1h"),
        ("PHAT_RELAYER_API_TOKEN", "no setting"),
    ];
    let config = parse(&format!("[submit]\nbatch = 5\n{CHAIN}"), &variables).unwrap();
    assert_eq!(config.submit.batch.get(), 7);
    assert!(config.enclave.allow_simulated);
    assert_eq!(config.chains["local"].poll_interval, Duration::from_secs(3600));
}

#[test]
fn a_chain_can_come_from_the_environment_alone() {
    let variables = [
        ("PHAT_RELAYER__CHAINS__BASE__KIND", "evm"),
        ("PHAT_RELAYER__CHAINS__BASE__RPC_URL", "https://node.example"),
        ("PHAT_RELAYER__CHAINS__BASE__CHAIN_ID", "8453"),
        ("PHAT_RELAYER__CHAINS__BASE__ORACLE", "0x5fbdb2315678afecb367f032d93f642f64180aa3"),
        ("PHAT_RELAYER__CHAINS__BASE__KEY_ENV", "BASE_KEY"),
        ("BASE_KEY", KEY),
    ];
    assert_eq!(parse("", &variables).unwrap().chains["base"].from_block, 0);
}

#[test]
fn wrong_variables_are_named() {
    let variables =
        [("PHAT_RELAYER__SUBMIT__BATCH", "many"), ("PHAT_RELAYER__SUMBIT__BATCH", "7"), ("PHAT_RELAYER__API", "x")];
    let mistakes = mistakes("[api]\npublic = false\n", &variables);
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    assert!(
        mistakes.iter().any(|text| text.starts_with("sumbit (PHAT_RELAYER__SUMBIT): is unknown; did you mean submit?"))
    );
    assert!(mistakes.iter().any(|text| text.starts_with("api (PHAT_RELAYER__API):")));
    assert!(mistakes.iter().any(|text| text.contains("found \"many\"")));
}

#[test]
fn an_address_that_others_reach_must_be_meant() {
    let refused = mistakes("[api]\nlisten = \"0.0.0.0:8750\"", &[]);
    assert!(refused[0].contains("set api.public = true"), "{refused:?}");
    assert!(parse("[api]\nlisten = \"0.0.0.0:8750\"\npublic = true", &[]).is_ok());
    assert!(parse("[api]\nlisten = \"[::1]:8750\"", &[]).is_ok());
}

#[test]
fn bounds_are_checked() {
    for (text, expected) in [
        ("[submit]\nbatch = 0", "at least 1"),
        ("[submit]\nbatch = -1", "found -1"),
        ("[submit]\nmax_bumps = 4294967296", "at most 4294967295"),
        ("[retry]\ninitial = \"0s\"", "above zero"),
        ("[retry]\ninitial = \"1m\"", "no longer than retry.max"),
        ("[execute]\nlease = \"60s\"", "longer than enclave.run_timeout"),
        ("[enclave]\nendpoint = \"http://10.0.0.1:80\"", "loopback"),
        ("[database]\nurl = \"postgres://user:word@host/db\"", "sqlite:"),
        ("api = 3", "expected a section [api]"),
        ("[api.listen]\nport = 1", "expected a value, found a section"),
        ("[chains.Main]\nkind = \"evm\"", "lower-case"),
        ("[chains.main]\nkind = \"cosmos\"", "expected \"evm\" or \"substrate\""),
    ] {
        let found = mistakes(text, &[]);
        assert!(found.iter().any(|mistake| mistake.contains(expected)), "{text}: {found:?}");
        assert!(!found.iter().any(|mistake| mistake.contains("word")), "{found:?}");
    }
}

#[test]
fn a_wallet_needs_exactly_one_place() {
    let none = CHAIN.replace("key_file = \"wallet.key\"", "");
    assert!(mistakes(&none, &[])[0].contains("key_file, key_env, keystore_file or signer_url is required"));
    assert!(mistakes(&format!("{CHAIN}key_env = \"NAME\""), &[])[0].contains("keep one"));
    assert!(mistakes(&CHAIN.replace("wallet.key", "nowhere.key"), &[])[0].contains("nowhere.key can't be read"));
    assert!(mistakes(&format!("{none}key_env = \"NAME\""), &[])[0].contains("NAME is not set"));
    assert!(parse(&format!("{none}key_env = \"NAME\""), &[("NAME", KEY)]).is_ok());
}

#[test]
fn a_chain_may_have_several_wallets_each_with_its_own_place() {
    let none = CHAIN.replace("key_file = \"wallet.key\"", "");
    let wallets = format!(
        "{none}[[chains.local.wallets]]\nkey_file = \"wallet.key\"\nmin_balance = \"0.5 ether\"\n\
         [[chains.local.wallets]]\nkey_env = \"SECOND\"\n"
    );
    let config = parse(&wallets, &[("SECOND", KEY)]).unwrap();
    let evm = evm(&config);
    let least: Vec<_> = evm.wallets.iter().map(|wallet| wallet.min_balance).collect();
    assert_eq!(least, [Some(Amount::from(500_000_000_000_000_000)), None]);

    let found = mistakes(&wallets, &[]);
    assert!(
        matches!(&found[..], [one] if one.contains("chains.local.wallets[1].key_env: SECOND is not set")),
        "{found:?}"
    );
    let both = wallets
        .replace("[[chains.local.wallets]]\nkey_file", "key_env = \"SECOND\"\n[[chains.local.wallets]]\nkey_file");
    let found = mistakes(&both, &[("SECOND", KEY)]);
    assert!(matches!(&found[..], [one] if one.contains("stands beside [[wallets]]")), "{found:?}");
    for (text, expected) in [
        (format!("{none}wallets = []\n"), "expected at least one wallet"),
        (format!("{none}wallets = 3\n"), "expected sections [[chains.local.wallets]]"),
        (format!("{none}[[chains.local.wallets]]\n"), "key_file, key_env, keystore_file or signer_url is required"),
        (format!("{wallets}min_balanse = \"1 wei\"\n"), "did you mean min_balance?"),
        (format!("{CHAIN}min_balance = \"1\"\n"), "expected an amount such as"),
    ] {
        let found = mistakes(&text, &[("SECOND", KEY)]);
        assert!(matches!(&found[..], [one] if one.contains(expected)), "{text}: {found:?}");
    }
}

/// The key of account 0x7099…79c8, opened by "correct horse".
const KEYSTORE: &str = r#"{"address": "70997970c51812dc3a010c7d01b50e0d17dc79c8", "crypto": {"cipher": "aes-128-ctr", "cipherparams": {"iv": "03c5edab8d4055d68755e94a988232b9"}, "ciphertext": "6b0bc2a98e24c119b9daf6a09e944629239f9ac32d1afa0a127097a0459d0ee5", "kdf": "scrypt", "kdfparams": {"dklen": 32, "n": 1024, "p": 1, "r": 8, "salt": "03373a27fdef93697c1e2834b4a6dfcd82887262f5c66cb10cff0419c0d21b8f"}, "mac": "4b02665c61ecc6c7a4fb59ddf04cef8de991558d64d8fabcb251bcb13c1c0ef9"}, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3}"#;
const PUBLIC_KEY: &str = "0x038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75";

#[test]
fn a_wallet_s_key_may_be_in_a_keystore_or_with_a_signer() {
    let directory = directory();
    std::fs::write(directory.path().join("wallet.json"), KEYSTORE).unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "correct horse\n").unwrap();
    std::fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
    let variables: Environment = [("PASSWORD", "correct horse"), ("WRONG", "wrong horse")].into_iter().collect();
    let none = CHAIN.replace("key_file = \"wallet.key\"", "");
    let parse = |settings: &str| Config::parse(&format!("{none}{settings}"), directory.path(), &variables);
    let opened = |settings: &str| match &parse(settings).unwrap().chains["local"].kind {
        ChainKind::Evm(evm) => format!("{:?}", evm.wallets[0].signer),
        ChainKind::Substrate(other) => panic!("{other:?}"),
    };
    let account = "Key(SigningKey(0x70997970c51812dc3a010c7d01b50e0d17dc79c8))";
    assert_eq!(opened("keystore_file = \"wallet.json\"\npassword_file = \"password\"\n"), account);
    assert_eq!(opened("keystore_file = \"wallet.json\"\npassword_env = \"PASSWORD\"\n"), account);
    let remote = opened(&format!("signer_url = \"http://user:word@127.0.0.1:9000\"\npublic_key = \"{PUBLIC_KEY}\"\n"));
    assert!(remote.starts_with("Remote") && !remote.contains("word"), "{remote}");

    for (settings, expected) in [
        ("keystore_file = \"wallet.json\"\n".to_owned(), "password_file or password_env is required"),
        ("keystore_file = \"wallet.json\"\npassword_env = \"WRONG\"\n".to_owned(), "the password doesn't open"),
        ("keystore_file = \"password\"\npassword_env = \"WRONG\"\n".to_owned(), "is no keystore"),
        ("keystore_file = \"none\"\npassword_env = \"WRONG\"\n".to_owned(), "can't be read"),
        ("key_file = \"wallet.key\"\npassword_env = \"WRONG\"\n".to_owned(), "a password is of no use with key_file"),
        (
            format!("key_file = \"wallet.key\"\npublic_key = \"{PUBLIC_KEY}\"\n"),
            "a public key is of no use with key_file",
        ),
        ("signer_url = \"http://127.0.0.1:9000\"\n".to_owned(), "public_key is required"),
        (
            format!("signer_url = \"ws://127.0.0.1:9000\"\npublic_key = \"{PUBLIC_KEY}\"\n"),
            "expected an http or https URL",
        ),
        (
            "signer_url = \"http://127.0.0.1:9000\"\npublic_key = \"0x04\"\n".to_owned(),
            "expected a secp256k1 public key",
        ),
        ("key_file = \"wallet.key\"\nsigner_url = \"http://127.0.0.1:9000\"\n".to_owned(), "are both set"),
        (
            "key_file = \"wallet.key\"\nfees = { max_fee = \"1 gwei\", min_priority_fee = \"2 gwei\" }\n".to_owned(),
            "no less than min_priority_fee",
        ),
    ] {
        let refused = parse(&settings).unwrap_err();
        let ConfigError::Mistakes { mistakes, .. } = &refused else { panic!("{refused}") };
        assert!(matches!(&mistakes[..], [one] if one.to_string().contains(expected)), "{settings}: {refused}");
        assert!(!refused.to_string().contains("horse") && !refused.to_string().contains("word@"), "{refused}");
    }
    std::fs::set_permissions(&password, Permissions::from_mode(0o640)).unwrap();
    let refused = parse("keystore_file = \"wallet.json\"\npassword_file = \"password\"\n").unwrap_err();
    assert!(refused.to_string().contains("open to other users"), "{refused}");
}

#[test]
fn nothing_printed_holds_a_secret() {
    let config = parse(CHAIN, &[]).unwrap();
    let mut shown = vec![format!("{config:?}"), format!("{config:#?}")];
    shown.push(format!("{:?}", Environment::from_iter([("NAME", KEY)])));
    // A key or a URL in the wrong place, or where it can't be read.
    for text in [
        CHAIN.replace("wallet.key", KEY),
        CHAIN.replace("key_file = \"wallet.key\"", &format!("key_env = \"0x{KEY}\"")),
        CHAIN.replace("0x5fbdb2315678afecb367f032d93f642f64180aa3", KEY),
        CHAIN.replace("http://user:word@127.0.0.1:8545/apikey", "user:word@127.0.0.1/apikey"),
        format!("{CHAIN}ws_url = \"wss://user:word@[/apikey\""),
        CHAIN.replace("apikey\"", "apikey"),
    ] {
        let error = parse(&text, &[]).unwrap_err();
        shown.push(error.to_string());
        shown.push(format!("{error:?}"));
    }
    for text in shown {
        for secret in [&KEY[8..], "word", "apikey", "no-secrecy"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_place() {
    let error = Config::parse("[api]\nlisten = =\n", Path::new(""), &Environment::default()).unwrap_err();
    let ConfigError::Syntax { line, column, .. } = error else { panic!("{error}") };
    assert_eq!((line, column), (2, 10));
}

#[test]
fn without_a_token_file_there_is_no_token() {
    let empty = tempfile::tempdir().unwrap();
    let config = Config::parse(SAMPLE, empty.path(), &Environment::default()).unwrap();
    assert!(config.api.token.is_none());
    assert_eq!(config.api.token_file, empty.path().join("api-token"));
    std::fs::write(empty.path().join("api-token"), "short").unwrap();
    assert!(Config::parse(SAMPLE, empty.path(), &Environment::default()).is_err());
}

#[test]
fn a_wallets_key_that_others_may_read_is_refused_with_the_remedy() {
    let directory = directory();
    let key = directory.path().join("wallet.key");
    for mode in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let refused = Config::parse(CHAIN, directory.path(), &Environment::default()).unwrap_err().to_string();
        assert!(refused.contains("chains.local.key_file ("), "{refused}");
        assert!(refused.contains(&format!("close it: chmod 600 {}", key.display())), "{refused}");
        assert!(!refused.contains(KEY), "{refused}");
    }
    std::fs::set_permissions(&key, Permissions::from_mode(0o400)).unwrap();
    Config::parse(CHAIN, directory.path(), &Environment::default()).unwrap();
}

#[test]
fn what_is_told_of_the_work_is_set_and_judged() {
    let text = "[log]\nfilter = \"warn,phat_relayer=debug\"\nformat = \"json\"\n[telemetry]\n\
                otlp_endpoint = \"http://127.0.0.1:4318\"\n";
    let config = parse(text, &[]).unwrap();
    assert_eq!((config.log.filter.as_str(), config.log.format), ("warn,phat_relayer=debug", LogFormat::Json));
    assert_eq!(config.otlp.unwrap().traces(), "http://127.0.0.1:4318/v1/traces");
    let wrong = "[log]\nfilter = \"a=b=c\"\nformat = \"xml\"\n[telemetry]\notlp_endpoint = \"http://user:secret@a\"\n";
    let found = mistakes(wrong, &[]);
    assert_eq!(found.len(), 3, "{found:#?}");
    for key in ["log.filter", "log.format", "telemetry.otlp_endpoint"] {
        assert!(found.iter().any(|mistake| mistake.contains(key)), "{key} in {found:#?}");
    }
    assert!(!found.concat().contains("secret"), "{found:#?}");
}
