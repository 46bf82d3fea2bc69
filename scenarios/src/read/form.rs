//! A mapping of a scenario file, read field by field: [`Fields`] with checks, and with a memory of
//! the names asked for, so that an unknown field can be told its nearest neighbour.

use coalmine_policy::Span;
use coalmine_policy::source::{Diagnostics, Fields, Kind, Node, Position, parse_go_duration};

use crate::nearest;

/// Getters return `None` for what is absent or wrong; what is wrong is reported.
pub(super) struct Form<'a> {
    pub(super) fields: Fields<'a>,
    known: Vec<&'static str>,
}

impl<'a> Form<'a> {
    pub(super) fn new(fields: Fields<'a>) -> Self {
        let known = Vec::new();
        Self { fields, known }
    }

    /// The form of a list's item.
    pub(super) fn item(&self, path: &str, node: &'a Node, found: &mut Diagnostics) -> Self {
        Self::new(Fields::new(self.fields.document(), path, node, found))
    }

    pub(super) fn error(&self, at: Position, message: String, help: &str, found: &mut Diagnostics) {
        found.push(self.fields.document().error(at, message, help.to_owned()));
    }

    /// Notes the name, whether it is there or not.
    pub(super) fn node(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        self.fields.node(name)
    }

    /// Where a field stands; the mapping's place when it is absent.
    pub(super) fn place(&mut self, name: &'static str) -> Position {
        self.node(name)
            .map_or(self.fields.position(), |node| node.position)
    }

    /// A complaint about a field's value.
    pub(super) fn refuse(
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

    pub(super) fn string(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<&'a str> {
        self.known.push(name);
        self.fields.string(name, found)
    }

    pub(super) fn list(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<&'a [Node]> {
        self.known.push(name);
        self.fields.list(name, found)
    }

    pub(super) fn form(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<Self> {
        self.known.push(name);
        self.fields.map(name, found).map(Self::new)
    }

    /// Reports the absence of a field that must be there.
    pub(super) fn require(&mut self, name: &'static str, help: &str, found: &mut Diagnostics) {
        if self.node(name).is_none() {
            self.refuse(name, "is required", help, found);
        }
    }

    /// A number within `ok`.
    fn number(
        &mut self,
        name: &'static str,
        ok: fn(f64) -> bool,
        complaint: &str,
        help: &str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        self.known.push(name);
        let value = self.fields.float(name, found)?;
        if ok(value) && value.is_finite() {
            return Some(value);
        }
        let complaint = format!("is {value}, {complaint}");
        self.refuse(name, &complaint, help, found);
        None
    }

    /// A share from 0 to 1.
    pub(super) fn share(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<f64> {
        let ok = |x| (0.0..=1.0).contains(&x);
        let help = "shares are plain numbers: write 0.02 for 2 %";
        self.number(name, ok, "not a share from 0 to 1", help, found)
    }

    /// A number of zero or more.
    pub(super) fn not_negative(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        self.number(
            name,
            |x| x >= 0.0,
            "below zero",
            "write zero or more",
            found,
        )
    }

    /// A number from zero to `max`.
    pub(super) fn up_to(
        &mut self,
        name: &'static str,
        max: f64,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        let value = self.not_negative(name, found)?;
        if value > max {
            let help = format!("at most {max} can be simulated");
            self.refuse(name, &format!("is {value}, too large"), &help, found);
            return None;
        }
        Some(value)
    }

    /// A number above zero.
    pub(super) fn positive(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<f64> {
        self.number(
            name,
            |x| x > 0.0,
            "not above zero",
            "write more than zero",
            found,
        )
    }

    /// A whole number from 1 to `max`.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        max: u32,
        found: &mut Diagnostics,
    ) -> Option<u32> {
        self.known.push(name);
        let value = self.fields.int(name, found)?;
        let count = u32::try_from(value).ok().filter(|n| (1..=max).contains(n));
        if count.is_none() {
            let complaint = format!("is {value}, not a number from 1 to {max}");
            self.refuse(name, &complaint, "", found);
        }
        count
    }

    /// The text of a time; a bare number is told its missing unit.
    pub(super) fn time_text(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<&'a str> {
        let number = match self.node(name)?.kind {
            Kind::Int(value) => Some(value.to_string()),
            Kind::Float(value) => Some(value.to_string()),
            _ => None,
        };
        if let Some(number) = number {
            let help = format!("write `{number}s` if seconds are meant");
            self.refuse(name, &format!("is {number}, without a unit"), &help, found);
            return None;
        }
        self.fields.string(name, found)
    }

    /// A Go duration.
    pub(super) fn duration(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<Span> {
        let text = self.time_text(name, found)?;
        match parse_go_duration(text) {
            Ok(span) => Some(span),
            Err(error) => {
                let help = "durations are Go's: `30s`, `5m`, `1h30m`";
                self.refuse(name, &format!("is no duration: {error}"), help, found);
                None
            }
        }
    }

    /// A Go duration above zero.
    pub(super) fn some_time(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<Span> {
        let span = self.duration(name, found)?;
        if span == Span::ZERO {
            self.refuse(
                name,
                "must be longer than zero",
                "write for example `10s`",
                found,
            );
            return None;
        }
        Some(span)
    }

    /// Refuses what nobody asked for: in our own kind a misspelt field would silently simulate
    /// another world.
    pub(super) fn close(self, found: &mut Diagnostics) {
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
