//! `coalmine tune`: better values for a policy.

mod blocks;
mod play;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use coalmine_policy::source::Source;
use coalmine_reports::gate::{Measure, Requirement, Statistic};
use coalmine_reports::html;
use coalmine_reports::terminal::Options;
use coalmine_reports::tune::search::Nothing;
use coalmine_reports::tune::{self, Found, Goal, Plan, Report, Space};
use coalmine_scenarios::tune::{Knob, Workbench, defaults, edit};
use coalmine_scenarios::{Embedded, policies};
use coalmine_sim::event::Study;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stream::Seed;

use crate::args::{TuneArgs, TuneFormat};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{self, bytes};
use crate::study::Inputs;
use play::{Player, Setting};

/// The share of releases that may be undecided at the end of a scenario, unless the user says otherwise.
const STUCK: f64 = 0.01;

/// Searches, and prints what it found. Exits with 1 where no point keeps the requirements.
pub(crate) fn tune(args: &TuneArgs) -> Result<ExitCode, Failure> {
    let from_stdin = args.world.files.iter().any(|file| file.as_os_str() == "-");
    if args.write && (args.world.files.is_empty() || from_stdin) {
        let cause = "--write has no file to write to";
        return Err(Failure::usage(
            cause,
            "name the manifest's file with `-f`, or take the patch: `--format patch`",
        ));
    }
    let inputs = Inputs::read(&args.world, &args.scenarios)?;
    drop(inputs.stages()?);
    if let Some(folder) = &args.out {
        // Before the work: a place that cannot be written to is bad input, not a lost result.
        output::make_folder(folder)?;
    }
    let subject = choose(&inputs, args.policy.as_deref())?;
    let bench = Workbench::new(subject.sources.clone());
    let knobs = knobs(&bench, &args.vary)?;
    let goal = Goal {
        requirements: required(args),
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
    let found = match tune::search(&space, &goal, &study, plan, &mut player) {
        Ok(found) => found,
        Err(nothing) => return nothing_found(&nothing),
    };
    player.finish();
    let edited = edited(setting, &found)?;
    let patch = patch(&bench, &edited);
    let mut report = Report {
        policy: &subject.label,
        kind: subject.kind,
        knobs: &knobs,
        points: Some(space.len()).filter(|points| *points < usize::MAX),
        goal: &goal,
        plan,
        found: &found,
        blocks: Vec::new(),
        patch: &patch,
    };
    if found.recommended.is_none() && found.complete {
        report.blocks = blocks::blocks(setting, &report);
    }
    if let Some(folder) = &args.out {
        write_files(&report, folder)?;
    }
    if args.write && found.complete {
        write_manifests(&bench, &edited)?;
    }
    print(&report, args.format)?;
    Ok(exit_code(&found))
}

/// 0 where a point is recommended, 1 where none is, 130 after Ctrl-C.
fn exit_code(found: &Found) -> ExitCode {
    match (found.complete, found.recommended) {
        (false, _) => interrupt::EXIT_CODE.into(),
        (true, Some(_)) => ExitCode::SUCCESS,
        (true, None) => ExitCode::from(1),
    }
}

fn print(report: &Report<'_>, format: TuneFormat) -> Result<(), Failure> {
    match format {
        TuneFormat::Table => output::print(tune::render(report, Options::stdout()).as_bytes()),
        TuneFormat::Json => output::print(&bytes(|out| tune::write(report, out))?),
        TuneFormat::Csv => output::print(&bytes(|out| tune::write_csv(report, out))?),
        TuneFormat::Patch => output::print(report.patch.as_bytes()),
        TuneFormat::Html => output::print(html::tune(report).as_bytes()),
    }
}

fn write_files(report: &Report<'_>, folder: &Path) -> Result<(), Failure> {
    let files = [
        ("tune.json", bytes(|out| tune::write(report, out))?),
        ("tune.csv", bytes(|out| tune::write_csv(report, out))?),
        ("tune.html", html::tune(report).into_bytes()),
        ("front.svg", html::front_svg(report).into_bytes()),
        ("tune.patch", report.patch.as_bytes().to_vec()),
    ];
    for (name, content) in files {
        output::write_whole(&folder.join(name), &content)?;
    }
    Ok(())
}

/// Writes what changed, each file whole or not at all.
fn write_manifests(bench: &Workbench, edited: &[Source]) -> Result<(), Failure> {
    for (before, after) in bench.sources.iter().zip(edited) {
        if before.text != after.text {
            output::write_whole(Path::new(&*after.file), after.text.as_bytes())?;
            anstream::eprintln!("wrote {}", after.file);
        }
    }
    Ok(())
}

fn nothing_found(nothing: &Nothing) -> Result<ExitCode, Failure> {
    match nothing {
        Nothing::Interrupted => Ok(interrupt::EXIT_CODE.into()),
        Nothing::AllRefused(why) => Err(Failure::usage(
            format!("the controller refuses the policy with any of these values: {why}"),
            "`coalmine score` shows the place and the cure",
        )),
    }
}

/// The files with the recommended values.
fn edited(setting: Setting<'_>, found: &Found) -> Result<Vec<Source>, Failure> {
    let point = found.recommended.filter(|policy| *policy > 0);
    let Some(point) = point.and_then(|policy| found.finalists.get(policy - 1)) else {
        return Ok(setting.bench.sources.clone());
    };
    let turned = setting.turned(point);
    let refused = |(cause, cure): (String, String)| Failure::usage(cause, cure);
    let edited = edit::edited(setting.bench, &turned).map_err(refused)?;
    // Each knob alone was checked when it was read; together they are checked here.
    edit::check(setting.bench, &edited, &turned).map_err(refused)?;
    Ok(edited)
}

fn patch(bench: &Workbench, edited: &[Source]) -> String {
    let pairs = bench.sources.iter().zip(edited);
    let all = pairs.map(|(before, after)| tune::unified(&before.file, &before.text, &after.text));
    all.collect()
}

/// The policy to tune: its files, and its label among them.
struct Tuned {
    sources: Vec<Source>,
    label: String,
    kind: &'static str,
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
        let own = inputs.policies.iter().find(|policy| policy.label == label);
        let kind = own.map_or("", |policy| policy.kind);
        let (sources, label) = (inputs.manifests.clone(), label.to_owned());
        return Ok(Tuned {
            sources,
            label,
            kind,
        });
    }
    // Each embedded file is a world of its own, in which the policy has the label of its object.
    let file = policies::policies().iter().find(|file| file.label == label);
    let sources: Vec<Source> = file.map(Embedded::source).into_iter().collect();
    let mut found = coalmine_policy::source::Diagnostics::new();
    let read = coalmine_scenarios::manifests::read(&sources, &mut found);
    let policy = read.policies.into_iter().next();
    let (label, kind) = policy.map_or_else(Default::default, |one| (one.label, one.kind));
    Ok(Tuned {
        sources,
        label,
        kind,
    })
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

/// What must be kept. A release that is never decided is neither missed nor rolled back, and fast is what
/// ends: without a limit on those, the best policy would be one that waits.
fn required(args: &TuneArgs) -> Vec<Requirement> {
    let mut required = args.require.clone();
    let is_said = required.iter().any(|one| one.measure == Measure::Stuck);
    if !required.is_empty() && !is_said {
        required.push(Requirement {
            measure: Measure::Stuck,
            bound: Measure::Stuck.good(),
            limit: STUCK,
        });
    }
    required
}

fn minimised(args: &TuneArgs) -> Measure {
    let usual = if args.require.is_empty() {
        Measure::HurtUsers(Statistic::Mean)
    } else {
        Measure::Duration
    };
    args.minimise.unwrap_or(usual)
}
