use super::{Provider, ProviderError};
use crate::{keys::WorkerKey, sealing::SealingKey};
use phat_enclave_api::Attestation;
use phat_executor::{Randomness, SgxQuote};
use phat_protocol::{Digest, ReportData, WorkerKeys, keccak256, simulated_quote_digest};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Nothing vouches for this enclave: the sealing key is a file, and the evidence is signed by a
/// development key that anyone can compute. `SimulatedAttestationVerifier` is the one verifier that
/// takes it, and it can be deployed on development chains alone.
#[derive(Debug)]
pub struct Simulated {
    sealing_key: PathBuf,
}

impl Simulated {
    /// keccak256 of this is what every simulated enclave claims to be measured as.
    pub const MEASUREMENT_TAG: &'static str = "phat-enclave/simulated/v1";
    /// keccak256 of this is the development key's scalar.
    pub const DEVELOPMENT_KEY_TAG: &'static str = "phat-development-attestation-key/v1";

    /// Takes the sealing key from a file with mode 0600, which the first start writes.
    ///
    /// # Errors
    /// When the key is gone though `store_exists`, others may read it, or the file can't be read or
    /// written.
    pub fn open(directory: &Path, store_exists: bool, randomness: &dyn Randomness) -> Result<Self, ProviderError> {
        let provider = Self { sealing_key: directory.join("sealing.key") };
        if !provider.sealing_key.try_exists().map_err(|cause| provider.file_error(cause))? {
            if store_exists {
                return Err(ProviderError::SealingKeyGone { path: provider.sealing_key });
            }
            provider.create(directory, randomness).map_err(|cause| provider.file_error(cause))?;
        }
        provider.sealing_key()?;
        Ok(provider)
    }

    /// The development key, which is no secret.
    ///
    /// # Errors
    /// Never: the tag's hash is a scalar.
    pub fn development_key() -> Result<WorkerKey, ProviderError> {
        WorkerKey::from_scalar(&keccak256(Self::DEVELOPMENT_KEY_TAG.as_bytes())).map_err(|_| ProviderError::Signing)
    }

    /// Writes a new key beside its place, then moves it there: a crash leaves the whole key or none.
    fn create(&self, directory: &Path, randomness: &dyn Randomness) -> io::Result<()> {
        let mut secret = Zeroizing::new([0; 32]);
        randomness.fill(secret.as_mut_slice());
        let draft = self.sealing_key.with_extension("key.new");
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(secret.as_slice())?;
        file.sync_all()?;
        std::fs::rename(&draft, &self.sealing_key)?;
        File::open(directory)?.sync_all()
    }

    fn file_error(&self, cause: io::Error) -> ProviderError {
        ProviderError::SealingKeyFile { path: self.sealing_key.clone(), cause }
    }
}

impl Provider for Simulated {
    fn attestation(&self) -> Attestation {
        Attestation::Simulated
    }

    fn measurement(&self) -> Digest {
        Digest(keccak256(Self::MEASUREMENT_TAG.as_bytes()))
    }

    fn sealing_key(&self) -> Result<SealingKey, ProviderError> {
        let path = self.sealing_key.clone();
        let metadata = std::fs::metadata(&path).map_err(|cause| self.file_error(cause))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(ProviderError::SealingKeyExposed { path, mode });
        }
        let bytes = Zeroizing::new(std::fs::read(&path).map_err(|cause| self.file_error(cause))?);
        let secret: [u8; 32] =
            bytes.as_slice().try_into().map_err(|_| ProviderError::SealingKeyLength { path, length: bytes.len() })?;
        Ok(SealingKey::new(secret))
    }

    /// abi.encode(bytes32 measurement, bytes reportData, bytes signature), as
    /// `SimulatedAttestationVerifier` decodes it (Contract ABI Specification).
    fn quote(&self, report_data: &ReportData) -> Result<Vec<u8>, ProviderError> {
        let measurement = self.measurement();
        let digest = simulated_quote_digest(&measurement, report_data);
        let signature = Self::development_key()?.sign(&digest).map_err(|_| ProviderError::Signing)?;
        // Three words of head: the measurement, and where the two byte strings start.
        let mut evidence = measurement.0.to_vec();
        push_word(&mut evidence, 3 * 32);
        push_word(&mut evidence, 3 * 32 + 32 + 64);
        push_word(&mut evidence, 64);
        evidence.extend_from_slice(&report_data.0);
        push_word(&mut evidence, 65);
        evidence.extend_from_slice(&signature.0);
        evidence.resize(evidence.len().next_multiple_of(32), 0);
        Ok(evidence)
    }

    fn sgx_quote(&self, _keys: &WorkerKeys) -> Option<SgxQuote> {
        None
    }
}

fn push_word(bytes: &mut Vec<u8>, value: u64) {
    bytes.extend_from_slice(&[0; 24]);
    bytes.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandomness;

    #[test]
    fn the_sealing_key_is_its_owners_alone_and_stays_the_same() {
        let directory = tempfile::tempdir().unwrap();
        Simulated::open(directory.path(), false, &SystemRandomness).unwrap();
        let path = directory.path().join("sealing.key");
        let first = std::fs::read(&path).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        Simulated::open(directory.path(), true, &SystemRandomness).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }

    #[test]
    fn a_sealing_key_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        Simulated::open(directory.path(), false, &SystemRandomness).unwrap();
        let path = directory.path().join("sealing.key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Simulated::open(directory.path(), true, &SystemRandomness).unwrap_err();
        assert!(matches!(refused, ProviderError::SealingKeyExposed { mode: 0o640, .. }), "{refused}");
    }

    #[test]
    fn a_lost_or_cut_sealing_key_is_refused_and_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let gone = Simulated::open(directory.path(), true, &SystemRandomness).unwrap_err();
        assert!(matches!(gone, ProviderError::SealingKeyGone { .. }), "{gone}");
        assert!(!directory.path().join("sealing.key").exists());

        Simulated::open(directory.path(), false, &SystemRandomness).unwrap();
        std::fs::write(directory.path().join("sealing.key"), [1; 31]).unwrap();
        let cut = Simulated::open(directory.path(), true, &SystemRandomness).unwrap_err();
        assert!(matches!(cut, ProviderError::SealingKeyLength { length: 31, .. }), "{cut}");
    }

    #[test]
    fn evidence_has_the_layout_that_the_verifier_decodes() {
        let directory = tempfile::tempdir().unwrap();
        let provider = Simulated::open(directory.path(), false, &SystemRandomness).unwrap();
        let evidence = provider.quote(&ReportData([7; 64])).unwrap();
        assert_eq!(evidence.len(), 32 * 3 + 32 + 64 + 32 + 96);
        assert_eq!(evidence[..32], provider.measurement().0);
        let number = |at: usize| u64::from_be_bytes(evidence[at + 24..at + 32].try_into().unwrap());
        assert_eq!((number(32), number(64)), (96, 192));
        assert_eq!((number(96), number(192)), (64, 65));
        assert_eq!(evidence[128..192], [7; 64]);
        assert_eq!(evidence[224 + 65..], [0; 31]);
        let digest = simulated_quote_digest(&provider.measurement(), &ReportData([7; 64]));
        let signature = Simulated::development_key().unwrap().sign(&digest).unwrap();
        assert_eq!(evidence[224..224 + 65], signature.0);
    }
}
