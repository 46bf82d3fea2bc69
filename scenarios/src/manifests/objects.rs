//! Which objects a policy sees, where several files define the same one.

use std::collections::BTreeMap;

use coalmine_policy::source::{Diagnostics, Document, Position};

/// What tells objects apart in a cluster: apiVersion, kind, namespace, name.
type Identity<'a> = (&'a str, &'a str, &'a str, &'a str);

fn identity(document: &Document) -> Identity<'_> {
    let namespace = match document.kind.as_str() {
        "ClusterAnalysisTemplate" => "",
        _ => document.namespace.as_deref().unwrap_or("default"),
    };
    (
        &document.api_version,
        &document.kind,
        namespace,
        &document.name,
    )
}

fn is_policy(document: &Document) -> bool {
    matches!(document.kind.as_str(), "Canary" | "Rollout" | "Baseline")
}

fn name_position(document: &Document) -> Position {
    let name = document.root.at(&["metadata", "name"]);
    name.map_or(document.root.position, |node| node.position)
}

/// The objects of all files.
pub(crate) struct Objects<'a> {
    files: &'a [Vec<Document>],
    /// The files that define an object.
    homes: BTreeMap<Identity<'a>, Vec<usize>>,
}

impl<'a> Objects<'a> {
    /// Objects that one file defines twice are mistakes.
    pub(crate) fn new(files: &'a [Vec<Document>], found: &mut Diagnostics) -> Self {
        let mut homes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            let mut firsts: BTreeMap<_, &Document> = BTreeMap::new();
            // Readers complain about objects without a name.
            for document in file.iter().filter(|document| !document.name.is_empty()) {
                match firsts.get(&identity(document)) {
                    Some(first) => tell_twice(first, document, found),
                    None => {
                        firsts.insert(identity(document), document);
                        homes.entry(identity(document)).or_default().push(index);
                    }
                }
            }
        }
        Self { files, homes }
    }

    /// The policies of a file, and the parts that they may use: its own go first, since a part
    /// without a namespace fits any.
    pub(crate) fn seen_from(
        &self,
        file: usize,
        found: &mut Diagnostics,
    ) -> (Vec<Document>, Vec<Document>) {
        let own = self.files[file].iter().cloned();
        let (policies, mut parts): (Vec<_>, Vec<_>) = own.partition(is_policy);
        for (index, other) in self.files.iter().enumerate() {
            if index != file {
                let parts_there = other.iter().filter(|document| !is_policy(document));
                parts.extend(parts_there.filter(|d| self.is_unique(d)).cloned());
            }
        }
        if let Some(policy) = policies.first() {
            self.tell_hidden(file, policy, found);
        }
        (policies, parts)
    }

    fn is_unique(&self, document: &Document) -> bool {
        let homes = self.homes.get(&identity(document));
        homes.is_none_or(|homes| homes.len() == 1)
    }

    /// Parts that this file seems to name, but that only other files define, and more than one.
    fn tell_hidden(&self, file: usize, policy: &Document, found: &mut Diagnostics) {
        for ((_, kind, _, name), homes) in &self.homes {
            let elsewhere = homes.len() > 1 && !homes.contains(&file);
            let is_part = !matches!(*kind, "Canary" | "Rollout" | "Baseline");
            // One of another namespace is more likely meant than one of another file.
            let mut own = self.files[file].iter();
            let has_own = own.any(|d| d.kind == *kind && d.name == *name);
            if !elsewhere || !is_part || has_own || !policy.source.text.contains(name) {
                continue;
            }
            let names = homes.iter().filter_map(|home| self.files[*home].first());
            let names: Vec<_> = names.map(|d| d.source.file.to_string()).collect();
            let message = format!(
                "{kind} `{name}` is not seen from this file: {} define it, each in its own way",
                names.join(" and ")
            );
            let help = "give only one of them together with this file".to_owned();
            found.push(policy.warning(name_position(policy), message, help));
        }
    }
}

fn tell_twice(first: &Document, second: &Document, found: &mut Diagnostics) {
    let (_, kind, namespace, name) = identity(second);
    let place = match namespace {
        "" => String::new(),
        namespace => format!(" of namespace `{namespace}`"),
    };
    let at = name_position(first);
    let message = format!(
        "{kind} `{name}`{place} is defined twice in this file, first at {}:{}:{}",
        first.source.file, at.line, at.column
    );
    let help = "rename one, or put the variants in separate files".to_owned();
    found.push(second.error(name_position(second), message, help));
}
