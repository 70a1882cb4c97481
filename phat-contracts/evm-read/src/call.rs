use crate::{
    Fault,
    abi_type::{AbiType, parameters},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use phat_protocol::keccak256;
use phat_sdk::{
    abi::{self, Token},
    config::{Fault as Any, Fields},
    json::Value,
    serde_json::{self, value::RawValue},
    source::{Parameters, ParametersError, TemplateError, is_placeholder_name},
};

/// The longest call data, in bytes.
pub const MAX_CALLDATA: usize = 16 * 1024;

/// Which contract is called, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    address: Argument,
    data: Data,
}

/// Where call data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
    /// A function's selector, and its arguments with their types.
    Function([u8; 4], Vec<(AbiType, Argument)>),
    /// The whole payload.
    Payload,
}

/// What an argument is, in the init data.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Argument {
    Text(String),
    Placeholder(String),
    List(Vec<Argument>),
}

/// Why a payload makes no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is no object of parameters.
    #[error("{0}")]
    Parameters(#[from] ParametersError),
    /// The parameters don't fit the placeholders.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// A value is not of its argument's type; what it should be.
    #[error("the parameter {0:?} must be {1}")]
    Type(String, &'static str),
    /// Call data is longer than [`MAX_CALLDATA`].
    #[error("call data longer than {MAX_CALLDATA} bytes")]
    TooLong,
}

/// A call, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) address: [u8; 20],
    pub(crate) data: Vec<u8>,
}

impl Call {
    /// Reads `address`, and either `signature` and `args`, or `"payload": "calldata"`.
    pub(crate) fn read(fields: &mut Fields<'_, Fault>) -> Option<Self> {
        let address = fields.required("address").map(Argument::read);
        let address = address.and_then(|address| fields.check("address", address.map_err(Fault::Any)));
        let address = address.and_then(|address| {
            let good = address.checked(&AbiType::Address).map(|()| address);
            fields.check("address", good)
        });
        if fields.get("payload").is_some() {
            fields.choice("payload", &["calldata"]);
            for excluded in ["signature", "args"] {
                if fields.get(excluded).is_some() {
                    fields.mistake(excluded, Fault::BesideCalldata);
                }
            }
            if matches!(address, Some(Argument::Placeholder(_))) {
                fields.mistake("address", Fault::PlaceholderBesideCalldata);
            }
            return Some(Self { address: address?, data: Data::Payload });
        }
        let signature = fields.string("signature");
        let signature = signature.and_then(|text| {
            let types = fields.check("signature", parameters(&text))?;
            let [a, b, c, d, ..] = keccak256(text.as_bytes());
            Some(([a, b, c, d], types))
        });
        let (selector, types) = signature?;
        let arguments = arguments(fields, types)?;
        Some(Self { address: address?, data: Data::Function(selector, arguments) })
    }

    fn placeholders(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.address.placeholders(&mut names);
        match &self.data {
            Data::Function(_, arguments) => {
                for (_, argument) in arguments {
                    argument.placeholders(&mut names);
                }
            }
            Data::Payload => {}
        }
        names
    }

    /// The call for this payload.
    pub(crate) fn fill(&self, payload: &[u8]) -> Result<Filled, PayloadError> {
        let parameters = match self.data {
            Data::Payload => Parameters::default(),
            Data::Function(..) => Parameters::parse(payload)?,
        };
        parameters.known(self.placeholders().into_iter())?;
        let address = match self.address.token(&AbiType::Address, &parameters)? {
            Token::Word(word) => word.last_chunk::<20>().copied(),
            Token::Dynamic(_) | Token::Array(_) => None,
        };
        let address = address.ok_or_else(|| PayloadError::Type("address".into(), AbiType::Address.expected()))?;
        let data = match &self.data {
            Data::Payload => payload.to_vec(),
            Data::Function(selector, arguments) => {
                let tokens = arguments.iter().map(|(abi_type, argument)| argument.token(abi_type, &parameters));
                [selector.as_slice(), &abi::encode(&tokens.collect::<Result<Vec<_>, _>>()?)].concat()
            }
        };
        if data.len() > MAX_CALLDATA { Err(PayloadError::TooLong) } else { Ok(Filled { address, data }) }
    }
}

fn arguments(fields: &mut Fields<'_, Fault>, types: Vec<AbiType>) -> Option<Vec<(AbiType, Argument)>> {
    let list = match fields.get("args") {
        None => Vec::new(),
        Some(raw) => {
            let list = serde_json::from_str::<Vec<&RawValue>>(raw.get()).map_err(|_| Any::WrongKind("a list"));
            fields.check("args", list)?
        }
    };
    if list.len() != types.len() {
        fields.mistake("args", Fault::Count { found: list.len(), expected: types.len() });
        return None;
    }
    let mut arguments = Vec::new();
    for (index, (raw, abi_type)) in list.into_iter().zip(types).enumerate() {
        let read = Argument::read(raw).map_err(Fault::Any);
        let read = read.and_then(|argument| argument.checked(&abi_type).map(|()| argument));
        if let Some(argument) = fields.check(&format!("args[{index}]"), read) {
            arguments.push((abi_type, argument));
        }
    }
    Some(arguments)
}

impl Argument {
    fn read(raw: &RawValue) -> Result<Self, Any> {
        const EXPECTED: Any = Any::WrongKind("a string, a number, true, false, or a list of such");
        match Value::read(raw).map_err(|_| EXPECTED)? {
            Value::String(text) => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => Ok(Self::Placeholder(name.into())),
                None => Ok(Self::Text(text)),
            },
            Value::Number(text) => Ok(Self::Text(text.into())),
            Value::Bool(value) => Ok(Self::Text(value.to_string())),
            Value::Array => {
                let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| EXPECTED)?;
                list.into_iter().map(Self::read).collect::<Result<_, _>>().map(Self::List)
            }
            Value::Null | Value::Object => Err(EXPECTED),
        }
    }

    /// Whether it can be an argument of this type.
    fn checked(&self, abi_type: &AbiType) -> Result<(), Fault> {
        let wrong = || Fault::Any(Any::WrongKind(abi_type.expected()));
        match (self, abi_type) {
            (Self::List(list), AbiType::Array(element)) => list.iter().try_for_each(|one| one.checked(element)),
            (Self::Placeholder(_), AbiType::Array(_)) | (Self::List(_), _) => Err(wrong()),
            (Self::Placeholder(name), _) if !is_placeholder_name(name) => {
                Err(Fault::Any(TemplateError::Name(name.clone()).into()))
            }
            (Self::Placeholder(_), _) => Ok(()),
            (Self::Text(text), abi_type) => abi_type.token(text).map(drop).ok_or_else(wrong),
        }
    }

    fn placeholders<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Text(_) => {}
            Self::Placeholder(name) => names.push(name),
            Self::List(list) => list.iter().for_each(|one| one.placeholders(names)),
        }
    }

    fn token(&self, abi_type: &AbiType, parameters: &Parameters) -> Result<Token, PayloadError> {
        let of = |name: &str, text: &str| {
            abi_type.token(text).ok_or_else(|| PayloadError::Type(name.into(), abi_type.expected()))
        };
        match (self, abi_type) {
            (Self::List(list), AbiType::Array(element)) => {
                let tokens = list.iter().map(|one| one.token(element, parameters));
                tokens.collect::<Result<_, _>>().map(Token::Array)
            }
            (Self::List(_), _) => of("", ""),
            (Self::Text(text), _) => of(text, text),
            (Self::Placeholder(name), _) => {
                let value = parameters.get(name).ok_or_else(|| TemplateError::MissingParameter(name.clone()))?;
                of(name, value)
            }
        }
    }
}

#[cfg(test)]
mod tests;
