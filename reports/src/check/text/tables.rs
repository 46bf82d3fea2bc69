//! The tables of a check. All names stand in the first column, below each other, because it alone gives
//! way where the terminal is narrow.

use std::fmt::Write as _;

use crate::check::words::{difference, value};
use crate::check::{Change, Checked, Compared, GateResult};
use crate::human::{self, counted};
use crate::terminal::{Options, Paint, table};

/// Rows under headings that are said once.
struct Tree {
    columns: usize,
    rows: Vec<Vec<String>>,
    /// The headings that the last row stands under.
    under: Vec<String>,
}

impl Tree {
    const fn new(columns: usize) -> Self {
        Self {
            columns,
            rows: Vec::new(),
            under: Vec::new(),
        }
    }

    fn push(&mut self, depth: usize, name: &str, mut cells: Vec<String>) {
        cells.insert(0, format!("{}{name}", "  ".repeat(depth)));
        cells.resize(self.columns, String::new());
        self.rows.push(cells);
    }

    /// The next rows stand under these.
    fn enter(&mut self, headings: &[&str]) {
        let mut both = self.under.iter().zip(headings);
        let same = both.position(|(old, new)| old != new);
        let same = same.unwrap_or_else(|| self.under.len().min(headings.len()));
        self.under.truncate(same);
        for (depth, heading) in headings.iter().enumerate().skip(same) {
            self.push(depth, heading, Vec::new());
            self.under.push((*heading).to_owned());
        }
    }
}

/// Each gate, under it the policies.
pub(super) fn gates(checked: &Checked<'_>, options: Options, text: &mut String) {
    if checked.results.is_empty() {
        return;
    }
    let header = ["gate", "measure (95 % interval)", "outcome"].map(str::to_owned);
    let mut results: Vec<&GateResult> = checked.results.iter().collect();
    results.sort_by_key(|result| (result.gate, result.scenario));
    let mut tree = Tree::new(header.len());
    for result in results {
        tree.enter(&[&checked.gate_heading(result)]);
        let cells = vec![
            checked.measured(result),
            result.judged.outcome.word().to_owned(),
        ];
        tree.push(1, checked.summary.label_of(result.policy), cells);
        if let Some(scenario) = checked.worst_in(result) {
            tree.push(2, &format!("worst in {scenario}"), Vec::new());
        }
    }
    text.push('\n');
    *text += &table(&header, tree.rows, &[], options);
}

/// What differs from the baseline: policy, scenario, measure.
pub(super) fn changes(checked: &Checked<'_>, options: Options, text: &mut String) {
    let shown = |change: &&Change| checked.compared(change) >= Compared::NotWorse;
    let mut differing: Vec<&Change> = checked.against.changes.iter().filter(shown).collect();
    differing.sort_by_key(|change| (change.policy, change.scenario));
    if !differing.is_empty() {
        let header = ["same rollouts", "before", "now", "difference", "p", ""].map(str::to_owned);
        let mut tree = Tree::new(header.len());
        for change in &differing {
            tree.enter(&[
                checked.summary.label_of(change.policy),
                checked.scenario(Some(change.scenario)),
            ]);
            tree.push(2, change.measure, cells(checked, change));
        }
        text.push('\n');
        *text += &table(&header, tree.rows, &[], options);
        let legend = format!(
            "difference: now less before, shares in percentage points, with its 95 % interval. p: that \
             it is worse, one-sided, on the same rollouts, after {} (Holm).",
            counted(differing.len(), "comparison", "comparisons")
        );
        for line in human::wrap(&legend, options.text_width()) {
            let _ = writeln!(text, "{}", Paint::new(options.colour).faint(&line));
        }
    }
    let equal = checked.that_are(Compared::Equal).count();
    if equal > 0 {
        let what = counted(equal, "measure does", "measures do");
        let _ = writeln!(
            text,
            "\n{what} not differ in a single rollout from {}",
            checked.lock_file
        );
    }
}

fn cells(checked: &Checked<'_>, change: &Change) -> Vec<String> {
    let word = match checked.compared(change) {
        Compared::Worse => "worse",
        Compared::Suspected => "seems worse",
        Compared::NotWorse | Compared::Equal => "",
    };
    vec![
        value(change.measure, change.tested.before),
        value(change.measure, change.tested.now),
        difference(change),
        human::p_value(change.p_family),
        word.to_owned(),
    ]
}
