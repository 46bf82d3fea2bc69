//! `coalmine run`: one rollout as a timeline.

use std::process::ExitCode;

use coalmine_reports::timeline::{self, Story};
use coalmine_scenarios::manifests::Policy;
use coalmine_scenarios::nearest;
use coalmine_sim::event::Refusal;
use coalmine_sim::stream::Seed;
use coalmine_sim::timeline::Entry;
use coalmine_sim::world::World;

use crate::args::{RolloutArgs, RunArgs, RunFormat};
use crate::failure::Failure;
use crate::output;
use crate::study::Inputs;

/// Tells one replication. Exits with 1 when the controller refuses the policy.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let inputs = one_rollout(&args.rollout)?;
    let (policy, scenario) = (&inputs.policies[0], &inputs.scenarios[0]);
    if let Some(refusal) = policy.subject.refusal() {
        let text = told(&policy.label, &refusal, args.format);
        output::print(text.as_bytes())?;
        return Ok(ExitCode::from(1));
    }
    let stages = inputs.stages()?;
    let Some(Some(stage)) = stages.first() else {
        return Err(Failure::usage("nothing to run", ""));
    };
    let mut entries: Vec<Entry> = Vec::new();
    World::new(stage, Seed(args.rollout.world.seed)).run(args.rollout.replication, &mut entries);
    // What is known only at the end is told last, but has its place in the story.
    entries.sort_by_key(|entry| entry.at);
    let story = Story {
        policy: &policy.label,
        scenario: &scenario.name,
        title: &scenario.title,
        seed: args.rollout.world.seed,
        replication: args.rollout.replication,
        fidelity: inputs.fidelity,
        start: &scenario.start,
        entries: &entries,
    };
    let mut text = Vec::new();
    let written = match args.format {
        RunFormat::Table => timeline::write_text(&story, &mut text),
        RunFormat::Json => timeline::write_json_lines(&story, &mut text),
    };
    written.map_err(|error| Failure::Write("the timeline".into(), error))?;
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
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
fn told(label: &str, refusal: &Refusal, format: RunFormat) -> String {
    match format {
        RunFormat::Table => format!(
            "{label} is invalid: its controller refuses it.\n  {}\n  at {}:{}\n  cure: {}\n",
            refusal.reason, refusal.file, refusal.line, refusal.help
        ),
        RunFormat::Json => {
            let line = serde_json::json!({"event": "invalid", "value": refusal});
            format!("{line}\n")
        }
    }
}

/// The index of the policy with this label, or of the only one.
fn choose_policy(policies: &[Policy], label: Option<&str>) -> Result<usize, Failure> {
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
