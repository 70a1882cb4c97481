use super::*;

#[test]
fn every_cause_is_named_once() {
    let certificate = std::io::Error::other("invalid peer certificate: UnknownIssuer");
    let outer = std::io::Error::other(certificate);
    assert_eq!(with_causes(&outer), "invalid peer certificate: UnknownIssuer");
}
