use crate::Outcome;
use alloc::vec::Vec;
use parity_scale_codec::Decode;

/// What a run has to say: an outcome and its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How the run ended.
    pub outcome: Outcome,
    /// The answer or the contract's own error; empty for every other outcome.
    pub output: Vec<u8>,
}

impl Answer {
    /// A run that ended without output.
    #[must_use]
    pub const fn empty(outcome: Outcome) -> Self {
        Self { outcome, output: Vec::new() }
    }

    /// Reads what `handle_request` returned: SCALE `Result<Result<Vec<u8>, E>, LangError>`, where E
    /// is any bytes and is cut at `max_output` bytes.
    #[must_use]
    pub fn from_returned(returned: &[u8], max_output: u32) -> Self {
        let limit = usize::try_from(max_output).unwrap_or(usize::MAX);
        match returned {
            [0, 0, encoded @ ..] => {
                let mut rest = encoded;
                match Vec::<u8>::decode(&mut rest) {
                    Ok(_) if !rest.is_empty() => Self::empty(Outcome::BadContract),
                    Ok(output) if output.len() > limit => Self::empty(Outcome::OutputTooLarge),
                    Ok(output) => Self { outcome: Outcome::Ok, output },
                    Err(_) => Self::empty(Outcome::BadContract),
                }
            }
            [0, 1, error @ ..] => {
                Self { outcome: Outcome::ContractError, output: error[..error.len().min(limit)].to_vec() }
            }
            _ => Self::empty(Outcome::BadContract),
        }
    }
}
