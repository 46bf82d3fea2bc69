//! What a check came to as findings: places in manifests for code hosts and editors.

use std::sync::Arc;

use coalmine_policy::source::Position;
use coalmine_scenarios::finding::{Finding, Level, Related, Rule};

use super::{Change, Checked, Compared, GateResult};
use crate::gate::Outcome;

const fn rule(
    id: &'static str,
    name: &'static str,
    level: Level,
    texts: [&'static str; 2],
    page: &'static str,
) -> Rule {
    Rule {
        id,
        name,
        level,
        reason: texts[0],
        cure: texts[1],
        evidence: &[],
        page,
    }
}

/// A gate is breached.
static BREACHED: Rule = rule(
    "CK01",
    "gate-breached",
    Level::Error,
    [
        "the policy falls short of what its suite asks",
        "change the policy (`coalmine tune` looks for values that keep a limit), or the gate",
    ],
    "docs/check.md#gates",
);
/// A policy became worse.
static WORSE: Rule = rule(
    "CK02",
    "worse-than-baseline",
    Level::Error,
    [
        "the policy is significantly worse than when the baseline was recorded, on the same rollouts",
        "undo what made it worse, or accept it with `coalmine check --update`",
    ],
    "docs/check.md#baseline",
);
/// A policy is refused.
static REFUSED: Rule = rule(
    "CK03",
    "refused",
    Level::Error,
    [
        "the controller itself refuses the policy",
        "do what the finding says: nothing is rolled out with such a manifest",
    ],
    "docs/check.md#gates",
);
/// Something could not be decided.
static UNDECIDED: Rule = rule(
    "CK04",
    "not-enough-evidence",
    Level::Warning,
    [
        "the rollouts that were played do not decide it",
        "play more: `runs` of the suite, or `--runs`",
    ],
    "docs/check.md#not-enough-evidence",
);
/// Something was not compared.
static NOT_COMPARED: Rule = rule(
    "CK05",
    "not-compared",
    Level::Note,
    [
        "there is nothing to compare the policy with",
        "record the baseline with `coalmine check --update`, and commit it",
    ],
    "docs/check.md#baseline",
);

/// All rules, for formats that announce them.
pub static RULES: [&Rule; 5] = [&BREACHED, &WORSE, &REFUSED, &UNDECIDED, &NOT_COMPARED];

impl Checked<'_> {
    /// What fell short or could not be decided, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.refused().filter_map(|p| self.refusal(p)).collect();
        let gates = |wanted: Outcome| {
            let those = move |result: &&GateResult| result.judged.outcome == wanted;
            self.results.iter().filter(those)
        };
        found.extend(gates(Outcome::Breached).map(|result| self.breach(result)));
        let worse = self.that_are(Compared::Worse);
        found.extend(worse.map(|(index, change)| self.worsening(index, change)));
        found.extend(gates(Outcome::Undecided).map(|result| {
            let cure = result.judged.cure().unwrap_or_default();
            let at = self.gates.get(result.gate).map_or(self.at, |gate| gate.at);
            self.in_suite(&UNDECIDED, at, self.gate_sentence(result), cure)
        }));
        found.extend(self.that_are(Compared::Suspected).map(|(_, change)| {
            let (sentence, cure) = (self.change_sentence(change), self.change_cure(change));
            self.in_suite(&UNDECIDED, self.at, sentence, cure)
        }));
        found.extend(self.against.skipped.iter().map(|skipped| {
            let (sentence, cure) = self.skipped_sentence(skipped);
            self.in_suite(&NOT_COMPARED, self.at, sentence, cure)
        }));
        found
    }

    fn in_suite(
        &self,
        rule: &'static Rule,
        at: Position,
        message: String,
        cure: String,
    ) -> Finding {
        Finding {
            rule,
            level: rule.level,
            file: self.file.clone(),
            position: at,
            related: Vec::new(),
            message,
            cure,
        }
    }

    fn policy_file(&self, policy: usize) -> Arc<str> {
        let policy = self.summary.study.policies.get(policy);
        policy.map_or_else(|| self.file.clone(), |one| one.file.as_str().into())
    }

    fn refusal(&self, policy: usize) -> Option<Finding> {
        let refusal = self.summary.study.policies.get(policy)?.invalid.as_ref()?;
        let position = Position {
            line: refusal.line,
            column: 1,
            ..Position::default()
        };
        Some(Finding {
            rule: &REFUSED,
            level: REFUSED.level,
            file: refusal.file.as_str().into(),
            position,
            related: Vec::new(),
            message: refusal.reason.clone(),
            cure: refusal.help.clone(),
        })
    }

    /// At the analysis that should have kept it; the gate beside it.
    fn breach(&self, result: &GateResult) -> Finding {
        let places = self.places.get(result.policy).copied().unwrap_or_default();
        let gate = self.gates.get(result.gate);
        let related = gate.map(|gate| Related {
            file: self.file.clone(),
            position: gate.at,
            message: "the gate".to_owned(),
        });
        Finding {
            rule: &BREACHED,
            level: BREACHED.level,
            file: self.policy_file(result.policy),
            position: places.analysis,
            related: related.into_iter().collect(),
            message: self.gate_sentence(result),
            cure: BREACHED.cure.to_owned(),
        }
    }

    fn worsening(&self, index: usize, change: &Change) -> Finding {
        let places = self.places.get(change.policy).copied().unwrap_or_default();
        let replayed = self.replayed.iter().find(|one| one.change == index);
        let see = replayed.map_or_else(String::new, |one| format!("; see `{}`", one.command));
        let turned = self.turned_sentence(change);
        Finding {
            rule: &WORSE,
            level: WORSE.level,
            file: self.policy_file(change.policy),
            position: match change.measure {
                "duration" => places.steps,
                _ => places.analysis,
            },
            related: Vec::new(),
            message: format!("{}. {turned}{see}", self.change_sentence(change)),
            cure: WORSE.cure.to_owned(),
        }
    }
}
