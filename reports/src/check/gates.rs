//! The gates of a suite, and what became of them.

use coalmine_policy::source::{Diagnostics, Position};
use coalmine_scenarios::suite::{Suite, is_like};
use coalmine_scenarios::{nearest, suite};
use coalmine_sim::event::{PolicyInfo, ScenarioInfo};

use crate::gate::{Judged, Measure, Requirement};
use crate::mix::Mix;
use crate::summary::Summary;

/// A requirement and whom it is asked of.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// What is asked.
    pub requirement: Requirement,
    /// Indices of the policies that it is asked of.
    pub policies: Vec<usize>,
    /// Indices of the scenarios in each of which it is asked; `None` for the mix of all.
    pub scenarios: Option<Vec<usize>>,
    /// Its place in the suite file.
    pub at: Position,
}

/// A gate at one policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateResult {
    /// Index of the gate.
    pub gate: usize,
    /// Index of the policy.
    pub policy: usize,
    /// Index of the scenario; `None` for the mix.
    pub scenario: Option<usize>,
    /// What became of it.
    pub judged: Judged,
}

/// The gates of a suite for these policies and scenarios; mistakes go to `found`, all of them.
#[must_use]
pub fn gates(
    suite: &Suite,
    (policies, scenarios): (&[PolicyInfo], &[ScenarioInfo]),
    mix: &Mix,
    found: &mut Diagnostics,
) -> Vec<Gate> {
    let reader = Reader {
        suite,
        policies,
        scenarios,
        mix,
    };
    let gates = suite.gates.iter();
    gates.filter_map(|gate| reader.gate(gate, found)).collect()
}

struct Reader<'a> {
    suite: &'a Suite,
    policies: &'a [PolicyInfo],
    scenarios: &'a [ScenarioInfo],
    mix: &'a Mix,
}

impl Reader<'_> {
    fn refuse(&self, at: Position, message: String, help: String, found: &mut Diagnostics) {
        found.push(self.suite.document.error(at, message, help));
    }

    fn gate(&self, gate: &suite::Gate, found: &mut Diagnostics) -> Option<Gate> {
        let at = gate.require.at;
        let requirement = match gate.require.text.parse::<Requirement>() {
            Ok(requirement) => Some(requirement),
            Err(error) => {
                self.refuse(at, error.cause, error.cure, found);
                None
            }
        };
        let labels = self.policies.iter().map(|policy| policy.label.as_str());
        let names = self.scenarios.iter().map(|scenario| scenario.name.as_str());
        let policies = match &gate.policy {
            Some(pattern) => self.like(pattern, "policy", labels.collect(), found),
            None => Some((0..self.policies.len()).collect()),
        };
        let scenarios = match &gate.scenario {
            Some(pattern) => Some(self.like(pattern, "scenario", names.collect(), found)?),
            None => None,
        };
        let (requirement, policies) = (requirement?, policies?);
        let gate = Gate {
            requirement,
            policies,
            scenarios,
            at,
        };
        self.makes_sense(&gate, found).then_some(gate)
    }

    /// The indices of the names that are like a pattern; none is a mistake.
    fn like(
        &self,
        pattern: &suite::Said,
        what: &str,
        names: Vec<&str>,
        found: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        let named = names.iter().enumerate();
        let like = named.filter(|(_, name)| is_like(name, &pattern.text));
        let like: Vec<usize> = like.map(|(index, _)| index).collect();
        if like.is_empty() {
            let message = format!("no {what} of this suite is like `{}`", pattern.text);
            let help = match nearest(&pattern.text, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names.join(", ")),
            };
            self.refuse(pattern.at, message, help, found);
            return None;
        }
        Some(like)
    }

    /// Whether the scenarios can tell the measure at all: a gate that is never judged guards nothing.
    fn makes_sense(&self, gate: &Gate, found: &mut Diagnostics) -> bool {
        let measure = gate.requirement.measure;
        let name = measure.name();
        let (message, help) = if gate.scenarios.is_some() && measure.is_of_mix_only() {
            (
                format!("`{name}` has no meaning in a single scenario"),
                "leave out `scenario`: it is a measure over the mix of all".to_owned(),
            )
        } else if measure == Measure::Cost && self.mix.prices.is_none() {
            (
                "a cost needs prices".to_owned(),
                "add for example `prices: {minute: 2, hurtUser: 0.05}` to `spec`".to_owned(),
            )
        } else if !self.is_about_any(gate) {
            (
                format!("`{name}` says nothing of these scenarios"),
                "it is about the other kind of release: add scenarios with a fault, or without"
                    .to_owned(),
            )
        } else {
            return true;
        };
        self.refuse(gate.at, message, help, found);
        false
    }

    fn is_about_any(&self, gate: &Gate) -> bool {
        let about = gate.requirement.measure.is_about();
        let asked = |index: &usize| {
            let all = gate.scenarios.as_ref();
            all.is_none_or(|scenarios| scenarios.contains(index))
        };
        let has = |bad: bool| {
            let mut scenarios = self.scenarios.iter().enumerate();
            scenarios.any(|(index, one)| asked(&index) && one.is_faulty() == bad)
        };
        match about {
            crate::gate::About::BadAndGood => has(true) && has(false),
            about => [true, false]
                .iter()
                .any(|bad| has(*bad) && about.counts(*bad)),
        }
    }
}

/// What became of the gates, in their order; policies that were refused are told apart.
#[must_use]
pub fn judge(gates: &[Gate], summary: &Summary) -> Vec<GateResult> {
    let mut results = Vec::new();
    for (index, gate) in gates.iter().enumerate() {
        for policy in &gate.policies {
            let result = |scenario, judged| GateResult {
                gate: index,
                policy: *policy,
                scenario,
                judged,
            };
            let Some(scenarios) = &gate.scenarios else {
                let judged = gate.requirement.judge_mix(summary, *policy, &summary.mix);
                results.extend(judged.map(|judged| result(None, judged)));
                continue;
            };
            let cells = summary.cells.iter();
            let cells = cells.filter(|c| c.policy == *policy && scenarios.contains(&c.scenario));
            results.extend(cells.filter_map(|cell| {
                let judged = gate.requirement.judge_cell(cell)?;
                Some(result(Some(cell.scenario), judged))
            }));
        }
    }
    results
}
