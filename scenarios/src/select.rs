//! What `--scenario NAME|FILE` means.

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_sim::scenario::Scenario;
use thiserror::Error;

use crate::{catalogue, nearest};

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

/// Fetches the YAML sources under a path: `None` when nothing is there, an error when what is there
/// cannot be read.
pub type Fetch<'a> = &'a mut dyn FnMut(&str) -> Result<Option<Vec<Source>>, String>;

/// The scenarios that were asked for, in that order; the whole catalogue when nothing was.
///
/// Each of `wanted` is a name of the catalogue (`market-open/errors-2`), a traffic or a fault
/// (`market-open`, `errors-2`: all that have it), or a path to a file or a folder of YAML files.
/// The catalogue goes first: write `./market-open` for a folder of that name.
///
/// # Errors
/// Everything that was not found, at once. Mistakes inside files go to `diagnostics`.
pub fn select<S: AsRef<str>>(
    wanted: &[S],
    fetch: Fetch<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Scenario>, Vec<SelectError>> {
    let mut selection = Selection::default();
    if wanted.is_empty() {
        selection.embedded(catalogue::files().iter(), diagnostics);
    }
    for name in wanted.iter().map(AsRef::as_ref) {
        if catalogue::matching(name).next().is_some() {
            selection.embedded(catalogue::matching(name), diagnostics);
            continue;
        }
        match fetch(name) {
            Ok(Some(sources)) => selection.sources(name, &sources, diagnostics),
            Ok(None) => selection.errors.push(unknown(name)),
            Err(why) => selection.errors.push(SelectError::Unreadable(why)),
        }
    }
    if selection.errors.is_empty() {
        Ok(selection.scenarios)
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

#[derive(Default)]
struct Selection {
    scenarios: Vec<Scenario>,
    /// Files of the catalogue that are in already.
    taken: Vec<&'static str>,
    errors: Vec<SelectError>,
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
                self.add(&file.source(), diagnostics);
            }
        }
    }

    fn sources(&mut self, name: &str, sources: &[Source], diagnostics: &mut Diagnostics) {
        let before = (self.scenarios.len(), self.errors.len());
        let mut found = Diagnostics::new();
        for source in sources {
            self.add(source, &mut found);
        }
        let nothing = (self.scenarios.len(), self.errors.len()) == before && !found.has_errors();
        diagnostics.extend(found);
        if nothing {
            self.errors.push(SelectError::Empty(name.to_owned()));
        }
    }

    fn add(&mut self, source: &Source, diagnostics: &mut Diagnostics) {
        for scenario in crate::read(source, diagnostics) {
            if self
                .scenarios
                .iter()
                .any(|other| other.name == scenario.name)
            {
                self.errors.push(SelectError::Duplicate {
                    name: scenario.name.to_string(),
                    file: source.file.to_string(),
                });
            } else {
                self.scenarios.push(scenario);
            }
        }
    }
}

#[cfg(test)]
mod tests;
