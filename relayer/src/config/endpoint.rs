use super::{EndpointUrl, Mistake, section::Section};
use std::{
    collections::BTreeSet,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

/// One endpoint of a chain.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// What it goes by: its own name, or scheme, host and port. No two of a chain have the same.
    pub name: String,
    /// Where calls go.
    pub url: EndpointUrl,
    /// Where new blocks are announced.
    pub ws_url: Option<EndpointUrl>,
    /// Those with the lowest number are used while they do well.
    pub priority: u32,
}

/// The endpoints of a chain, and how they are used.
#[derive(Clone, Debug)]
pub struct EndpointsConfig {
    /// At least one.
    pub endpoints: Vec<EndpointConfig>,
    /// How many must agree on what is read before it counts; at most as many as there are.
    pub read_quorum: NonZeroUsize,
    /// An endpoint that is more blocks behind the others is used only where none else serves.
    pub max_lag: u64,
    /// An endpoint that nothing was heard of for so long is looked at.
    pub probe_interval: Duration,
}

/// Reads a chain's endpoints: `rpc_url` and `ws_url` for one, a list of sections for several.
pub(super) fn read(section: &mut Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<EndpointsConfig> {
    let before = mistakes.len();
    let (is_short, is_list) = (section.has("rpc_url") || section.has("ws_url"), section.has("endpoints"));
    let short = one(section, "rpc_url", is_short && !is_list, mistakes);
    let mut endpoints = Vec::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for item in section.list("endpoints", mistakes) {
        if let Some((name_key, is_named, mut endpoint)) = listed(item, mistakes) {
            if !named.insert(endpoint.name.clone()) {
                if is_named {
                    mistakes.push(Mistake::new(name_key, format!("another endpoint is called {}", endpoint.name)));
                } else {
                    // Several of one provider differ in what isn't shown.
                    endpoint.name = (2..)
                        .map(|number| format!("{} ({number})", endpoint.name))
                        .find(|name| !named.contains(name))
                        .unwrap_or_default();
                    named.insert(endpoint.name.clone());
                }
            }
            endpoints.push(endpoint);
        }
    }
    let key = section.key("rpc_url");
    match (is_short, is_list) {
        (true, true) => {
            let list = section.key("endpoints");
            mistakes.push(Mistake::new(key, format!("[[{list}]] is there as well; keep one of the two")));
        }
        (true, false) => endpoints.extend(short),
        (false, true) if endpoints.is_empty() && mistakes.len() == before => {
            mistakes.push(Mistake::new(section.key("endpoints"), "at least one endpoint is required"));
        }
        (false, true) => {}
        (false, false) => {
            let list = section.key("endpoints");
            mistakes.push(Mistake::new(key, format!("is required, or [[{list}]] for several")));
        }
    }
    let is_whole = mistakes.len() == before;
    let read_quorum = section.or("read_quorum", NonZeroU32::MIN, mistakes);
    let needed = usize::try_from(read_quorum.get()).unwrap_or(usize::MAX);
    if is_whole && needed > endpoints.len() {
        let message = format!("expected at most {}, the number of endpoints, found {needed}", endpoints.len());
        mistakes.push(Mistake::new(section.key("read_quorum"), message));
    }
    let max_lag = section.or("max_lag", 5, mistakes);
    let probe_interval = section.or("probe_interval", Duration::from_secs(15), mistakes);
    let read_quorum = NonZeroUsize::new(needed)?;
    (!endpoints.is_empty()).then_some(EndpointsConfig { endpoints, read_quorum, max_lag, probe_interval })
}

/// One `[[chains.NAME.endpoints]]`, with the key of its name and whether that is its own.
fn listed(mut section: Section<'_>, mistakes: &mut Vec<Mistake>) -> Option<(String, bool, EndpointConfig)> {
    let name: Option<String> = section.optional("name", mistakes);
    let name_key = section.key("name");
    if name.as_ref().is_some_and(|name| !is_name(name)) {
        let message = "an endpoint's name has 1 to 40 lower-case letters, digits and hyphens";
        mistakes.push(Mistake::new(&name_key, message));
    }
    let priority = section.or("priority", 0, mistakes);
    let endpoint = one(&mut section, "url", true, mistakes);
    section.finish(mistakes);
    let endpoint = endpoint?;
    let is_named = name.is_some();
    Some((name_key, is_named, EndpointConfig { name: name.unwrap_or(endpoint.name), priority, ..endpoint }))
}

/// The endpoint whose URL stands under `url`.
fn one(
    section: &mut Section<'_>,
    url: &'static str,
    is_required: bool,
    mistakes: &mut Vec<Mistake>,
) -> Option<EndpointConfig> {
    let url: Option<EndpointUrl> =
        if is_required { section.required(url, mistakes) } else { section.optional(url, mistakes) };
    let ws_url: Option<EndpointUrl> = section.optional("ws_url", mistakes);
    if ws_url.as_ref().is_some_and(|url| !url.is_web_socket()) {
        mistakes.push(Mistake::new(section.key("ws_url"), "expected a ws or wss URL"));
    }
    let url = url?;
    Some(EndpointConfig { name: url.name().to_owned(), url, ws_url, priority: 0 })
}

fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests;
