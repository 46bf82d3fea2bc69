//! The scenario that another one extends.

use std::path::{Component, Path, PathBuf};

use coalmine_policy::source::{Diagnostics, Document, Position, Source, read_documents};

use crate::files::beside;
use crate::read::is_ours;
use crate::{Files, catalogue, nearest};

/// Where it is.
pub(super) struct Base<'n> {
    pub(super) source: Source,
    /// Which of several.
    pub(super) only: Option<&'n str>,
    /// What tells it from others.
    pub(super) link: String,
}

impl<'n> Base<'n> {
    /// Finds what `document` calls `name`; cause and cure when that cannot be.
    pub(super) fn find(
        name: &'n str,
        document: &Document,
        files: &mut dyn Files,
    ) -> Result<Self, (String, String)> {
        let (path, only) = match name.split_once('#') {
            Some((path, only)) => (path, Some(only)),
            None => (name, None),
        };
        if !is_path(path) {
            return Self::of_catalogue(name);
        }
        let path = beside(&document.source.file, path);
        let source = files.text(&path).map_err(|why| {
            let help = "the path is seen from the folder of the file that names it";
            (format!("cannot be used: {why}"), help.to_owned())
        })?;
        let link = without_detours(&path);
        Ok(Self { source, only, link })
    }

    fn of_catalogue(name: &str) -> Result<Self, (String, String)> {
        let Some(file) = catalogue::files().iter().find(|file| file.label == name) else {
            let help = match nearest(name, catalogue::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "`coalmine scenarios` lists the names; a file is named `./base.yaml`".to_owned()
                }
            };
            return Err((format!("is {name:?}, no scenario of the catalogue"), help));
        };
        Ok(Self {
            source: file.source(),
            only: None,
            link: file.label.to_owned(),
        })
    }
}

fn is_path(name: &str) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
    name.starts_with('.') || name.starts_with('/') || is_yaml
}

/// The path without `a/..`, for comparison only: where `a` is a link it may be another file.
pub(super) fn without_detours(path: &str) -> String {
    let mut clean = PathBuf::new();
    for part in Path::new(path).components() {
        let last = clean.components().next_back();
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(last, Some(Component::Normal(_))) => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean.display().to_string()
}

/// The one scenario of a file, or the one of this name; complains at `at` of `document`.
pub(super) fn choose(
    source: &Source,
    only: Option<&str>,
    document: &Document,
    at: Position,
    found: &mut Diagnostics,
) -> Option<Document> {
    let mut told = Diagnostics::new();
    let mut documents = read_documents(source, &mut told);
    documents.retain(|one| is_ours(one, &mut told));
    let bad = told.has_errors();
    found.extend(told);
    let names: Vec<String> = documents.iter().map(|one| one.name.clone()).collect();
    let file = &source.file;
    let fitting = |one: &&Document| only.is_none_or(|only| one.name == only);
    let mut fit = documents.iter().filter(fitting);
    let (message, help) = match (fit.next(), fit.next(), only) {
        (Some(one), None, _) => return Some(one.clone()),
        // What is wrong with the file is told already, in its own place.
        (None, ..) if bad => return None,
        (None, _, Some(only)) => {
            let near = nearest(only, names.iter().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", names.join(", ")),
            };
            (format!("{file} holds no scenario named `{only}`"), help)
        }
        (None, _, None) => {
            let help = "a scenario has `kind: Scenario`".to_owned();
            (format!("{file} holds no scenario"), help)
        }
        (Some(_), Some(_), _) => {
            let message = format!("{file} holds several scenarios: {}", names.join(", "));
            (message, format!("say which: `{file}#{}`", names[0]))
        }
    };
    found.push(document.error(at, format!("`spec.extends`: {message}"), help));
    None
}
