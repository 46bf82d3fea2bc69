//! What `--scenario NAME|FILE` means.

use std::io;
use std::path::{Path, PathBuf};

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
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file or folder without a scenario.
    #[error("{} holds no scenario (a scenario has `kind: Scenario`)", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
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
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Scenario>, Vec<SelectError>> {
    let mut selection = Selection::default();
    if wanted.is_empty() {
        selection.embedded(catalogue::files().iter(), diagnostics);
    }
    for name in wanted.iter().map(AsRef::as_ref) {
        if catalogue::matching(name).next().is_some() {
            selection.embedded(catalogue::matching(name), diagnostics);
        } else if Path::new(name).exists() {
            selection.path(Path::new(name), diagnostics);
        } else {
            selection.errors.push(unknown(name));
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

    fn path(&mut self, path: &Path, diagnostics: &mut Diagnostics) {
        let before = (self.scenarios.len(), self.errors.len());
        let mut found = Diagnostics::new();
        match yaml_files(path) {
            Ok(files) => files.iter().for_each(|file| self.file(file, &mut found)),
            Err(error) => self.unreadable(path, error),
        }
        let nothing = (self.scenarios.len(), self.errors.len()) == before && !found.has_errors();
        diagnostics.extend(found);
        if nothing {
            let path = path.to_owned();
            self.errors.push(SelectError::Empty { path });
        }
    }

    fn file(&mut self, path: &Path, diagnostics: &mut Diagnostics) {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let file = path.display().to_string().into();
                let text = text.into();
                self.add(&Source { file, text }, diagnostics);
            }
            Err(error) => self.unreadable(path, error),
        }
    }

    fn unreadable(&mut self, path: &Path, error: io::Error) {
        let path = path.to_owned();
        self.errors.push(SelectError::Unreadable { path, error });
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

/// The path itself if it is a file; else the YAML files under it, in order of their names.
fn yaml_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path)?;
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path();
        // The entry's own type, so that a link to a parent does not lead round in circles.
        if entry.file_type()?.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
