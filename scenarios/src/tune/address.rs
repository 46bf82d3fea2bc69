//! Addresses of values as a user types them: `steps[1].pause`, `metrics[success-rate].failureLimit`,
//! `AnalysisTemplate/success-rate:spec.metrics[0].interval`.

use std::fmt;

/// An address, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Which object is meant: its kind, or its kind and name; any when absent.
    pub object: Option<(String, Option<String>)>,
    /// The way from there.
    pub steps: Vec<Step>,
}

/// One step of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
    /// The item of a list whose `name` is this.
    Named(String),
    /// Every item of a list.
    Every,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (object, path) = match text.split_once(':') {
            Some((object, path)) => (Some(parse_object(object)?), path),
            None => (None, text),
        };
        let mut steps = Vec::new();
        for part in split_at_dots(path) {
            parse_part(part, &mut steps).map_err(|why| format!("address {text:?}: {why}"))?;
        }
        Ok(Self { object, steps })
    }
}

fn parse_object(text: &str) -> Result<(String, Option<String>), String> {
    let (kind, name) = match text.split_once('/') {
        Some((kind, name)) => (kind, Some(name)),
        None => (text, None),
    };
    if kind.is_empty() || name == Some("") {
        return Err(format!(
            "{text:?} names no object; write `Kind/name:` or `Kind:` before the path"
        ));
    }
    Ok((kind.to_owned(), name.map(str::to_owned)))
}

/// Dots within brackets belong to a name.
fn split_at_dots(path: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in path.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                parts.push(&path[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[from..]);
    parts
}

fn parse_part(part: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
    if key.is_empty() {
        return Err("a key is missing; write for example `analysis.threshold`".to_owned());
    }
    steps.push(Step::Key(key.to_owned()));
    while let Some(after) = rest.strip_prefix('[') {
        let Some((index, after)) = after.split_once(']') else {
            return Err(format!("a bracket of {part:?} is not closed"));
        };
        steps.push(match index.trim() {
            "*" => Step::Every,
            "" => {
                return Err(format!(
                    "the brackets of {part:?} are empty: write a number, from 0, a name, or `*`"
                ));
            }
            number if number.bytes().all(|b| b.is_ascii_digit()) => Step::Index(
                number
                    .parse()
                    .map_err(|_| format!("{number} is too large"))?,
            ),
            name => Step::Named(name.to_owned()),
        });
        rest = after;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(format!("after the brackets of {part:?} a dot is missing"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some((kind, Some(name))) => write!(f, "{kind}/{name}:")?,
            Some((kind, None)) => write!(f, "{kind}:")?,
            None => {}
        }
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Named(name) => write!(f, "[{name}]")?,
                Step::Every => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for text in [
            "analysis.threshold",
            "spec.strategy.canary.steps[1].pause.duration",
            "metrics[success-rate].failureLimit",
            "metrics[a.b].interval",
            "steps[*].pause",
            "AnalysisTemplate/success-rate:spec.metrics[0].interval",
            "Canary:spec.analysis.stepWeights[2]",
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, wanted) in [
            ("", "a key is missing"),
            ("a..b", "a key is missing"),
            ("a[1", "not closed"),
            ("a[]", "are empty"),
            ("a[1]b", "a dot is missing"),
            ("/x:a", "names no object"),
            ("Canary/:a", "names no object"),
            ("a[99999999999999999999999]", "too large"),
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
