//! `spec.extends`: a variant of another scenario.
//!
//! The other is named as in the catalogue (`steady/healthy`), or by its file: `./base.yaml`, seen
//! from the folder of the file that says so, with `#name` where the file holds several. Mappings
//! merge deeply; lists and single values replace what they extend, and `null` takes it away
//! (`fault: null` is the healthy variant). What tells about the base alone, its `title` and its
//! `reason`, is not taken over.

mod base;

use coalmine_policy::source::{Diagnostics, Document, Kind, Position};
use coalmine_sim::scenario::Scenario;

use super::document;
use super::joined::Joined;
use crate::Files;
use base::Base;

/// What a base says about itself.
const OWN: [&str; 3] = ["title", "reason", "extends"];

/// Bases of bases: deeper than anybody can follow. Cycles are found sooner, unless links on the disk
/// hide them.
const DEPTH_MAX: usize = 16;

/// A scenario on the way to what is extended in the end.
#[derive(Clone, PartialEq, Eq)]
struct Link {
    /// A file without detours, or a name of the catalogue.
    file: String,
    name: String,
}

/// Reads a scenario with all that it extends.
pub(super) fn read(
    document: &Document,
    files: &mut dyn Files,
    found: &mut Diagnostics,
) -> Option<Scenario> {
    let first = Link {
        file: base::without_detours(&document.source.file),
        name: document.name.clone(),
    };
    Reading { files }.read(document, &[first], found)
}

struct Reading<'a> {
    files: &'a mut dyn Files,
}

/// A document together with its base.
struct Resolved {
    joined: Joined,
    /// The base alone, with the links that lead to it, and where it is named.
    base: Option<(Document, Vec<Link>, Position)>,
}

impl Reading<'_> {
    fn read(
        &mut self,
        document: &Document,
        chain: &[Link],
        found: &mut Diagnostics,
    ) -> Option<Scenario> {
        let Resolved { joined, base } = self.resolve(document, chain, found)?;
        let mut told = Diagnostics::new();
        let scenario = document::read(&joined, self.files, &mut told);
        match base {
            Some((base, chain, at)) if !told.is_empty() => {
                let mut of_base = Diagnostics::new();
                self.read(&base, &chain, &mut of_base);
                bring_home(&told, &joined, &of_base, at, found);
            }
            _ => found.extend(told),
        }
        scenario
    }

    /// The document with what it extends laid under it; `None` after a complaint.
    fn resolve(
        &mut self,
        document: &Document,
        chain: &[Link],
        found: &mut Diagnostics,
    ) -> Option<Resolved> {
        let extends = document.root.at(&["spec", "extends"]);
        let Some(at) = extends.filter(|node| !matches!(node.kind, Kind::Null)) else {
            let joined = Joined::alone(document.clone());
            return Some(Resolved { joined, base: None });
        };
        let mut refuse = |message: String, help: String| {
            found.push(document.error(at.position, message, help));
        };
        let Some(name) = at.as_str() else {
            let message = format!("`spec.extends` is {}, not a name", at.kind.name());
            let help = "write for example `extends: steady/healthy` or `extends: ./base.yaml`";
            refuse(message, help.to_owned());
            return None;
        };
        let base = match Base::find(name, document, self.files) {
            Ok(base) => base,
            Err((message, help)) => {
                refuse(format!("`spec.extends` {message}"), help);
                return None;
            }
        };
        let Base { source, only, link } = base;
        let base = base::choose(&source, only, document, at.position, found)?;
        let link = Link {
            file: link,
            name: base.name.clone(),
        };
        let shown = |links: &[Link]| {
            let files: Vec<&str> = links.iter().map(|link| link.file.as_str()).collect();
            files.join(" → ")
        };
        let mut longer = chain.to_vec();
        longer.push(link.clone());
        if chain.contains(&link) {
            let message = format!("`{name}` extends itself: {}", shown(&longer));
            let help = "one of them must stand alone".to_owned();
            found.push(document.error(at.position, message, help));
            return None;
        }
        if chain.len() > DEPTH_MAX {
            let message = format!("extends too much: {}", shown(&longer));
            let help = format!("at most {DEPTH_MAX} bases can follow each other");
            found.push(document.error(at.position, message, help));
            return None;
        }
        let below = self.resolve(&base, &longer, found)?;
        let mut joined = Joined::alone(document.clone());
        joined.lay_under(below.joined, &OWN);
        let base = Some((base, longer, at.position));
        Some(Resolved { joined, base })
    }
}

/// Tells each mistake in its file. One in a base that is right alone comes from joining the two, and
/// is told where the base is named.
fn bring_home(
    told: &Diagnostics,
    joined: &Joined,
    of_base: &Diagnostics,
    extends: Position,
    found: &mut Diagnostics,
) {
    let own = &joined.document.source.file;
    for diagnostic in told.iter() {
        let mut diagnostic = diagnostic.clone();
        let elsewhere = joined.elsewhere(diagnostic.position);
        // Files that the scenario names have places of their own.
        if let Some((file, position)) = elsewhere.filter(|_| diagnostic.file == *own) {
            diagnostic.file = file.clone();
            diagnostic.position = position;
            if !of_base.iter().any(|known| *known == diagnostic) {
                diagnostic.file = own.clone();
                diagnostic.position = extends;
                let Position { line, column, .. } = position;
                diagnostic.message += &format!(" (in {file}:{line}:{column})");
            }
        }
        found.push(diagnostic);
    }
}
