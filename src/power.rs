//! `coalmine power`: the smallest fault that a policy catches.

use std::process::ExitCode;

use coalmine_reports::power::{self, Power};
use coalmine_reports::terminal::Options;
use coalmine_sim::probe::{Kind, Probe};

use crate::args::{KindArg, PowerArgs};
use crate::ensemble;
use crate::failure::Failure;
use crate::study::Inputs;

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
    inputs.scenarios = probes.iter().map(|probe| probe.of(&base)).collect();
    let summary = ensemble::play_curve(&inputs, args.world.seed, &args.curve)?;
    let power = Power {
        summary: &summary,
        probes: &probes,
        scenario: &base.name,
    };
    ensemble::print_curve(
        args.curve.format,
        || power::render(&power, Options::stdout()),
        |out| power::write(&power, out),
    )?;
    Ok(ensemble::exit_code(&summary))
}

/// All sizes of each kind at each level of traffic.
fn probes(args: &PowerArgs, has_fault: bool) -> Result<Vec<Probe>, Failure> {
    let kinds = kinds(args, has_fault)?;
    let loads = if args.loads.is_empty() {
        &[0.1, 1.0, 10.0][..]
    } else {
        &args.loads
    };
    let each = kinds.iter().flat_map(|kind| {
        loads.iter().flat_map(move |load| {
            kind.sizes().iter().map(move |size| Probe {
                kind: *kind,
                size: *size,
                load: *load,
            })
        })
    });
    Ok(each.collect())
}

fn kinds(args: &PowerArgs, has_fault: bool) -> Result<Vec<Kind>, Failure> {
    if args.faults.is_empty() {
        let own = has_fault.then_some(Kind::Own);
        return Ok([Kind::Errors, Kind::Slow].into_iter().chain(own).collect());
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
