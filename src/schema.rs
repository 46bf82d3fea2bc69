//! `coalmine schema`: formats of files, for editors and programs.

use std::process::ExitCode;

use coalmine_reports::{check, json, judge, lint, power, timeline, transcript, tune, when};

use crate::args::{SchemaArgs, SchemaFormat};
use crate::failure::Failure;
use crate::output;

/// Prints a JSON Schema.
pub(crate) fn schema(args: &SchemaArgs) -> Result<ExitCode, Failure> {
    let schema = match args.format {
        SchemaFormat::Scenario => coalmine_scenarios::schema::scenario(),
        SchemaFormat::Score => json::schema(),
        SchemaFormat::Power => power::schema(),
        SchemaFormat::When => when::schema(),
        SchemaFormat::Tune => tune::schema(),
        SchemaFormat::Run => timeline::schema(),
        SchemaFormat::Lint => lint::schema(),
        SchemaFormat::Suite => coalmine_scenarios::suite::schema(),
        SchemaFormat::Check => check::schema(),
        SchemaFormat::Lock => check::Lock::schema(),
        SchemaFormat::Judge => judge::schema(),
        SchemaFormat::Transcript => transcript::schema(),
    };
    // With `#`, values are indented.
    output::print(format!("{schema:#}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
