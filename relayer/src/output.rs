//! What a contract's output means, where the contract says: its module's custom section `phat.output`, or whoever
//! deployed it. It is for people who read; nothing that is signed or sent depends on it.

mod decode;

pub use decode::DecodedOutput;

use parity_scale_codec::DecodeAll;
use phat_connector_evm::abi_value::AbiTypes;
use phat_executor::custom_section;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The custom section's name.
pub const SECTION: &str = "phat.output";
/// The longest section, in bytes.
const MAX_SECTION: usize = 4096;
/// The most decimals: 10^77 is the greatest power of ten in 256 bits.
const MAX_DECIMALS: u8 = 77;

/// How an output is read, as a module or a deployment says it: JSON, either with `abi` or with `init`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "UncheckedDescription")]
pub struct OutputDescription {
    /// The ABI types that `abi.encode` was given: `uint256`, or `(uint256,string)` for two values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// The first value, an integer, counts this power of ten: 0 to 77.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// Where the contract's init data, JSON, says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitPointers>,
    /// How a contract's own error is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorFormat>,
}

/// JSON pointers (RFC 6901) into a contract's init data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InitPointers {
    /// To the name of the ABI types.
    pub abi: String,
    /// To the number of decimals; what isn't there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<String>,
}

/// How a contract's own error is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorFormat {
    /// As the SDK writes it: one byte, the code, then a SCALE string.
    Text,
}

/// How one contract's output is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutputFormat {
    /// The ABI types; none where only errors can be read.
    pub abi: Option<String>,
    /// The first value counts this power of ten.
    pub decimals: Option<u8>,
    /// How a contract's own error is read.
    pub error: Option<ErrorFormat>,
}

/// Why a description can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputMistake {
    /// The module's section can't be had.
    #[error("its custom section `phat.output`: {0}")]
    Section(#[from] phat_executor::SectionError),
    /// The module's section is longer than the limit.
    #[error("its custom section `phat.output`: {0} bytes, and the limit is {MAX_SECTION}")]
    TooLong(usize),
    /// The module's section is no description.
    #[error("its custom section `phat.output`: {0}")]
    Malformed(String),
}

/// What is wrong with a description's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionMistake {
    /// `abi` beside `init`.
    #[error("abi and init exclude each other")]
    Both,
    /// It says nothing.
    #[error("one of abi, init and error has to be there")]
    Nothing,
    /// `decimals` without a type beside it.
    #[error("decimals belong to abi")]
    StrayDecimals,
    /// The types are none, or the decimals don't fit them.
    #[error(transparent)]
    Format(#[from] FormatMistake),
    /// Text that is no JSON pointer.
    #[error("{0:?} is no JSON pointer: it begins with `/`")]
    Pointer(String),
}

/// Types and decimals that don't go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatMistake {
    /// The text names no types.
    #[error("abi: {0}")]
    Types(#[from] phat_connector_evm::abi_value::NotAbiTypes),
    /// More decimals than 256 bits can hold.
    #[error("decimals: {0}, and the most is {MAX_DECIMALS}")]
    TooManyDecimals(u8),
    /// The first type has no decimals.
    #[error("decimals: the first type of {0} is no integer")]
    NoInteger(String),
}

/// An [`OutputDescription`] before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UncheckedDescription {
    /// The ABI types that `abi.encode` was given; in place of `init`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// The first value, an integer, counts this power of ten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 77)]
    pub decimals: Option<u8>,
    /// Where the contract's init data, JSON, says it; in place of `abi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitPointers>,
    /// How a contract's own error is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorFormat>,
}

impl TryFrom<UncheckedDescription> for OutputDescription {
    type Error = DescriptionMistake;

    fn try_from(unchecked: UncheckedDescription) -> Result<Self, DescriptionMistake> {
        let UncheckedDescription { abi, decimals, init, error } = unchecked;
        match (&abi, &init) {
            (Some(_), Some(_)) => return Err(DescriptionMistake::Both),
            (None, None) if error.is_none() => return Err(DescriptionMistake::Nothing),
            (None, _) if decimals.is_some() => return Err(DescriptionMistake::StrayDecimals),
            (Some(abi), None) => {
                types(abi, decimals)?;
            }
            (None, Some(InitPointers { abi, decimals })) => {
                for pointer in [Some(abi), decimals.as_ref()].into_iter().flatten() {
                    if !pointer.starts_with('/') {
                        return Err(DescriptionMistake::Pointer(pointer.clone()));
                    }
                }
            }
            (None, None) => {}
        }
        Ok(Self { abi, decimals, init, error })
    }
}

impl OutputDescription {
    /// What a module says; none when it says nothing.
    ///
    /// # Errors
    /// When its section can't be read, or isn't a description.
    pub fn of_module(wasm: &[u8]) -> Result<Option<Self>, OutputMistake> {
        let Some(section) = custom_section(wasm, SECTION)? else { return Ok(None) };
        if section.len() > MAX_SECTION {
            return Err(OutputMistake::TooLong(section.len()));
        }
        // An array would be read as the members in their order.
        if section.trim_ascii_start().first() != Some(&b'{') {
            return Err(OutputMistake::Malformed("not a JSON object".to_owned()));
        }
        serde_json::from_slice(section).map(Some).map_err(|error| OutputMistake::Malformed(error.to_string()))
    }

    /// How a contract with this init data is read; none when the description sends to the init data, and that
    /// doesn't say it.
    #[must_use]
    pub fn resolve(&self, init_data: &[u8]) -> Option<OutputFormat> {
        let error = self.error;
        let (abi, decimals) = match &self.init {
            None => (self.abi.clone(), self.decimals),
            Some(pointers) => match pointers.resolve(init_data) {
                Some((abi, decimals)) => (Some(abi), decimals),
                None => (None, None),
            },
        };
        (abi.is_some() || error.is_some()).then_some(OutputFormat { abi, decimals, error })
    }
}

impl InitPointers {
    fn resolve(&self, init_data: &[u8]) -> Option<(String, Option<u8>)> {
        // The constructor's selector, and its one argument.
        let argument = Vec::<u8>::decode_all(&mut init_data.get(4..)?).ok()?;
        let json: Value = serde_json::from_slice(&argument).ok()?;
        let abi = json.pointer(&self.abi)?.as_str()?;
        let decimals = match self.decimals.as_ref().and_then(|pointer| json.pointer(pointer)) {
            Some(decimals) => Some(u8::try_from(decimals.as_u64()?).ok()?),
            None => None,
        };
        types(abi, decimals).ok()?;
        Some((abi.to_owned(), decimals))
    }
}

/// The types of that name, with decimals that go with them.
fn types(abi: &str, decimals: Option<u8>) -> Result<AbiTypes, FormatMistake> {
    let types: AbiTypes = abi.parse()?;
    match decimals {
        Some(decimals) if decimals > MAX_DECIMALS => Err(FormatMistake::TooManyDecimals(decimals)),
        Some(_) if !types.begin_with_integer() => Err(FormatMistake::NoInteger(abi.to_owned())),
        Some(_) | None => Ok(types),
    }
}

#[cfg(test)]
mod tests;
