//! AWS Signature Version 4 ("Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference): requests to
//! S3 and to what speaks its protocol, signed in a header or in the URL.

mod canonical;
mod date;

use crate::{
    Host, HttpRequest, Secret,
    config::{Fault, Fields},
    json::Object,
};
use alloc::{format, string::String, vec::Vec};
use canonical::{Canonical, encoded};
use date::Stamp;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

pub use canonical::canonical_url;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What stands for the body's hash in a signed URL.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// The longest that a signed URL can be used, in seconds: a week.
pub const MAX_EXPIRES: u32 = 604_800;

/// Whose requests are signed: the names of the secrets that say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialNames {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
}

/// How the requests to a source are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    region: String,
    credentials: CredentialNames,
}

/// Whose requests are signed.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// The secret that belongs to it.
    pub secret_key: Secret,
    /// Of temporary credentials, the session.
    pub session_token: Option<Secret>,
}

/// Why a request can't be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The contract has no secret of this name.
    #[error("there is no secret {0:?} (simulations get none)")]
    NoSecret(String),
    /// The secret is no text that can stand in a header.
    #[error("the secret {0:?} is no visible ASCII text")]
    NoText(String),
    /// The URL has no host.
    #[error("the URL has no host")]
    NoHost,
}

/// Signs for one region of a service.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'s> {
    /// `us-east-1`
    pub region: &'s str,
    /// `s3`
    pub service: &'s str,
    /// Who signs.
    pub credentials: &'s Credentials,
    /// When, in milliseconds since 1970. Servers accept what is within 15 minutes of their own time.
    pub now_millis: u64,
}

impl CredentialNames {
    const FIELDS: &[&str] = &["access_key", "secret_key", "session_token"];

    /// Reads an object of secrets' names, `access_key`, `secret_key` and perhaps `session_token`.
    pub fn read<F: From<Fault>>(fields: &mut Fields<'_, F>, field: &str) -> Option<Self> {
        let raw = fields.get(field)?;
        let object = fields.check(field, Object::read(raw.get()).map_err(Fault::NotAnObject))?;
        let mut inner = Fields::within(fields.place(field), object);
        let access_key = inner.string("access_key");
        let secret_key = inner.string("secret_key");
        let session_token = inner.get("session_token").and_then(|_| inner.string("session_token"));
        fields.append(inner.finish(Self::FIELDS));
        Some(Self { access_key: access_key?, secret_key: secret_key?, session_token })
    }

    /// Has the host tell these secrets.
    ///
    /// # Errors
    /// [`SigningError`]
    pub fn reveal(&self, host: &mut dyn Host) -> Result<Credentials, SigningError> {
        let mut secret =
            |name: &String| host.secret(name).map(Secret::from).ok_or_else(|| SigningError::NoSecret(name.clone()));
        let access_key = text(&self.access_key, &secret(&self.access_key)?)?;
        let secret_key = secret(&self.secret_key)?;
        let session_token = self.session_token.as_ref().map(secret).transpose()?;
        Ok(Credentials { access_key, secret_key, session_token })
    }
}

impl Signing {
    const FIELDS: &[&str] = &["region", "credentials"];

    /// Reads an object of `region` and `credentials`; none where it is left out.
    pub fn read<F: From<Fault>>(fields: &mut Fields<'_, F>, field: &str) -> Option<Self> {
        let raw = fields.get(field)?;
        let object = fields.check(field, Object::read(raw.get()).map_err(Fault::NotAnObject))?;
        let mut inner = Fields::within(fields.place(field), object);
        let region = region(&mut inner);
        inner.required("credentials");
        let credentials = CredentialNames::read(&mut inner, "credentials");
        fields.append(inner.finish(Self::FIELDS));
        Some(Self { region: region?, credentials: credentials? })
    }

    /// Signs a request to S3, with its URL brought to its canonical form.
    ///
    /// # Errors
    /// [`SigningError`]
    pub fn sign(&self, host: &mut dyn Host, request: &mut HttpRequest) -> Result<(), SigningError> {
        let credentials = self.credentials.reveal(host)?;
        request.url = canonical_url(&request.url);
        let now_millis = host.now_millis();
        Signer { region: &self.region, service: "s3", credentials: &credentials, now_millis }.sign(request)
    }
}

/// Reads `region`, which must be there.
pub fn region<F: From<Fault>>(fields: &mut Fields<'_, F>) -> Option<String> {
    let region = fields.string("region")?;
    let good =
        (1..=64).contains(&region.len()) && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let expected = Fault::WrongKind("1 to 64 letters, digits and \"-\"");
    fields.check("region", if good { Ok(region) } else { Err(expected) })
}

impl Signer<'_> {
    /// Adds the headers that sign a request: `x-amz-date`, `x-amz-content-sha256`, perhaps `x-amz-security-token`, and
    /// `Authorization`, which covers these, the host, and all headers that the request has already.
    ///
    /// The URL must be one that [`canonical_url`] made.
    ///
    /// # Errors
    /// [`SigningError`]
    pub fn sign(&self, request: &mut HttpRequest) -> Result<(), SigningError> {
        let stamp = Stamp::of(self.now_millis);
        let body_hash = hex::encode(Sha256::digest(&request.body));
        request.headers.push(("x-amz-content-sha256".into(), body_hash.clone()));
        request.headers.push(("x-amz-date".into(), stamp.time()));
        if let Some(token) = &self.credentials.session_token {
            request.headers.push(("x-amz-security-token".into(), text("session_token", token)?));
        }
        let canonical = Canonical::of(&request.method, &request.url, &request.headers).ok_or(SigningError::NoHost)?;
        let signature = self.signature(&canonical.text(&body_hash), &stamp);
        let scope = self.scope(&stamp);
        let (key, signed) = (&self.credentials.access_key, canonical.signed_headers());
        let value = format!("{ALGORITHM} Credential={key}/{scope},SignedHeaders={signed},Signature={signature}");
        request.headers.push(("Authorization".into(), value));
        Ok(())
    }

    /// A URL that carries its signature, and so lets whoever has it make this request for so many seconds, 1 to
    /// [`MAX_EXPIRES`].
    ///
    /// # Errors
    /// [`SigningError`]
    pub fn presign(&self, method: &str, url: &str, expires: u32) -> Result<String, SigningError> {
        let stamp = Stamp::of(self.now_millis);
        let credential = format!("{}/{}", self.credentials.access_key, self.scope(&stamp));
        let mut query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={expires}",
            encoded(&credential),
            stamp.time()
        );
        if let Some(token) = &self.credentials.session_token {
            query.push_str(&format!("&X-Amz-Security-Token={}", encoded(&text("session_token", token)?)));
        }
        query.push_str("&X-Amz-SignedHeaders=host");
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}{query}");
        let canonical = Canonical::of(method, &url, &[]).ok_or(SigningError::NoHost)?;
        let signature = self.signature(&canonical.text(UNSIGNED_PAYLOAD), &stamp);
        Ok(format!("{url}&X-Amz-Signature={signature}"))
    }

    fn scope(&self, stamp: &Stamp) -> String {
        format!("{}/{}/{}/aws4_request", stamp.day(), self.region, self.service)
    }

    fn signature(&self, canonical_request: &str, stamp: &Stamp) -> String {
        let hash = hex::encode(Sha256::digest(canonical_request.as_bytes()));
        let to_sign = format!("{ALGORITHM}\n{}\n{}\n{hash}", stamp.time(), self.scope(stamp));
        let secret = zeroize::Zeroizing::new([b"AWS4", self.credentials.secret_key.expose()].concat());
        let mut key = zeroize::Zeroizing::new(hmac(&secret, stamp.day().as_bytes()));
        for part in [self.region, self.service, "aws4_request"] {
            key = hmac(&key, part.as_bytes()).into();
        }
        hex::encode(hmac(&key, to_sign.as_bytes()))
    }
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn text(name: &str, secret: &Secret) -> Result<String, SigningError> {
    let visible = !secret.expose().is_empty() && secret.expose().iter().all(u8::is_ascii_graphic);
    let text = core::str::from_utf8(secret.expose()).ok().filter(|_| visible);
    text.map(String::from).ok_or_else(|| SigningError::NoText(name.into()))
}

#[cfg(test)]
mod tests;
