use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

/// A contract's secrets, and where requests may go since some were read.
#[derive(Default)]
pub(super) struct Secrets {
    kept: BTreeMap<String, (Vec<u8>, Vec<String>)>,
    /// The origins of those that were read; none while none was.
    bound: Option<BTreeSet<String>>,
}

impl Secrets {
    pub(super) fn give(&mut self, name: &str, value: &[u8], origins: &[&str]) {
        self.kept.insert(name.to_owned(), (value.to_vec(), origins.iter().map(|url| origin(url)).collect()));
    }

    pub(super) fn take(&mut self, name: &str) {
        self.kept.remove(name);
    }

    pub(super) fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        let (value, origins) = self.kept.get(name)?;
        self.bound.get_or_insert_default().extend(origins.iter().cloned());
        Some(value.clone())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.kept.keys().cloned().collect()
    }

    pub(super) fn let_pass(&self, url: &str) -> bool {
        self.bound.as_ref().is_none_or(|origins| origins.contains(&origin(url)))
    }

    pub(super) fn forget_reads(&mut self) {
        self.bound = None;
    }
}

/// Scheme, host and port of a URL (RFC 6454), in small letters and without the scheme's own port.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest).to_ascii_lowercase();
    let own_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    format!("{scheme}://{}", authority.strip_suffix(own_port).unwrap_or(&authority))
}
