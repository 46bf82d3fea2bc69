//! Files that are there whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::failure::Failure;

/// Writes a file through a temporary one beside it, so that no reader ever sees half of it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::Write(path.to_owned(), error);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written =
        std::fs::write(&temporary, content).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of it helps nobody; the first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

/// Makes a folder, and those above it.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let mut above = folder.ancestors();
        match above.find(|path| path.exists() && !path.is_dir()) {
            Some(file) => Failure::usage(
                format!(
                    "cannot make the folder {}: the file {} is in the way",
                    folder.display(),
                    file.display()
                ),
                "name a folder, for example `--out results/`",
            ),
            None => Failure::Write(folder.to_owned(), error),
        }
    })
}

/// What a report writes.
pub(crate) fn bytes(
    write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| Failure::Write("the report".into(), error))?;
    Ok(bytes)
}

/// Prints to standard output.
pub(crate) fn print(content: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::Write("standard output".into(), error);
    let mut out = std::io::stdout().lock();
    out.write_all(content).map_err(failed)?;
    out.flush().map_err(failed)
}
