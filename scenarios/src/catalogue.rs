//! The scenarios that come with coalmine.
//!
//! Each is a file of its own, ready to be copied, which says the reason why it exists. Its label
//! `suite` says when it is run: those of `default`, every traffic with every fault, when the user
//! names no scenario; the others by name, by `*` or by suite.

use coalmine_policy::source::{Diagnostics, read_documents};
use coalmine_sim::scenario::Scenario;

use crate::{Embedded, NoFiles};

macro_rules! files {
    ($($label:literal)+) => {
        &[$(Embedded {
            label: $label,
            file: concat!("scenarios/catalogue/", $label, ".yaml"),
            text: include_str!(concat!("../catalogue/", $label, ".yaml")),
        }),+]
    };
}

const FILES: &[Embedded] = files! {
    "steady/healthy" "steady/errors-2" "steady/errors-20" "steady/slow" "steady/overload-only"
    "off-peak/healthy" "off-peak/errors-2" "off-peak/errors-20" "off-peak/slow"
    "off-peak/overload-only"
    "market-open/healthy" "market-open/errors-2" "market-open/errors-20" "market-open/slow"
    "market-open/overload-only"
    "dinner-peak/healthy" "dinner-peak/errors-2" "dinner-peak/errors-20" "dinner-peak/slow"
    "dinner-peak/overload-only"
    "incidents/flaky-checks" "incidents/one-bad-server" "incidents/low-traffic-aborts"
    "incidents/meal-time-deploy" "incidents/passed-canary" "incidents/hot-canary"
    "incidents/slow-to-show"
    "look-alikes/outage-outside" "look-alikes/flapping-bank" "look-alikes/slow-backup"
    "look-alikes/old-is-worse" "look-alikes/scrape-gap" "look-alikes/sale" "look-alikes/batches"
    "look-alikes/node-drain" "look-alikes/cold-cache" "look-alikes/kept-connections"
    "faults/leak-with-age" "faults/leak-with-requests" "faults/full-pool"
    "faults/on-the-half-hour" "faults/flapping" "faults/slower-throughout" "faults/two-small-ones"
    "faults/bad-pod" "faults/masked-pod" "faults/crash-loop" "faults/slow-crashes" "faults/checkout-broken"
    "faults/orders-lost" "faults/shared-dependency" "faults/beta-users" "faults/errors-among-many"
    "faults/in-sessions" "faults/sticky-sessions"
    "calendar/sunday-night" "calendar/sale-overload"
};

/// The embedded files, in the order of reports.
#[must_use]
pub const fn files() -> &'static [Embedded] {
    FILES
}

/// The names of the embedded scenarios (`market-open/errors-2`), in the order of reports.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.label)
}

/// The suite that is run when the user names no scenario.
pub const DEFAULT_SUITE: &str = "default";

/// The files of a suite, in the order of reports.
pub fn suite(name: &str) -> impl Iterator<Item = &'static Embedded> {
    FILES.iter().filter(move |file| about(file).suite == name)
}

/// The files with this name: one for `market-open/errors-2`, all of a traffic for `market-open`,
/// all with a fault for `errors-2`, all of a suite for `default`; with a `*` in it, all whose name
/// is like this.
#[must_use]
pub fn matching(name: &str) -> Vec<&'static Embedded> {
    let fits = |file: &&Embedded| {
        let parts = file.label.split_once('/');
        file.label == name
            || parts.is_some_and(|(traffic, fault)| traffic == name || fault == name)
            || (name.contains('*') && is_like(file.label, name))
    };
    let found: Vec<_> = FILES.iter().filter(fits).collect();
    if found.is_empty() {
        return suite(name).collect();
    }
    found
}

/// Whether `*` in the pattern can stand for what the name has there.
pub(crate) fn is_like(name: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return name == pattern;
    };
    let Some(left) = name.strip_prefix(start) else {
        return false;
    };
    let mut ends = left.char_indices().map(|(at, _)| at).chain([left.len()]);
    ends.any(|at| is_like(&left[at..], rest))
}

/// What a file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// When it is run.
    pub suite: String,
    /// Why it exists.
    pub reason: String,
}

/// What a file says about itself; nothing where it is silent.
#[must_use]
pub fn about(file: &Embedded) -> About {
    let documents = read_documents(&file.source(), &mut Diagnostics::new());
    let text = |path: &[&str]| {
        let found = documents
            .first()
            .and_then(|one| one.root.at(path)?.as_str());
        found.unwrap_or_default().trim().to_owned()
    };
    About {
        suite: text(&["metadata", "labels", "suite"]),
        reason: text(&["spec", "reason"]),
    }
}

/// The scenario with exactly this name.
#[must_use]
pub fn find(name: &str) -> Option<Scenario> {
    let file = FILES.iter().find(|file| file.label == name)?;
    // The files are tested to be without mistakes.
    crate::read(&file.source(), &mut NoFiles, &mut Diagnostics::new()).pop()
}

#[cfg(test)]
mod tests;
