//! When to start a canary: what becomes of a release by the time of day at which its rollout begins.

mod json;
mod text;

use crate::human::{self, NOTHING};
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

pub use json::{schema, write};
pub use text::render;

/// A study of starting times: the scenarios of the summary are those of `names`, one after the other,
/// each at every start.
#[derive(Clone, Copy, Debug)]
pub struct When<'a> {
    /// The outcomes.
    pub summary: &'a Summary,
    /// The scenarios.
    pub names: &'a [String],
    /// The times of day, in order.
    pub starts: &'a [Start],
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// Minutes since midnight.
    pub minute: u32,
}

/// One scenario under one policy, by start.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Index into [`coalmine_sim::event::Study::policies`].
    pub policy: usize,
    /// Index into [`When::names`].
    pub scenario: usize,
    /// Whether the release is bad.
    pub is_bad: bool,
    /// How often the verdict was the right one, by start: caught, or promoted.
    pub right: Vec<Rate>,
    /// Requests that arrived within the horizon, by start: the median.
    pub requests: Vec<u64>,
}

impl Start {
    /// `09:15`.
    #[must_use]
    pub fn clock(self) -> String {
        format!("{:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

impl Day {
    /// The start with the highest share, the first of equals; and the one with the lowest.
    #[must_use]
    pub fn best_and_worst(&self) -> Option<(usize, usize)> {
        let shares = || self.right.iter().map(|rate| rate.share).enumerate();
        let best = shares().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let worst = shares().min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((best.0, worst.0))
    }
}

impl When<'_> {
    /// The days of all policies that ran, scenario by scenario.
    #[must_use]
    pub fn days(&self) -> Vec<Day> {
        let mut days: Vec<Day> = Vec::new();
        for cell in self.summary.cells.iter().filter(|cell| cell.n > 0) {
            let scenario = cell.scenario / self.starts.len().max(1);
            let Some(right) = right(cell) else { continue };
            let requests = cell.requests.median.map_or(0, |median| median.value);
            let same = |day: &&mut Day| day.policy == cell.policy && day.scenario == scenario;
            match days.iter_mut().find(same) {
                Some(day) => {
                    day.right.push(right);
                    day.requests.push(requests);
                }
                None => days.push(Day {
                    policy: cell.policy,
                    scenario,
                    is_bad: cell.missed.is_some(),
                    right: vec![right],
                    requests: vec![requests],
                }),
            }
        }
        days
    }

    /// What became of the rollouts of a start, by its index, and when that is.
    pub(crate) fn told(&self, day: &Day, at: usize) -> String {
        let rate = day.right.get(at).map_or(NOTHING.to_owned(), human::rate);
        let start = self.starts.get(at).map(|start| start.clock());
        format!("{rate} at {}", start.unwrap_or_default())
    }
}

fn right(cell: &Cell) -> Option<Rate> {
    let count = if cell.missed.is_some() {
        cell.rolled_back
    } else {
        cell.promoted
    };
    Rate::wilson(count, cell.n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{study, summary, thousand};
    use crate::terminal::Options;

    fn typical() -> Summary {
        let scenarios = [
            ("a/errors", true),
            ("a/errors at two", true),
            ("a/healthy", false),
            ("a/healthy at two", false),
        ];
        let study = study(&["careful"], &scenarios);
        let (low, high) = (thousand(true, 200), thousand(true, 990));
        let good = thousand(false, 1000);
        summary(
            &study,
            &[(0, 0, &low), (0, 1, &high), (0, 2, &good), (0, 3, &good)],
        )
    }

    #[test]
    fn a_day_is_told_by_scenario_with_its_best_and_worst_start() {
        let summary = typical();
        let names = ["a/errors".to_owned(), "a/healthy".to_owned()];
        let starts = [Start { minute: 0 }, Start { minute: 555 }];
        let when = When {
            summary: &summary,
            names: &names,
            starts: &starts,
        };
        let days = when.days();
        assert_eq!(days.len(), 2);
        assert_eq!((days[0].is_bad, days[1].is_bad), (true, false));
        assert_eq!(days[0].best_and_worst(), Some((1, 0)));
        assert_eq!(starts[1].clock(), "09:15");
        insta::assert_snapshot!(render(&when, Options::default()));
        let mut bytes = Vec::new();
        write(&when, &mut bytes).expect("memory takes everything");
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("is JSON");
        assert_eq!(value["days"][0]["starts"][1]["start"], "09:15");
        assert_eq!(value["days"][0]["starts"][1]["right"]["count"], 990);
    }
}
