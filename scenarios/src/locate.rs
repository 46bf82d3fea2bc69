//! From a place in a query to its place in the manifest.
//!
//! What a controller sends is the manifest's text with white space changed (block scalars lose
//! their indentation, Flagger joins lines) and, where it is a template, with names filled in.

use coalmine_policy::source::Position;

/// A query as it is sent, and the line of the manifest at which it begins.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The text as sent.
    pub text: &'a str,
    /// 1-based; 0 when the query is the controller's own.
    pub line: usize,
}

impl Query<'_> {
    /// The place in the manifest of `part`, which stands at byte `offset` of the query.
    #[must_use]
    pub fn place(&self, manifest: &str, offset: usize, part: &str) -> Option<Position> {
        if self.line == 0 || part.is_empty() {
            return None;
        }
        let lines = manifest.split_inclusive('\n').take(self.line - 1);
        let from: usize = lines.map(str::len).sum();
        let rest = manifest.get(from..)?;
        let before = self.text.get(..offset).unwrap_or_default();
        // A filled-in template differs from the manifest; then the first mention has to do.
        let in_rest = rest
            .char_indices()
            .find_map(|(at, _)| skip_alike(rest.get(at..)?, before, part).map(|skip| at + skip))
            .or_else(|| rest.find(part))?;
        let start = from + in_rest;
        let line_start = manifest.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        Some(Position {
            line: manifest.get(..start)?.matches('\n').count() + 1,
            column: manifest.get(line_start..start)?.chars().count() + 1,
            start,
            end: start + part.len(),
        })
    }
}

/// How many bytes of `manifest` hold the same characters as `before`, white space apart, when `part`
/// follows.
fn skip_alike(manifest: &str, before: &str, part: &str) -> Option<usize> {
    let mut found = manifest.char_indices().filter(|(_, c)| !c.is_whitespace());
    for wanted in before.chars().filter(|c| !c.is_whitespace()) {
        if found.next()?.1 != wanted {
            return None;
        }
    }
    let (at, _) = found.next()?;
    manifest.get(at..)?.starts_with(part).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(manifest: &str, text: &str, line: usize, part: &str) -> (usize, usize) {
        let offset = text.rfind(part).expect("is in the query");
        let found = Query { text, line }.place(manifest, offset, part);
        found.map_or((0, 0), |position| (position.line, position.column))
    }

    #[test]
    fn the_right_mention_is_found_through_other_white_space() {
        let manifest = "query: |\n  sum(a) /\n    sum(a{b=\"c\"})\n";
        assert_eq!(place(manifest, "sum(a) / sum(a{b=\"c\"})", 1, "a{"), (3, 9));
        assert_eq!(
            place(manifest, "sum(a) /\n  sum(a{b=\"c\"})\n", 1, "sum"),
            (3, 5)
        );
    }

    #[test]
    fn a_filled_in_template_leads_to_the_first_mention() {
        let manifest = "x: 1\nquery: sum({{ target }}) / bad_name\n";
        assert_eq!(
            place(manifest, "sum(api) / bad_name", 2, "bad_name"),
            (2, 28)
        );
    }
}
