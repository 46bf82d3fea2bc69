//! `coalmine power`: the smallest fault that a policy catches.

use std::process::ExitCode;

use coalmine_reports::mix::Mix;
use coalmine_reports::power::{self, Power};
use coalmine_reports::terminal::Options;
use coalmine_reports::{Summary, html};
use coalmine_sim::probe::{Kind, Probe};
use coalmine_sim::scenario::Scenario;

use crate::args::{CurveFormat, KindArg, PowerArgs};
use crate::ensemble::{self, Effort};
use crate::failure::Failure;
use crate::output::{self, bytes};
use crate::study::Inputs;

/// Curves, as they were played.
pub(crate) struct Played {
    summary: Summary,
    probes: Vec<Probe>,
    scenario: String,
}

impl Played {
    /// As a report shows them.
    pub(crate) fn power(&self) -> Power<'_> {
        Power {
            summary: &self.summary,
            probes: &self.probes,
            scenario: &self.scenario,
        }
    }
}

/// Draws the curves of every policy in one scenario's traffic.
pub(crate) fn power(args: &PowerArgs) -> Result<ExitCode, Failure> {
    let mut inputs = Inputs::read(&args.world, std::slice::from_ref(&args.scenario))?;
    let Some(base) = inputs.scenarios.first().cloned() else {
        return Err(Failure::usage("no scenario to vary", ""));
    };
    // What a policy asks and nobody can answer is told once, not for every probe.
    inputs.scenarios.truncate(1);
    drop(inputs.stages()?);
    let probes = probes(args, !base.faults.is_empty())?;
    let effort = args.curve.effort(args.world.seed);
    let played = play(&mut inputs, &base, Some(probes), effort)?;
    let power = played.power();
    match args.curve.format {
        CurveFormat::Table => output::print(power::render(&power, Options::stdout()).as_bytes()),
        CurveFormat::Json => output::print(&bytes(|out| power::write(&power, out))?),
        CurveFormat::Html => output::print(html::power(&power).as_bytes()),
    }?;
    Ok(ensemble::exit_code(&played.summary))
}

/// Plays every policy with faults of all these sizes, or of all sizes that there are; the scenarios of
/// the inputs are then the variants.
pub(crate) fn play(
    inputs: &mut Inputs,
    base: &Scenario,
    probes: Option<Vec<Probe>>,
    effort: Effort,
) -> Result<Played, Failure> {
    let probes = probes.unwrap_or_else(|| all_sizes(&usual(!base.faults.is_empty()), &LOADS));
    inputs.scenarios = probes.iter().map(|probe| probe.of(base)).collect();
    Ok(Played {
        summary: ensemble::play(inputs, inputs.stages()?, effort, Mix::default())?,
        probes,
        scenario: base.name.to_string(),
    })
}

/// Levels of traffic, as factors.
const LOADS: [f64; 3] = [0.1, 1.0, 10.0];

/// All sizes of each kind that was asked for, at each level of traffic.
fn probes(args: &PowerArgs, has_fault: bool) -> Result<Vec<Probe>, Failure> {
    let loads = if args.loads.is_empty() {
        &LOADS[..]
    } else {
        &args.loads
    };
    Ok(all_sizes(&kinds(args, has_fault)?, loads))
}

fn all_sizes(kinds: &[Kind], loads: &[f64]) -> Vec<Probe> {
    let each = kinds.iter().flat_map(|kind| {
        loads.iter().flat_map(move |load| {
            kind.sizes().iter().map(move |size| Probe {
                kind: *kind,
                size: *size,
                load: *load,
            })
        })
    });
    each.collect()
}

/// The kinds of fault that can be tried.
fn usual(has_fault: bool) -> Vec<Kind> {
    let own = has_fault.then_some(Kind::Own);
    [Kind::Errors, Kind::Slow].into_iter().chain(own).collect()
}

fn kinds(args: &PowerArgs, has_fault: bool) -> Result<Vec<Kind>, Failure> {
    if args.faults.is_empty() {
        return Ok(usual(has_fault));
    }
    let kind = |kind: &KindArg| match kind {
        KindArg::Errors => Kind::Errors,
        KindArg::Slow => Kind::Slow,
        KindArg::Own => Kind::Own,
    };
    let kinds: Vec<Kind> = args.faults.iter().map(kind).collect();
    if kinds.contains(&Kind::Own) && !has_fault {
        let cause = format!("{} has no fault whose size could grow", args.scenario);
        return Err(Failure::usage(
            cause,
            "name a scenario with a fault, or `--fault errors`",
        ));
    }
    Ok(kinds)
}
