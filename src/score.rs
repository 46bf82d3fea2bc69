//! `coalmine score`: every policy in every scenario, many times.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use coalmine_reports::{
    Collector, Progress, Reporter, Summary, csv, json, junit, markdown, precision, surprise,
    terminal,
};
use coalmine_scenarios::manifests::Policy;
use coalmine_sim::ensemble::Ensemble;
use coalmine_sim::event::{Event, Precision, Study};
use coalmine_sim::scenario::Scenario;

use crate::args::{ScoreArgs, ScoreFormat};
use crate::failure::Failure;
use crate::interrupt;
use crate::output;
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
    let study = Study {
        seed: args.world.seed,
        runs: args.runs,
        precision: args.precision.map(|half_width| Precision {
            half_width,
            max_runs: args.max_runs,
        }),
        fidelity: inputs.fidelity,
        policies: inputs.policies.iter().map(Policy::info).collect(),
        scenarios: inputs.scenarios.iter().map(Scenario::info).collect(),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.map_or(0, usize::from))
        .build()
        .map_err(|error| Failure::usage(format!("cannot start threads: {error}"), ""))?;
    let ensemble = Ensemble {
        study,
        stages,
        is_enough: precision::is_enough,
    };
    let interrupted = interrupt::watch();
    let summary = pool.install(|| collect(&ensemble, args, interrupted))?;
    if let Some(folder) = &args.out {
        write_files(&summary, folder)?;
    }
    print(&summary, args, &inputs)?;
    let refused = |policy: &coalmine_sim::event::PolicyInfo| policy.invalid.is_some();
    let all_refused = summary.study.policies.iter().all(refused);
    Ok(if summary.complete {
        ExitCode::from(u8::from(all_refused))
    } else {
        interrupt::EXIT_CODE.into()
    })
}

fn collect(
    ensemble: &Ensemble<'_>,
    args: &ScoreArgs,
    interrupted: &AtomicBool,
) -> Result<Summary, Failure> {
    let mut collector = Collector::new().with_mix(args.mix.mix());
    let mut progress = Progress::stderr(args.quiet);
    let mut failed = None;
    ensemble.run(|event: Event| {
        let told = collector
            .event(&event)
            .and_then(|()| progress.event(&event));
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

fn bytes(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| Failure::Write("the report".into(), error))?;
    Ok(bytes)
}

fn write_files(summary: &Summary, folder: &Path) -> Result<(), Failure> {
    let files = [
        ("score.csv", bytes(|out| csv::write(summary, out))?),
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
