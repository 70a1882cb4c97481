use alloc::vec::Vec;

/// The longest name of a placeholder, in bytes.
pub(super) const MAX_NAME: usize = 32;

/// A part of a text with placeholders.
pub(super) enum Piece<'t> {
    /// Stands as it is; has no braces.
    Text(&'t str),
    /// What stands between two braces.
    Name(&'t str),
}

/// Splits a text at its placeholders `{name}`; none where its braces don't pair.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}')?;
        if before.contains('}') || name.contains('{') {
            return None;
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Name(name));
        rest = behind;
    }
    if rest.contains('}') {
        return None;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Some(pieces)
}

/// Whether a text may name a placeholder: 1 to 32 letters, digits and underscores.
#[must_use]
pub fn is_placeholder_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a value may stand beside other text, where it can't mean anything but itself: letters, digits, `-` and `_`.
pub(super) fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
