//! Thousands of replications on all cores, as one stream of events.

use std::sync::Arc;

use rayon::prelude::*;

use crate::event::{Event, Study};
use crate::outcome::Outcome;
use crate::stage::Stage;
use crate::stream::Seed;
use crate::world::{Nobody, World};

/// Replications between two reports of progress.
const BATCH: u32 = 250;

/// What is run: every policy in every scenario.
#[derive(Debug)]
pub struct Ensemble<'a> {
    /// What reports are told first.
    pub study: Study,
    /// One stage per scenario and policy (policies within scenarios, as in the study); `None` where
    /// the policy is invalid.
    pub stages: Vec<Option<Stage<'a>>>,
    /// Whether the outcomes of a scenario (its index) are enough for the study's precision; asked
    /// where one is wanted, after the study's runs and after each further batch.
    pub is_enough: fn(&Study, usize, &[Outcome]) -> bool,
}

impl Ensemble<'_> {
    /// Runs everything on the current rayon pool. Events come in the same order with the same
    /// content whatever the number of threads; only progress may differ in time. `emit` answers
    /// whether to go on.
    pub fn run(&self, mut emit: impl FnMut(Event) -> bool) {
        let policies = self.study.policies.len();
        let (seed, runs) = (Seed(self.study.seed), self.study.runs);
        let cells = self.stages.iter().flatten().count() as u64;
        let mut total = cells * u64::from(runs);
        let mut done = 0;
        let mut go_on = emit(Event::Started(Arc::new(self.study.clone())));
        for (index, stage) in self.stages.iter().enumerate() {
            if !go_on {
                break;
            }
            let mut outcomes = Vec::new();
            if let Some(stage) = stage {
                outcomes.reserve(runs as usize);
                let mut from = 0;
                while let Some(to) = self.next(index / policies, from, &outcomes) {
                    outcomes.extend(batch(stage, seed, from..to));
                    done += u64::from(to - from);
                    total += u64::from(to.saturating_sub(runs.max(from)));
                    from = to;
                    go_on &= emit(Event::Progress { done, total });
                    if !go_on {
                        break;
                    }
                }
            }
            go_on &= emit(Event::Cell {
                policy: index % policies,
                scenario: index / policies,
                outcomes,
            });
        }
        emit(Event::Finished { complete: go_on });
    }
}

impl Ensemble<'_> {
    /// Up to which replication to go on from here; `None` when the cell is done.
    fn next(&self, scenario: usize, from: u32, outcomes: &[Outcome]) -> Option<u32> {
        let runs = self.study.runs;
        if from < runs {
            return Some(runs.min(from + BATCH));
        }
        let wanted = self.study.precision?;
        let budget = wanted.max_runs.max(runs);
        let is_done = from >= budget || (self.is_enough)(&self.study, scenario, outcomes);
        (!is_done).then(|| budget.min(from + BATCH))
    }
}

fn batch(stage: &Stage<'_>, seed: Seed, replications: std::ops::Range<u32>) -> Vec<Outcome> {
    replications
        .into_par_iter()
        .with_min_len(16)
        .map_init(
            || World::new(stage, seed),
            |world, replication| world.run(replication, &mut Nobody),
        )
        .collect()
}
