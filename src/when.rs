//! `coalmine when`: the best time of day to start.

use std::process::ExitCode;

use coalmine_reports::mix::Mix;
use coalmine_reports::terminal::Options;
use coalmine_reports::when::{self, Start, When};
use coalmine_reports::{Summary, html};
use coalmine_sim::scenario::Scenario;
use jiff::civil::time;

use crate::args::{CurveFormat, WhenArgs};
use crate::ensemble::{self, Effort};
use crate::failure::Failure;
use crate::output::{self, bytes};
use crate::study::Inputs;

/// A day, as it was played.
pub(crate) struct Played {
    summary: Summary,
    names: Vec<String>,
    starts: Vec<Start>,
}

impl Played {
    /// As a report shows it.
    pub(crate) fn when(&self) -> When<'_> {
        When {
            summary: &self.summary,
            names: &self.names,
            starts: &self.starts,
        }
    }
}

/// Tries every start of the day.
pub(crate) fn when(args: &WhenArgs) -> Result<ExitCode, Failure> {
    let mut inputs = Inputs::read(&args.world, &args.scenarios)?;
    drop(inputs.stages()?);
    let scenarios = std::mem::take(&mut inputs.scenarios);
    let effort = args.curve.effort(args.world.seed);
    let played = play(&mut inputs, scenarios, args.every, effort)?;
    let day = played.when();
    match args.curve.format {
        CurveFormat::Table => output::print(when::render(&day, Options::stdout()).as_bytes()),
        CurveFormat::Json => output::print(&bytes(|out| when::write(&day, out))?),
        CurveFormat::Html => output::print(html::when(&day).as_bytes()),
    }?;
    Ok(ensemble::exit_code(&played.summary))
}

/// Plays every policy in these scenarios, started every so many minutes; the scenarios of the inputs
/// are then the variants.
pub(crate) fn play(
    inputs: &mut Inputs,
    scenarios: Vec<Scenario>,
    every: u16,
    effort: Effort,
) -> Result<Played, Failure> {
    let every = u32::from(every);
    let starts = (0..24 * 60 / every).map(|index| Start {
        minute: index * every,
    });
    let starts: Vec<Start> = starts.collect();
    let mut all = Vec::new();
    for scenario in &scenarios {
        for start in &starts {
            all.push(starting(scenario, *start)?);
        }
    }
    inputs.scenarios = all;
    Ok(Played {
        summary: ensemble::play(inputs, inputs.stages()?, effort, Mix::default())?,
        names: scenarios.iter().map(|one| one.name.to_string()).collect(),
        starts,
    })
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
