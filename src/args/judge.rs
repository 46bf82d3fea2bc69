//! `judge`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `judge`.
#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// A test by name (combo, seq-guard, spend-guard, evidence-ramp, tail-guard, bayes-risk, kayenta), or
    /// a file with `kind: Policy`.
    #[arg(long, value_name = "NAME|FILE", default_value = "combo")]
    pub(crate) policy: String,

    /// The counts, by look: a CSV file with the columns
    /// `look,n_canary,e_canary,n_control,e_control`, of the interval and not in total; optionally
    /// `weight` and pairs of `canary_le_B,control_le_B`. `-` for standard input.
    #[arg(long, value_name = "FILE.csv|-")]
    pub(crate) looks: PathBuf,

    /// A setting of the test, such as `marginRatio=1.25`, `alpha=5%` or `plannedLooks=60`. Repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = JudgeFormat::Table)]
    pub(crate) format: JudgeFormat,
}

/// How a judgement is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JudgeFormat {
    /// For people.
    Table,
    /// For programs; `coalmine schema judge` has its form.
    Json,
}
