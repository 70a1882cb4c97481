use super::*;
use phat_telemetry::LogFormat;
use std::path::Path;

fn parse(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Some((Path::new("enclave.toml"), file)), environment)
}

fn errors(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    parse(file, environment).unwrap_err().0.iter().map(ToString::to_string).collect()
}

/// Every setting in a table, with its path.
fn leaves(table: &toml::Table) -> Vec<(String, toml::Value)> {
    table
        .iter()
        .flat_map(|(name, value)| match value.as_table() {
            Some(inner) => leaves(inner).into_iter().map(|(path, value)| (format!("{name}.{path}"), value)).collect(),
            None => vec![(name.clone(), value.clone())],
        })
        .collect()
}

#[test]
fn the_sample_is_the_default_and_documents_every_setting() {
    let config = parse("", &[]).unwrap();
    assert_eq!(parse(SAMPLE, &[]).unwrap(), config);
    assert_eq!(config.executor(), ExecutorConfig::default());
    assert_eq!(config.resources, Resources::default());
    let names = |text: &str| leaves(&text.parse().unwrap()).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let mut known = names(&toml::to_string(&config).unwrap());
    let mut sample = names(SAMPLE);
    known.sort();
    sample.sort();
    assert_eq!(sample, known);
    for line in SAMPLE.lines().filter(|line| line.contains(" = ") && !line.starts_with(['#', '['])) {
        assert!(line.contains('#') || line.starts_with("allow"), "not documented: {line}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[limits]\nwall_time = \"4s\"\nfuel = 9\n[limits.http]\nbatch = 2\n";
    let environment = [
        ("PHAT_ENCLAVE__LIMITS__WALL_TIME", "3s"),
        ("PHAT_ENCLAVE__LIMITS__HTTP__REDIRECTS", "1"),
        ("PHAT_ENCLAVE__EGRESS__ALLOW", r#"[{ host = "127.0.0.1", port = 8080, http = true }]"#),
        ("PHAT_ENCLAVE__LOG__FORMAT", "json"),
        ("PHAT_ENCLAVE_DATA_DIR", "not a setting"),
        ("HOME", "/"),
    ];
    let config = parse(file, &environment).unwrap();
    assert_eq!(config.limits.wall_time, Duration::from_secs(3));
    assert_eq!((config.limits.fuel, config.limits.http.batch, config.limits.http.redirects), (9, 2, 1));
    assert_eq!(config.egress.allow[0].port, 8080);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.limits.grace, Limits::default().grace);
}

#[test]
fn every_mistake_is_reported_with_its_key_its_variable_and_its_place() {
    let file = "[limits]\nwall_time = 5\nfuell = 1\n[limits.http]\nbatch = -1\n[store]\ncommit_batch = 0\n";
    let found = errors(file, &[("PHAT_ENCLAVE__CONCURRENCY__REQUESTS", "many"), ("PHAT_ENCLAVE__NOTHING", "1")]);
    assert_eq!(found.len(), 6, "{found:#?}");
    for (key, variable, place) in [
        ("limits.wall_time", "PHAT_ENCLAVE__LIMITS__WALL_TIME", "in enclave.toml"),
        ("limits.fuell", "PHAT_ENCLAVE__LIMITS__FUELL", "in enclave.toml"),
        ("limits.http.batch", "PHAT_ENCLAVE__LIMITS__HTTP__BATCH", "in enclave.toml"),
        ("store.commit_batch", "PHAT_ENCLAVE__STORE__COMMIT_BATCH", "in enclave.toml"),
        ("concurrency.requests", "PHAT_ENCLAVE__CONCURRENCY__REQUESTS", "in the environment"),
        ("nothing", "PHAT_ENCLAVE__NOTHING", "in the environment"),
    ] {
        let start = format!("{key} ({variable}) {place}: ");
        assert!(found.iter().any(|error| error.starts_with(&start)), "{start} in {found:#?}");
    }
}

#[test]
fn every_wrong_entry_of_a_list_is_named() {
    let file =
        "[[egress.allow]]\nhost = \"a\"\n[[egress.allow]]\nhost = \"b\"\nport = 1\n[[egress.allow]]\nport = 99999\n";
    let found = errors(file, &[]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("egress.allow[0] (PHAT_ENCLAVE__EGRESS__ALLOW) in enclave.toml: "), "{}", found[0]);
    assert!(found[1].starts_with("egress.allow[2] "), "{}", found[1]);
}

#[test]
fn what_the_executor_refuses_is_reported_with_the_rest() {
    let file = "[[egress.allow]]\nhost = \"a\"\nport = 1\nroot_pem = \"x\"\n[resources]\ncached_modules = 0\n";
    let found = errors(file, &[("PHAT_ENCLAVE__STORE__COMMIT_BATCH", "0")]);
    assert_eq!(found.len(), 3, "{found:#?}");
    let allow = "egress.allow[0].root_pem (PHAT_ENCLAVE__EGRESS__ALLOW) in enclave.toml: ";
    assert!(found.iter().any(|error| error.starts_with(allow)), "{found:#?}");
    assert!(found.iter().any(|error| error.starts_with("resources.cached_modules ")), "{found:#?}");
}

#[test]
fn settings_that_contradict_each_other_or_have_no_exact_form_are_refused() {
    let found = errors("[limits]\ngrace = \"10s\"\nfuel = 9007199254740992\n[log]\nfilter = \"a=b=c\"\n", &[]);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found.iter().any(|error| error.starts_with("limits.grace ")));
    assert!(found.iter().any(|error| error.starts_with("limits.fuel ")));
    assert!(found.iter().any(|error| error.starts_with("log.filter ")));
}

#[test]
fn a_file_that_is_no_toml_is_one_mistake_beside_those_of_the_environment() {
    let found = errors("[limits\n", &[("PHAT_ENCLAVE__LIMITS__FUEL", "x")]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("in enclave.toml: "), "{}", found[0]);
}

#[test]
fn every_setting_that_can_change_an_answer_changes_the_hash_and_no_other_does() {
    let default = parse("", &[]).unwrap().hash().unwrap();
    let mut seen = vec![default];
    for (path, value) in leaves(&SAMPLE.parse().unwrap()) {
        // What is special about contracts is judged elsewhere.
        let Some((table, key)) = path.rsplit_once('.') else { continue };
        let other = match (&value, path.as_str()) {
            (_, "egress.allow") => r#"[{ host = "example.org", port = 444 }]"#.to_owned(),
            (_, "log.filter") => "\"debug\"".to_owned(),
            (_, "log.format") => "\"json\"".to_owned(),
            (_, "telemetry.otlp_endpoint") => "\"http://127.0.0.1:4318\"".to_owned(),
            (toml::Value::Integer(number), _) => (number + 1).to_string(),
            (toml::Value::String(_), _) => "\"1234ms\"".to_owned(),
            (value, path) => panic!("{path} = {value}"),
        };
        let hash = parse(&format!("[{table}]\n{key} = {other}\n"), &[]).unwrap().hash().unwrap();
        let answers = path.starts_with("limits.") || path.starts_with("egress.");
        assert_eq!(hash != default, answers, "{path}");
        if answers {
            assert!(!seen.contains(&hash), "{path}");
            seen.push(hash);
        }
    }
}

#[test]
fn every_part_of_an_egress_entry_changes_the_hash() {
    let hash = |entry: &str| {
        let mut config = parse("", &[]).unwrap();
        // As they are: a root is judged elsewhere.
        config.egress = toml::from_str(&format!("allow = [{{ {entry} }}]\n")).unwrap();
        config.hash().unwrap()
    };
    let hashes = [
        hash(r#"host = "a", port = 1"#),
        hash(r#"host = "b", port = 1"#),
        hash(r#"host = "a", port = 2"#),
        hash(r#"host = "a", port = 1, http = true"#),
        hash(r#"host = "a", port = 1, root_pem = "x""#),
        hash(r#"host = "a", port = 1, root_pem = "y""#),
    ];
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "entry {index}");
    }
}

#[test]
fn the_hash_is_over_canonical_json_with_the_documented_tag() {
    let config = parse("", &[]).unwrap();
    let json = serde_json::json!({
        "guest_abi": "phat-guest-abi/v1",
        "limits": serde_json::to_value(&config.limits).unwrap(),
        "egress": { "allow": [] },
    });
    assert_eq!(config.hash().unwrap(), phat_protocol::config_hash(canonical(&json).as_bytes()));
}

/// RFC 8785's form of a value whose keys are ASCII and whose numbers are small integers.
fn canonical(value: &serde_json::Value) -> String {
    let Some(fields) = value.as_object() else { return value.to_string() };
    let sorted: std::collections::BTreeMap<_, _> = fields.iter().collect();
    let fields: Vec<_> = sorted.into_iter().map(|(key, value)| format!("\"{key}\":{}", canonical(value))).collect();
    format!("{{{}}}", fields.join(","))
}
