//! Playing points: the manifest is edited, read and run like any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use coalmine_policy::source::Diagnostics;
use coalmine_reports::tune::{Ground, Job, Played, Point};
use coalmine_reports::{Progress, Reporter};
use coalmine_scenarios::manifests::{self, Policy};
use coalmine_scenarios::tune::{Knob, Value, Workbench, edit};
use coalmine_sim::event::Event;
use coalmine_sim::outcome::Outcome;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};
use rayon::prelude::*;

use crate::args::TuneArgs;
use crate::failure::Failure;
use crate::interrupt;
use crate::study::Inputs;

/// Points played between two looks at Ctrl-C.
const TOGETHER: usize = 8;
/// Replications in one go on one thread.
const CHUNK: u32 = 128;

/// What is turned, and where it is played.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) bench: &'a Workbench,
    pub(crate) knobs: &'a [Knob],
    /// The policy's among those of the files.
    pub(crate) label: &'a str,
    pub(crate) seed: Seed,
}

/// Plays the points of a policy.
pub(crate) struct Player<'a> {
    setting: Setting<'a>,
    pool: rayon::ThreadPool,
    interrupted: Arc<AtomicBool>,
    progress: Progress,
    done: u64,
    budget: u64,
}

impl<'a> Player<'a> {
    pub(crate) fn new(setting: Setting<'a>, args: &TuneArgs) -> Result<Self, Failure> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(args.threads.map_or(0, usize::from))
            .build()
            .map_err(|error| Failure::usage(format!("cannot start threads: {error}"), ""))?;
        Ok(Self {
            setting,
            pool,
            interrupted: interrupt::watch(),
            progress: Progress::stderr(args.quiet),
            done: 0,
            budget: args.budget,
        })
    }
}

impl Player<'_> {
    /// The report follows; a bar would only stand above it.
    pub(crate) fn finish(&mut self) {
        let _ = self.progress.event(&Event::Finished { complete: true });
    }
}

impl<'a> Setting<'a> {
    /// The policy with a point's values.
    pub(crate) fn policy(&self, point: &Point) -> Result<Policy, String> {
        let turned = self.turned(point);
        let sources = edit::edited(self.bench, &turned).map_err(|(cause, _)| cause)?;
        let mut found = Diagnostics::new();
        let read = manifests::read(&sources, &mut found);
        if found.has_errors() {
            let first = found
                .iter()
                .find(|one| one.severity == coalmine_policy::source::Severity::Error);
            return Err(first.map_or_else(String::new, |one| one.message.clone()));
        }
        let own = read
            .policies
            .into_iter()
            .find(|policy| policy.label == self.label);
        let policy = own.ok_or("the policy is gone")?;
        match policy.subject.refusal() {
            Some(refusal) => Err(refusal.reason),
            None => Ok(policy),
        }
    }

    /// The values of a point; those that stay as they are left out.
    pub(crate) fn turned(&self, point: &Point) -> Vec<(&'a Knob, Value)> {
        let all = self.knobs.iter().zip(&point.0);
        let turned = all.filter_map(|(knob, index)| Some((knob, *knob.values.get((*index)?)?)));
        turned.collect()
    }

    fn together(&self, jobs: &[Job]) -> Vec<Played> {
        let policies: Vec<_> = jobs.par_iter().map(|job| self.policy(&job.point)).collect();
        let stages: Vec<Result<Vec<Stage<'_>>, String>> = policies
            .par_iter()
            .map(|policy| self.stages(policy.as_ref()?))
            .collect();
        // In chunks, so that one long job does not keep all others waiting.
        let mut parts = Vec::new();
        for (index, (job, stages)) in jobs.iter().zip(&stages).enumerate() {
            for (scenario, stage) in stages.iter().flatten().enumerate() {
                let mut from = job.replications.start;
                while from < job.replications.end {
                    let to = job.replications.end.min(from + CHUNK);
                    parts.push((index, scenario, stage, from..to));
                    from = to;
                }
            }
        }
        let played: Vec<Vec<Outcome>> = parts
            .par_iter()
            .map(|(_, _, stage, replications)| {
                let mut world = World::new(stage, self.seed);
                replications
                    .clone()
                    .map(|index| world.run(index, &mut Nobody))
                    .collect()
            })
            .collect();
        let mut all: Vec<Played> = stages
            .iter()
            .map(|stages| match stages {
                Ok(stages) => Played::Outcomes(vec![Vec::new(); stages.len()]),
                Err(why) => Played::Refused(why.clone()),
            })
            .collect();
        for ((index, scenario, ..), outcomes) in parts.iter().zip(played) {
            if let Played::Outcomes(own) = &mut all[*index] {
                own[*scenario].extend(outcomes);
            }
        }
        all
    }

    fn stages<'p>(&'p self, policy: &'p Policy) -> Result<Vec<Stage<'p>>, String> {
        let stage = |scenario| match Stage::new(scenario, &*policy.subject) {
            Ok(stage) => Ok(stage.with_fidelity(self.inputs.fidelity)),
            Err(errors) => Err(errors
                .into_iter()
                .next()
                .map_or_else(String::new, |one| one.message)),
        };
        self.inputs.scenarios.iter().map(stage).collect()
    }
}

impl Ground for Player<'_> {
    fn play(&mut self, jobs: &[Job]) -> Option<Vec<Played>> {
        let mut all = Vec::new();
        for some in jobs.chunks(TOGETHER) {
            let setting = self.setting;
            if self.interrupted.load(Ordering::Relaxed) {
                return None;
            }
            let played = self.pool.install(|| setting.together(some));
            let count = |one: &Played| match one {
                Played::Outcomes(outcomes) => outcomes.iter().map(|own| own.len() as u64).sum(),
                Played::Refused(_) => 0,
            };
            self.done += played.iter().map(count).sum::<u64>();
            all.extend(played);
            let total = self.budget.max(self.done);
            // Progress that cannot be told is no reason to lose the result.
            let _ = self.progress.event(&Event::Progress {
                done: self.done,
                total,
            });
        }
        Some(all)
    }
}
