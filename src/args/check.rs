//! `coalmine check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The suite file: policies, scenarios, gates, baseline. `coalmine schema suite` has its form.
    #[arg(value_name = "SUITE", default_value = "coalmine.yaml")]
    pub(crate) suite: PathBuf,

    /// Manifests instead of those that the suite names: a file, a folder, or `-` for standard input
    /// (`helm template … | coalmine check -f -`). Repeatable.
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR|-")]
    pub(crate) files: Vec<PathBuf>,

    /// Record the baseline anew, and print what is other than in the old one. Nothing is judged then.
    #[arg(long, conflicts_with_all = ["strict", "format", "out"])]
    pub(crate) update: bool,

    /// Fail too where there is not enough evidence, or nothing to compare with.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Replications of each scenario under each policy, instead of the suite's.
    #[arg(long, value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub(crate) runs: Option<u32>,

    /// Worker threads; results do not depend on them. Without it, one a core.
    #[arg(long, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = CheckFormat::Table)]
    pub(crate) format: CheckFormat,

    /// Also write `check.json`, `check.md`, `check.sarif` and `check.xml` (JUnit) into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// No progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How `check` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people.
    Table,
    /// Everything, with intervals.
    Json,
    /// JUnit XML: a case for each gate, and for each policy and scenario against the baseline.
    Junit,
    /// For a comment under a pull request.
    Markdown,
    /// SARIF 2.1.0: what fell short, at its place in the manifest.
    Sarif,
    /// The same as annotations of a GitHub workflow.
    Github,
}
