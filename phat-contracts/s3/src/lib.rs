//! A Phat Contract that reads, lists and writes objects of S3, and of what speaks its protocol, or makes URLs that do.
//!
//! The init data names the bucket, what is done with which object, and which secrets hold the credentials ([`Config`]);
//! a request's payload fills in the placeholders of the object's key.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod error;
mod operation;
mod xml;

pub use config::{Config, Fault, MAX_CONFIG};
pub use error::S3Error;

use alloc::{format, string::String, vec::Vec};
use config::Bucket;
use operation::{Get, List, Operation, Presign, Put};
use phat_sdk::{
    Host, HttpRequest, HttpResponse, Level, OracleRequest, PhatContract, ResponseError,
    abi::{self, Token},
    sigv4::{Credentials, Signer, canonical_url},
    source::{Parameters, ReadError, Template},
};

/// The longest response (status, headers and body), in bytes.
pub const MAX_RESPONSE: usize = 256 * 1024;
/// The status of what isn't there.
const NOT_FOUND: u16 = 404;

/// The contract.
#[derive(Clone, Debug)]
pub struct S3 {
    config: Config,
}

impl PhatContract for S3 {
    /// A [`Config`] as JSON text.
    type Init = Vec<u8>;
    type Error = S3Error;

    fn new(json: Vec<u8>) -> Result<Self, S3Error> {
        Config::parse(&json).map(|config| Self { config }).map_err(S3Error::Config)
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, S3Error> {
        let answer = self.answer(host, &request.payload);
        if let Err(error) = &answer {
            host.log(Level::Warn, &format!("{error}"));
        }
        answer
    }
}

impl S3 {
    fn answer(&self, host: &mut dyn Host, payload: &[u8]) -> Result<Vec<u8>, S3Error> {
        match &self.config.operation {
            Operation::Get(get) => self.get(host, get, &parameters(payload)?),
            Operation::Head(key) => self.head(host, key, &parameters(payload)?),
            Operation::List(list) => self.list(host, list, &parameters(payload)?),
            Operation::Put(put) => self.put(host, put, payload),
            Operation::Presign(presign) => self.presign(host, presign, &parameters(payload)?),
        }
    }

    fn get(&self, host: &mut dyn Host, get: &Get, parameters: &Parameters) -> Result<Vec<u8>, S3Error> {
        let request = HttpRequest::get(&self.url(&get.key, parameters)?);
        let body = accepted(self.send(host, request)?)?;
        let Some(pointer) = &get.pointer else {
            return Ok(abi::encode(&[Token::Dynamic(body)]));
        };
        let not_utf8 =
            |error: alloc::string::FromUtf8Error| ReadError::Response(ResponseError::NotUtf8(error.utf8_error()));
        let document = String::from_utf8(body).map_err(not_utf8)?;
        let value = pointer.find(&document).map_err(ReadError::from)?.ok_or(ReadError::Missing)?;
        Ok(get.answer.encode(value).map_err(ReadError::from)?)
    }

    fn head(&self, host: &mut dyn Host, key: &Template, parameters: &Parameters) -> Result<Vec<u8>, S3Error> {
        let mut request = HttpRequest::get(&self.url(key, parameters)?);
        request.method = "HEAD".into();
        let response = self.send(host, request)?;
        if response.status_code == NOT_FOUND {
            return Ok(abi::encode(&[Token::from(false), Token::from(0_u64), Token::from(String::new())]));
        }
        let size = header(&response, "content-length").and_then(|size| size.parse::<u64>().ok()).unwrap_or(0);
        let tag = header(&response, "etag").unwrap_or_default().into();
        accepted(response)?;
        Ok(abi::encode(&[Token::from(true), Token::from(size), Token::Dynamic(tag)]))
    }

    fn list(&self, host: &mut dyn Host, list: &List, parameters: &Parameters) -> Result<Vec<u8>, S3Error> {
        let request = HttpRequest::get(&self.url(&list.target, parameters)?);
        let body = accepted(self.send(host, request)?)?;
        let document = String::from_utf8(body).map_err(|_| S3Error::NoList)?;
        if !document.contains("<ListBucketResult") {
            return Err(S3Error::NoList);
        }
        let truncated = xml::texts(&document, "IsTruncated").ok_or(S3Error::NoList)?;
        let mut keys = Vec::new();
        for object in xml::elements(&document, "Contents").ok_or(S3Error::NoList)? {
            keys.extend(xml::texts(object, "Key").ok_or(S3Error::NoList)?.into_iter().map(Token::from));
        }
        let truncated = truncated.first().is_some_and(|truncated| truncated == "true");
        Ok(abi::encode(&[Token::Array(keys), Token::from(truncated)]))
    }

    fn put(&self, host: &mut dyn Host, put: &Put, payload: &[u8]) -> Result<Vec<u8>, S3Error> {
        let (url, body) = match &put.content {
            None => (self.url(&put.key, &Parameters::default())?, payload.to_vec()),
            Some(content) => {
                let parameters = parameters(payload)?;
                parameters.known(put.key.names().chain(content.names()))?;
                let url = self.url(&put.key, &parameters.only(put.key.names()))?;
                (url, content.fill(&parameters)?.into_bytes())
            }
        };
        let request = HttpRequest { url, method: "PUT".into(), headers: Vec::new(), body };
        let response = self.send(host, request.header("Content-Type", &put.content_type))?;
        let tag = header(&response, "etag").unwrap_or_default().into();
        accepted(response)?;
        Ok(abi::encode(&[Token::Dynamic(tag)]))
    }

    fn presign(&self, host: &mut dyn Host, presign: &Presign, parameters: &Parameters) -> Result<Vec<u8>, S3Error> {
        let url = self.url(&presign.key, parameters)?;
        let url = match self.credentials(host)? {
            None => url,
            Some(credentials) => self.signer(host, &credentials).presign(presign.method, &url, presign.expires)?,
        };
        Ok(abi::encode(&[Token::from(url)]))
    }

    /// Where a target is, in the one form that is signed and sent.
    fn url(&self, target: &Template, parameters: &Parameters) -> Result<String, S3Error> {
        let Bucket { origin, .. } = &self.config.bucket;
        Ok(canonical_url(&target.fill(origin, parameters)?))
    }

    fn credentials(&self, host: &mut dyn Host) -> Result<Option<Credentials>, S3Error> {
        Ok(self.config.credentials.as_ref().map(|names| names.reveal(host)).transpose()?)
    }

    fn signer<'c>(&'c self, host: &mut dyn Host, credentials: &'c Credentials) -> Signer<'c> {
        Signer { region: &self.config.region, service: "s3", credentials, now_millis: host.now_millis() }
    }

    fn send(&self, host: &mut dyn Host, mut request: HttpRequest) -> Result<HttpResponse, S3Error> {
        if let Some(credentials) = self.credentials(host)? {
            self.signer(host, &credentials).sign(&mut request)?;
        }
        Ok(host.http(&request, MAX_RESPONSE))
    }
}

fn parameters(payload: &[u8]) -> Result<Parameters, S3Error> {
    Ok(Parameters::parse(payload).map_err(ReadError::from)?)
}

fn header<'r>(response: &'r HttpResponse, wanted: &str) -> Option<&'r str> {
    let header = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    header.map(|(_, value)| value.as_str())
}

/// The body of a successful response.
fn accepted(response: HttpResponse) -> Result<Vec<u8>, S3Error> {
    if response.is_success() || response.failure().is_some() {
        return Ok(response.into_body().map_err(ReadError::from)?);
    }
    let status = response.status_code;
    let code = core::str::from_utf8(&response.body).ok().and_then(|body| xml::texts(body, "Code"));
    match code.and_then(|codes| codes.into_iter().next()) {
        Some(code) if status == NOT_FOUND => Err(S3Error::NotFound(code)),
        None if status == NOT_FOUND => Err(S3Error::NotFound("no reason given".into())),
        Some(code) => Err(S3Error::Refused { status, code }),
        None => Err(ReadError::Response(ResponseError::Status(status)).into()),
    }
}

phat_sdk::contract!(S3, output = init("/type"), decimals = init("/decimals"));

#[cfg(test)]
mod tests;
