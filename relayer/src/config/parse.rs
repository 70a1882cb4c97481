//! The tree as typed settings. The defaults stand here, and the sample shows them.

use super::{
    ApiConfig, ApiToken, ChainConfig, Config, DatabaseConfig, EnclaveConfig, Environment, ExecuteConfig, Mistake,
    RetryConfig, StatusConfig, SubmitConfig, chain, job, section::Section, tree::Branch,
};
use phat_enclave_api::Endpoint;
use phat_telemetry::{LogSettings, OtlpEndpoint};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

pub(super) fn config(
    tree: Branch,
    base: &Path,
    environment: &Environment,
    mistakes: &mut Vec<Mistake>,
) -> Option<Config> {
    let mut root = Section::root(tree, base);
    let api = api(root.section("api", mistakes), mistakes);
    let database = database(root.section("database", mistakes), mistakes);
    let enclave = enclave(root.section("enclave", mistakes), mistakes);
    let execute = execute(root.section("execute", mistakes), &enclave, mistakes);
    let submit = submit(root.section("submit", mistakes), mistakes);
    let retry = retry(root.section("retry", mistakes), mistakes);
    let log = log(root.section("log", mistakes), mistakes);
    let otlp = otlp(root.section("telemetry", mistakes), mistakes);
    let status = status(root.section("status", mistakes), mistakes);
    let job_runs = job::runs(root.section("job_runs", mistakes), mistakes);
    let chains = root.section("chains", mistakes).sections(mistakes);
    let names: Vec<String> = chains.iter().map(|(name, _)| name.clone()).collect();
    let jobs = job::read(root.list("jobs", mistakes), &names, mistakes);
    let chains: BTreeMap<String, ChainConfig> = chains
        .into_iter()
        .filter_map(|(name, section)| Some((name.clone(), chain::read(&name, section, environment, mistakes)?)))
        .collect();
    job::check_chains(&jobs, &chains, mistakes);
    root.finish(mistakes);
    Some(Config {
        api,
        database: database?,
        enclave,
        execute,
        submit,
        retry,
        log,
        otlp,
        status,
        chains,
        jobs,
        job_runs,
    })
}

fn api(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> ApiConfig {
    let listen = section.or("listen", SocketAddr::from((Ipv4Addr::LOCALHOST, 8750)), mistakes);
    let public = section.or("public", false, mistakes);
    if !public && !listen.ip().is_loopback() {
        let message = format!("{listen} is not a loopback address; set api.public = true to listen there");
        mistakes.push(Mistake::new(section.key("listen"), message));
    }
    let token_file = section.path("token_file", mistakes).unwrap_or_else(|| section.resolve(Path::new("api-token")));
    let token = match std::fs::read_to_string(&token_file) {
        Ok(text) => ApiToken::new(&text).map_err(|error| format!("{}: {error}", token_file.display())).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} can't be read: {error}", token_file.display())),
    };
    let token = token.unwrap_or_else(|message| {
        mistakes.push(Mistake::new(section.key("token_file"), message));
        None
    });
    let addr_file = section.path("addr_file", mistakes);
    let max_streams = section.or("max_streams", count(32), mistakes);
    section.finish(mistakes);
    ApiConfig { listen, token, token_file, addr_file, max_streams }
}

fn database(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<DatabaseConfig> {
    let url = section.or("url", "sqlite:relayer.db".to_owned(), mistakes);
    let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let database = match path {
        Some(path) if !path.is_empty() && !path.starts_with(":memory:") && !path.contains('?') => {
            Some(DatabaseConfig::Sqlite(section.resolve(&PathBuf::from(path))))
        }
        // Not repeated: a URL of a server may hold a password.
        Some(_) | None => {
            mistakes.push(Mistake::new(section.key("url"), "expected sqlite: and the path of a file"));
            None
        }
    };
    section.finish(mistakes);
    database
}

fn enclave(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> EnclaveConfig {
    let endpoint = match section.or("endpoint", Endpoint::Unix("enclave.sock".into()), mistakes) {
        Endpoint::Unix(path) => Endpoint::Unix(section.resolve(&path)),
        loopback @ Endpoint::Loopback(_) => loopback,
    };
    let config = EnclaveConfig {
        endpoint,
        allow_simulated: section.or("allow_simulated", false, mistakes),
        connect_timeout: section.or("connect_timeout", Duration::from_secs(5), mistakes),
        call_timeout: section.or("call_timeout", Duration::from_secs(30), mistakes),
        run_timeout: section.or("run_timeout", Duration::from_secs(60), mistakes),
    };
    section.finish(mistakes);
    config
}

fn execute(mut section: Section<'_>, enclave: &EnclaveConfig, mistakes: &mut Vec<Mistake>) -> ExecuteConfig {
    let concurrency = section.or("concurrency", count(64), mistakes);
    let lease = section.or("lease", Duration::from_secs(120), mistakes);
    if lease <= enclave.run_timeout {
        let message = format!(
            "expected longer than enclave.run_timeout, {}, found {}",
            humantime::format_duration(enclave.run_timeout),
            humantime::format_duration(lease)
        );
        mistakes.push(Mistake::new(section.key("lease"), message));
    }
    section.finish(mistakes);
    ExecuteConfig { concurrency, lease }
}

fn submit(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> SubmitConfig {
    let config = SubmitConfig {
        batch: section.or("batch", count(100), mistakes),
        max_open: section.or("max_open", count(16), mistakes),
        rebroadcast: section.or("rebroadcast", Duration::from_secs(30), mistakes),
        bump_after: section.or("bump_after", Duration::from_secs(60), mistakes),
        max_bumps: section.or("max_bumps", 10, mistakes),
        expiry_margin: section.or("expiry_margin", Duration::from_secs(5), mistakes),
    };
    section.finish(mistakes);
    config
}

fn retry(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> RetryConfig {
    let initial = section.or("initial", Duration::from_millis(200), mistakes);
    let max = section.or("max", Duration::from_secs(30), mistakes);
    if initial > max {
        mistakes.push(Mistake::new(section.key("initial"), "expected no longer than retry.max"));
    }
    section.finish(mistakes);
    RetryConfig { initial, max }
}

fn log(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> LogSettings {
    let default = LogSettings::default();
    let log = LogSettings {
        filter: section.or("filter", default.filter, mistakes),
        format: section.or("format", default.format, mistakes),
    };
    section.finish(mistakes);
    log
}

fn otlp(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<OtlpEndpoint> {
    let endpoint = section.optional("otlp_endpoint", mistakes);
    section.finish(mistakes);
    endpoint
}

fn status(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> StatusConfig {
    let config = StatusConfig {
        lag_blocks: section.or("lag_blocks", 100, mistakes),
        waiting: section.or("waiting", Duration::from_secs(300), mistakes),
        wallet_answers: section.or("wallet_answers", 100, mistakes),
    };
    section.finish(mistakes);
    config
}

pub(super) fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}
