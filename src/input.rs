//! Files and standard input as sources.

use std::io::Read;
use std::path::{Path, PathBuf};

use coalmine_policy::source::Source;

use crate::failure::Failure;

/// The name of standard input in messages.
const STDIN: &str = "<stdin>";

/// Reads files, folders (their `.yaml` and `.yml` files, in order of name, folders within included)
/// and `-`.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(read_stdin()?);
        } else if path.is_dir() {
            let before = sources.len();
            read_folder(path, &mut sources)?;
            if sources.len() == before {
                let cause = format!("no .yaml or .yml file in folder {}", path.display());
                return Err(Failure::usage(cause, "name a folder with manifests"));
            }
        } else {
            sources.push(read_file(path)?);
        }
    }
    if let Some(empty) = sources.iter().find(|source| source.text.trim().is_empty()) {
        let cause = format!("{} is empty", empty.file);
        return Err(Failure::usage(cause, "name a file with manifests"));
    }
    Ok(sources)
}

/// Reads one file.
pub(crate) fn read_file(path: &Path) -> Result<Source, Failure> {
    let cannot = |why: String| Failure::usage(format!("cannot read {}: {why}", path.display()), "");
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let cause = format!("no such file: {}", path.display());
            Failure::usage(cause, "check the path; `-` reads standard input")
        }
        _ => cannot(error.to_string()),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        cannot(format!("byte {at} is no UTF-8; manifests are text"))
    })?;
    Ok(Source {
        file: path.display().to_string().into(),
        text: text.into(),
    })
}

fn read_stdin() -> Result<Source, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read standard input: {error}"), ""))?;
    Ok(Source {
        file: STDIN.into(),
        text: text.into(),
    })
}

fn read_folder(folder: &Path, sources: &mut Vec<Source>) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}", folder.display()), "")
    };
    let entries = std::fs::read_dir(folder).map_err(cannot)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(cannot)?;
    paths.sort();
    for path in paths {
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        // Links are not followed into folders: they could lead in circles.
        if path.is_dir() && !path.is_symlink() {
            read_folder(&path, sources)?;
        } else if is_yaml && path.is_file() {
            sources.push(read_file(&path)?);
        }
    }
    Ok(())
}
