//! From the command line to a study: which policies in which scenarios.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};
use coalmine_scenarios::manifests::{self, KINDS, Manifests, Policy};
use coalmine_scenarios::select::{Selected, select};
use coalmine_scenarios::suite::Digest;
use coalmine_scenarios::{Files, catalogue, locate, policies};

use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::unanswerable::Unanswerable;

use crate::args::WorldArgs;
use crate::failure::Failure;
use crate::{contradiction, diagnostics, input};

/// Policies and scenarios, read and checked.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// The policies.
    pub(crate) policies: Vec<Policy>,
    /// The scenarios.
    pub(crate) scenarios: Vec<Scenario>,
    /// How closely requests are looked at.
    pub(crate) fidelity: Fidelity,
    /// By a scenario's name, the `--scenario` that chooses it alone.
    pub(crate) arguments: BTreeMap<String, String>,
    /// The files that the policies were read from.
    pub(crate) manifests: Vec<Source>,
    /// Whether those are the embedded ones, each a world of its own.
    pub(crate) is_embedded: bool,
    /// How each scenario was chosen, in their order.
    pub(crate) chosen: Vec<Chosen>,
    /// Every file that was read, for messages.
    pub(crate) sources: Vec<Source>,
}

/// How a scenario was chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen {
    /// The index of what asked for it.
    pub(crate) asked: usize,
    /// The name of the text that it stands in.
    pub(crate) digest: Digest,
}

impl Inputs {
    /// Reads everything that the arguments name. Warnings are printed, mistakes returned.
    pub(crate) fn read(world: &WorldArgs, scenarios: &[String]) -> Result<Self, Failure> {
        Self::read_beside(world, scenarios, Path::new(""))
    }

    /// The same with scenarios whose paths are seen from a folder.
    pub(crate) fn read_beside(
        world: &WorldArgs,
        scenarios: &[String],
        folder: &Path,
    ) -> Result<Self, Failure> {
        let mut found = Diagnostics::new();
        let (mut sources, policies) = read_policies(world, &mut found)?;
        let manifests = sources.clone();
        let scenarios = read_scenarios((scenarios, folder), &mut sources, &mut found)?;
        if found.has_errors() {
            return Err(Failure::Input(found, sources));
        }
        diagnostics::print(&found, &sources);
        let argument = |one: &Selected| (one.scenario.name.to_string(), one.argument.clone());
        let arguments = scenarios.iter().map(argument).collect();
        let chosen = scenarios.iter().map(|one| Chosen {
            asked: one.asked,
            digest: one.digest,
        });
        let chosen = chosen.collect();
        let scenarios = scenarios.into_iter().map(|one| one.scenario).collect();
        let scenarios = match &world.start {
            None => scenarios,
            Some(start) => starting_at(scenarios, start)?,
        };
        Ok(Self {
            policies,
            scenarios,
            fidelity: world.fidelity.into(),
            arguments,
            manifests,
            is_embedded: world.files.is_empty(),
            chosen,
            sources,
        })
    }

    /// Makes every policy ready for every scenario; `None` for one that its controller refuses.
    pub(crate) fn stages(&self) -> Result<Vec<Option<Stage<'_>>>, Failure> {
        let mut found = Diagnostics::new();
        let mut stages = Vec::new();
        for scenario in &self.scenarios {
            for policy in &self.policies {
                if policy.subject.refusal().is_some() {
                    stages.push(None);
                    continue;
                }
                if let Some(one) = contradiction::of_router(policy, scenario, &self.sources) {
                    found.push(one);
                    stages.push(None);
                    continue;
                }
                match Stage::new(scenario, &*policy.subject) {
                    Ok(stage) => stages.push(Some(stage.with_fidelity(self.fidelity))),
                    Err(unanswerable) => {
                        for one in unanswerable {
                            found.push(self.located(policy, one));
                        }
                        stages.push(None);
                    }
                }
            }
        }
        if found.has_errors() {
            return Err(Failure::Input(found, self.sources.clone()));
        }
        Ok(stages)
    }

    /// Marks what is to blame in the manifest's text.
    fn located(&self, policy: &Policy, unanswerable: Unanswerable) -> Diagnostic {
        let Unanswerable {
            asked,
            offset,
            part,
            message,
            help,
        } = unanswerable;
        let (line, column) = asked.line_column;
        let file = if line == 0 { &policy.file } else { &asked.file };
        let source = self.sources.iter().find(|source| source.file == *file);
        let query = locate::Query {
            text: &asked.text,
            line,
        };
        let found = source.and_then(|source| query.place(&source.text, offset, &part));
        let unknown = Position {
            line,
            column,
            ..Position::default()
        };
        Diagnostic {
            severity: Severity::Error,
            file: file.clone(),
            position: found.unwrap_or(unknown),
            message,
            help,
        }
    }
}

fn read_policies(
    world: &WorldArgs,
    found: &mut Diagnostics,
) -> Result<(Vec<Source>, Vec<Policy>), Failure> {
    if world.files.is_empty() {
        let files = policies::policies();
        let sources = files.iter().map(coalmine_scenarios::Embedded::source);
        return Ok((sources.collect(), manifests::embedded(files, found)));
    }
    let sources = input::read_all(&world.files)?;
    let Manifests { policies, skipped } = manifests::read(&sources, found);
    let listed: Vec<_> = skipped
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    if policies.is_empty() && !found.has_errors() {
        let files: Vec<_> = sources.iter().map(|s| s.file.to_string()).collect();
        let skipped = if listed.is_empty() {
            String::new()
        } else {
            format!("; skipped {}", listed.join(", "))
        };
        let cause = format!("no policy in {}{skipped}", files.join(", "));
        return Err(Failure::usage(cause, format!("coalmine reads {KINDS}")));
    }
    if !listed.is_empty() {
        anstream::eprintln!("skipped {}\n", listed.join(", "));
    }
    Ok((sources, policies))
}

/// The scenarios of these names and files; none where nothing is named.
pub(crate) fn scenarios(wanted: &[String]) -> Result<Vec<Scenario>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let (mut sources, mut found) = (Vec::new(), Diagnostics::new());
    let read = read_scenarios((wanted, Path::new("")), &mut sources, &mut found)?;
    if found.has_errors() {
        return Err(Failure::Input(found, sources));
    }
    diagnostics::print(&found, &sources);
    Ok(read.into_iter().map(|one| one.scenario).collect())
}

fn read_scenarios(
    (wanted, folder): (&[String], &Path),
    sources: &mut Vec<Source>,
    found: &mut Diagnostics,
) -> Result<Vec<Selected>, Failure> {
    sources.extend(
        catalogue::files()
            .iter()
            .map(coalmine_scenarios::Embedded::source),
    );
    let mut disk = Disk { folder, sources };
    select(wanted, &mut disk, found).map_err(|errors| {
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Failure::usage(texts.join("\n"), "")
    })
}

/// Files of this machine; what was read is kept for messages.
struct Disk<'a> {
    /// From where paths of the command line are seen.
    folder: &'a Path,
    sources: &'a mut Vec<Source>,
}

impl Files for Disk<'_> {
    fn under(&mut self, path: &str) -> Result<Option<Vec<Source>>, String> {
        let whole = match path {
            "-" => PathBuf::from(path),
            _ => self.folder.join(path),
        };
        if path != "-" && !whole.exists() {
            return Ok(None);
        }
        let read = input::read_all(&[whole]).map_err(cause)?;
        self.sources.extend(read.iter().cloned());
        Ok(Some(read))
    }

    fn text(&mut self, path: &str) -> Result<Source, String> {
        let read = input::read_beside(Path::new(path)).map_err(cause)?;
        self.sources.push(read.clone());
        Ok(read)
    }
}

fn cause(failure: Failure) -> String {
    match failure {
        Failure::Usage(cause, _) => cause,
        other => format!("{other:?}"),
    }
}

fn starting_at(scenarios: Vec<Scenario>, start: &str) -> Result<Vec<Scenario>, Failure> {
    let time: jiff::civil::Time = start.parse().map_err(|error| {
        let cause = format!("--start {start:?}: {error}");
        Failure::usage(cause, "write a time of day, for example `--start 09:12`")
    })?;
    let moved = scenarios.into_iter().map(|scenario| {
        let name = scenario.name.clone();
        scenario.starting_at(time).map_err(|error| {
            Failure::usage(
                format!("scenario {name} cannot start at {start}: {error}"),
                "",
            )
        })
    });
    moved.collect()
}
