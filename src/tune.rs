//! `coalmine tune`: better values for a policy.

mod play;

use std::process::ExitCode;
use std::sync::Arc;

use coalmine_policy::source::Source;
use coalmine_reports::gate::{Measure, Statistic};
use coalmine_reports::tune::{self, Goal, Plan, Space};
use coalmine_scenarios::tune::{Knob, Workbench, defaults};
use coalmine_scenarios::{Embedded, policies};
use coalmine_sim::event::Study;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stream::Seed;

use crate::args::TuneArgs;
use crate::failure::Failure;
use crate::study::Inputs;
use play::{Player, Setting};

/// Searches, and prints what it found. Exits with 1 where no point keeps the requirements.
pub(crate) fn tune(args: &TuneArgs) -> Result<ExitCode, Failure> {
    let inputs = Inputs::read(&args.world, &args.scenarios)?;
    drop(inputs.stages()?);
    let subject = choose(&inputs, args.policy.as_deref())?;
    let bench = Workbench::new(subject.sources.clone());
    let knobs = knobs(&bench, &args.vary)?;
    let goal = Goal {
        requirements: args.require.clone(),
        minimise: minimised(args),
        mix: args.mix.mix(),
    };
    let space = Space {
        sizes: knobs.iter().map(|knob| knob.values.len()).collect(),
        today: knobs.iter().map(|knob| knob.today).collect(),
    };
    let study = Arc::new(Study {
        seed: args.world.seed,
        runs: 0,
        precision: None,
        fidelity: inputs.fidelity,
        policies: Vec::new(),
        scenarios: inputs.scenarios.iter().map(Scenario::info).collect(),
    });
    let plan = Plan {
        budget: args.budget,
        seed: args.world.seed,
    };
    let setting = Setting {
        inputs: &inputs,
        bench: &bench,
        knobs: &knobs,
        label: &subject.label,
        seed: Seed(args.world.seed),
    };
    let mut player = Player::new(setting, args)?;
    let found = tune::search(&space, &goal, &study, plan, &mut player);
    println!("{found:#?}");
    Ok(ExitCode::SUCCESS)
}

/// The policy to tune: its files, and its label among them.
struct Tuned {
    sources: Vec<Source>,
    label: String,
}

fn choose(inputs: &Inputs, wanted: Option<&str>) -> Result<Tuned, Failure> {
    let labels: Vec<&str> = inputs
        .policies
        .iter()
        .map(|policy| policy.label.as_str())
        .collect();
    let label = match (wanted, labels.as_slice()) {
        (Some(wanted), _) => labels.iter().find(|label| **label == wanted).copied(),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let Some(label) = label else {
        let cause = match wanted {
            Some(wanted) => format!("no policy is labelled {wanted:?}"),
            None if inputs.is_embedded => "no manifest is given".to_owned(),
            None => "there are several policies, and one is tuned at a time".to_owned(),
        };
        let list = labels.join(", ");
        let cure = match inputs.is_embedded {
            true => format!(
                "name yours, `-f canary.yaml`, or try an embedded one with `--policy`: {list}"
            ),
            false => format!("choose with `--policy`: {list}"),
        };
        return Err(Failure::usage(cause, cure));
    };
    if !inputs.is_embedded {
        let (sources, label) = (inputs.manifests.clone(), label.to_owned());
        return Ok(Tuned { sources, label });
    }
    // Each embedded file is a world of its own, in which the policy has the label of its object.
    let file = policies::policies().iter().find(|file| file.label == label);
    let sources: Vec<Source> = file.map(Embedded::source).into_iter().collect();
    let mut found = coalmine_policy::source::Diagnostics::new();
    let read = coalmine_scenarios::manifests::read(&sources, &mut found);
    let label = read
        .policies
        .first()
        .map_or_else(String::new, |policy| policy.label.clone());
    Ok(Tuned { sources, label })
}

/// All mistakes at once.
fn knobs(bench: &Workbench, vary: &[String]) -> Result<Vec<Knob>, Failure> {
    if vary.is_empty() {
        let knobs = defaults(bench);
        if knobs.is_empty() {
            let cause = "the manifest has no value that can be turned";
            return Err(Failure::usage(cause, "name one: `--vary 'ADDRESS=VALUES'`"));
        }
        return Ok(knobs);
    }
    let (mut knobs, mut causes, mut cures) = (Vec::new(), Vec::new(), Vec::new());
    for one in vary {
        match Knob::parse(bench, one) {
            Ok(knob) => knobs.push(knob),
            Err((cause, cure)) => {
                causes.push(format!("--vary: {cause}"));
                cures.push(cure);
            }
        }
    }
    if causes.is_empty() {
        return Ok(knobs);
    }
    cures.retain(|cure| !cure.is_empty());
    Err(Failure::usage(causes.join("\n"), cures.join("\n")))
}

fn minimised(args: &TuneArgs) -> Measure {
    let usual = if args.require.is_empty() {
        Measure::HurtUsers(Statistic::Mean)
    } else {
        Measure::Duration
    };
    args.minimise.unwrap_or(usual)
}
