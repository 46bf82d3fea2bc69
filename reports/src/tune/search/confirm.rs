//! The finalists on fresh rollouts, and who is recommended.

use std::sync::Arc;

use coalmine_sim::event::{Event, PolicyInfo, Study};
use coalmine_sim::outcome::Outcome;

use super::super::compare::{Axis, Contrast};
use super::{Candidate, FRESH, Fate, Found, Ground, Job, Nothing, Played, Search, Tried};
use crate::gate;
use crate::reporter::{Collector, Reporter};
use crate::summary::Summary;

/// With fewer fresh replications of a scenario nothing is confirmed.
const LEAST: u64 = 30;
/// More tell nothing that matters.
const MOST: u64 = 5_000;

impl<G: Ground> Search<'_, G> {
    pub(super) fn confirm(mut self, complete: bool) -> Result<Found, Nothing> {
        let finalists = self.finalists();
        let today_runs = !matches!(self.candidates[0].fate, Fate::Refused(_));
        if !complete && self.candidates.iter().all(|one| one.runs == 0) {
            return Err(Nothing::Interrupted);
        }
        let mut players: Vec<usize> = finalists.clone();
        players.insert(0, 0);
        let counted = (players.len() - usize::from(!today_runs)).max(1) as u64;
        let left = self.plan.budget.saturating_sub(self.spent);
        let runs = left / (self.scenarios() * counted);
        let runs = runs.clamp(LEAST, MOST) as u32;
        let jobs: Vec<Job> = players
            .iter()
            .map(|index| Job {
                point: self.candidates[*index].point.clone(),
                replications: FRESH..FRESH + runs,
            })
            .collect();
        let played = if complete {
            self.ground.play(&jobs)
        } else {
            None
        };
        let complete = played.is_some();
        let nothing = || vec![Vec::new(); self.study.scenarios.len()];
        let outcomes: Vec<Vec<Vec<Outcome>>> = match played {
            Some(played) => played
                .into_iter()
                .map(|one| match one {
                    Played::Outcomes(outcomes) => outcomes,
                    Played::Refused(_) => nothing(),
                })
                .collect(),
            // After Ctrl-C the search's own rollouts are all there is.
            None => players
                .iter()
                .map(|index| self.candidates[*index].outcomes.clone())
                .collect(),
        };
        let played = outcomes
            .iter()
            .flatten()
            .map(|one| one.len() as u64)
            .sum::<u64>();
        if complete {
            self.spent += played;
        }
        for index in &finalists {
            self.candidates[*index].fate = Fate::Finalist;
        }
        let confirmed = self.fold(&outcomes, runs, complete);
        let order = self.order(&players);
        let recommended = order
            .into_iter()
            .find(|index| self.keeps(&confirmed, &outcomes, *index));
        Ok(Found {
            tried: self.candidates.iter().map(tried).collect(),
            finalists: finalists
                .iter()
                .map(|index| self.candidates[*index].point.clone())
                .collect(),
            confirmed,
            outcomes,
            recommended,
            rollouts: self.spent,
            complete,
        })
    }

    /// The policies of the confirmation in the order of preference: today's, if it is a point of the
    /// grid, has its place by what the search saw of it.
    fn order(&self, players: &[usize]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..players.len()).collect();
        if !self.space.holds(&self.candidates[0].point) {
            order.remove(0);
        }
        order.sort_by(|a, b| self.wanted(players[*a], players[*b]));
        order
    }

    /// Whether a policy keeps every limit on the fresh rollouts. Where today's is the yardstick, it must
    /// be worse in nothing beyond the noise, and better in what is minimised beyond it.
    fn keeps(&self, confirmed: &Summary, outcomes: &[Vec<Vec<Outcome>>], policy: usize) -> bool {
        if outcomes[policy].iter().all(Vec::is_empty) {
            return false;
        }
        if !self.goal.is_relative() {
            let judge = |one: &gate::Requirement| one.judge_mix(confirmed, policy, &self.goal.mix);
            let met = |one| judge(one).is_some_and(|judged| judged.outcome == gate::Outcome::Met);
            return self.goal.requirements.iter().all(met);
        }
        if policy == 0 || outcomes[0].iter().all(Vec::is_empty) {
            return true;
        }
        let world = (&**self.study, &self.goal.mix);
        let against = |axis| Contrast::of(axis, world, &outcomes[policy], &outcomes[0]);
        let spares = |axis| against(axis).is_none_or(|contrast| contrast.difference().low <= 0.0);
        let gains = |contrast: Contrast| contrast.difference().high < 0.0;
        self.goal.yardsticks().all(spares)
            && Axis::of(self.goal.minimise)
                .and_then(against)
                .is_none_or(gains)
    }

    fn fold(&self, outcomes: &[Vec<Vec<Outcome>>], runs: u32, complete: bool) -> Summary {
        let policy = |index: usize| PolicyInfo {
            label: if index == 0 {
                "today".to_owned()
            } else {
                letter(index - 1)
            },
            kind: String::new(),
            file: String::new(),
            invalid: None,
        };
        let study = Arc::new(Study {
            runs,
            policies: (0..outcomes.len()).map(policy).collect(),
            ..(**self.study).clone()
        });
        let mut collector = Collector::new().with_mix(self.goal.mix);
        // A collector writes nothing, so nothing can fail.
        let mut tell = |event: Event| drop(collector.event(&event));
        tell(Event::Started(study.clone()));
        for scenario in 0..study.scenarios.len() {
            for (policy, own) in outcomes.iter().enumerate() {
                tell(Event::Cell {
                    policy,
                    scenario,
                    outcomes: own.get(scenario).cloned().unwrap_or_default(),
                });
            }
        }
        tell(Event::Finished { complete });
        let empty = Summary {
            study,
            mix: self.goal.mix,
            cells: Vec::new(),
            contrasts: Vec::new(),
            complete: false,
        };
        collector.into_summary().unwrap_or(empty)
    }
}

/// The name of a finalist: A, B, C.
fn letter(index: usize) -> String {
    char::from(b'A' + (index % 26) as u8).to_string()
}

fn tried(one: &Candidate) -> Tried {
    Tried {
        point: one.point.clone(),
        runs: one.runs,
        fate: one.fate.clone(),
        front: one.standing.as_ref().map_or([f64::NAN; 3], |s| s.front),
        beyond: one.standing.as_ref().map_or(f64::NAN, |s| s.seems_beyond),
    }
}
