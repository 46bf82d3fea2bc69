//! `coalmine judge`: what a statistical policy makes of recorded counts.

use std::path::Path;
use std::process::ExitCode;

use coalmine_policy::native::test::{NAMES, Settings};
use coalmine_policy::source::{Diagnostics, Source};
use coalmine_reports::judge::{self, Judgement};
use coalmine_reports::terminal::Options;
use coalmine_scenarios::native::{self, Native};
use coalmine_scenarios::{looks, nearest};
use serde_json::Value;

use crate::args::{JudgeArgs, JudgeFormat};
use crate::failure::Failure;
use crate::input;
use crate::output::{self, bytes};

/// Judges. The exit code is 0 whatever the verdict: it answers a question.
pub(crate) fn judge(args: &JudgeArgs) -> Result<ExitCode, Failure> {
    let mut policy = policy(&args.policy)?;
    for setting in &args.settings {
        set(&mut policy.settings, setting)?;
    }
    let source = input::read_one(&args.looks)?;
    let looks = parsed(source, looks::read)?;
    let judgement = Judgement::of(
        &policy.name,
        &policy.test,
        &policy.settings,
        (&looks.names, &looks.looks),
    );
    let Some(judgement) = judgement else {
        return Err(Failure::usage(
            format!("there is no test `{}`", policy.test),
            "",
        ));
    };
    match args.format {
        JudgeFormat::Table => {
            output::print(judge::render(&judgement, Options::stdout()).as_bytes())?;
        }
        JudgeFormat::Json => output::print(&bytes(|out| judge::write(&judgement, out))?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A test by its name, or the policy of a file.
fn policy(name: &str) -> Result<Native, Failure> {
    if NAMES.iter().any(|(known, _)| *known == name) {
        return Ok(Native {
            name: name.to_owned(),
            test: name.to_owned(),
            settings: Settings::default(),
        });
    }
    let path = Path::new(name);
    if !path.exists() {
        let known = NAMES.iter().map(|(known, _)| *known);
        let near = nearest(name, known.clone());
        let cure = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let listed = known.collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(
            format!("`{name}` is no test and no file"),
            format!("{cure}tests are {listed}"),
        ));
    }
    parsed(input::read_one(path)?, native::read)
}

fn parsed<T>(
    source: Source,
    read: impl Fn(&Source, &mut Diagnostics) -> Option<T>,
) -> Result<T, Failure> {
    let mut found = Diagnostics::new();
    read(&source, &mut found).ok_or_else(|| Failure::Input(found, vec![source]))
}

/// `name=value`.
fn set(settings: &mut Settings, text: &str) -> Result<(), Failure> {
    let wrong = |cause: String| {
        let names = Settings::names();
        let name = text.split('=').next().unwrap_or_default();
        let near = nearest(name, names.iter().map(String::as_str));
        let near = near.filter(|near| *near != name);
        let cure = near.map_or_else(
            || format!("settings are {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Failure::usage(format!("--set {text}: {cause}"), cure)
    };
    let Some((name, value)) = text.split_once('=') else {
        return Err(wrong("no `=`".to_owned()));
    };
    let one = |text: &str| {
        serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::String(text.to_owned()))
    };
    let value = if name == "bounds" {
        value.split(',').map(|text| one(text.trim())).collect()
    } else {
        one(value)
    };
    settings.set(name, &value).map_err(wrong)
}
