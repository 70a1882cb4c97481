//! A signer that is reached by Web3Signer's REST API: `POST /api/v1/eth1/sign/{public key}` with
//! `{"data": "0x…"}` answers the signature over the data's keccak-256 hash, `r`, `s` and `v` in
//! hexadecimal. Web3Signer itself keeps keys in files, AWS KMS, Azure Key Vault, HashiCorp Vault and
//! hardware modules (docs.web3signer.consensys.io).

use super::{DigestSigner, Message, PublicKey, RawSignature, SignerError};
use async_trait::async_trait;
use phat_connector::rpc::{EndpointUrl, SettingsError, client_config};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, time::Duration};

/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 1024;

/// One key of a Web3Signer.
pub struct Web3Signer {
    name: String,
    url: SecretString,
    http: reqwest::Client,
}

impl Web3Signer {
    /// The key `public_key` of the signer at `url`. Speaks to no one yet. A call may take `timeout`,
    /// connecting included; `ca_certificate` (PEM) is trusted beside the public roots.
    ///
    /// # Errors
    /// When the URL is no http or https one, or the certificate can't be used.
    pub fn open(
        url: &EndpointUrl,
        public_key: &PublicKey,
        timeout: Duration,
        ca_certificate: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let refused = |cause: String| SettingsError::Endpoint { endpoint: url.name().to_owned(), cause };
        if url.is_web_socket() {
            return Err(refused("a signer is spoken to by http or https".to_owned()));
        }
        let mut whole = url::Url::parse(url.expose()).map_err(|error| refused(error.to_string()))?;
        if let Ok(mut segments) = whole.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1", "eth1", "sign", &public_key.to_string()]);
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(client_config(ca_certificate)?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { name: format!("signer {}", url.name()), url: SecretString::from(whole.to_string()), http })
    }

    fn unreachable(&self, error: &reqwest::Error) -> SignerError {
        let cause = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the connection broke"
        };
        SignerError::Unreachable { signer: self.name.clone(), cause: cause.to_owned() }
    }

    async fn answer(&self, mut response: reqwest::Response) -> Result<Vec<u8>, SignerError> {
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if answer.len() + chunk.len() > MAX_ANSWER {
                return Err(SignerError::Malformed);
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

#[async_trait]
impl DigestSigner for Web3Signer {
    async fn sign(&self, message: Message<'_>) -> Result<RawSignature, SignerError> {
        let body = serde_json::json!({ "data": format!("0x{}", hex::encode(message.bytes())) });
        let sent = self.http.post(self.url.expose_secret()).json(&body).send().await;
        let response = sent.map_err(|error| self.unreachable(&error))?;
        let (signer, status) = (self.name.clone(), response.status());
        match status {
            StatusCode::OK => signature(&self.answer(response).await?),
            StatusCode::NOT_FOUND => Err(SignerError::UnknownKey { signer }),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(SignerError::Failed { signer, status: status.as_u16() })
            }
            status if status.is_server_error() => Err(SignerError::Failed { signer, status: status.as_u16() }),
            status => Err(SignerError::Refused { signer, status: status.as_u16() }),
        }
    }
}

/// `r`, `s` and perhaps `v`, which is found out anyway.
fn signature(answer: &[u8]) -> Result<RawSignature, SignerError> {
    let text = std::str::from_utf8(answer).map_err(|_| SignerError::Malformed)?.trim();
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok()).ok_or(SignerError::Malformed)?;
    match (bytes.first_chunk(), bytes.len()) {
        (Some(fixed), 64 | 65) => Ok(RawSignature::Fixed(*fixed)),
        (Some(_) | None, _) => Err(SignerError::Malformed),
    }
}

impl fmt::Debug for Web3Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Web3Signer").field(&self.name).finish()
    }
}
