use wasmparser::{Parser, Payload};

/// Why a custom section can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    /// The module can't be read so far.
    #[error("the module can't be read: {0}")]
    Unreadable(String),
    /// Several sections have the name, so that none of them is meant.
    #[error("several custom sections are called {0:?}")]
    Several(String),
}

/// The content of a module's custom section of that name; none when it has none. Nothing else of the module is
/// checked, and nothing that runs depends on it.
///
/// # Errors
/// When the module can't be read to its end, or has several of them.
pub fn custom_section<'w>(wasm: &'w [u8], name: &str) -> Result<Option<&'w [u8]>, SectionError> {
    let mut found = None;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| SectionError::Unreadable(error.to_string()))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == name
            && found.replace(section.data()).is_some()
        {
            return Err(SectionError::Several(name.to_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &str) -> Result<Option<Vec<u8>>, SectionError> {
        let wasm = wat::parse_str(text).unwrap();
        custom_section(&wasm, "phat.output").map(|data| data.map(<[u8]>::to_vec))
    }

    #[test]
    fn the_section_of_that_name_is_found_alone() {
        assert_eq!(section("(module)").unwrap(), None);
        assert_eq!(section(r#"(module (@custom "phat.outputs" "no"))"#).unwrap(), None);
        let two = r#"(module (@custom "name" "no") (func) (@custom "phat.output" "yes"))"#;
        assert_eq!(section(two).unwrap().as_deref(), Some(&b"yes"[..]));
    }

    #[test]
    fn two_sections_of_one_name_are_none() {
        let two = r#"(module (@custom "phat.output" "a") (@custom "phat.output" "a"))"#;
        assert_eq!(section(two), Err(SectionError::Several("phat.output".to_owned())));
    }

    #[test]
    fn what_is_no_module_can_not_be_read() {
        let cut = wat::parse_str(r#"(module (@custom "phat.output" "whole"))"#).unwrap();
        for wasm in [&b"text"[..], &[], &cut[..cut.len() - 1]] {
            assert!(matches!(custom_section(wasm, "phat.output"), Err(SectionError::Unreadable(_))));
        }
    }
}
