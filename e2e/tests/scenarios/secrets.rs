//! A secret on its way from its owner through the relayer into the enclave, and on to the one origin
//! that it is for: nobody else ever sees it.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use ethers::signers::{LocalWallet, Signer};
use phat_e2e::{Asker, Behaviour, Binaries, Environment, Ground, Guest, Init, Question, Settings};
use phat_protocol::{BlockHash, Chain, ContractId, OracleRequest, RequestId};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const SECRET: &str = "hush-5d1c99e0b7-nobody-may-read-this";
const OWNER_KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";

/// As it is, as hexadecimal digits of either case, and most of it in base64 (RFC 4648) at each of the
/// three places of a group where it may begin in a longer text. Both alphabets write it alike.
fn forms() -> Vec<Vec<u8>> {
    let digits = hex::encode(SECRET);
    let mut forms = vec![SECRET.as_bytes().to_vec(), digits.to_uppercase().into_bytes(), digits.into_bytes()];
    forms.extend((0..3).map(|skipped| base64(&SECRET.as_bytes()[skipped..])));
    forms
}

/// Base64 of the bytes' whole groups of three.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (groups, _) = bytes.as_chunks::<3>();
    groups
        .iter()
        .flat_map(|[a, b, c]| {
            let bits = u32::from_be_bytes([0, *a, *b, *c]);
            [18, 12, 6, 0].map(|shift| ALPHABET[usize::try_from(bits >> shift & 63).unwrap_or(0)])
        })
        .collect()
}

fn expect_absent(place: &str, bytes: &[u8]) -> Result<()> {
    for form in forms() {
        let found = bytes.windows(form.len()).any(|window| window == form);
        ensure!(!found, "{place} holds the secret as {}", String::from_utf8_lossy(&form));
    }
    Ok(())
}

/// Looks through every file of every part; how many there were.
fn expect_absent_in_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                expect_absent(&entry.path().display().to_string(), &fs::read(entry.path())?)?;
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

async fn deploy_owned(environment: &Environment) -> Result<ContractId> {
    let probe = Guest::probe()?;
    let Init::Data(init) = &probe.init else { anyhow::bail!("the probe's init data is bytes") };
    let (wasm, init) = (probe.wasm.to_str().context("a path that isn't UTF-8")?, format!("0x{}", hex::encode(init)));
    let owner = format!("{:?}", OWNER_KEY.parse::<LocalWallet>()?.address());
    let deployed = environment
        .api_command(["contract", "deploy", wasm, "--name", "probe", "--owner", &owner, "--init-data", &init])
        .await?;
    Ok(deployed["contract_id"].as_str().context("no contract id")?.parse()?)
}

/// The input of `handle_request` with this payload, for a query of the owner's.
fn asked(payload: &str) -> String {
    let request = OracleRequest {
        chain: Chain::Evm(0),
        oracle: vec![0; 20],
        request_id: RequestId([0; 32]),
        consumer: vec![0; 20],
        payload: payload.as_bytes().to_vec(),
        expires_at: 0,
        block_hash: BlockHash([0; 32]),
    };
    format!("0x{}", hex::encode(request.call_input()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_reaches_its_origin_and_no_log_database_answer_or_crash() -> Result<()> {
    let log: toml::Table = "[log]\nfilter = \"trace\"\nformat = \"json\"\n".parse()?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    settings.enclave = log.clone();
    settings.relayer = log;
    let mut environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    // What the owner has is nobody's directory but the owner's.
    let owners = tempfile::tempdir()?;
    let (value, key) = (owners.path().join("token"), owners.path().join("owner.key"));
    fs::write(&value, SECRET)?;
    fs::write(&key, OWNER_KEY)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    let (given, key) = (format!("token=@{}", value.display()), key.display().to_string());
    let origin = format!("http://{}", environment.source.address());

    let contract = deploy_owned(&environment).await?;
    let set = ["contract", "secret", "set", "probe", &given, "--origin", &origin, "--owner-key", &key];
    let set = [&set[..], &["--allow-simulated"]].concat();
    let acted = environment.api_command(set).await?;
    ensure!(acted["revision"] == 1 && acted["applied"] == true, "{acted}");

    // A request that sends it where it belongs, one that is to send it elsewhere, and one that asks for its name.
    environment.source.behave("desk", SECRET, Behaviour::Text("thanks".to_owned()));
    let there = Question::new(contract, format!("secret token {origin}/price/desk"));
    let elsewhere = Question::new(contract, "secret token https://elsewhere.example");
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    let questions = [there, elsewhere, Question::new(contract, "secrets")];
    let mut ids = Vec::new();
    for question in &questions {
        ids.push(asker.ask(question).await?);
    }
    environment.expect_each_answered_once(&asker, &ids, DEADLINE).await?;
    assert_eq!(environment.source.fetches_of("desk", SECRET), 1, "the origin never got it");
    let mut answers = Vec::new();
    for asked in &ids {
        let request = environment.relayer.api().request(asked.id).await?.context("the request is gone")?;
        let output = request["report"]["output"].as_str().context("no output")?.to_owned();
        answers.push(String::from_utf8(hex::decode(output.trim_start_matches("0x"))?)?);
        expect_absent("the API's request", request.to_string().as_bytes())?;
    }
    ensure!(answers[0] == "200 6 thanks" && answers[2] == "token", "{answers:?}");
    ensure!(answers[1].contains("has read a secret"), "{answers:?}");

    // The owner's query has it too; a simulation does not.
    let query = asked(&format!("secret token {origin}/price/desk"));
    let ran = environment.api_command(["contract", "query", "probe", &query, "--owner-key", &key]).await?;
    ensure!(ran["run"]["outcome"] == "Ok", "{ran}");
    assert_eq!(environment.source.fetches_of("desk", SECRET), 2);
    expect_absent("the query's answer", ran.to_string().as_bytes())?;
    let trial = ["contract", "simulate", "probe", "--payload", "secrets"];
    let trial = environment.api_command(trial).await?;
    ensure!(trial["output"] == "0x", "a simulation has secrets: {trial}");

    let path = format!("/v1/contracts/{contract}");
    for path in ["/v1/requests", "/v1/contracts", &path, "/v1/worker", "/v1/status", "/metrics"] {
        expect_absent(path, environment.relayer.api().text(path).await?.as_bytes())?;
    }
    environment.enclave.abort()?;
    let files = expect_absent_in_files(environment.directory())?;
    for name in ["relayer.log", "enclave.log", "store.redb"] {
        ensure!(files.iter().any(|path| path.ends_with(name)), "{name} was not looked through: {files:?}");
    }
    ensure!(files.iter().any(|path| path.extension().is_some_and(|end| end == "db" || end == "sqlite")), "{files:?}");
    ensure!(
        !files.iter().any(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core"))),
        "the crash left a core file: {files:?}"
    );
    // The libraries below tell what goes over the wire at this level, and were listened to.
    for name in ["relayer.log", "enclave.log"] {
        let log = fs::read_to_string(environment.directory().join(name))?;
        ensure!(log.contains("\"TRACE\""), "nothing is logged at trace");
    }
    environment.enclave.resume().await?;
    environment.finish().await
}
