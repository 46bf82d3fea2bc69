//! What `--scenario NAME|FILE|FILE#NAME` means.

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_sim::scenario::Scenario;
use thiserror::Error;

use crate::suite::Digest;
use crate::{Files, NoFiles, catalogue, nearest};

/// Why a scenario cannot be found.
#[derive(Debug, Error)]
pub enum SelectError {
    /// Neither in the catalogue nor a path.
    #[error("no scenario and no file is named `{name}`{}\n{}", did_you_mean(.nearest), listing())]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar names.
        nearest: Option<String>,
    },
    /// A file or folder that cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A file or folder without a scenario.
    #[error("{0} holds no scenario (a scenario has `kind: Scenario`)")]
    Empty(String),
    /// A file without the scenario that was asked for.
    #[error("{file} holds no scenario named `{name}`{} (it has {held})", did_you_mean(.nearest))]
    NotInFile {
        /// The file or folder.
        file: String,
        /// What was asked for.
        name: String,
        /// The most similar name in it.
        nearest: Option<String>,
        /// All names in it.
        held: String,
    },
    /// Two scenarios with one name: reports could not tell them apart.
    #[error("two scenarios are named `{name}`, the second in {file} (rename one: `metadata.name`)")]
    Duplicate {
        /// The name.
        name: String,
        /// The file of the second.
        file: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    let sentence = |name: &String| format!(" (did you mean `{name}`?)");
    nearest.as_ref().map(sentence).unwrap_or_default()
}

fn listing() -> String {
    let names: Vec<&str> = catalogue::names().collect();
    format!("the catalogue has {}", names.join(", "))
}

/// A scenario that was asked for.
#[derive(Debug)]
pub struct Selected {
    /// What happens.
    pub scenario: Scenario,
    /// What chooses it and nothing else when it is asked for alone: a name of the catalogue, a
    /// file, or `FILE#NAME` where the file holds several.
    pub argument: String,
    /// The index of what it was asked for by; 0 where nothing was.
    pub asked: usize,
    /// The name of the text that it stands in.
    pub digest: Digest,
}

/// The scenarios that were asked for, in that order; the default suite when nothing was.
///
/// Each of `wanted` is a name of the catalogue (`market-open/errors-2`), a traffic or a fault
/// (`market-open`, `errors-2`: all that have it), names with a `*` (`incidents/*`), a suite
/// (`default`), or a path to a file or a folder of YAML files;
/// `PATH#NAME` is the one of this name there.
/// The catalogue goes first: write `./market-open` for a folder of that name.
///
/// # Errors
/// Everything that was not found, at once. Mistakes inside files go to `diagnostics`.
pub fn select<S: AsRef<str>>(
    wanted: &[S],
    files: &mut dyn Files,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Selected>, Vec<SelectError>> {
    let mut selection = Selection::default();
    if wanted.is_empty() {
        selection.embedded(catalogue::suite(catalogue::DEFAULT_SUITE), diagnostics);
    }
    for (asked, name) in wanted.iter().map(AsRef::as_ref).enumerate() {
        selection.asked = asked;
        let embedded = catalogue::matching(name);
        if !embedded.is_empty() {
            selection.embedded(embedded.into_iter(), diagnostics);
            continue;
        }
        match fetch_part(name, files) {
            Ok(Some(part)) => selection.part(&part, files, diagnostics),
            Ok(None) => selection.errors.push(unknown(name)),
            Err(why) => selection.errors.push(SelectError::Unreadable(why)),
        }
    }
    if selection.errors.is_empty() {
        Ok(selection.chosen)
    } else {
        Err(selection.errors)
    }
}

fn unknown(name: &str) -> SelectError {
    let parts = catalogue::names().filter_map(|name| name.split_once('/'));
    let parts = parts.flat_map(|(traffic, fault)| [traffic, fault]);
    // Whole names go first where one has a slash, parts where it has not.
    let names: Vec<&str> = if name.contains('/') {
        catalogue::names().chain(parts).collect()
    } else {
        parts.chain(catalogue::names()).collect()
    };
    SelectError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, names).map(str::to_owned),
    }
}

/// What is under a path, and which one of it is wanted.
struct Part<'a> {
    path: &'a str,
    sources: Vec<Source>,
    only: Option<&'a str>,
}

/// A path may have a `#` in it, and so may a name: the shortest path that is there counts, but the
/// whole goes first.
fn fetch_part<'a>(wanted: &'a str, files: &mut dyn Files) -> Result<Option<Part<'a>>, String> {
    let parts = wanted.match_indices('#').map(|(at, _)| {
        let (path, name) = wanted.split_at(at);
        (path, Some(&name[1..]))
    });
    for (path, only) in std::iter::once((wanted, None)).chain(parts) {
        if path.is_empty() {
            continue;
        }
        if let Some(sources) = files.under(path)? {
            return Ok(Some(Part {
                path,
                sources,
                only,
            }));
        }
    }
    Ok(None)
}

#[derive(Default)]
struct Selection {
    chosen: Vec<Selected>,
    /// Files of the catalogue that are in already.
    taken: Vec<&'static str>,
    errors: Vec<SelectError>,
    /// The index of what is being looked for.
    asked: usize,
}

impl Selection {
    fn embedded(
        &mut self,
        files: impl Iterator<Item = &'static crate::Embedded>,
        diagnostics: &mut Diagnostics,
    ) {
        for file in files {
            // `market-open market-open/errors-2` asks for one of them twice.
            if !self.taken.contains(&file.label) {
                self.taken.push(file.label);
                for scenario in crate::read(&file.source(), &mut NoFiles, diagnostics) {
                    self.add(scenario, file.label.to_owned(), &file.source());
                }
            }
        }
    }

    fn part(&mut self, part: &Part<'_>, files: &mut dyn Files, diagnostics: &mut Diagnostics) {
        let mut found = Diagnostics::new();
        let mut names = Vec::new();
        for source in &part.sources {
            // Standard input has a name for messages and another on the command line.
            let file = if part.path == "-" { "-" } else { &source.file };
            let scenarios = crate::read(source, files, &mut found);
            let alone = scenarios.len() == 1;
            for scenario in scenarios {
                names.push(scenario.name.to_string());
                let argument = if alone {
                    file.to_owned()
                } else {
                    format!("{file}#{}", scenario.name)
                };
                if part.only.is_none_or(|only| *scenario.name == *only) {
                    self.add(scenario, argument, source);
                }
            }
        }
        // A scenario with a mistake is left out, and its mistake told.
        if !found.has_errors() {
            self.errors.extend(missing(part, &names));
        }
        diagnostics.extend(found);
    }

    fn add(&mut self, scenario: Scenario, argument: String, source: &Source) {
        let mut chosen = self.chosen.iter();
        if chosen.any(|other| other.scenario.name == scenario.name) {
            self.errors.push(SelectError::Duplicate {
                name: scenario.name.to_string(),
                file: source.file.to_string(),
            });
        } else {
            self.chosen.push(Selected {
                scenario,
                argument,
                asked: self.asked,
                digest: Digest::of_text(&source.text),
            });
        }
    }
}

/// What a path with scenarios of these names lacks.
fn missing(part: &Part<'_>, names: &[String]) -> Option<SelectError> {
    let file = part.path.to_owned();
    match part.only {
        _ if names.is_empty() => Some(SelectError::Empty(file)),
        Some(only) if !names.iter().any(|name| name == only) => Some(SelectError::NotInFile {
            file,
            name: only.to_owned(),
            nearest: nearest(only, names.iter().map(String::as_str)).map(str::to_owned),
            held: names.join(", "),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
