//! Playing a study on all cores, with progress, until it is done or Ctrl-C.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use coalmine_reports::mix::Mix;
use coalmine_reports::{Collector, Progress, Reporter, Summary, precision};
use coalmine_scenarios::manifests::Policy;
use coalmine_sim::ensemble::Ensemble;
use coalmine_sim::event::{Event, Precision, Study};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;

use crate::args::CurveArgs;
use crate::failure::Failure;
use crate::interrupt;
use crate::study::Inputs;

/// How much is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) seed: u64,
    pub(crate) runs: u32,
    pub(crate) precision: Option<Precision>,
    pub(crate) threads: Option<u16>,
    pub(crate) quiet: bool,
}

/// Plays every policy in every scenario, on the stages of these inputs.
pub(crate) fn play(
    inputs: &Inputs,
    stages: Vec<Option<Stage<'_>>>,
    effort: Effort,
    mix: Mix,
) -> Result<Summary, Failure> {
    play_and_tell(inputs, stages, effort, mix, &mut Nobody)
}

/// The same, and tells somebody else every event too.
pub(crate) fn play_and_tell(
    inputs: &Inputs,
    stages: Vec<Option<Stage<'_>>>,
    effort: Effort,
    mix: Mix,
    other: &mut (dyn Reporter + Send),
) -> Result<Summary, Failure> {
    let study = Study {
        seed: effort.seed,
        runs: effort.runs,
        precision: effort.precision,
        fidelity: inputs.fidelity,
        policies: inputs.policies.iter().map(Policy::info).collect(),
        scenarios: inputs.scenarios.iter().map(Scenario::info).collect(),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(effort.threads.map_or(0, usize::from))
        .build()
        .map_err(|error| Failure::usage(format!("cannot start threads: {error}"), ""))?;
    let ensemble = Ensemble {
        study,
        stages,
        is_enough: precision::is_enough,
    };
    pool.install(|| collect(&ensemble, effort.quiet, mix, other))
}

/// Does not listen.
struct Nobody;

impl Reporter for Nobody {
    fn event(&mut self, _: &Event) -> std::io::Result<()> {
        Ok(())
    }
}

fn collect(
    ensemble: &Ensemble<'_>,
    quiet: bool,
    mix: Mix,
    other: &mut (dyn Reporter + Send),
) -> Result<Summary, Failure> {
    let interrupted = interrupt::watch();
    let mut collector = Collector::new().with_mix(mix);
    let mut progress = Progress::stderr(quiet);
    let mut failed = None;
    ensemble.run(|event: Event| {
        let told = collector
            .event(&event)
            .and_then(|()| progress.event(&event))
            .and_then(|()| other.event(&event));
        if let Err(error) = told {
            failed.get_or_insert(error);
        }
        failed.is_none() && !interrupted.load(Ordering::Relaxed)
    });
    match (failed, collector.into_summary()) {
        (None, Some(summary)) => Ok(summary),
        (Some(error), _) => Err(Failure::Write("standard error".into(), error)),
        (None, None) => Err(Failure::usage("nothing was run", "")),
    }
}

impl CurveArgs {
    /// That of a curve.
    pub(crate) const fn effort(&self, seed: u64) -> Effort {
        Effort {
            seed,
            runs: self.runs,
            precision: None,
            threads: self.threads,
            quiet: self.quiet,
        }
    }
}

/// 1 when the controllers refuse every policy, 130 after Ctrl-C.
pub(crate) fn exit_code(summary: &Summary) -> ExitCode {
    if !summary.complete {
        return interrupt::EXIT_CODE.into();
    }
    let mut policies = summary.study.policies.iter();
    ExitCode::from(u8::from(policies.all(|policy| policy.invalid.is_some())))
}
