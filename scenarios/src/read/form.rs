//! A mapping of a scenario file, read field by field: [`Fields`] with checks, and with a memory of
//! the names asked for, so that an unknown field can be told its nearest neighbour.

mod values;

use coalmine_policy::source::{Diagnostics, Fields, Node, Position};

use crate::nearest;

/// Getters return `None` for what is absent or wrong; what is wrong is reported.
pub(crate) struct Form<'a> {
    pub(crate) fields: Fields<'a>,
    known: Vec<&'static str>,
}

impl<'a> Form<'a> {
    pub(crate) fn new(fields: Fields<'a>) -> Self {
        let known = Vec::new();
        Self { fields, known }
    }

    /// The form of a list's item.
    pub(crate) fn item(&self, path: &str, node: &'a Node, found: &mut Diagnostics) -> Self {
        Self::new(Fields::new(self.fields.document(), path, node, found))
    }

    pub(crate) fn error(&self, at: Position, message: String, help: &str, found: &mut Diagnostics) {
        found.push(self.fields.document().error(at, message, help.to_owned()));
    }

    /// Remembers a name as known here.
    fn note(&mut self, name: &'static str) {
        self.known.push(name);
    }

    /// Any value that is there and not null.
    pub(crate) fn node(&mut self, name: &'static str) -> Option<&'a Node> {
        self.note(name);
        self.fields.node(name)
    }

    /// Where a field stands; the mapping's place when it is absent.
    pub(crate) fn place(&mut self, name: &'static str) -> Position {
        self.node(name)
            .map_or(self.fields.position(), |node| node.position)
    }

    /// A complaint about a field's value.
    pub(crate) fn refuse(
        &mut self,
        name: &'static str,
        complaint: &str,
        help: &str,
        found: &mut Diagnostics,
    ) {
        let message = format!("`{}` {complaint}", self.fields.path_of(name));
        let place = self.place(name);
        self.error(place, message, help, found);
    }

    pub(crate) fn string(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<&'a str> {
        self.note(name);
        self.fields.string(name, found)
    }

    pub(crate) fn list(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<&'a [Node]> {
        self.note(name);
        self.fields.list(name, found)
    }

    pub(crate) fn form(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<Self> {
        self.note(name);
        self.fields.map(name, found).map(Self::new)
    }

    /// Reports the absence of a field that must be there.
    pub(crate) fn require(&mut self, name: &'static str, help: &str, found: &mut Diagnostics) {
        if self.node(name).is_none() {
            self.refuse(name, "is required", help, found);
        }
    }

    /// Refuses what nobody asked for: in our own kind a misspelt field would silently simulate
    /// another world.
    pub(crate) fn close(self, found: &mut Diagnostics) {
        for (key, position) in self.fields.unread() {
            let message = format!("unknown field `{}`", self.fields.path_of(key));
            let mut known = self.known.clone();
            known.sort_unstable();
            known.dedup();
            let help = match nearest(key, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.error(position, message, &help, found);
        }
    }
}
