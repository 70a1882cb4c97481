//! The commands that need no running relayer, as a shell runs them.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

fn relayer(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relayer"));
    command.args(arguments).current_dir(directory).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file with a private key, closed to others.
fn write_key(directory: &Path, text: &str) {
    let path = directory.join("key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn init_writes_a_configuration_that_passes_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let init = relayer(directory.path(), &["init", "--dir", "new"]);
    assert_eq!(init.status.code(), Some(0), "{}", err(&init));
    let token = directory.path().join("new/api-token");
    assert_eq!(fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&token).unwrap().trim().len(), 64);
    let check = relayer(directory.path(), &["config", "check", "--config", "new/relayer.toml"]);
    assert_eq!(check.status.code(), Some(0), "{}", err(&check));
    assert!(out(&check).contains("no mistakes"));
    assert!(err(&check).contains("no chain is configured"));
}

#[test]
fn init_overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("api-token"), "mine").unwrap();
    let init = relayer(directory.path(), &["init"]);
    assert_eq!(init.status.code(), Some(1));
    assert!(err(&init).contains("api-token is there already"));
    assert_eq!(fs::read_to_string(directory.path().join("api-token")).unwrap(), "mine");
    assert!(!directory.path().join("relayer.toml").exists());
}

#[test]
fn two_tokens_are_never_the_same() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        assert!(relayer(directory.path(), &["init", "--dir", name]).status.success());
    }
    let token = |name: &str| fs::read_to_string(directory.path().join(name).join("api-token")).unwrap();
    assert_ne!(token("a"), token("b"));
}

#[test]
fn three_mistakes_print_three_messages() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[api]\nlisten = \"everywhere\"\n[execute]\nlaese = \"2m\"\n[retry]\nmax = 30\n";
    fs::write(directory.path().join("relayer.toml"), text).unwrap();
    let check = relayer(directory.path(), &["config", "check"]);
    assert_eq!(check.status.code(), Some(1));
    let printed = err(&check);
    assert!(printed.contains("relayer.toml: 3 mistakes"), "{printed}");
    for line in [
        "api.listen (PHAT_RELAYER__API__LISTEN): expected an address",
        "execute.laese (PHAT_RELAYER__EXECUTE__LAESE): is unknown; did you mean lease?",
        "retry.max (PHAT_RELAYER__RETRY__MAX): expected a duration",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    let json = relayer(directory.path(), &["config", "check", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(json["mistakes"].as_array().unwrap().len(), 3);
    assert_eq!(json["mistakes"][0]["variable"], "PHAT_RELAYER__API__LISTEN");
}

#[test]
fn a_configuration_that_is_not_there_names_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let check = relayer(directory.path(), &["config", "check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(err(&check).contains("relayer init"));
}

#[test]
fn wrong_usage_exits_with_2() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["florp"][..],
        &["request", "show", "12"],
        &["request", "list", "--state", "done"],
        &["oracle", "deploy"],
        &["oracle", "allow"],
    ] {
        assert_eq!(relayer(directory.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(relayer(directory.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn a_module_is_accepted_or_refused_with_every_reason() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), wat::parse_str(text).unwrap()).unwrap();
    write(
        "good.wasm",
        r#"(module (import "env" "memory" (memory 2)) (func (export "deploy")) (func (export "call")))"#,
    );
    write(
        "bad.wasm",
        r#"(module (import "env" "memory" (memory 9999)) (import "env" "sleep" (func)) (func (export "deploy")))"#,
    );
    fs::write(directory.path().join("text.wasm"), "hello").unwrap();
    let good = relayer(directory.path(), &["contract", "check", "good.wasm"]);
    assert_eq!(good.status.code(), Some(0), "{}", err(&good));
    assert!(out(&good).contains("can be deployed"));
    let bad = relayer(directory.path(), &["contract", "check", "bad.wasm"]);
    assert_eq!(bad.status.code(), Some(1));
    for words in ["9999", "sleep", "`call`"] {
        assert!(err(&bad).contains(words), "{}", err(&bad));
    }
    let text = relayer(directory.path(), &["contract", "check", "text.wasm"]);
    assert_eq!(text.status.code(), Some(1));
    assert!(err(&text).contains("not a WebAssembly module"));
}

#[test]
fn a_simulated_verifier_must_be_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    write_key(directory.path(), &"11".repeat(32));
    let deploy = ["oracle", "deploy", "--rpc-url", "http://127.0.0.1:1", "--chain-id", "31337", "--key-file", "key"];
    let refused = relayer(directory.path(), &deploy);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("--allow-simulated"), "{}", err(&refused));
    let elsewhere: Vec<&str> =
        deploy.iter().map(|part| if *part == "31337" { "1" } else { part }).chain(["--allow-simulated"]).collect();
    assert!(err(&relayer(directory.path(), &elsewhere)).contains("simulated attestation can't be deployed on chain 1"));
}

#[test]
fn keys_are_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    write_key(directory.path(), &format!("{key}ff"));
    let deploy = [
        "oracle",
        "deploy",
        "--rpc-url",
        "http://user:word@127.0.0.1:1/apikey",
        "--chain-id",
        "31337",
        "--allow-simulated",
    ];
    let wrong = [&deploy[..], &["--key-file", "key"]].concat();
    let right = [&deploy[..], &["--key-env", "KEY"]].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_relayer"));
    let right = command.args(right).env("KEY", key).current_dir(directory.path()).output().unwrap();
    for output in [relayer(directory.path(), &wrong), right] {
        assert_eq!(output.status.code(), Some(1));
        for secret in [&key[..16], "word", "apikey"] {
            assert!(!err(&output).contains(secret) && !out(&output).contains(secret), "{}", err(&output));
        }
    }
}

#[test]
fn a_key_file_that_others_may_read_deploys_nothing() {
    let directory = tempfile::tempdir().unwrap();
    write_key(directory.path(), &"11".repeat(32));
    fs::set_permissions(directory.path().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let chain = ["--rpc-url", "http://127.0.0.1:1", "--chain-id", "31337", "--key-file", "key", "--allow-simulated"];
    let registry = ["--registry", "0x5fbdb2315678afecb367f032d93f642f64180aa3", "--enclave", "unix:nowhere.sock"];
    for arguments in
        [[&["oracle", "deploy"], &chain[..]].concat(), [&["oracle", "allow"], &chain[..], &registry].concat()]
    {
        let refused = relayer(directory.path(), &arguments);
        assert_eq!(refused.status.code(), Some(1));
        assert!(err(&refused).contains("chmod 600 key"), "{}", err(&refused));
    }
}

#[test]
fn completions_are_scripts_that_the_shell_reads() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = relayer(directory.path(), &["completions", shell]);
        assert_eq!(completions.status.code(), Some(0), "{}", err(&completions));
        for word in ["doctor", "simulate", "payload-json"] {
            assert!(out(&completions).contains(word), "{word} in {shell}");
        }
        fs::write(directory.path().join(shell), out(&completions)).unwrap();
    }
    let script = "source ./bash && complete -p relayer";
    let read = Command::new("bash").args(["-c", script]).current_dir(directory.path()).output().unwrap();
    assert!(read.status.success() && out(&read).contains("_relayer"), "{}{}", out(&read), err(&read));
    assert_eq!(relayer(directory.path(), &["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn wrong_usage_exits_with_2_and_names_the_argument() {
    let directory = tempfile::tempdir().unwrap();
    let id = format!("0x{}", "11".repeat(32));
    for (arguments, word) in [
        (&["fly"][..], "fly"),
        (&["contract", "simulate"], "ID|NAME"),
        (&["contract", "simulate", " "], "1 to 64 characters"),
        (&["contract", "simulate", "p", "--payload-hex", "0x0"], "Odd number of digits"),
        (&["contract", "simulate", "p", "--payload", "a", "--payload-hex", "0x00"], "cannot be used with"),
        (&["contract", "simulate", "p", "--consumer", "0x01"], "40 hexadecimal digits"),
        (&["contract", "simulate", "p", "--max-output", "16385"], "16384"),
        (&["contract", "deploy", "a.wasm", "--owner", "me"], "nobody"),
        (&["contract", "deploy", "a.wasm", "--salt", "1"], "64 hexadecimal digits"),
        (&["request", "show", "0x12"], "64 hexadecimal digits"),
        (&["request", "list", "--state", "lost"], "observed"),
        (&["request", "list", "--limit", "many"], "many"),
        (&["request", "list", "--before", &id[1..]], "64 hexadecimal digits"),
        (&["worker", "register"], "--chain"),
        (&["request", "retry"], "ID"),
        (&["request", "wait", &id, "--timeout", "soon"], "--timeout"),
        (&["events", "--after", "now"], "--after"),
        (&["events", "--limit", "0"], "--limit"),
        (&["chain", "rescan", "local"], "--from-block"),
        (&["chain", "rescan", "local", "--from-block", "-1"], "-1"),
        (&["chain", "rescan", "local", "--from-block", "1", "--cancel"], "--cancel"),
        (&["chain", "pause"], "NAME"),
        (&["contract", "pause", " "], "1 to 64 characters"),
        (&["status", "--api", "nowhere"], "relative URL"),
        (&["doctor", "now"], "now"),
        (&["completions"], "SHELL"),
    ] {
        let refused = relayer(directory.path(), arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(err(&refused).contains(word), "{word} in {}", err(&refused));
        assert!(out(&refused).is_empty());
    }
}

#[test]
fn the_doctor_names_every_mistake_of_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let absent = relayer(directory.path(), &["doctor"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(out(&absent).contains("relayer init"), "{}", out(&absent));
    let text = "[api]\nlisten = \"everywhere\"\n[execute]\nlaese = \"2m\"\n";
    fs::write(directory.path().join("relayer.toml"), text).unwrap();
    let mistaken = relayer(directory.path(), &["doctor", "--json"]);
    assert_eq!(mistaken.status.code(), Some(1));
    let examined: serde_json::Value = serde_json::from_str(&out(&mistaken)).unwrap();
    let checks = examined["checks"].as_array().unwrap();
    assert_eq!((checks.len(), &examined["state"]), (2, &"fail".into()));
    assert!(checks[1]["remedy"].as_str().unwrap().contains("PHAT_RELAYER__EXECUTE__LAESE"), "{examined}");
}

#[test]
fn the_doctor_names_what_is_away_and_makes_no_database() {
    let directory = tempfile::tempdir().unwrap();
    write_key(directory.path(), &"11".repeat(32));
    let text = "[api]\nlisten = \"127.0.0.1:1\"\n[chains.local]\nkind = \"evm\"\nrpc_url = \"http://127.0.0.1:1\"\n\
                chain_id = 31337\noracle = \"0x5fbdb2315678afecb367f032d93f642f64180aa3\"\nkey_file = \"key\"\n";
    fs::write(directory.path().join("relayer.toml"), text).unwrap();
    let examined = relayer(directory.path(), &["doctor"]);
    assert_eq!(examined.status.code(), Some(1), "{}", err(&examined));
    let said = out(&examined);
    for words in ["enclave serve", "chains.local.rpc_url", "no API token", "will be made", "none runs at 127.0.0.1:1"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!directory.path().join("relayer.db").exists());
}
