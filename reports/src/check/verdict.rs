//! What a check came to.

use std::sync::Arc;

use coalmine_policy::source::{Position, Source};
use coalmine_scenarios::manifests::Places;

use super::{Against, Change, End, Gate, GateResult};
use crate::gate::Outcome;
use crate::summary::Summary;

/// A checked suite.
#[derive(Debug)]
pub struct Checked<'a> {
    /// What people call the suite: its name, or its file.
    pub title: String,
    /// The suite file as the user named it.
    pub file: Arc<str>,
    /// The lock file likewise.
    pub lock_file: String,
    /// Every text that was read, for places.
    pub sources: &'a [Source],
    /// Where each policy says what, in the study's order.
    pub places: Vec<Places>,
    /// The place of `baseline` in the suite file, or of the suite.
    pub at: Position,
    /// The study.
    pub summary: &'a Summary,
    /// What was asked.
    pub gates: Vec<Gate>,
    /// What became of it.
    pub results: Vec<GateResult>,
    /// The study against its baseline.
    pub against: Against,
    /// The chance of blaming any policy that is no worse.
    pub family_error: f64,
    /// Rollouts that turned, played again: a few for each worsening.
    pub replayed: Vec<Replayed>,
}

/// A rollout of a worsening, played again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Index into [`Against::changes`].
    pub change: usize,
    /// Which.
    pub replication: u32,
    /// How it ended before; unknown where means are compared.
    pub before: Option<End>,
    /// How it ends now.
    pub now: End,
    /// Why it ends so now.
    pub why: String,
    /// The command that tells it.
    pub command: String,
}

/// Whether a check passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every gate is met, and nothing seems worse.
    Passed,
    /// Something could not be decided, or compared.
    NotEnoughEvidence,
    /// A gate is breached, a policy is worse than it was, or refused.
    Failed,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotEnoughEvidence => "not enough evidence",
            Self::Failed => "failed",
        }
    }
}

/// How a comparison with the baseline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compared {
    /// No rollout differs.
    Equal,
    /// Some do, and chance explains it, or it is better.
    NotWorse,
    /// It would be significant alone, but not among so many comparisons.
    Suspected,
    /// Significant.
    Worse,
}

impl Checked<'_> {
    /// How a comparison ended.
    #[must_use]
    pub fn compared(&self, change: &Change) -> Compared {
        if change.p_family < self.family_error {
            Compared::Worse
        } else if change.tested.p < self.family_error {
            Compared::Suspected
        } else if change.tested.differs() {
            Compared::NotWorse
        } else {
            Compared::Equal
        }
    }

    /// The comparisons that ended so, with their indices.
    pub fn that_are(&self, wanted: Compared) -> impl Iterator<Item = (usize, &Change)> {
        let changes = self.against.changes.iter().enumerate();
        changes.filter(move |(_, change)| self.compared(change) == wanted)
    }

    /// How many gates ended so.
    #[must_use]
    pub fn gates_that_are(&self, outcome: Outcome) -> usize {
        let results = self.results.iter();
        results.filter(|r| r.judged.outcome == outcome).count()
    }

    /// Policies that their controllers refuse.
    pub fn refused(&self) -> impl Iterator<Item = usize> {
        let policies = self.summary.study.policies.iter().enumerate();
        policies.filter_map(|(index, policy)| policy.invalid.is_some().then_some(index))
    }

    /// Whether it passes.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.gates_that_are(Outcome::Breached) > 0
            || self.that_are(Compared::Worse).next().is_some()
            || self.refused().next().is_some()
        {
            Verdict::Failed
        } else if self.gates_that_are(Outcome::Undecided) > 0
            || self.that_are(Compared::Suspected).next().is_some()
            || !self.against.skipped.is_empty()
            || !self.summary.complete
        {
            Verdict::NotEnoughEvidence
        } else {
            Verdict::Passed
        }
    }

    /// A scenario's name; the mix where there is none.
    #[must_use]
    pub fn scenario(&self, scenario: Option<usize>) -> &str {
        let scenarios = &self.summary.study.scenarios;
        match scenario {
            None => "the mix",
            Some(index) => scenarios.get(index).map_or("?", |one| one.name.as_str()),
        }
    }
}
