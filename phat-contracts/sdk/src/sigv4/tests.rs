use super::{
    CredentialNames, Credentials, Signer, SigningError,
    canonical::{canonical_path, canonical_query, canonical_url},
};
use crate::{HttpRequest, Secret, testing::MockHost};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// The credentials of the examples in the Amazon S3 API Reference.
fn credentials() -> Credentials {
    Credentials {
        access_key: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_key: Secret::from(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec()),
        session_token: None,
    }
}

fn signer(credentials: &Credentials) -> Signer<'_> {
    Signer { region: "us-east-1", service: "s3", credentials, now_millis: 1_369_353_600_000 }
}

fn authorization(mut request: HttpRequest) -> String {
    signer(&credentials()).sign(&mut request).expect("signed");
    let (_, value) = request.headers.into_iter().find(|(name, _)| name == "Authorization").expect("a signature");
    value
}

/// "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", its four examples.
#[test]
fn signed_requests_are_those_of_the_reference() {
    let url = |target: &str| ["https://examplebucket.s3.amazonaws.com", target].concat();
    let get = authorization(HttpRequest::get(&url("/test.txt")).header("Range", "bytes=0-9"));
    let expected = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
        SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
        Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    assert_eq!(get, expected);

    let put = HttpRequest {
        url: url(&canonical_path("/test$file.text")),
        method: "PUT".into(),
        headers: Vec::new(),
        body: b"Welcome to Amazon S3.".to_vec(),
    };
    let put = put.header("Date", "Fri, 24 May 2013 00:00:00 GMT").header("x-amz-storage-class", "REDUCED_REDUNDANCY");
    let signature = "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    assert!(authorization(put).ends_with(signature));

    let lifecycle = authorization(HttpRequest::get(&url("/?lifecycle")));
    assert!(lifecycle.ends_with("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
    let list = authorization(HttpRequest::get(&url("/?max-keys=2&prefix=J")));
    assert!(list.ends_with("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

/// "Authenticating Requests: Using Query Parameters", its example.
#[test]
fn a_signed_url_is_that_of_the_reference() {
    let url = signer(&credentials()).presign("GET", "https://examplebucket.s3.amazonaws.com/test.txt", 86_400);
    let expected = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    assert_eq!(url.as_deref(), Ok(expected));
}

#[test]
fn the_host_is_signed_as_the_connection_names_it() {
    let signed = |url: &str| authorization(HttpRequest::get(url));
    assert_eq!(signed("https://S3.Example:443/a"), signed("https://s3.example/a"));
    assert_eq!(signed("http://s3.example:80/a"), signed("https://s3.example/a"));
    assert_ne!(signed("https://s3.example:8443/a"), signed("https://s3.example/a"));
    assert_eq!(signed("https://s3.example"), signed("https://s3.example/"));
}

#[test]
fn a_path_is_encoded_once_whatever_it_was() {
    assert_eq!(canonical_path("/a b/ü+(1)%20%2f~"), "/a%20b/%C3%BC%2B%281%29%20/~");
    assert_eq!(canonical_query("a/b=c/d+e%2fü&x&y="), "a%2Fb=c%2Fd%2Be%2F%C3%BC&x&y=");
    let url = canonical_url("https://s3.example:9000/a b/%63?d=/");
    assert_eq!(
        (url.as_str(), canonical_url("https://a")),
        ("https://s3.example:9000/a%20b/c?d=%2F", "https://a".into())
    );
    assert_eq!(canonical_path(&canonical_path("/%2520 %")), "/%2520%20%25");
}

#[test]
fn a_session_is_signed_too() {
    let mut credentials = credentials();
    credentials.session_token = Some(Secret::from(b"token/+=".to_vec()));
    let mut request = HttpRequest::get("https://s3.example/a");
    signer(&credentials).sign(&mut request).expect("signed");
    assert!(request.headers.contains(&("x-amz-security-token".into(), "token/+=".into())));
    let (_, authorization) = request.headers.last().expect("a signature");
    assert!(authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
    let url = signer(&credentials).presign("GET", "https://s3.example/a?b=1", 60).expect("signed");
    assert!(url.contains("a?b=1&X-Amz-Algorithm=") && url.contains("&X-Amz-Security-Token=token%2F%2B%3D&"), "{url}");
}

#[test]
fn credentials_are_secrets_and_never_shown() {
    let names = CredentialNames { access_key: "id".into(), secret_key: "key".into(), session_token: None };
    let mut host = MockHost::new(|_| panic!("no requests"));
    assert_eq!(names.reveal(&mut host).err(), Some(SigningError::NoSecret("id".into())));
    host.give_secret("id", b"AKIA\n", &[]);
    assert_eq!(names.reveal(&mut host).err(), Some(SigningError::NoText("id".into())));
    host.give_secret("id", b"AKIA", &[]);
    assert_eq!(
        names.reveal(&mut host).err().map(|error| error.to_string()).as_deref(),
        Some("there is no secret \"key\" (simulations get none)")
    );
    host.give_secret("key", b"hunter2", &[]);
    let shown = alloc::format!("{:?}", names.reveal(&mut host).expect("credentials"));
    assert!(shown.contains("AKIA") && !shown.contains("hunter2"), "{shown}");
}
