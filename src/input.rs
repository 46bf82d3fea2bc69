//! Files and standard input as sources.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use coalmine_policy::source::{Source, holds_no_object};

use crate::failure::Failure;

/// The name of standard input in messages.
const STDIN: &str = "<stdin>";

/// Bytes of a file that another one names: a day in seconds has two million.
const BESIDE_MAX: u64 = 16 << 20;

/// Reads files, folders (their `.yaml` and `.yml` files, in order of name, folders within included)
/// and `-`. A file that is named twice is read once.
///
/// Files of folders that hold no Kubernetes object are passed over and named on standard error;
/// one that was named itself must hold text.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut reading = Reading::default();
    for path in paths {
        if path.as_os_str() == "-" {
            reading.named(read_stdin()?)?;
        } else if path.is_dir() {
            reading.whole_folder(path)?;
        } else if reading.is_new(path) {
            reading.named(read_file(path)?)?;
        }
    }
    if !reading.skipped.is_empty() {
        anstream::eprintln!("skipped {}\n", reading.passed_over());
    }
    Ok(reading.sources)
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    sources: Vec<Source>,
    /// Files of folders that hold no object.
    skipped: Vec<String>,
    /// Files that were read, each by its one true path.
    known: BTreeSet<PathBuf>,
}

impl Reading {
    /// Whether this file comes for the first time.
    fn is_new(&mut self, path: &Path) -> bool {
        // One that does not exist is told by who reads it.
        path.canonicalize()
            .map_or(true, |path| self.known.insert(path))
    }

    fn named(&mut self, source: Source) -> Result<(), Failure> {
        if source.text.trim().is_empty() {
            let cause = format!("{} is empty", source.file);
            return Err(Failure::usage(cause, "name a file with manifests"));
        }
        self.sources.push(source);
        Ok(())
    }

    fn whole_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let before = (self.sources.len(), self.skipped.len());
        let name = folder.display();
        let cause = if self.folder(folder)? == 0 {
            format!("no .yaml or .yml file in folder {name}")
        } else if self.sources.len() == before.0 && self.skipped.len() > before.1 {
            format!("nothing to read in folder {name}: {}", self.passed_over())
        } else {
            return Ok(());
        };
        Err(Failure::usage(cause, "name a folder with manifests"))
    }

    /// How many YAML files there are.
    fn folder(&mut self, folder: &Path) -> Result<usize, Failure> {
        let mut count = 0;
        for path in entries(folder)? {
            let is_yaml = path
                .extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml");
            // Links are not followed into folders: they could lead in circles.
            if path.is_dir() && !path.is_symlink() {
                count += self.folder(&path)?;
            } else if is_yaml && path.is_file() {
                count += 1;
                if self.is_new(&path) {
                    self.found(&path)?;
                }
            }
        }
        Ok(count)
    }

    /// A file that nobody named: it may be anything.
    fn found(&mut self, path: &Path) -> Result<(), Failure> {
        match String::from_utf8(read_bytes(path)?) {
            Ok(text) if !holds_no_object(&source(path, &text)) => {
                self.sources.push(source(path, &text));
            }
            _ => self.skipped.push(path.display().to_string()),
        }
        Ok(())
    }

    fn passed_over(&self) -> String {
        let (count, hold) = match self.skipped.len() {
            1 => ("1 file".to_owned(), "holds"),
            n => (format!("{n} files"), "hold"),
        };
        let names = self.skipped.join(", ");
        format!("{count} that {hold} no Kubernetes object: {names}")
    }
}

/// What is in a folder, in order of name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}", folder.display()), "")
    };
    let mut paths = std::fs::read_dir(folder)
        .map_err(cannot)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(cannot)?;
    paths.sort();
    Ok(paths)
}

fn source(path: &Path, text: &str) -> Source {
    Source {
        file: path.display().to_string().into(),
        text: text.into(),
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let cause = format!("no such file: {}", path.display());
            Failure::usage(cause, "check the path; `-` reads standard input")
        }
        _ => Failure::usage(format!("cannot read {}: {error}", path.display()), ""),
    })
}

/// Reads one file.
pub(crate) fn read_file(path: &Path) -> Result<Source, Failure> {
    let text = String::from_utf8(read_bytes(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let why = format!("byte {at} is no UTF-8 text");
        Failure::usage(format!("cannot read {}: {why}", path.display()), "")
    })?;
    Ok(source(path, &text))
}

/// Reads one file of any kind, or standard input.
pub(crate) fn read_one(path: &Path) -> Result<Source, Failure> {
    if path.as_os_str() == "-" {
        read_stdin()
    } else {
        read_file(path)
    }
}

/// Reads a file that another file names, which may be anything: a device, or far too large.
pub(crate) fn read_beside(path: &Path) -> Result<Source, Failure> {
    let name = path.display();
    if let Ok(metadata) = std::fs::metadata(path) {
        if !metadata.is_file() {
            return Err(Failure::usage(format!("{name} is no file"), ""));
        }
        if metadata.len() > BESIDE_MAX {
            let size = metadata.len();
            let cause = format!("{name} has {size} bytes, more than {BESIDE_MAX}");
            return Err(Failure::usage(cause, ""));
        }
    }
    read_file(path)
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
