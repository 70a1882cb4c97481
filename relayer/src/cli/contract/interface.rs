//! A contract's constructors and messages, as they are shown.

use crate::cli::output::visible;
use phat_metadata::{Entry, Interface};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};

/// What a contract's metadata says.
#[derive(Serialize)]
pub(super) struct InterfaceAnswer {
    docs: Vec<String>,
    constructors: Vec<EntryAnswer>,
    messages: Vec<EntryAnswer>,
    /// What the structs and enums that these name are made of.
    types: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct EntryAnswer {
    name: String,
    signature: String,
    selector: String,
    mutates: bool,
    payable: bool,
    docs: Vec<String>,
}

impl InterfaceAnswer {
    pub(super) fn of(interface: &Interface) -> Self {
        let entries = |entries: &[Entry]| entries.iter().map(|entry| EntryAnswer::of(interface, entry)).collect();
        Self {
            docs: interface.docs().to_vec(),
            constructors: entries(interface.constructors()),
            messages: entries(interface.messages()),
            types: interface.definitions(),
        }
    }

    pub(super) fn in_words(&self) -> String {
        let mut text = String::new();
        for line in &self.docs {
            line_of(&mut text, 0, line);
        }
        for (heading, entries) in [("constructors", &self.constructors), ("messages", &self.messages)] {
            line_of(&mut text, 0, "");
            line_of(&mut text, 0, heading);
            for entry in entries {
                let marks = [(entry.mutates, "writes"), (entry.payable, "payable")];
                let marks: Vec<_> = marks.into_iter().filter_map(|(holds, mark)| holds.then_some(mark)).collect();
                let marks = if marks.is_empty() { String::new() } else { format!("  ({})", marks.join(", ")) };
                line_of(&mut text, 2, &format!("{}{marks}", entry.signature));
                for line in &entry.docs {
                    line_of(&mut text, 6, line);
                }
            }
        }
        if !self.types.is_empty() {
            line_of(&mut text, 0, "");
            line_of(&mut text, 0, "types");
            for (name, made_of) in &self.types {
                line_of(&mut text, 2, &format!("{name} = {made_of}"));
            }
        }
        text
    }
}

impl EntryAnswer {
    fn of(interface: &Interface, entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            signature: interface.signature(entry),
            selector: format!("0x{}", hex::encode(entry.selector)),
            mutates: entry.mutates,
            payable: entry.payable,
            docs: entry.docs.clone(),
        }
    }
}

/// Metadata is anybody's text.
fn line_of(text: &mut String, indent: usize, line: &str) {
    // Writing to a String can't fail.
    let _ = writeln!(text, "{:indent$}{}", "", visible(line));
}
