use crate::Config;
use phat_executor::{ContractShare, Limits};
use phat_protocol::ContractId;
use std::path::Path;

const ID: ContractId = ContractId([0x11; 32]);

fn parse(file: &str) -> Result<Config, Vec<String>> {
    let parsed = Config::parse(Some((Path::new("enclave.toml"), file)), []);
    parsed.map_err(|errors| errors.0.iter().map(ToString::to_string).collect())
}

/// A file with one entry that has these fields.
fn entry(fields: &str) -> String {
    format!("[[contracts]]\nid = \"{ID}\"\n{fields}\n")
}

#[test]
fn an_entry_changes_what_it_names_and_nothing_else() {
    let file = entry("weight = 7\nconcurrent_runs = 3\nlimits.fuel = 5\nlimits.http.requests = 1");
    let config = parse(&format!("{file}[limits]\nwall_time = \"3s\"\n")).unwrap();
    let mut expected = Limits { fuel: 5, ..config.limits.clone() };
    expected.http.requests = 1;
    assert_eq!(config.executor().contracts, [(ID, expected)].into());
    let share = ContractShare { weight: 7, concurrent_runs: Some(3) };
    assert_eq!(config.machine().shares, [(ID, share)].into());
}

#[test]
fn every_mistake_of_every_entry_is_named() {
    let other = ContractId([0x22; 32]);
    let file = format!(
        "{}[[contracts]]\nid = \"{other}\"\nlimits.wall_time = \"100ms\"\nlimits.calls.memory_pages = 70000\n\
         limits.fuel = 9007199254740992\n[[contracts]]\nid = \"{other}\"\n",
        entry(
            "weight = 0\nconcurrent_runs = 0\nlimits.fuell = 1\nlimits.wall_time = 5\nlimits.code_bytes = 1\n\
             limits.http.batch = -1"
        )
    );
    let found = parse(&file).unwrap_err();
    let expected = [
        ("contracts[0].weight", "must be from 1 to 10000"),
        ("contracts[0].concurrent_runs", "must be above zero"),
        ("contracts[0].limits.fuell", "there is no such setting"),
        ("contracts[0].limits.wall_time", "invalid type"),
        ("contracts[0].limits.code_bytes", "is the same for all contracts"),
        ("contracts[0].limits.http.batch", "invalid value"),
        ("contracts[1].limits.grace", "must be shorter"),
        ("contracts[1].limits.fuel", "must be at most"),
        ("contracts[2].id", "is there already"),
    ];
    for (key, what) in expected {
        let start = format!("{key} (PHAT_ENCLAVE__CONTRACTS) in enclave.toml: ");
        let named = found.iter().any(|error| error.starts_with(&start) && error.contains(what));
        assert!(named, "{start}{what} in {found:#?}");
    }
    for key in ["resources.memory_pages ", "resources.contract_memory_pages "] {
        assert!(found.iter().any(|error| error.starts_with(key)), "{key} in {found:#?}");
    }
    assert_eq!(found.len(), expected.len() + 2, "{found:#?}");
}

#[test]
fn an_entry_that_is_none_is_named_by_its_place() {
    let found = parse(&format!("{}[[contracts]]\nid = \"0x12\"\n", entry("wait = 1"))).unwrap_err();
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("contracts[0] (PHAT_ENCLAVE__CONTRACTS) in enclave.toml: unknown field"),
        "{found:#?}"
    );
    assert!(found[1].starts_with("contracts[1] "), "{found:#?}");
}

#[test]
fn other_limits_of_a_contract_change_the_hash_and_its_share_of_the_machine_does_not() {
    let hash = |file: &str| parse(file).unwrap().hash().unwrap();
    let general = hash("");
    assert_eq!(hash(&entry("weight = 7\nconcurrent_runs = 3")), general);
    assert_eq!(hash(&entry("limits.http.requests = 64")), general, "it is what all have");
    let (two, three) = (hash(&entry("limits.http.requests = 2")), hash(&entry("limits.http.requests = 3")));
    let of_another = hash(&entry("limits.http.requests = 2").replace("0x11", "0x12"));
    let hashes = [general, two, three, of_another];
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "{index}");
    }
}

#[test]
fn the_entry_of_the_manual_and_of_the_sample_are_what_they_say() {
    let page = include_str!("../../../../docs/operations.md");
    let of_page = page.split("```toml\n").find(|block| block.starts_with("[[contracts]]")).unwrap();
    let of_page = of_page.split("```").next().unwrap().to_owned();
    let of_sample = crate::config::SAMPLE.split("#   [[contracts]]\n").nth(1).unwrap().lines();
    let of_sample = of_sample.map_while(|line| line.strip_prefix("#   ")).collect::<Vec<_>>().join("\n");
    for file in [of_page, format!("[[contracts]]\n{}", of_sample.replace("0x…", &ID.to_string()))] {
        let config = parse(&file).unwrap();
        let [entry] = &config.contracts[..] else { panic!("{file}") };
        assert_eq!((entry.weight, entry.concurrent_runs), (400, Some(64)));
        let limits = &config.executor().contracts[&entry.id];
        assert_eq!((limits.fuel, limits.http.requests), (1_000_000_000, 8));
    }
}
