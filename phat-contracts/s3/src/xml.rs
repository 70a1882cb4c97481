//! The little XML that S3 answers with: elements without attributes that matter, and text.

use alloc::{string::String, vec::Vec};

/// The texts of all elements of this name, wherever they stand, in order. None where one doesn't end, or has an entity
/// that XML itself doesn't define.
pub(crate) fn texts(document: &str, name: &str) -> Option<Vec<String>> {
    elements(document, name)?.into_iter().map(unescaped).collect()
}

/// What all elements of this name hold, in order.
pub(crate) fn elements<'d>(document: &'d str, name: &str) -> Option<Vec<&'d str>> {
    let mut elements = Vec::new();
    let mut rest = document;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let Some(behind) = rest.strip_prefix(name) else { continue };
        if behind.starts_with("/>") {
            elements.push("");
        } else if let Some(content) = behind.strip_prefix('>') {
            let end = content.match_indices("</").find(|(at, _)| {
                content[at + 2..].strip_prefix(name).is_some_and(|behind| behind.trim_start().starts_with('>'))
            });
            let (end, _) = end?;
            elements.push(&content[..end]);
            rest = &content[end..];
        }
    }
    Some(elements)
}

fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        let (entity, after) = behind.split_once(';')?;
        plain.push_str(before);
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#')?;
                let hexadecimal = number.strip_prefix('x');
                char::from_u32(match hexadecimal {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                })?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::{elements, texts};

    #[test]
    fn the_texts_of_all_elements_are_found() {
        let document = r#"<?xml version="1.0"?><List xmlns="x"><KeyCount>2</KeyCount><Contents><Key>a&amp;b &#60;&#x3e;
            </Key></Contents><Contents><Key/><Owner><ID>Key</ID></Owner></Contents></List>"#;
        assert_eq!(texts(document, "Key"), Some(vec!["a&b <>\n            ".into(), String::new()]));
        assert_eq!(elements(document, "Contents").map(|all| all.len()), Some(2));
        assert_eq!(texts(document, "Prefix"), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_xml_is_none() {
        for document in ["<Key>a", "<Key>a</Ke>", "<Key>a&b</Key>", "<Key>&nbsp;</Key>", "<Key>&#x110000;</Key>"] {
            assert_eq!(texts(document, "Key"), None, "{document}");
        }
    }
}
