//! Types as their authors write them.

use crate::{
    Entry, Interface, MAX_DEPTH,
    registry::{Def, Field, Registry, TypeId, Variants},
};
use std::collections::{BTreeMap, BTreeSet};

/// How many types one name may name.
const MAX_NAMED: usize = 256;
/// How many bytes of names one name may be made of.
const MAX_NAME_BYTES: usize = 64 * 1024;

impl Interface {
    /// A constructor or message as Rust would declare it, without its body.
    #[must_use]
    pub fn signature(&self, entry: &Entry) -> String {
        let arguments: Vec<_> = entry
            .arguments
            .iter()
            .map(|argument| format!("{}: {}", argument.name, self.type_name(argument.ty)))
            .collect();
        let returns = match entry.returns.map(|ty| self.answer_type(ty)) {
            Some(ty) if self.type_name(ty) != "()" => format!(" -> {}", self.type_name(ty)),
            Some(_) | None => String::new(),
        };
        format!("{}({}){returns}", entry.name, arguments.join(", "))
    }

    /// The structs and enums that constructors and messages name, each with what it is made of, by name.
    #[must_use]
    pub fn definitions(&self) -> BTreeMap<String, String> {
        let mut open: Vec<TypeId> = Vec::new();
        for entry in self.constructors().iter().chain(self.messages()) {
            open.extend(entry.arguments.iter().map(|argument| argument.ty));
            open.extend(entry.returns.map(|ty| self.answer_type(ty)));
        }
        let (mut seen, mut found) = (BTreeSet::new(), BTreeMap::new());
        while let Some(id) = open.pop() {
            let Some(ty) = self.registry.get(id).filter(|_| seen.insert(id)) else { continue };
            let mut names = Names::new(&self.registry);
            let made_of = match &ty.def {
                Def::Composite(composite) => {
                    open.extend(composite.fields.iter().map(|field| field.ty));
                    names.fields(&composite.fields, MAX_DEPTH)
                }
                Def::Variant(variants) => {
                    open.extend(variants.variants.iter().flat_map(|variant| &variant.fields).map(|field| field.ty));
                    names.variants(variants, MAX_DEPTH)
                }
                Def::Sequence(of) | Def::Compact(of) => {
                    open.push(of.ty);
                    continue;
                }
                Def::Array(array) => {
                    open.push(array.ty);
                    continue;
                }
                Def::Tuple(types) => {
                    open.extend(types);
                    continue;
                }
                Def::Primitive(_) | Def::BitSequence(_) => continue,
            };
            // `Option` and `Result` are everyone's: their paths are one name.
            if ty.path.len() > 1 {
                found.insert(self.type_name(id), made_of.trim().to_owned());
            }
        }
        found
    }

    /// A type's name.
    #[must_use]
    pub(crate) fn type_name(&self, id: TypeId) -> String {
        Names::new(&self.registry).name(id, MAX_DEPTH)
    }
}

/// Writes names, of `left` types in all. What is beyond, or nested too deep, is three dots: a type may be made of
/// itself, and a few lines of metadata may name a type of astronomical length.
struct Names<'a> {
    registry: &'a Registry,
    left: usize,
    /// Bytes that names may still have.
    bytes: usize,
}

impl<'a> Names<'a> {
    fn new(registry: &'a Registry) -> Self {
        Self { registry, left: MAX_NAMED, bytes: MAX_NAME_BYTES }
    }

    fn name(&mut self, id: TypeId, depth: usize) -> String {
        let (Some(ty), Some(depth), Some(left)) =
            (self.registry.get(id), depth.checked_sub(1), self.left.checked_sub(1))
        else {
            return "…".to_owned();
        };
        self.left = left;
        if let Some(own) = ty.path.last() {
            let own = self.word(own);
            let params = self.all(ty.params.iter().filter_map(|param| param.ty), depth);
            return if params.is_empty() { own.to_owned() } else { format!("{own}<{params}>") };
        }
        match &ty.def {
            Def::Composite(composite) => self.fields(&composite.fields, depth),
            Def::Variant(variants) => self.variants(variants, depth),
            Def::Sequence(item) => format!("Vec<{}>", self.name(item.ty, depth)),
            Def::Array(array) => format!("[{}; {}]", self.name(array.ty, depth), array.len),
            Def::Tuple(types) => format!("({})", self.all(types.iter().copied(), depth)),
            Def::Primitive(primitive) => primitive.name().to_owned(),
            Def::Compact(inner) => format!("Compact<{}>", self.name(inner.ty, depth)),
            Def::BitSequence(_) => "bits".to_owned(),
        }
    }

    /// A name as it stands in the metadata.
    fn word<'w>(&mut self, word: &'w str) -> &'w str {
        match self.bytes.checked_sub(word.len()) {
            Some(left) => {
                self.bytes = left;
                word
            }
            None => "…",
        }
    }

    fn all(&mut self, types: impl Iterator<Item = TypeId>, depth: usize) -> String {
        types.map(|id| self.name(id, depth)).collect::<Vec<_>>().join(", ")
    }

    fn variants(&mut self, variants: &Variants, depth: usize) -> String {
        let variants = variants.variants.iter();
        let variants =
            variants.map(|variant| format!("{}{}", self.word(&variant.name), self.fields(&variant.fields, depth)));
        variants.collect::<Vec<_>>().join(" | ")
    }

    fn fields(&mut self, fields: &[Field], depth: usize) -> String {
        let mut named = |field: &Field| match &field.name {
            Some(name) => format!("{}: {}", self.word(name), self.name(field.ty, depth)),
            None => self.name(field.ty, depth),
        };
        let all: Vec<_> = fields.iter().map(&mut named).collect();
        match fields.first() {
            None => String::new(),
            Some(Field { name: Some(_), .. }) => format!(" {{ {} }}", all.join(", ")),
            Some(Field { name: None, .. }) => format!("({})", all.join(", ")),
        }
    }
}
