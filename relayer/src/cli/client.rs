//! The API's client, as the command line uses it.

use crate::{
    api::Problem,
    config::{ApiToken, Environment},
};
use anyhow::{Context, anyhow};
use clap::Args;
use reqwest::{Method, RequestBuilder, Url};
use serde::{Serialize, de::DeserializeOwned};
use std::{path::PathBuf, time::Duration};

/// The variable that holds the token.
const TOKEN_VARIABLE: &str = "PHAT_RELAYER_API_TOKEN";
/// Where `relayer init` leaves the token.
const TOKEN_FILE: &str = "api-token";
/// How long a call may take: a registration waits until it is mined.
const CALL_TIMEOUT: Duration = Duration::from_secs(150);

/// Which relayer is spoken to.
#[derive(Debug, Args)]
pub(super) struct Api {
    /// The API of the running relayer.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8750", env = "PHAT_RELAYER_API")]
    api: Url,
    /// The API token, which writes need. Without this: the variable PHAT_RELAYER_API_TOKEN, or the file api-token
    /// in the working directory.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Speaks to one relayer.
pub(super) struct Client {
    api: Api,
    http: reqwest::Client,
}

impl Api {
    pub(super) fn connect(self) -> anyhow::Result<Client> {
        anyhow::ensure!(!self.api.cannot_be_a_base(), "{} is no URL of an API", self.api);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL_TIMEOUT)
            .build()
            .context("no HTTP client can be made")?;
        Ok(Client { api: self, http })
    }

    fn token(&self) -> anyhow::Result<ApiToken> {
        let file = match (&self.token_file, Environment::of_process().get(TOKEN_VARIABLE)) {
            (Some(file), _) => file.clone(),
            (None, Some(Ok(text))) => return ApiToken::new(text).context(TOKEN_VARIABLE),
            (None, Some(Err(_))) => return Err(anyhow!("{TOKEN_VARIABLE} isn't UTF-8")),
            (None, None) => {
                let file = PathBuf::from(TOKEN_FILE);
                anyhow::ensure!(
                    file.exists(),
                    "writes need the API token: --token-file FILE, the variable {TOKEN_VARIABLE}, or the file {TOKEN_FILE} \
                     in the working directory"
                );
                file
            }
        };
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        ApiToken::new(&text).with_context(|| file.display().to_string())
    }
}

impl Client {
    pub(super) async fn get<Answer: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Answer> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.get(url)).await
    }

    pub(super) async fn put_bytes<Answer: DeserializeOwned>(
        &self,
        path: &[&str],
        bytes: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let request = self.write(Method::PUT, path)?.header("content-type", "application/octet-stream");
        self.send(request.body(bytes)).await
    }

    pub(super) async fn post<Body: Serialize, Answer: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &Body,
    ) -> anyhow::Result<Answer> {
        let request = self.write(Method::POST, path)?;
        self.send(request.json(body)).await
    }

    fn write(&self, method: Method, path: &[&str]) -> anyhow::Result<RequestBuilder> {
        let token = self.api.token()?;
        Ok(self.http.request(method, self.url(path)?).bearer_auth(token.expose()))
    }

    fn url(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.api.api.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("{} is no URL of an API", self.api.api))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn send<Answer: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let api = &self.api.api;
        let response = request.send().await.with_context(|| format!("no relayer answers at {api} (`relayer run`)"))?;
        let status = response.status();
        let body = response.bytes().await.with_context(|| format!("{api} hung up"))?;
        if status.is_success() {
            return serde_json::from_slice(&body).with_context(|| format!("{api} answered what can't be read"));
        }
        let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
            return Err(anyhow!("{api} answered HTTP status {status}; is it a relayer?"));
        };
        if problem.reasons.is_empty() {
            return Err(anyhow!(problem.detail));
        }
        let reasons: String = problem.reasons.iter().map(|reason| format!("\n  {reason}")).collect();
        Err(anyhow!("{}:{reasons}", problem.title))
    }
}
