//! The scenarios that `score` runs when the user names none: every traffic with every fault.
//!
//! Each is a file of its own, complete and ready to be copied, which opens with the reason why it
//! exists.

use coalmine_policy::source::Diagnostics;
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

/// The files with this name: one for `market-open/errors-2`, all of a traffic for `market-open`,
/// all with a fault for `errors-2`.
pub fn matching(name: &str) -> impl Iterator<Item = &'static Embedded> {
    FILES.iter().filter(move |file| {
        let parts = file.label.split_once('/');
        file.label == name || parts.is_some_and(|(traffic, fault)| traffic == name || fault == name)
    })
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
