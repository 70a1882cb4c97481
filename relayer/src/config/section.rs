use super::{
    Mistake,
    setting::Setting,
    tree::{Branch, Node, Value},
};
use std::path::{Path, PathBuf};

/// One section while it is read: what is taken from it is known, what is left is a mistake.
pub(super) struct Section<'a> {
    path: String,
    branch: Branch,
    known: Vec<&'static str>,
    base: &'a Path,
}

impl<'a> Section<'a> {
    /// The whole configuration; paths in it are relative to `base`.
    pub(super) const fn root(branch: Branch, base: &'a Path) -> Self {
        Self { path: String::new(), branch, known: Vec::new(), base }
    }

    /// The section's own full name.
    pub(super) fn name(&self) -> &str {
        &self.path
    }

    /// The full name of a key in this section.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Whether anything stands under the name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.branch.contains_key(name)
    }

    /// A section within this one; one that isn't there is empty.
    pub(super) fn section(&mut self, name: &'static str, mistakes: &mut Vec<Mistake>) -> Self {
        self.known.push(name);
        let node = self.branch.remove(name);
        self.within(name, node, mistakes)
    }

    /// Every section within this one, by name.
    pub(super) fn sections(mut self, mistakes: &mut Vec<Mistake>) -> Vec<(String, Self)> {
        let branch = std::mem::take(&mut self.branch);
        branch.into_iter().map(|(name, node)| (name.clone(), self.within(&name, Some(node), mistakes))).collect()
    }

    /// Every section of a list of sections (`[[name]]`), in order.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all but a list of tables is a mistake")]
    pub(super) fn list(&mut self, name: &'static str, mistakes: &mut Vec<Mistake>) -> Vec<Self> {
        self.known.push(name);
        let path = self.key(name);
        let items = match self.branch.remove(name) {
            Some(Node::Value(Value::File(toml::Value::Array(items)))) => items,
            Some(_) => {
                mistakes.push(Mistake::new(&path, format!("expected sections [[{path}]]")));
                Vec::new()
            }
            None => Vec::new(),
        };
        let mut sections = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{place}]");
            match item {
                toml::Value::Table(table) => {
                    let branch = super::tree::from_toml(table);
                    sections.push(Self { path, branch, known: Vec::new(), base: self.base });
                }
                _ => mistakes.push(Mistake::new(path, "expected a section")),
            }
        }
        sections
    }

    fn within(&self, name: &str, node: Option<Node>, mistakes: &mut Vec<Mistake>) -> Self {
        let path = self.key(name);
        let branch = match node {
            Some(Node::Section(branch)) => branch,
            Some(Node::Value(_)) => {
                mistakes.push(Mistake::new(path.clone(), format!("expected a section [{path}], found a value")));
                Branch::new()
            }
            None => Branch::new(),
        };
        Self { path, branch, known: Vec::new(), base: self.base }
    }

    /// A setting that may be left out.
    pub(super) fn optional<T: Setting>(&mut self, name: &'static str, mistakes: &mut Vec<Mistake>) -> Option<T> {
        let value = self.take(name, mistakes)?;
        T::read(&value).map_err(|message| mistakes.push(Mistake::new(self.key(name), message))).ok()
    }

    /// A setting that must be there.
    pub(super) fn required<T: Setting>(&mut self, name: &'static str, mistakes: &mut Vec<Mistake>) -> Option<T> {
        if !self.branch.contains_key(name) {
            self.known.push(name);
            mistakes.push(Mistake::new(self.key(name), "is required"));
            return None;
        }
        self.optional(name, mistakes)
    }

    /// A setting with a default.
    pub(super) fn or<T: Setting>(&mut self, name: &'static str, default: T, mistakes: &mut Vec<Mistake>) -> T {
        self.optional(name, mistakes).unwrap_or(default)
    }

    /// Takes a setting that doesn't count, so that it isn't reported as unknown. Answers whether it was
    /// there.
    pub(super) fn ignore(&mut self, name: &'static str) -> bool {
        self.known.push(name);
        self.branch.remove(name).is_some()
    }

    /// A path, seen from the configuration file.
    pub(super) fn path(&mut self, name: &'static str, mistakes: &mut Vec<Mistake>) -> Option<PathBuf> {
        self.optional(name, mistakes).map(|path: PathBuf| self.resolve(&path))
    }

    /// `path` seen from the configuration file.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn take(&mut self, name: &'static str, mistakes: &mut Vec<Mistake>) -> Option<Value> {
        self.known.push(name);
        match self.branch.remove(name)? {
            Node::Value(value) => Some(value),
            Node::Section(_) => {
                mistakes.push(Mistake::new(self.key(name), "expected a value, found a section"));
                None
            }
        }
    }

    /// Reports every key that nothing asked for.
    pub(super) fn finish(self, mistakes: &mut Vec<Mistake>) {
        for name in self.branch.keys() {
            let nearest = self
                .known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(known, name), known))
                .min()
                // Further away it is more likely another word than a slip.
                .filter(|(distance, known)| *distance <= 2 || *distance * 3 <= known.len());
            let message = match nearest {
                Some((_, known)) => format!("is unknown; did you mean {known}?"),
                None => format!("is unknown; known here: {}", self.known.join(", ")),
            };
            mistakes.push(Mistake::new(self.key(name), message));
        }
    }
}
