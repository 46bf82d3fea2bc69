//! Reports as pages: one file each, which needs nothing else and fetches nothing.
//!
//! ```text
//!  Summary, Power, When, Story ──► parts (cells, outcomes, survival, …) ──► Page ──► one file
//!                                        └─► chart: Figure, Plot, Timeline ──► SVG
//! ```
//!
//! [`page`] is the frame, [`chart`] draws; other reports may build on both.

pub mod chart;
pub mod page;
pub mod rollout;

mod cells;
mod number;
mod outcomes;
mod overview;
mod panels;
mod power;
mod run;
mod survival;
mod trade;
mod tune;
mod verdict;
mod when;

use maud::{Markup, html};

use crate::human;
use crate::power::{Power, WANTED};
use crate::summary::Summary;
use crate::when::When;

use page::{Page, Section};
pub use rollout::Chosen;
pub use run::{refused, run};
pub use tune::{front_svg, tune};

/// All that is known of some policies.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// How they did.
    pub summary: &'a Summary,
    /// Rollouts to look at, the most interesting first.
    pub rollouts: &'a [Chosen<'a>],
    /// Their power curves, where they were worked out.
    pub power: Option<&'a Power<'a>>,
    /// Their start-time map, likewise.
    pub when: Option<&'a When<'a>>,
}

/// The page of a score: verdict, tables, pictures.
#[must_use]
pub fn report(report: &Report<'_>) -> String {
    let summary = report.summary;
    let mut sections = Vec::new();
    let mut add = |id, title, body: Markup| sections.push(Section { id, title, body });
    if summary.cells.iter().any(|cell| cell.n > 0) {
        add("policies", "Policies", overview::overview(summary));
        add("scenarios", "Scenarios", cells::cells(summary));
        add(
            "outcomes",
            "How rollouts ended",
            outcomes::outcomes(summary),
        );
        add("harm", "Harm against duration", trade::trade(summary));
        add(
            "survival",
            "How long new revisions live",
            survival::survival(summary),
        );
    }
    if let Some(power) = report.power {
        add("power", "How large a fault must be", power::power(power));
    }
    if let Some(when) = report.when {
        add("when", "When to start", when::when(when));
    }
    if !report.rollouts.is_empty() {
        add(
            "rollouts",
            "Rollouts to look at",
            rollout::rollouts(report.rollouts),
        );
    }
    let page = Page {
        title: "Is this canary policy any good?".to_owned(),
        subtitle: verdict::study(summary),
        verdict: verdict::verdict(summary),
        sections,
    };
    page.render()
}

/// The page of power curves.
#[must_use]
pub fn power(power: &Power<'_>) -> String {
    let summary = power.summary;
    let page = Page {
        title: format!(
            "{}: how large a fault must be to be caught in {} of rollouts",
            power.scenario,
            human::percent(WANTED)
        ),
        subtitle: verdict::study(summary),
        verdict: around(summary),
        sections: vec![Section {
            id: "power",
            title: "Power curves",
            body: power::power(power),
        }],
    };
    page.render()
}

/// The page of the start-time map.
#[must_use]
pub fn when(when: &When<'_>) -> String {
    let summary = when.summary;
    let page = Page {
        title: "When to start a canary".to_owned(),
        subtitle: verdict::study(summary),
        verdict: around(summary),
        sections: vec![Section {
            id: "when",
            title: "By time of day",
            body: when::when(when),
        }],
    };
    page.render()
}

fn around(summary: &Summary) -> Markup {
    html! { (verdict::interrupted(summary)) (verdict::refusals(summary)) }
}

#[cfg(test)]
mod tests;
