use ethers::abi::{
    Abi, Function, Param, ParamType, Token,
    token::{LenientTokenizer, Tokenizer},
};
use serde::Deserialize;

/// A compiled contract: its ABI and creation bytecode, as `contracts-evm/artifacts/` holds them.
/// Arguments and results are text: decimal numbers, `0x…` bytes and addresses, `true`, `false`.
#[derive(Clone, Debug)]
pub struct Artifact {
    abi: Abi,
    bytecode: Vec<u8>,
}

/// Why an artifact can't be used as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// The JSON is no artifact.
    #[error("not an artifact: {0}")]
    Malformed(String),
    /// The contract has no such function.
    #[error("the contract has no function {0}")]
    NoFunction(String),
    /// Another number of arguments is needed.
    #[error("{function} takes {expected} arguments, not {found}")]
    ArgumentCount {
        /// The function, or `constructor`.
        function: String,
        /// How many it takes.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An argument can't be read as its type.
    #[error("argument {name} of {function} is no {expected}: {found:?}")]
    Argument {
        /// The function, or `constructor`.
        function: String,
        /// The argument's name.
        name: String,
        /// Its type.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The contract answered what its ABI doesn't say.
    #[error("{function} answered 0x{}", hex::encode(.output))]
    Output {
        /// The function.
        function: String,
        /// What it answered.
        output: Vec<u8>,
    },
}

#[derive(Deserialize)]
struct ArtifactFile {
    abi: Abi,
    bytecode: String,
}

impl Artifact {
    /// Reads an artifact's JSON: `{"abi": […], "bytecode": "0x…"}`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(json: &str) -> Result<Self, ArtifactError> {
        let malformed = |cause: String| ArtifactError::Malformed(cause);
        let ArtifactFile { abi, bytecode } =
            serde_json::from_str(json).map_err(|error| malformed(error.to_string()))?;
        let digits = bytecode.strip_prefix("0x").unwrap_or(&bytecode);
        let bytecode = hex::decode(digits).map_err(|error| malformed(error.to_string()))?;
        Ok(Self { abi, bytecode })
    }

    /// What deploys the contract: its bytecode, and the constructor's arguments.
    ///
    /// # Errors
    /// When the arguments aren't the constructor's.
    pub fn creation(&self, arguments: &[&str]) -> Result<Vec<u8>, ArtifactError> {
        let inputs = self.abi.constructor.as_ref().map_or(&[][..], |constructor| &constructor.inputs);
        let tokens = tokens("constructor", inputs, arguments)?;
        Ok([self.bytecode.clone(), ethers::abi::encode(&tokens)].concat())
    }

    /// What calls a function: its selector and arguments.
    ///
    /// # Errors
    /// When there is no such function, or the arguments aren't its.
    pub fn call(&self, function: &str, arguments: &[&str]) -> Result<Vec<u8>, ArtifactError> {
        let function = self.function(function)?;
        let tokens = tokens(&function.name, &function.inputs, arguments)?;
        Ok([function.short_signature().to_vec(), ethers::abi::encode(&tokens)].concat())
    }

    /// What a function answered; the fields of a struct are values of their own.
    ///
    /// # Errors
    /// When there is no such function, or it answers something else.
    pub fn read(&self, function: &str, output: &[u8]) -> Result<Vec<String>, ArtifactError> {
        let function = self.function(function)?;
        let tokens = function
            .decode_output(output)
            .map_err(|_| ArtifactError::Output { function: function.name.clone(), output: output.to_vec() })?;
        let mut values = Vec::new();
        tokens.iter().for_each(|token| text(token, &mut values));
        Ok(values)
    }

    fn function(&self, name: &str) -> Result<&Function, ArtifactError> {
        self.abi.function(name).map_err(|_| ArtifactError::NoFunction(name.to_owned()))
    }
}

fn tokens(function: &str, inputs: &[Param], arguments: &[&str]) -> Result<Vec<Token>, ArtifactError> {
    if inputs.len() != arguments.len() {
        return Err(ArtifactError::ArgumentCount {
            function: function.to_owned(),
            expected: inputs.len(),
            found: arguments.len(),
        });
    }
    let read = |(input, argument): (&Param, &&str)| {
        let is_hex = matches!(input.kind, ParamType::Address | ParamType::Bytes | ParamType::FixedBytes(_));
        let bare = if is_hex { argument.strip_prefix("0x").unwrap_or(argument) } else { argument };
        LenientTokenizer::tokenize(&input.kind, bare).map_err(|_| ArtifactError::Argument {
            function: function.to_owned(),
            name: input.name.clone(),
            expected: input.kind.to_string(),
            found: (*argument).to_owned(),
        })
    };
    inputs.iter().zip(arguments).map(read).collect()
}

fn text(token: &Token, values: &mut Vec<String>) {
    match token {
        Token::Uint(number) | Token::Int(number) => values.push(number.to_string()),
        Token::FixedBytes(_) | Token::Bytes(_) | Token::Address(_) => values.push(format!("0x{token}")),
        Token::Bool(_) | Token::String(_) => values.push(token.to_string()),
        Token::FixedArray(parts) | Token::Array(parts) | Token::Tuple(parts) => {
            parts.iter().for_each(|part| text(part, values));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price_consumer() -> Artifact {
        Artifact::parse(include_str!("../../../../contracts-evm/artifacts/PriceConsumer.json")).unwrap()
    }

    #[test]
    fn arguments_are_encoded_by_their_types() {
        let oracle = format!("0x{}", "11".repeat(20));
        let id = format!("0x{}", "22".repeat(32));
        let creation = price_consumer().creation(&[&oracle, &id, "3", "3600"]).unwrap();
        let encoded = format!("{}{}{}{:064x}{:064x}", "00".repeat(12), "11".repeat(20), "22".repeat(32), 3, 3600);
        assert!(hex::encode(creation).ends_with(&encoded));
    }

    #[test]
    fn what_a_function_answers_is_read() {
        let words = [[0x11; 32], [0; 32], [0; 32], [0; 32], [0; 32], [0; 32], [0; 32]];
        let mut output = words.concat();
        output[..12].fill(0);
        output[3 * 32 + 31] = 77;
        output[6 * 32 + 31] = 1;
        let values = price_consumer().read("priceOf", &output).unwrap();
        assert_eq!(values[0], format!("0x{}", "11".repeat(20)));
        assert_eq!((values[3].as_str(), values[6].as_str()), ("77", "true"));
    }

    #[test]
    fn wrong_uses_are_named() {
        let artifact = price_consumer();
        assert_eq!(artifact.call("nothing", &[]), Err(ArtifactError::NoFunction("nothing".to_owned())));
        assert!(matches!(artifact.call("ask", &["BTC"]), Err(ArtifactError::ArgumentCount { expected: 2, .. })));
        assert!(matches!(artifact.call("priceOf", &["0x12zz"]), Err(ArtifactError::Argument { .. })));
        assert!(matches!(artifact.read("priceOf", &[1]), Err(ArtifactError::Output { .. })));
        assert!(matches!(Artifact::parse("{}"), Err(ArtifactError::Malformed(_))));
    }
}
