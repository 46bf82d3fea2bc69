//! `coalmine report`: everything about some policies on one page.

use std::process::ExitCode;

use coalmine_reports::html::{self, Report};
use coalmine_sim::scenario::Scenario;

use crate::args::ReportArgs;
use crate::ensemble::{self, Effort};
use crate::failure::Failure;
use crate::output;
use crate::study::Inputs;
use crate::{power, rollouts, when};

/// Whose traffic is used to try faults of all sizes, where it is among the scenarios.
const CURVES_OF: &str = "market-open/healthy";
/// What is started at all times of day, likewise.
const DAY_OF: &str = "market-open/overload-only";
/// Points of curves are many, and need this many times fewer rollouts than cells.
const FEWER: u32 = 5;
/// Minutes from one start to the next.
const EVERY: u16 = 30;

/// Scores policies, draws their curves and their day, and writes the page. Exits with 1 when the
/// controller refuses every policy.
pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let mut inputs = Inputs::read(&args.world, &args.scenarios)?;
    let stages = inputs.stages()?;
    let to_stdout = args.out.as_os_str() == "-";
    // Before the work: a place that cannot be written to is bad input, not a lost result.
    let folder = args
        .out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        output::make_folder(folder)?;
    }
    let effort = Effort {
        seed: args.world.seed,
        runs: args.runs,
        precision: None,
        threads: args.threads,
        quiet: args.quiet,
    };
    let summary = ensemble::play(&inputs, stages, effort, args.mix.mix())?;
    let code = ensemble::exit_code(&summary);
    let played = rollouts::played(&inputs, &summary, &args.world)?;
    let curves = Effort {
        runs: (args.runs / FEWER).max(1),
        ..effort
    };
    // After Ctrl-C the page has what is known by then.
    let (mut power, mut day) = (None, None);
    if summary.complete {
        let base = chosen(&inputs.scenarios, CURVES_OF, |_| true);
        let started = chosen(&inputs.scenarios, DAY_OF, |one| !one.faults.is_empty());
        power = base
            .map(|base| power::play(&mut inputs, &base, None, curves))
            .transpose()?;
        day = started
            .map(|one| when::play(&mut inputs, vec![one], EVERY, curves))
            .transpose()?;
    }
    let chosen: Vec<_> = played.iter().map(rollouts::Played::chosen).collect();
    let page = html::report(&Report {
        summary: &summary,
        rollouts: &chosen,
        power: power.as_ref().map(power::Played::power).as_ref(),
        when: day.as_ref().map(when::Played::when).as_ref(),
    });
    if to_stdout {
        output::print(page.as_bytes())?;
    } else {
        output::write_whole(&args.out, page.as_bytes())?;
        output::print(format!("{}\n", args.out.display()).as_bytes())?;
    }
    Ok(code)
}

/// The scenario of this name; else the first that is preferred; else the first.
fn chosen(
    scenarios: &[Scenario],
    name: &str,
    preferred: impl Fn(&Scenario) -> bool,
) -> Option<Scenario> {
    let named = scenarios.iter().find(|one| *one.name == *name);
    let preferred = || scenarios.iter().find(|one| preferred(one));
    named.or_else(preferred).or(scenarios.first()).cloned()
}
