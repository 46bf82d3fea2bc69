//! What a search found, as all reports show it.

use coalmine_scenarios::tune::Knob;

use super::compare::{Axis, Contrast, Difference};
use super::goal::{Goal, distance, reading};
use super::search::{Fate, Found, Plan};
use super::space::Point;
use crate::gate::{Judged, Outcome, Reading, Requirement};

/// A search with the manifest it was about.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The policy's label.
    pub policy: &'a str,
    /// The controller and object.
    pub kind: &'a str,
    /// What was turned.
    pub knobs: &'a [Knob],
    /// How many points there are; `None` for more than can be counted.
    pub points: Option<usize>,
    /// What was wanted.
    pub goal: &'a Goal,
    /// How much was to be played.
    pub plan: Plan,
    /// What was found.
    pub found: &'a Found,
    /// Why no point keeps the requirements, sentence by sentence.
    pub blocks: Vec<String>,
    /// The recommended values as a patch of the manifests; empty where there is nothing to change.
    pub patch: &'a str,
}

/// One of the points on fresh rollouts.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// `today`, or a letter.
    pub label: &'a str,
    /// Index among the policies of the confirmation.
    pub policy: usize,
    /// Its values; `None` for today's where that is no point of the grid.
    pub point: Option<&'a Point>,
    /// By [`Axis::ALL`].
    pub readings: [Option<Reading>; 4],
    /// By requirement.
    pub judged: Vec<Option<Judged>>,
    /// Against today's, by [`Axis::ALL`]; `None` for today's itself.
    pub against_today: Option<[Option<Difference>; 4]>,
    /// Another one is as good in everything of the front, and better in something beyond doubt.
    pub dominated: bool,
}

impl Row<'_> {
    /// Whether every requirement is met, or surely one is not; `None` where the evidence does not say.
    #[must_use]
    pub fn keeps(&self) -> Option<bool> {
        let outcome = |judged: &Option<Judged>| judged.map_or(Outcome::Undecided, |j| j.outcome);
        match self.judged.iter().map(outcome).max() {
            Some(Outcome::Breached) => Some(false),
            Some(Outcome::Undecided) => None,
            Some(Outcome::Met) | None => Some(true),
        }
    }

    /// Whether it was played.
    #[must_use]
    pub fn is_played(&self) -> bool {
        self.readings.iter().any(Option::is_some)
    }
}

impl<'a> Report<'a> {
    /// Today's policy and the finalists, the most wanted first.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'a>> {
        let found = self.found;
        let policies = &found.confirmed.study.policies;
        let today = found.tried.first().map(|tried| &tried.point);
        let points = std::iter::once(today).chain(found.finalists.iter().map(Some));
        let rows = policies.iter().zip(points).enumerate();
        rows.map(|(policy, (info, point))| Row {
            label: &info.label,
            policy,
            point: point.filter(|point| point.0.iter().all(Option::is_some)),
            readings: Axis::ALL.map(|axis| reading(axis.measure(), &found.confirmed, policy)),
            judged: self.judged(policy),
            against_today: (policy > 0)
                .then(|| Axis::ALL.map(|axis| self.difference(axis, policy, 0))),
            dominated: (0..policies.len()).any(|other| self.dominates(other, policy)),
        })
        .filter(|row| row.policy == 0 || row.is_played())
        .collect()
    }

    fn judged(&self, policy: usize) -> Vec<Option<Judged>> {
        let goal = self.goal;
        let judge = |one: &Requirement| one.judge_mix(&self.found.confirmed, policy, &goal.mix);
        goal.requirements.iter().map(judge).collect()
    }

    fn contrast(&self, axis: Axis, first: usize, second: usize) -> Option<Contrast> {
        let found = self.found;
        let (a, b) = (found.outcomes.get(first)?, found.outcomes.get(second)?);
        Contrast::of(axis, (&found.confirmed.study, &self.goal.mix), a, b)
    }

    fn difference(&self, axis: Axis, first: usize, second: usize) -> Option<Difference> {
        Some(self.contrast(axis, first, second)?.difference())
    }

    fn dominates(&self, one: usize, other: usize) -> bool {
        let all: Vec<Contrast> = Axis::FRONT
            .iter()
            .filter_map(|axis| self.contrast(*axis, other, one))
            .collect();
        one != other
            && !all.is_empty()
            && all.iter().all(|contrast| contrast.value >= 0.0)
            && all.iter().any(Contrast::is_worse)
    }

    /// What a point has that today's policy has not: address, today's value, its own.
    #[must_use]
    pub fn changes(&self, point: &Point) -> Vec<(&'a str, String, String)> {
        let all = self.knobs.iter().zip(&point.0);
        all.filter_map(|(knob, index)| {
            let value = knob.values.get((*index)?)?;
            let is_today = *index == knob.today;
            (!is_today).then(|| (knob.label.as_str(), knob.today_text(), value.to_string()))
        })
        .collect()
    }

    /// The same as running text.
    #[must_use]
    pub fn changes_text(&self, point: &Point) -> String {
        let all = self.changes(point);
        if all.is_empty() {
            return "as today".to_owned();
        }
        let all = all
            .iter()
            .map(|(label, from, to)| format!("{label} {from} → {to}"));
        all.collect::<Vec<_>>().join(", ")
    }

    /// The recommended row.
    #[must_use]
    pub fn recommended<'r>(&self, rows: &'r [Row<'a>]) -> Option<&'r Row<'a>> {
        let policy = self.found.recommended?;
        rows.iter().find(|row| row.policy == policy)
    }

    /// Where nothing is recommended: the row that is nearest to the limits.
    #[must_use]
    pub fn nearest<'r>(&self, rows: &'r [Row<'a>]) -> Option<&'r Row<'a>> {
        let far = |row: &Row<'_>| -> f64 {
            let all = self.goal.requirements.iter().zip(&row.judged);
            all.map(|(one, judged)| judged.as_ref().map_or(0.0, |judged| distance(one, judged)))
                .sum()
        };
        let played = rows.iter().filter(|row| row.is_played());
        played.min_by(|a, b| far(a).total_cmp(&far(b)))
    }

    /// How many points were tried, and what became of them.
    #[must_use]
    pub fn fates(&self) -> Fates {
        let mut fates = Fates::default();
        for tried in self.found.tried.iter() {
            match &tried.fate {
                Fate::Refused(why) => {
                    fates.refused += 1;
                    fates.why.get_or_insert_with(|| why.clone());
                }
                Fate::Breaks => fates.breaks += 1,
                Fate::Dominated => fates.dominated += 1,
                Fate::Behind => fates.behind += 1,
                Fate::Survived | Fate::Finalist => {}
            }
        }
        fates
    }
}

/// What became of the points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// Refused by the controller.
    pub refused: usize,
    /// Why the first was.
    pub why: Option<String>,
    /// Beyond a limit, surely.
    pub breaks: usize,
    /// Surely worse than another.
    pub dominated: usize,
    /// Behind others.
    pub behind: usize,
}
