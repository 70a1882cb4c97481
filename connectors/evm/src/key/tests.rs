use super::*;
use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use proptest::prelude::*;
use std::io::Write as _;

const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// Made by Python's `hashlib` and `cryptography` of the key of account 0x7099…79c8.
const SCRYPT: &str = r#"{"address": "70997970c51812dc3a010c7d01b50e0d17dc79c8", "crypto": {"cipher": "aes-128-ctr", "cipherparams": {"iv": "03c5edab8d4055d68755e94a988232b9"}, "ciphertext": "6b0bc2a98e24c119b9daf6a09e944629239f9ac32d1afa0a127097a0459d0ee5", "kdf": "scrypt", "kdfparams": {"dklen": 32, "n": 1024, "p": 1, "r": 8, "salt": "03373a27fdef93697c1e2834b4a6dfcd82887262f5c66cb10cff0419c0d21b8f"}, "mac": "4b02665c61ecc6c7a4fb59ddf04cef8de991558d64d8fabcb251bcb13c1c0ef9"}, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3}"#;
const PBKDF2: &str = r#"{"crypto": {"cipher": "aes-128-ctr", "cipherparams": {"iv": "893a6a21d4b8da3b4b3aa14d872e5123"}, "ciphertext": "38e8656e06becced9bd0957c7b8e660cff0c40ee010336f68b11437db2bf9d3d", "kdf": "pbkdf2", "kdfparams": {"dklen": 32, "c": 1000, "prf": "hmac-sha256", "salt": "c6130b85b90d7d1c55b37f850fb7e74eacfdcb780328e511e144683c3103c22d"}, "mac": "8a3be536acc1fab41d012e5f86ab2bf7373dfd672bc1469fb67b978ae9c14a83"}, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version": 3}"#;
const PASSWORD: &str = "correct horse";

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn opened(text: &str, password: &str) -> Result<SigningKey, KeystoreError> {
    SigningKey::from_keystore(file(text).path(), &SecretString::from(password))
}

#[test]
fn a_key_prints_its_address_alone() {
    let key = SigningKey::from_hex(&SecretString::from(format!("0x{KEY}"))).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey(0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266)");
}

#[test]
fn a_key_that_is_none_is_refused_unrepeated() {
    for text in ["", "0x", &KEY[1..], &"f".repeat(64), &"0".repeat(64)] {
        let refused = SigningKey::from_hex(&SecretString::from(text)).unwrap_err();
        assert!(!refused.to_string().contains("fff"));
    }
}

#[test]
fn keystores_of_both_derivations_are_opened_by_their_password_alone() {
    for text in [SCRYPT, PBKDF2] {
        let account = opened(text, PASSWORD).unwrap().account().to_string();
        assert_eq!(account, "0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
        for password in ["", "correct horse ", "Correct horse"] {
            assert!(matches!(opened(text, password), Err(KeystoreError::WrongPassword { .. })));
        }
    }
}

#[test]
fn a_keystore_that_was_changed_is_not_opened() {
    for (text, change, to) in [
        (SCRYPT, "\"ciphertext\": \"6b", "\"ciphertext\": \"6c"),
        (SCRYPT, "\"mac\": \"4b", "\"mac\": \"4c"),
        (SCRYPT, "\"salt\": \"03", "\"salt\": \"04"),
        (PBKDF2, "\"ciphertext\": \"38", "\"ciphertext\": \"39"),
        (PBKDF2, "\"mac\": \"8a", "\"mac\": \"8b"),
    ] {
        assert!(text.contains(change), "{change}");
        let refused = opened(&text.replace(change, to), PASSWORD).unwrap_err();
        assert!(matches!(refused, KeystoreError::WrongPassword { .. }), "{to}: {refused}");
    }
}

#[test]
fn a_keystore_that_is_none_or_would_take_too_much_is_refused_before_it_is_opened() {
    for (change, to) in [
        ("\"version\": 3", "\"version\": 4"),
        ("aes-128-ctr", "aes-256-ctr"),
        ("\"n\": 1024", "\"n\": 1000"),
        ("\"n\": 1024", "\"n\": 0"),
        ("\"n\": 1024", "\"n\": 2097152"),
        ("\"r\": 8", "\"r\": 0"),
        ("\"p\": 1", "\"p\": 17"),
        ("\"dklen\": 32", "\"dklen\": 16"),
        ("\"iv\": \"03", "\"iv\": \""),
        ("\"ciphertext\": \"6b", "\"ciphertext\": \""),
        ("\"mac\": \"4b", "\"mac\": \"zz"),
        ("\"kdf\": \"scrypt\"", "\"kdf\": \"argon2\""),
        ("\"crypto\"", "\"crypt\""),
    ] {
        assert!(SCRYPT.contains(change), "{change}");
        let refused = opened(&SCRYPT.replace(change, to), PASSWORD).unwrap_err();
        assert!(matches!(refused, KeystoreError::Malformed { .. }), "{to}: {refused}");
    }
    for (change, to) in [("\"c\": 1000", "\"c\": 0"), ("\"c\": 1000", "\"c\": 10000001"), ("hmac-sha256", "hmac-md5")] {
        let refused = opened(&PBKDF2.replace(change, to), PASSWORD).unwrap_err();
        assert!(matches!(refused, KeystoreError::Malformed { .. }), "{to}: {refused}");
    }
    let nowhere = SigningKey::from_keystore(Path::new("/nowhere/keystore"), &SecretString::from(PASSWORD));
    assert!(matches!(nowhere, Err(KeystoreError::Unreadable { .. })));
    assert!(
        matches!(opened("not JSON, but correct horse", PASSWORD), Err(KeystoreError::Malformed { cause, .. }) if !cause.contains("horse"))
    );
}

#[test]
fn a_public_key_is_read_in_every_form_that_signers_give_it_out() {
    let secret = k256::SecretKey::from_slice(&hex::decode(KEY).unwrap()).unwrap();
    let point = secret.public_key().to_sec1_bytes();
    let uncompressed = {
        use k256::elliptic_curve::sec1::ToEncodedPoint as _;
        secret.public_key().to_encoded_point(false).as_bytes().to_vec()
    };
    let der = [&hex::decode("3056301006072a8648ce3d020106052b8104000a034200").unwrap()[..], &uncompressed].concat();
    for bytes in [&point[..], &uncompressed, &uncompressed[1..], &der] {
        let key: PublicKey = format!("0x{}", hex::encode(bytes)).parse().unwrap();
        assert_eq!(key.account().to_string(), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
        assert_eq!(key.to_string(), format!("0x{}", hex::encode(&uncompressed[1..])));
    }
    for text in ["", "0x", "0x04", "zz", &hex::encode(&der[1..]), &hex::encode(&der[..87]), &hex::encode([7; 64])] {
        assert_eq!(text.parse::<PublicKey>(), Err(InvalidPublicKey), "{text}");
    }
}

/// Signs as a key management service does: over the hash, in the form that it is told, with whichever `s`
/// comes out.
#[derive(Debug)]
struct Service {
    key: k256::ecdsa::SigningKey,
    der: bool,
    high: bool,
}

#[async_trait]
impl DigestSigner for Service {
    async fn sign(&self, message: Message<'_>) -> Result<RawSignature, SignerError> {
        let signature: ecdsa::Signature = self.key.sign_prehash(&message.digest()).unwrap();
        let signature = signature.normalize_s().unwrap_or(signature);
        let (r, s) = signature.split_scalars();
        let signature = if self.high { ecdsa::Signature::from_scalars(*r, -*s).unwrap() } else { signature };
        if self.der {
            return Ok(RawSignature::Der(signature.to_der().as_bytes().to_vec()));
        }
        Ok(RawSignature::Fixed(signature.to_bytes().into()))
    }
}

fn elsewhere(of: [u8; 32], signs: [u8; 32], der: bool, high: bool) -> SigningKey {
    let of = k256::SecretKey::from_slice(&of).unwrap().public_key().to_sec1_bytes();
    let key = k256::ecdsa::SigningKey::from_slice(&signs).unwrap();
    SigningKey::elsewhere(&PublicKey::from_bytes(&of).unwrap(), Arc::new(Service { key, der, high }))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_signer_elsewhere_makes_the_signature_that_the_key_here_makes(
        key in any::<[u8; 32]>(), message in any::<[u8; 40]>(), der in any::<bool>(), high in any::<bool>(),
    ) {
        prop_assume!(k256::SecretKey::from_slice(&key).is_ok());
        let here = SigningKey::from_hex(&SecretString::from(hex::encode(key))).unwrap();
        let there = elsewhere(key, key, der, high);
        prop_assert_eq!(here.account(), there.account());
        let message = Message::new(&message);
        let (here, there) = (run(here.sign(message)).unwrap(), run(there.sign(message)).unwrap());
        prop_assert_eq!(here, there);
    }
}

#[test]
fn a_signature_of_another_key_is_no_signature() {
    let refused = run(elsewhere([1; 32], [2; 32], true, false).sign(Message::new(b"text"))).unwrap_err();
    let ChainError::NotSigned { account, transient, cause } = &refused else { panic!("{refused}") };
    assert_eq!(*account, Account(elsewhere([1; 32], [2; 32], true, false).account().to_string()));
    assert_eq!((*transient, cause.as_str()), (false, "the signature is not of the account's key"));
}

#[test]
fn what_is_no_signature_is_malformed() {
    for raw in [RawSignature::Der(vec![]), RawSignature::Der(vec![0x30, 0]), RawSignature::Fixed([0; 64])] {
        assert_eq!(whole(&raw, [1; 32], Address::zero()), Err(SignerError::Malformed), "{raw:?}");
    }
}
