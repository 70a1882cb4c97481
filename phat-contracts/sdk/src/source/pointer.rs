use super::{
    Parameters, TemplateError,
    pieces::{Piece, is_placeholder_name, is_plain, pieces},
};
use crate::json::{Pointer, PointerError};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// A JSON pointer with placeholders `{name}` anywhere in it, whose values are letters, digits, `-` and `_`.
///
/// `/result/{base}{quote}/c/0`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

impl PointerTemplate {
    /// Reads a pointer.
    ///
    /// # Errors
    /// When braces don't pair, a name is none, or what is left is no pointer.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let pieces = pieces(text).ok_or_else(|| TemplateError::Braces(text.into()))?;
        let parts = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text.into())),
            Piece::Name(name) if is_placeholder_name(name) => Ok(Part::Placeholder(name.into())),
            Piece::Name(name) => Err(TemplateError::Name(name.into())),
        });
        let template = Self(parts.collect::<Result<_, _>>()?);
        template.filled(|_| Ok("x"))?;
        Ok(template)
    }

    /// The names of its placeholders, in order; one may be there twice.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Placeholder(name) => Some(name.as_str()),
        })
    }

    /// The pointer with every placeholder filled.
    ///
    /// # Errors
    /// When a parameter is missing, or can't stand in a pointer.
    pub fn fill(&self, parameters: &Parameters) -> Result<Pointer, TemplateError> {
        self.filled(|name| {
            let value = parameters.get(name).ok_or_else(|| TemplateError::MissingParameter(name.to_string()))?;
            if is_plain(value) { Ok(value) } else { Err(TemplateError::NotPlain(name.to_string())) }
        })
    }

    fn filled<'v>(&self, value: impl Fn(&str) -> Result<&'v str, TemplateError>) -> Result<Pointer, TemplateError> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Placeholder(name) => text.push_str(value(name)?),
            }
        }
        text.parse().map_err(|error: PointerError| TemplateError::Pointer(error))
    }
}

#[cfg(test)]
mod tests {
    use super::PointerTemplate;
    use crate::source::{Parameters, TemplateError};
    use alloc::{string::String, vec::Vec};

    fn fill(text: &str, base: &str) -> Result<String, TemplateError> {
        let parameters = Parameters(Vec::from([("base".into(), base.into()), ("quote".into(), "USD".into())]));
        let document = r#"{"result": {"XBTZUSD": {"c": ["1"]}, "XBT": {"USD": "2"}, "a/b": "3"}}"#;
        let pointer = PointerTemplate::parse(text)?.fill(&parameters)?;
        let found = pointer.find(document).expect("JSON").expect("a value");
        Ok(alloc::format!("{found:?}"))
    }

    #[test]
    fn placeholders_are_filled_anywhere_in_a_name() {
        assert_eq!(fill("/result/{base}Z{quote}/c/0", "XBT").as_deref(), Ok(r#"String("1")"#));
        assert_eq!(fill("/result/{base}/{quote}", "XBT").as_deref(), Ok(r#"String("2")"#));
        assert_eq!(fill("/result/a~1b", "").as_deref(), Ok(r#"String("3")"#));
    }

    #[test]
    fn a_value_never_changes_the_pointers_shape() {
        for value in ["", "a/b", "~1", "a b", "ü", "{x}"] {
            assert_eq!(fill("/result/{base}", value), Err(TemplateError::NotPlain("base".into())), "{value}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused_when_it_is_read() {
        let refused = |text| PointerTemplate::parse(text).expect_err("no pointer");
        assert!(matches!(refused("result/{base}"), TemplateError::Pointer(_)));
        assert!(matches!(refused("{base}"), TemplateError::Pointer(_)));
        assert!(matches!(refused("/~{base}"), TemplateError::Pointer(_)));
        assert_eq!(refused("/{a-b}"), TemplateError::Name("a-b".into()));
        for text in ["/{base", "/base}", "/{{base}}", "/}{"] {
            assert_eq!(refused(text), TemplateError::Braces(text.into()));
        }
        let missing = PointerTemplate::parse("/{base}").map(|template| template.fill(&Parameters::default()));
        assert_eq!(missing, Ok(Err(TemplateError::MissingParameter("base".into()))));
    }
}
