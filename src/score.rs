//! `coalmine score`: every policy in every scenario, many times.

use std::path::Path;
use std::process::ExitCode;

use coalmine_reports::{Summary, csv, json, junit, markdown, surprise, terminal};
use coalmine_sim::event::Precision;

use crate::args::{ScoreArgs, ScoreFormat};
use crate::ensemble::{self, Effort};
use crate::failure::Failure;
use crate::output::{self, bytes};
use crate::replay;
use crate::study::Inputs;

/// Scores policies. Exits with 1 when the controller refuses every policy it was given.
pub(crate) fn score(args: &ScoreArgs) -> Result<ExitCode, Failure> {
    let inputs = Inputs::read(&args.world, &args.scenarios)?;
    let stages = inputs.stages()?;
    if let Some(folder) = &args.out {
        // Before the work: a place that cannot be written to is bad input, not a lost result.
        output::make_folder(folder)?;
    }
    let effort = Effort {
        seed: args.world.seed,
        runs: args.runs,
        precision: args.precision.map(|half_width| Precision {
            half_width,
            max_runs: args.max_runs,
        }),
        threads: args.threads,
        quiet: args.quiet,
    };
    let summary = ensemble::play(&inputs, stages, effort, args.mix.mix())?;
    if let Some(folder) = &args.out {
        write_files(&summary, folder)?;
    }
    print(&summary, args, &inputs)?;
    Ok(ensemble::exit_code(&summary))
}

fn write_files(summary: &Summary, folder: &Path) -> Result<(), Failure> {
    let files = [
        ("score.csv", bytes(|out| csv::write(summary, out))?),
        ("lost.csv", bytes(|out| csv::write_lost(summary, out))?),
        ("score.json", bytes(|out| json::write(summary, out))?),
        ("score.xml", bytes(|out| junit::write(summary, out))?),
        ("score.md", markdown::render(summary).into_bytes()),
    ];
    for (name, content) in files {
        output::write_whole(&folder.join(name), &content)?;
    }
    Ok(())
}

fn print(summary: &Summary, args: &ScoreArgs, inputs: &Inputs) -> Result<(), Failure> {
    match args.format {
        ScoreFormat::Json => output::print(&bytes(|out| json::write(summary, out))?),
        ScoreFormat::Csv => output::print(&bytes(|out| csv::write(summary, out))?),
        ScoreFormat::Junit => output::print(&bytes(|out| junit::write(summary, out))?),
        ScoreFormat::Markdown => output::print(markdown::render(summary).as_bytes()),
        ScoreFormat::Table => {
            let mut text = terminal::render(summary, terminal::Options::stdout());
            if let Some(surprise) = surprise::most_surprising(summary) {
                text += &replay::sentence(args, &inputs.arguments, &surprise);
            }
            output::print(text.as_bytes())
        }
    }
}
