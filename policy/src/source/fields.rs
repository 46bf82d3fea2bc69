//! Lowering a mapping field by field.

use super::broken::{RENDER, is_action};
use super::{Diagnostics, Document, Kind, Node, Position};

/// The fields of one mapping, with the document for messages and a note of what was read.
///
/// Getters return `None` both for an absent field and for one of a wrong type; the latter is
/// reported. `null` counts as absent, as it does for the API server. [`Fields::finish`] reports
/// what nobody asked for.
pub struct Fields<'a> {
    document: &'a Document,
    path: String,
    at: Position,
    entries: Vec<(&'a Node, &'a Node, bool)>,
    /// What was asked for and is not there: what a misspelt key may have meant.
    absent: Vec<String>,
}

impl<'a> Fields<'a> {
    /// The fields of `node`, which stands at `path` (`spec.analysis`); reports a node that is no
    /// mapping.
    pub fn new(
        document: &'a Document,
        path: impl Into<String>,
        node: &'a Node,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let path = path.into();
        let entries = match &node.kind {
            Kind::Map(_) if is_action(&document.source, node) => {
                let message = format!("`{path}` is a template's action, not a mapping");
                diagnostics.push(document.error(node.position, message, RENDER.to_owned()));
                Vec::new()
            }
            Kind::Map(entries) => entries.iter().map(|(k, v)| (k, v, false)).collect(),
            Kind::Null => Vec::new(),
            other => {
                let message = format!("`{path}` is {}, not a mapping", other.name());
                diagnostics.push(document.error(node.position, message, String::new()));
                Vec::new()
            }
        };
        Self {
            document,
            path,
            at: node.position,
            entries,
            absent: Vec::new(),
        }
    }

    /// The document these fields belong to.
    #[must_use]
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// Where the mapping stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.at
    }

    /// Where a field's name stands; the mapping's place when there is no such field.
    #[must_use]
    pub fn key_position(&self, name: &str) -> Position {
        let mut entries = self.entries.iter();
        entries
            .find(|(key, _, _)| key.as_str() == Some(name))
            .map_or(self.at, |(key, _, _)| key.position)
    }

    /// The path of a field for messages.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Any value that is there and not null.
    pub fn node(&mut self, name: &str) -> Option<&'a Node> {
        let mut entries = self.entries.iter_mut();
        let Some(entry) = entries.find(|(k, _, _)| k.as_str() == Some(name)) else {
            self.absent.push(name.to_owned());
            return None;
        };
        entry.2 = true;
        (!matches!(entry.1.kind, Kind::Null)).then_some(entry.1)
    }

    /// A field that must be there; reports its absence at the mapping.
    pub fn required(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<&'a Node> {
        let node = self.node(name);
        if node.is_none() {
            let message = format!("`{}` is required", self.path_of(name));
            diagnostics.push(self.document.error(self.at, message, String::new()));
        }
        node
    }

    /// A string. Numbers and booleans are refused, as the API server refuses them, with the cure.
    pub fn string(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<&'a str> {
        let node = self.node(name)?;
        if let Kind::Str(text) = &node.kind {
            return Some(text);
        }
        let help = match &node.kind {
            Kind::Int(value) => format!("quote it: \"{value}\""),
            Kind::Bool(value) => format!("quote it: \"{value}\""),
            Kind::Float(value) => format!("quote it: \"{value}\""),
            _ => String::new(),
        };
        self.wrong_type(name, node, "a string", help, diagnostics);
        None
    }

    /// A whole number.
    pub fn int(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<i64> {
        let node = self.node(name)?;
        match &node.kind {
            Kind::Int(value) => Some(*value),
            // The API server accepts 5.0 for an integer: JSON has only numbers.
            Kind::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
            _ => {
                self.wrong_type(name, node, "an integer", String::new(), diagnostics);
                None
            }
        }
    }

    /// Any number.
    pub fn float(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<f64> {
        let node = self.node(name)?;
        match &node.kind {
            Kind::Int(value) => Some(*value as f64),
            Kind::Float(value) => Some(*value),
            _ => {
                self.wrong_type(name, node, "a number", String::new(), diagnostics);
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let node = self.node(name)?;
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        self.wrong_type(name, node, "a boolean", String::new(), diagnostics);
        None
    }

    /// A list's items.
    pub fn list(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<&'a [Node]> {
        let node = self.node(name)?;
        if let Kind::Seq(items) = &node.kind {
            return Some(items);
        }
        self.wrong_type(name, node, "a list", String::new(), diagnostics);
        None
    }

    /// The fields of a nested mapping.
    pub fn map(&mut self, name: &str, diagnostics: &mut Diagnostics) -> Option<Fields<'a>> {
        let path = self.path_of(name);
        let node = self.node(name)?;
        Some(Fields::new(self.document, path, node, diagnostics))
    }

    /// Keys that nobody read, with their places.
    #[must_use]
    pub fn unread(&self) -> Vec<(&'a str, Position)> {
        let unread = self.entries.iter().filter(|(_, _, read)| !read);
        unread
            .map(|(key, _, _)| (key.as_str().unwrap_or("(not a string)"), key.position))
            .collect()
    }

    /// Warns of keys that nobody read: the API server prunes them, so they do nothing.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        for (key, position) in self.unread() {
            let message = format!("unknown field `{}`", self.path_of(key));
            let help = match self.nearest(key) {
                Some(near) => {
                    format!("the API server drops it silently; did you mean `{near}`?")
                }
                None => "the API server drops it silently; check the spelling".to_owned(),
            };
            diagnostics.push(self.document.warning(position, message, help));
        }
    }

    /// The known field that `key` most likely stands for.
    fn nearest(&self, key: &str) -> Option<&str> {
        let distance =
            |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &key.to_lowercase());
        let names = self
            .absent
            .iter()
            .map(|name| (distance(name), name.as_str()));
        // Longer names leave room for more slips; a short one is soon another word.
        let near = names.filter(|(distance, name)| *distance <= name.len() / 3);
        near.min().map(|(_, name)| name)
    }

    fn wrong_type(
        &self,
        name: &str,
        node: &Node,
        wanted: &str,
        help: String,
        diagnostics: &mut Diagnostics,
    ) {
        let message = format!(
            "`{}` is {}, not {wanted}",
            self.path_of(name),
            node.kind.name()
        );
        let help = if is_action(&self.document.source, node) {
            RENDER.to_owned()
        } else {
            help
        };
        diagnostics.push(self.document.error(node.position, message, help));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, read_documents};
    use super::*;

    #[test]
    fn every_mistake_of_a_mapping_is_reported_at_its_place() {
        let text = "apiVersion: v1\nkind: A\nspec:\n  interval: 60\n  typo: 1\n  steps: 3\n";
        let source = Source {
            file: "a.yaml".into(),
            text: text.into(),
        };
        let mut diagnostics = Diagnostics::new();
        let documents = read_documents(&source, &mut diagnostics);
        let spec = documents[0].root.get("spec").expect("is there");
        let mut fields = Fields::new(&documents[0], "spec", spec, &mut diagnostics);
        assert_eq!(fields.string("interval", &mut diagnostics), None);
        assert!(fields.list("steps", &mut diagnostics).is_none());
        assert!(fields.required("name", &mut diagnostics).is_none());
        fields.finish(&mut diagnostics);
        let lines: Vec<_> = diagnostics
            .iter()
            .map(|d| (d.position.line, d.severity))
            .collect();
        use super::super::Severity::{Error, Warning};
        assert_eq!(lines, [(4, Error), (6, Error), (4, Error), (5, Warning)]);
    }
    #[test]
    fn values_that_are_not_rendered_get_the_cure() {
        let text = "apiVersion: v1\nkind: A\nspec:\n  k: {{ .Values.k }}\n  m: {{ .Values.m }}\n";
        let source = Source {
            file: "a.yaml".into(),
            text: text.into(),
        };
        let mut diagnostics = Diagnostics::new();
        let documents = read_documents(&source, &mut diagnostics);
        let spec = documents[0].root.get("spec").expect("is there");
        let mut fields = Fields::new(&documents[0], "spec", spec, &mut diagnostics);
        assert_eq!(fields.int("k", &mut diagnostics), None);
        assert!(fields.map("m", &mut diagnostics).is_some());
        let found: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
        assert!(
            found[0].starts_with("a.yaml:4:6: error: `spec.k` is a mapping"),
            "{found:?}"
        );
        assert!(
            found[1].starts_with("a.yaml:5:6: error: `spec.m` is a template's"),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .all(|message| message.contains("helm template")),
            "{found:?}"
        );
    }
}
