use super::AbiType;

/// The longest text, in bytes.
const MAX_TEXT: usize = 512;
/// How deep arrays and structs may lie in each other.
const MAX_DEPTH: usize = 16;

/// Text that names no types of the contract ABI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} are no ABI types: {cause}")]
pub struct NotAbiTypes {
    text: String,
    cause: &'static str,
}

pub(super) fn parse(text: &str) -> Result<Vec<AbiType>, NotAbiTypes> {
    let refused = |cause| NotAbiTypes { text: text.chars().take(64).collect(), cause };
    if text.len() > MAX_TEXT {
        return Err(refused("more than 512 bytes"));
    }
    let mut reader = Reader { rest: text };
    let types = match reader.one(1).map_err(refused)? {
        AbiType::Tuple(several) => several,
        one @ (AbiType::Uint(_)
        | AbiType::Int(_)
        | AbiType::Bool
        | AbiType::Address
        | AbiType::FixedBytes(_)
        | AbiType::Bytes
        | AbiType::String
        | AbiType::Array(_)
        | AbiType::FixedArray(..)) => vec![one],
    };
    if reader.rest.is_empty() { Ok(types) } else { Err(refused("something follows the last type")) }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// What follows an opening parenthesis, the closing one included.
    fn members(&mut self, depth: usize) -> Result<Vec<AbiType>, &'static str> {
        if depth > MAX_DEPTH {
            return Err("nested too deep");
        }
        let mut members = Vec::new();
        loop {
            members.push(self.one(depth + 1)?);
            if self.take(')') {
                return Ok(members);
            }
            if !self.take(',') {
                return Err("expected `,` or `)` after a type");
            }
        }
    }

    fn one(&mut self, depth: usize) -> Result<AbiType, &'static str> {
        let mut found = if self.take('(') { AbiType::Tuple(self.members(depth)?) } else { self.word()? };
        let mut dimensions = 0;
        while self.take('[') {
            dimensions += 1;
            if depth + dimensions > MAX_DEPTH {
                return Err("nested too deep");
            }
            let (length, rest) = self.rest.split_once(']').ok_or("`[` without `]`")?;
            self.rest = rest;
            found = if length.is_empty() {
                AbiType::Array(Box::new(found))
            } else {
                AbiType::FixedArray(Box::new(found), number(length).ok_or("an array's length is a number above 0")?)
            };
        }
        Ok(found)
    }

    fn word(&mut self) -> Result<AbiType, &'static str> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let bits = |digits: &str| {
            number(digits)
                .and_then(|bits| u32::try_from(bits).ok())
                .filter(|bits| bits.is_multiple_of(8) && *bits <= 256)
                .ok_or("integers have 8 to 256 bits, in steps of 8")
        };
        match word {
            "bool" => Ok(AbiType::Bool),
            "address" => Ok(AbiType::Address),
            "bytes" => Ok(AbiType::Bytes),
            "string" => Ok(AbiType::String),
            _ => {
                if let Some(digits) = word.strip_prefix("uint") {
                    bits(digits).map(AbiType::Uint)
                } else if let Some(digits) = word.strip_prefix("int") {
                    bits(digits).map(AbiType::Int)
                } else if let Some(digits) = word.strip_prefix("bytes") {
                    let length = number(digits).filter(|length| *length <= 32);
                    length.map(AbiType::FixedBytes).ok_or("fixed bytes are bytes1 to bytes32")
                } else {
                    Err("expected a type: uintN, intN, bool, address, bytesN, bytes, string, or several in parentheses")
                }
            }
        }
    }
}

/// A decimal number above zero, without leading zeros.
fn number(digits: &str) -> Option<usize> {
    let written = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if written { digits.parse().ok() } else { None }
}
