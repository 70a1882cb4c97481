//! The API's client, as the command line uses it.

mod stream;

pub(super) use stream::EventStream;

use crate::{
    api::Problem,
    config::{ApiToken, Environment},
};
use anyhow::{Context, anyhow};
use clap::Args;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
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

/// Why a call brought nothing, where a command may want to know.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallFailed {
    /// Nobody answers there.
    #[error("no relayer answers at {api} (`relayer run`): {cause}")]
    NoAnswer {
        /// Where it was looked for.
        api: Url,
        /// What the transport said.
        cause: String,
    },
    /// There is no such thing.
    #[error("{detail}")]
    NotFound {
        /// In the relayer's words.
        detail: String,
    },
}

/// Whether a call failed since nobody answers there.
pub(super) fn is_no_answer(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(CallFailed::NoAnswer { .. }))
}

/// Whether a call failed since there is no such thing.
pub(super) fn is_not_found(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(CallFailed::NotFound { .. }))
}

impl Api {
    pub(super) fn connect(self) -> anyhow::Result<Client> {
        Client::with(self)
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
    /// Reads from the relayer at `url`.
    pub(super) fn new(url: Url) -> anyhow::Result<Self> {
        Self::with(Api { api: url, token_file: None })
    }

    fn with(api: Api) -> anyhow::Result<Self> {
        anyhow::ensure!(!api.api.cannot_be_a_base(), "{} is no URL of an API", api.api);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL_TIMEOUT)
            .build()
            .context("no HTTP client can be made")?;
        Ok(Self { api, http })
    }

    /// Where the relayer is looked for.
    pub(super) const fn base(&self) -> &Url {
        &self.api.api
    }

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

    pub(super) async fn put<Body: Serialize, Answer: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &Body,
    ) -> anyhow::Result<Answer> {
        self.send(self.write(Method::PUT, path)?.json(body)).await
    }

    pub(super) async fn post<Body: Serialize, Answer: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &Body,
    ) -> anyhow::Result<Answer> {
        let request = self.write(Method::POST, path)?;
        self.send(request.json(body)).await
    }

    pub(super) async fn delete<Answer: DeserializeOwned>(&self, path: &[&str]) -> anyhow::Result<Answer> {
        self.send(self.write(Method::DELETE, path)?).await
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

    /// A stream of server-sent events, which lasts as long as it is read.
    pub(super) async fn stream(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<EventStream> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.answered(self.http.get(url).timeout(Duration::MAX)).await?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        Ok(EventStream::new(response))
    }

    async fn send<Answer: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let api = &self.api.api;
        let response = self.answered(request).await?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let body = response.bytes().await.with_context(|| format!("{api} hung up"))?;
        serde_json::from_slice(&body).with_context(|| format!("{api} answered what can't be read"))
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Response, CallFailed> {
        request.send().await.map_err(|error| {
            let cause = format!("{:#}", anyhow!(error.without_url()));
            CallFailed::NoAnswer { api: self.api.api.clone(), cause }
        })
    }

    /// What an answer that is no success says.
    async fn refused(&self, response: Response) -> anyhow::Error {
        let (api, status) = (&self.api.api, response.status());
        let body = response.bytes().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
            return anyhow!("{api} answered HTTP status {status}; is it a relayer?");
        };
        if status == StatusCode::NOT_FOUND {
            return CallFailed::NotFound { detail: problem.detail }.into();
        }
        if problem.reasons.is_empty() {
            return anyhow!(problem.detail);
        }
        let reasons: String = problem.reasons.iter().map(|reason| format!("\n  {reason}")).collect();
        anyhow!("{}:{reasons}", problem.title)
    }
}
