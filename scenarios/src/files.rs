//! Files that scenarios name. Reading them is the business of whoever has a disk.

use std::path::Path;

use coalmine_policy::source::Source;

/// Reads files for this crate, which never does so itself.
pub trait Files {
    /// The YAML sources under a path of the command line: `None` when nothing is there.
    ///
    /// # Errors
    /// Why what is there cannot be read.
    fn under(&mut self, path: &str) -> Result<Option<Vec<Source>>, String>;

    /// The text of one file that a scenario names, by its path as seen from the working folder.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence fragment.
    fn text(&mut self, path: &str) -> Result<Source, String>;
}

/// A world without files: the catalogue, which needs none, or text that came from nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn under(&mut self, _: &str) -> Result<Option<Vec<Source>>, String> {
        Ok(None)
    }

    fn text(&mut self, path: &str) -> Result<Source, String> {
        Err(format!("no files can be read here, and so not {path}"))
    }
}

/// The path of a file that is named in another one; standard input stands in the working folder.
pub(crate) fn beside(file: &str, path: &str) -> String {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let whole = folder.join(path);
    // `./` in the middle helps nobody who reads a message.
    let parts = whole.components();
    let parts = parts.filter(|part| !matches!(part, std::path::Component::CurDir));
    let clean: std::path::PathBuf = parts.collect();
    clean.display().to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A disk of a few texts, by path.
    pub(crate) struct Shelf<'a>(pub(crate) &'a [(&'a str, &'a str)]);

    impl Files for Shelf<'_> {
        fn under(&mut self, path: &str) -> Result<Option<Vec<Source>>, String> {
            let under =
                |file: &&(&str, &str)| file.0 == path || file.0.starts_with(&format!("{path}/"));
            let found: Vec<_> = self.0.iter().filter(under).map(source).collect();
            Ok((!found.is_empty()).then_some(found))
        }

        fn text(&mut self, path: &str) -> Result<Source, String> {
            let file = self.0.iter().find(|(file, _)| *file == path);
            file.map(source)
                .ok_or_else(|| format!("no such file: {path}"))
        }
    }

    fn source((file, text): &(&str, &str)) -> Source {
        Source {
            file: (*file).into(),
            text: (*text).into(),
        }
    }

    #[test]
    fn a_file_is_looked_for_beside_the_one_that_names_it() {
        for (file, path, whole) in [
            ("a.yaml", "b.csv", "b.csv"),
            ("x/a.yaml", "./b.csv", "x/b.csv"),
            ("x/a.yaml", "../y/b.csv", "x/../y/b.csv"),
            ("x/a.yaml", "/b.csv", "/b.csv"),
            ("<stdin>", "./b.csv", "b.csv"),
        ] {
            assert_eq!(beside(file, path), whole);
        }
    }
}
