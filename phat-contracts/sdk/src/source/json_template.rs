use super::{Parameter, Parameters, TemplateError, pieces::is_placeholder_name};
use crate::json::Malformed;
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use serde_json::value::RawValue;

/// A JSON text in which a string that is `{name}` and nothing else, and is no member's name, is a placeholder:
/// `{"pair": "{pair}", "first": "{count}", "live": true}`.
///
/// A placeholder's value stands as the payload has it: a string as a string, a number as a number. So a value is one
/// JSON value whatever it holds, and never changes what is around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Stands as it is.
    Literal(String),
    /// Filled by this parameter.
    Placeholder(String),
}

impl JsonTemplate {
    /// Reads a JSON value.
    ///
    /// # Errors
    /// When a string has braces and is no placeholder.
    pub fn parse(value: &RawValue) -> Result<Self, TemplateError> {
        let text = value.get();
        let mut parts = Vec::new();
        let (mut literal_from, mut at) = (0, 0);
        while let Some(start) = text[at..].find('"').map(|offset| at + offset) {
            let end = end_of_string(text, start);
            at = end;
            let is_name_of_member = text[end..].trim_start().starts_with(':');
            let string = unescaped(&text[start..end])?;
            if is_name_of_member || !string.contains(['{', '}']) {
                continue;
            }
            let name = string.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match name {
                Some(name) if is_placeholder_name(name) => {
                    parts.push(Part::Literal(text[literal_from..start].into()));
                    parts.push(Part::Placeholder(name.into()));
                    literal_from = end;
                }
                Some(name) if !name.contains(['{', '}']) => return Err(TemplateError::Name(name.into())),
                Some(_) | None => return Err(TemplateError::Braces(string)),
            }
        }
        parts.push(Part::Literal(text[literal_from..].into()));
        Ok(Self(parts))
    }

    /// The names of its placeholders, in order; one may be there twice.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder(name) => Some(name.as_str()),
        })
    }

    /// The JSON text with every placeholder filled.
    ///
    /// # Errors
    /// When a parameter is missing.
    pub fn fill(&self, parameters: &Parameters) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(name) => match parameters.parameter(name) {
                    Some(Parameter::Text(value)) => text.push_str(&quoted(value)),
                    Some(Parameter::Number(value)) => text.push_str(value),
                    None => return Err(TemplateError::MissingParameter(name.clone())),
                },
            }
        }
        Ok(text)
    }
}

/// A text as JSON writes it.
///
/// # Panics
/// Never: any text can be written.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("any text can be written")
}

/// Behind the quote that ends the string which starts at `start`. The text is JSON, so there is one.
fn end_of_string(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset + 1,
            _ => {}
        }
    }
    text.len()
}

fn unescaped(string: &str) -> Result<String, TemplateError> {
    serde_json::from_str(string).map_err(|error| TemplateError::Json(Malformed(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::JsonTemplate;
    use crate::source::{Parameters, TemplateError};
    use alloc::{
        boxed::Box,
        string::{String, ToString},
    };
    use proptest::prelude::*;
    use serde_json::{json, value::RawValue};

    fn fill(template: &str, payload: &str) -> Result<String, TemplateError> {
        let template: Box<RawValue> = serde_json::from_str(template).expect("JSON");
        let parameters = Parameters::parse(payload.as_bytes()).expect("parameters");
        JsonTemplate::parse(&template)?.fill(&parameters)
    }

    #[test]
    fn strings_and_numbers_stand_as_the_payload_has_them() {
        let template = r#"{"pair": "{pair}", "first": "{n}", "in": ["{pair}", {"x": "y"}], "a\"b": null}"#;
        let filled = fill(template, r#"{"pair": "0x1\"}", "n": 12.50}"#);
        let expected = r#"{"pair": "0x1\"}", "first": 12.50, "in": ["0x1\"}", {"x": "y"}], "a\"b": null}"#;
        assert_eq!(filled.as_deref(), Ok(expected));
        assert_eq!(fill(r#""{n}""#, r#"{"n":"5"}"#).as_deref(), Ok(r#""5""#));
        assert_eq!(fill("{}", "").as_deref(), Ok("{}"));
    }

    #[test]
    fn a_members_name_is_no_placeholder() {
        assert_eq!(fill(r#"{"{pair}" : "a:b"}"#, "{}").as_deref(), Ok(r#"{"{pair}" : "a:b"}"#));
    }

    #[test]
    fn braces_elsewhere_are_refused() {
        for text in ["a {pair}", "{pair", "pair}", "{a}{b}", "{{a}}", "}{"] {
            let refused = fill(&serde_json::to_string(&[text]).expect("JSON"), "{}");
            assert_eq!(refused, Err(TemplateError::Braces(text.into())), "{text}");
        }
        assert_eq!(fill(r#""{a-b}""#, "{}"), Err(TemplateError::Name("a-b".into())));
        assert_eq!(fill(r#""\u007bname}""#, "{}"), Err(TemplateError::MissingParameter("name".into())));
    }

    proptest! {
        #[test]
        fn a_value_never_changes_what_is_around_it(value in any::<String>()) {
            prop_assume!(value.len() <= 256);
            let payload = json!({"v": value}).to_string();
            let filled = fill(r#"{"before": 1, "value": "{v}", "after": [2]}"#, &payload).expect("filled");
            let read: serde_json::Value = serde_json::from_str(&filled).expect("JSON");
            prop_assert_eq!(read, json!({"before": 1, "value": value, "after": [2]}));
        }
    }
}
