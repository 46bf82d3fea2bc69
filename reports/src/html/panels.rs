//! Small charts of one kind, beside each other: what they share.

use coalmine_sim::event::Study;
use maud::{Markup, html};

use super::chart::{Frame, Ink, legend};
use crate::summary::{Cell, Summary};

/// Pixels across of a panel.
pub(super) const WIDTH: f64 = 380.0;

/// The whole of a panel that is so high.
pub(super) const fn frame(height: f64) -> Frame {
    Frame {
        left: 0.0,
        top: 0.0,
        width: WIDTH,
        height,
    }
}

/// Panels in as many columns as there is room for.
pub(super) fn panels(panels: impl IntoIterator<Item = Markup>) -> Markup {
    html! { div.panels { @for panel in panels { (panel) } } }
}

/// Which line is which policy's: those that ran.
pub(super) fn policies(summary: &Summary) -> Markup {
    let ran = |policy: &usize| {
        let mut cells = summary.cells.iter();
        cells.any(|cell| cell.policy == *policy && cell.n > 0)
    };
    let policies = (0..summary.study.policies.len()).filter(ran);
    legend(policies.map(|policy| (Ink::Series(policy), summary.label_of(policy))))
}

/// The cells of each scenario that ran, with the scenario's index.
pub(super) fn by_scenario(summary: &Summary) -> Vec<(usize, Vec<&Cell>)> {
    let scenarios = 0..summary.study.scenarios.len();
    let own = scenarios.map(|scenario| {
        let cells = summary.cells.iter();
        let own = cells.filter(|cell| cell.scenario == scenario && cell.n > 0);
        (scenario, own.collect::<Vec<_>>())
    });
    own.filter(|(_, cells)| !cells.is_empty()).collect()
}

/// Whether the release of a scenario is bad or good.
pub(super) fn release(study: &Study, scenario: usize) -> &'static str {
    let scenario = study.scenarios.get(scenario);
    match scenario.is_some_and(coalmine_sim::event::ScenarioInfo::is_faulty) {
        true => "bad release",
        false => "good release",
    }
}

/// As much of a name as there is room for.
pub(super) fn shortened(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    let kept: String = name.chars().take(letters.saturating_sub(1)).collect();
    format!("{kept}…")
}
