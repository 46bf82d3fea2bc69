//! `coalmine check`: gates of a suite file, and no worse than its committed baseline.

mod replays;
mod suite;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use coalmine_reports::check::{self, Checked, Lock, Recorder, Today, Verdict, World};
use coalmine_reports::terminal::Options;
use coalmine_reports::{Summary, github, sarif};
use coalmine_scenarios::suite::{behaviour, simulator};
use coalmine_sim::event::Precision;
use rayon::prelude::*;

use crate::args::{CheckArgs, CheckFormat};
use crate::ensemble::{self, Effort};
use crate::failure::Failure;
use crate::output::{self, bytes};
use crate::study::Inputs;
use crate::{input, interrupt};
use suite::Loaded;

/// Checks. Exits with 1 when a gate is breached, a policy is significantly worse or refused; with
/// `--strict` also when something could not be decided or compared.
pub(crate) fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(args)?;
    let inputs = &loaded.inputs;
    let stages = inputs.stages()?;
    if let Some(folder) = &args.out {
        // Before the work: a place that cannot be written to is bad input, not a lost result.
        output::make_folder(folder)?;
    }
    let lock_path = loaded.folder.join(&loaded.suite.baseline.file);
    let lock = read_lock(&lock_path, args.update)?;
    let effort = Effort {
        seed: loaded.suite.seed,
        runs: args.runs.unwrap_or(loaded.suite.runs),
        precision: loaded.suite.precision.map(|half_width| Precision {
            half_width,
            max_runs: loaded.suite.max_runs,
        }),
        threads: args.threads,
        quiet: args.quiet,
    };
    let mut recorder = Recorder::default();
    let summary = ensemble::play_and_tell(inputs, stages, effort, loaded.mix, &mut recorder)?;
    let today = today(inputs);
    if args.update {
        return update(lock.as_ref(), (&summary, &recorder, &today), &lock_path);
    }
    let suite = &loaded.suite;
    let study = (&summary, &recorder, &today);
    let mut checked = Checked {
        title: loaded.title(),
        file: loaded.source.file.clone(),
        lock_file: lock_path.display().to_string(),
        sources: &loaded.sources,
        places: inputs.policies.iter().map(|policy| policy.places).collect(),
        at: loaded.baseline_at(),
        summary: &summary,
        results: check::judge(&loaded.gates, &summary),
        gates: loaded.gates.clone(),
        against: check::against(lock.as_ref(), study, &suite.baseline.not_worse),
        family_error: suite.baseline.family_error,
        replayed: Vec::new(),
    };
    checked.replayed = replays::replayed(&loaded, &checked, lock.as_ref())?;
    if let Some(folder) = &args.out {
        write_files(&checked, folder)?;
    }
    print(&checked, args.format)?;
    Ok(exit_code(&checked, args.strict))
}

fn exit_code(checked: &Checked<'_>, strict: bool) -> ExitCode {
    match checked.verdict() {
        _ if !checked.summary.complete => interrupt::EXIT_CODE.into(),
        Verdict::Failed => ExitCode::from(1),
        Verdict::NotEnoughEvidence if strict => ExitCode::from(1),
        Verdict::Passed | Verdict::NotEnoughEvidence => ExitCode::SUCCESS,
    }
}

/// The baseline; `None` where there is none yet. One that cannot be read is no reason not to write a new
/// one.
fn read_lock(path: &Path, update: bool) -> Result<Option<Lock>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    match Lock::parse(&input::read_file(path)?.text) {
        Ok(lock) => Ok(Some(lock)),
        Err(_) if update => Ok(None),
        Err(error) => {
            let cause = format!("{} {}", path.display(), error.cause);
            Err(Failure::usage(cause, error.cure))
        }
    }
}

/// What today's study is identified by.
fn today(inputs: &Inputs) -> Today {
    let worlds = inputs.scenarios.par_iter().zip(&inputs.chosen);
    let worlds = worlds.map(|(scenario, chosen)| World {
        behaviour: behaviour(scenario).to_string(),
        text: chosen.digest.to_string(),
    });
    let says = inputs.policies.iter();
    Today {
        simulator: simulator().to_string(),
        worlds: worlds.collect(),
        says: says.map(|policy| policy.digest.to_string()).collect(),
    }
}

fn update(
    old: Option<&Lock>,
    (summary, recorder, today): (&Summary, &Recorder, &Today),
    path: &Path,
) -> Result<ExitCode, Failure> {
    if !summary.complete {
        anstream::eprintln!("interrupted: {} stays as it is", path.display());
        return Ok(interrupt::EXIT_CODE.into());
    }
    let new = Lock::new(summary, recorder, today);
    let content = new
        .to_bytes()
        .map_err(|error| Failure::Write(PathBuf::from(path), error))?;
    output::write_whole(path, &content)?;
    let text = check::update(old, &new, &path.display().to_string());
    output::print(Options::stdout().characters.apply(text).as_bytes())?;
    Ok(ensemble::exit_code(summary))
}

fn in_sarif(checked: &Checked<'_>) -> Result<Vec<u8>, Failure> {
    let findings = checked.findings();
    bytes(|out| sarif::write("check", &check::RULES, &findings, checked.sources, out))
}

fn write_files(checked: &Checked<'_>, folder: &Path) -> Result<(), Failure> {
    let files = [
        ("check.json", bytes(|out| check::write(checked, out))?),
        ("check.md", check::markdown(checked).into_bytes()),
        ("check.sarif", in_sarif(checked)?),
        ("check.xml", bytes(|out| check::junit(checked, out))?),
    ];
    for (name, content) in files {
        output::write_whole(&folder.join(name), &content)?;
    }
    Ok(())
}

fn print(checked: &Checked<'_>, format: CheckFormat) -> Result<(), Failure> {
    match format {
        CheckFormat::Table => output::print(check::render(checked, Options::stdout()).as_bytes()),
        CheckFormat::Json => output::print(&bytes(|out| check::write(checked, out))?),
        CheckFormat::Junit => output::print(&bytes(|out| check::junit(checked, out))?),
        CheckFormat::Markdown => output::print(check::markdown(checked).as_bytes()),
        CheckFormat::Sarif => output::print(&in_sarif(checked)?),
        CheckFormat::Github => {
            let findings = checked.findings();
            output::print(&bytes(|out| {
                github::write(&findings, checked.sources, out)
            })?)
        }
    }
}
