//! `coalmine run`: one rollout, explained.

use std::process::ExitCode;

use coalmine_reports::html;
use coalmine_reports::terminal::Options;
use coalmine_reports::timeline::{self, Story, Who};
use coalmine_scenarios::manifests::Policy;
use coalmine_scenarios::nearest;
use coalmine_sim::event::Refusal;
use coalmine_sim::stream::Seed;
use coalmine_sim::witness::Notes;
use coalmine_sim::world::World;

use crate::args::{RolloutArgs, RunArgs, RunFormat};
use crate::failure::Failure;
use crate::output::{self, bytes};
use crate::study::Inputs;
use crate::transcript;

/// Explains one replication. Exits with 1 when the controller refuses the policy.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let inputs = one_rollout(&args.rollout)?;
    let (policy, scenario) = (&inputs.policies[0], &inputs.scenarios[0]);
    let who = who(policy);
    if let Some(refusal) = policy.subject.refusal() {
        show(args, &refused(who, &refusal, args)?)?;
        return Ok(ExitCode::from(1));
    }
    let stages = inputs.stages()?;
    let Some(Some(stage)) = stages.first() else {
        return Err(Failure::usage("nothing to run", ""));
    };
    let mut notes = Notes::default();
    let seed = args.rollout.world.seed;
    let outcome = World::new(stage, Seed(seed)).run(args.rollout.replication, &mut notes);
    let notes = notes.in_order();
    let story = Story {
        policy: who,
        scenario,
        seed,
        fidelity: inputs.fidelity,
        outcome: &outcome,
        notes: &notes,
    };
    if let Some(path) = &args.transcript {
        transcript::record(&story, &inputs, path)?;
    }
    let content = match args.format {
        RunFormat::Table => timeline::render(&story, options(args), args.verbose).into_bytes(),
        RunFormat::Json => bytes(|out| timeline::write_json(&story, out))?,
        RunFormat::Html => html::run(&story).into_bytes(),
    };
    show(args, &content)?;
    Ok(ExitCode::SUCCESS)
}

/// A file is no terminal.
fn options(args: &RunArgs) -> Options {
    match args.out {
        Some(_) => Options::default(),
        None => Options::stdout(),
    }
}

fn show(args: &RunArgs, content: &[u8]) -> Result<(), Failure> {
    match &args.out {
        Some(path) => output::write_whole(path, content),
        None => output::print(content),
    }
}

/// A policy as reports name it.
fn who(policy: &Policy) -> Who<'_> {
    Who {
        label: &policy.label,
        kind: policy.kind,
        file: &policy.file,
    }
}

/// Reads what was asked for, and leaves the one policy and the one scenario that were chosen.
pub(crate) fn one_rollout(args: &RolloutArgs) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::read(&args.world, std::slice::from_ref(&args.scenario))?;
    let policy = choose_policy(&inputs.policies, args.policy.as_deref())?;
    let scenario = choose_scenario(&inputs, &args.scenario)?;
    inputs.policies = vec![inputs.policies.swap_remove(policy)];
    inputs.scenarios = vec![inputs.scenarios.swap_remove(scenario)];
    Ok(inputs)
}

/// Why there is no rollout to tell.
fn refused(who: Who<'_>, refusal: &Refusal, args: &RunArgs) -> Result<Vec<u8>, Failure> {
    match args.format {
        RunFormat::Table => Ok(timeline::render_refusal(who, refusal, options(args)).into_bytes()),
        RunFormat::Html => Ok(html::refused(who, refusal).into_bytes()),
        RunFormat::Json => bytes(|out| timeline::write_refusal_json(who, refusal, out)),
    }
}

/// The index of the policy with this label, or of the only one.
pub(crate) fn choose_policy(policies: &[Policy], label: Option<&str>) -> Result<usize, Failure> {
    let labels = || policies.iter().map(|policy| policy.label.as_str());
    let listed = labels().collect::<Vec<_>>().join(", ");
    match label {
        None if policies.len() == 1 => Ok(0),
        None => Err(Failure::usage(
            format!("{} policies, and one rollout has one", policies.len()),
            format!("choose with `--policy`: {listed}"),
        )),
        Some(label) => labels().position(|known| known == label).ok_or_else(|| {
            let near = nearest(label, labels());
            let cure = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            Failure::usage(
                format!("no policy is labelled `{label}`"),
                format!("{cure}there are {listed}"),
            )
        }),
    }
}

/// The index of the only scenario.
fn choose_scenario(inputs: &Inputs, name: &str) -> Result<usize, Failure> {
    let scenarios = &inputs.scenarios;
    if scenarios.len() == 1 {
        return Ok(0);
    }
    let arguments = scenarios.iter().map(|s| inputs.arguments.get(&*s.name));
    let listed: Vec<_> = arguments.flatten().map(String::as_str).collect();
    Err(Failure::usage(
        format!(
            "`{name}` names {} scenarios, and one rollout has one",
            scenarios.len()
        ),
        format!("choose one of {}", listed.join(", ")),
    ))
}
