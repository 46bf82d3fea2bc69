//! Who looks on while a replication runs.

use coalmine_policy::{Exchange, Time};

use crate::timeline::Entry;
use crate::truth::Truth;

/// Somebody who wants to know what happens in a replication. Looking changes nothing.
pub trait Witness {
    /// Whether anybody looks; when not, nothing is written for them.
    fn is_watching(&self) -> bool;
    /// Something happened. What is known only at the end is told last.
    fn see(&mut self, entry: Entry);
    /// The controller's engine began, to look first at this instant when it does not act on events.
    fn begin(&mut self, _first_look: Time) {}
    /// The engine was told something, and answered with effects.
    fn hear(&mut self, _exchange: Exchange) {}
    /// How the world was at an instant of its course, in order, at the end.
    fn survey(&mut self, _at: Time, _truth: Truth) {}
}

/// Nobody.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Witness for Nobody {
    fn is_watching(&self) -> bool {
        false
    }

    fn see(&mut self, _entry: Entry) {}
}

impl Witness for Vec<Entry> {
    fn is_watching(&self) -> bool {
        true
    }

    fn see(&mut self, entry: Entry) {
        self.push(entry);
    }
}

/// All that can be known of a replication.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What happened.
    pub entries: Vec<Entry>,
    /// When the controller was to look first.
    pub first_look: Time,
    /// Every input with its effects.
    pub exchanges: Vec<Exchange>,
    /// The course of the world.
    pub course: Vec<(Time, Truth)>,
}

impl Notes {
    /// The same with the entries in order of time: what is known only at the end has its place.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.entries.sort_by_key(|entry| entry.at);
        self
    }
}

impl Witness for Notes {
    fn is_watching(&self) -> bool {
        true
    }

    fn see(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn begin(&mut self, first_look: Time) {
        self.first_look = first_look;
    }

    fn hear(&mut self, exchange: Exchange) {
        self.exchanges.push(exchange);
    }

    fn survey(&mut self, at: Time, truth: Truth) {
        self.course.push((at, truth));
    }
}
