//! A suite file with everything that it names.

use std::path::{Path, PathBuf};

use coalmine_policy::source::{Diagnostics, Position, Source};
use coalmine_reports::check::{self, Gate};
use coalmine_reports::mix::{Mix, Prices};
use coalmine_scenarios::manifests::Policy;
use coalmine_scenarios::suite::{self, Suite};
use coalmine_sim::scenario::Scenario;

use crate::args::{CheckArgs, FidelityArg, WorldArgs};
use crate::failure::Failure;
use crate::input;
use crate::study::Inputs;

/// A suite and its study.
pub(super) struct Loaded {
    pub(super) suite: Suite,
    pub(super) source: Source,
    /// Where its paths are seen from.
    pub(super) folder: PathBuf,
    pub(super) world: WorldArgs,
    pub(super) inputs: Inputs,
    pub(super) mix: Mix,
    pub(super) gates: Vec<Gate>,
    /// All texts, for places.
    pub(super) sources: Vec<Source>,
}

const SAMPLE: &str = "a suite is, for example:\n\
    apiVersion: coalmine.dev/v1alpha1\n\
    kind: Suite\n\
    spec:\n  policies: [deploy/canary.yaml]\n  gates: [missed<5%, false-rollback<1%]";

impl Loaded {
    pub(super) fn read(args: &CheckArgs) -> Result<Self, Failure> {
        if !args.suite.exists() {
            let cause = format!("no such file: {}", args.suite.display());
            return Err(Failure::usage(cause, SAMPLE));
        }
        let source = input::read_file(&args.suite)?;
        let mut found = Diagnostics::new();
        let suite = suite::read(&source, &mut found);
        let Some(suite) = suite else {
            return Err(Failure::Input(found, vec![source]));
        };
        let folder = args.suite.parent().unwrap_or(Path::new("")).to_path_buf();
        let files = if args.files.is_empty() {
            files(&suite, &folder, &mut found)
        } else {
            args.files.clone()
        };
        if found.has_errors() {
            return Err(Failure::Input(found, vec![source]));
        }
        let world = WorldArgs {
            files,
            start: None,
            seed: suite.seed,
            fidelity: FidelityArg::Aggregate,
        };
        let names: Vec<String> = suite
            .scenarios
            .iter()
            .map(|wanted| wanted.name.text.clone())
            .collect();
        let mut inputs = Inputs::read_beside(&world, &names, &folder)?;
        weigh(&mut inputs, &suite);
        let mix = mix(&suite);
        let policies: Vec<_> = inputs.policies.iter().map(Policy::info).collect();
        let scenarios: Vec<_> = inputs.scenarios.iter().map(Scenario::info).collect();
        let gates = check::gates(&suite, (&policies, &scenarios), &mix, &mut found);
        if found.has_errors() {
            return Err(Failure::Input(found, vec![source]));
        }
        let mut sources = inputs.sources.clone();
        sources.push(source.clone());
        Ok(Self {
            suite,
            source,
            folder,
            world,
            inputs,
            mix,
            gates,
            sources,
        })
    }

    pub(super) fn title(&self) -> String {
        match self.suite.name.as_str() {
            "" => self.source.file.to_string(),
            name => name.to_owned(),
        }
    }

    /// Where the suite speaks of its baseline, or of itself.
    pub(super) fn baseline_at(&self) -> Position {
        let root = &self.suite.document.root;
        let place = root.at(&["spec", "baseline"]).or_else(|| root.get("spec"));
        place.map_or(root.position, |node| node.position)
    }
}

/// The files that the patterns of a suite stand for.
fn files(suite: &Suite, folder: &Path, found: &mut Diagnostics) -> Vec<PathBuf> {
    if suite.policies.is_empty() {
        let at = suite.document.root.get("spec");
        let at = at.map_or(suite.document.root.position, |node| node.position);
        let help = "add `policies: [deploy/canary.yaml]` to `spec`, or give manifests with `-f`";
        let message = "the suite names no policies".to_owned();
        found.push(suite.document.error(at, message, help.to_owned()));
    }
    let mut files = Vec::new();
    for said in &suite.policies {
        let path = folder.join(&said.text);
        if path.exists() {
            files.push(path);
            continue;
        }
        let pattern = path.to_string_lossy().into_owned();
        let like = match glob::glob(&pattern) {
            Ok(paths) => paths.filter_map(Result::ok).collect::<Vec<_>>(),
            Err(error) => {
                let message = format!("`{}` is no pattern: {error}", said.text);
                found.push(suite.document.error(said.at, message, String::new()));
                continue;
            }
        };
        if like.is_empty() {
            let message = format!("there is no file `{}`", said.text);
            let help = format!("paths are seen from the suite file: {pattern}");
            found.push(suite.document.error(said.at, message, help));
        }
        files.extend(like);
    }
    files
}

/// The suite's weights instead of the scenarios' own.
fn weigh(inputs: &mut Inputs, suite: &Suite) {
    for (scenario, chosen) in inputs.scenarios.iter_mut().zip(&inputs.chosen) {
        if let Some(weight) = suite.scenarios.get(chosen.asked).and_then(|one| one.weight) {
            scenario.weight = weight;
        }
    }
}

fn mix(suite: &Suite) -> Mix {
    let usual = Mix::default();
    Mix {
        bad_share: suite.bad_share.unwrap_or(usual.bad_share),
        prices: suite.prices.map(|prices| Prices {
            minute: prices.minute,
            hurt_request: prices.hurt_request,
            hurt_user: prices.hurt_user,
            false_alarm: prices.false_alarm,
        }),
    }
}
