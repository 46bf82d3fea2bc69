//! `coalmine when`: the best time of day to start.

use std::process::ExitCode;

use coalmine_reports::terminal::Options;
use coalmine_reports::when::{self, Start, When};
use coalmine_sim::scenario::Scenario;
use jiff::civil::time;

use crate::args::WhenArgs;
use crate::ensemble;
use crate::failure::Failure;
use crate::study::Inputs;

/// Tries every start of the day.
pub(crate) fn when(args: &WhenArgs) -> Result<ExitCode, Failure> {
    let mut inputs = Inputs::read(&args.world, &args.scenarios)?;
    drop(inputs.stages()?);
    let names: Vec<String> = inputs
        .scenarios
        .iter()
        .map(|s| s.name.to_string())
        .collect();
    let every = u32::from(args.every);
    let starts: Vec<Start> = (0..24 * 60 / every)
        .map(|index| Start {
            minute: index * every,
        })
        .collect();
    let mut all = Vec::new();
    for scenario in &inputs.scenarios {
        for start in &starts {
            all.push(starting(scenario, *start)?);
        }
    }
    inputs.scenarios = all;
    let summary = ensemble::play_curve(&inputs, args.world.seed, &args.curve)?;
    let day = When {
        summary: &summary,
        names: &names,
        starts: &starts,
    };
    ensemble::print_curve(
        args.curve.format,
        || when::render(&day, Options::stdout()),
        |out| when::write(&day, out),
    )?;
    Ok(ensemble::exit_code(&summary))
}

fn starting(scenario: &Scenario, start: Start) -> Result<Scenario, Failure> {
    let at = time((start.minute / 60) as i8, (start.minute % 60) as i8, 0, 0);
    scenario.clone().starting_at(at).map_err(|error| {
        let clock = start.clock();
        let cause = format!(
            "scenario {} cannot start at {clock}: {error}",
            scenario.name
        );
        Failure::usage(cause, "")
    })
}
