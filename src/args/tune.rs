//! The command line of `tune`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use coalmine_reports::gate::{Measure, Requirement};

use super::WorldArgs;
use crate::mix::MixArgs;

/// `tune`.
#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    /// What to simulate.
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// Which policy, by its label; needed when there are several, or none is given by `-f`.
    #[arg(long, value_name = "LABEL")]
    pub(crate) policy: Option<String>,

    /// As `--scenario` of `score`: good releases and bad ones. Repeatable. Without it, the suite
    /// `default`.
    #[arg(long = "scenario", value_name = "NAME|FILE|FILE#NAME")]
    pub(crate) scenarios: Vec<String>,

    /// A value of the manifest and what it may be: `steps[1].pause=5m..60m`,
    /// `analysis.threshold=1,2,5`, `metrics[success-rate].successCondition=0.9..0.99 by 0.01`; with `+`
    /// several that turn together, with `[*]` all of a list. `AnalysisTemplate/NAME:` before it says
    /// which object is meant. Repeatable. Without it, durations, weights, limits, counts and
    /// thresholds around today's.
    #[arg(long, value_name = "ADDRESS=VALUES")]
    pub(crate) vary: Vec<String>,

    /// What the policy must keep, for example `missed<1%`, `false-rollback<0.5%`, `duration<30m` or
    /// `detect-p95<5m`; and `stuck<1%`, unless another limit is given. Repeatable. Without any, it must
    /// in nothing be worse than today's.
    #[arg(long, value_name = "MEASURE<LIMIT")]
    pub(crate) require: Vec<Requirement>,

    /// What is to be as small as possible (as large, where more is better). Without it, the duration
    /// where something is required, else the users hurt.
    #[arg(long, value_name = "MEASURE", visible_alias = "minimize")]
    pub(crate) minimise: Option<Measure>,

    /// Rollouts in all: about half of them search, the others confirm what was found.
    #[arg(long, default_value_t = 100_000, value_name = "ROLLOUTS",
          value_parser = value_parser!(u64).range(100..=1_000_000_000))]
    pub(crate) budget: u64,

    /// The mix of releases.
    #[command(flatten)]
    pub(crate) mix: MixArgs,

    /// Worker threads; results do not depend on them. Without it, one a core.
    #[arg(long, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = TuneFormat::Table)]
    pub(crate) format: TuneFormat,

    /// Also write `tune.json`, `tune.csv`, `tune.html`, `front.svg` and `tune.patch` into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Write the recommended values into the manifests; comments, order and quotes stay.
    #[arg(long)]
    pub(crate) write: bool,

    /// No progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How `tune` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TuneFormat {
    /// For people, the patch at its end.
    Table,
    /// Everything, with intervals.
    Json,
    /// One row per point that was tried.
    Csv,
    /// The patch alone, for `git apply` or `patch -p1`.
    Patch,
    /// A page with the picture.
    Html,
}
