//! `# coalmine: allow CM05`: on the line itself, above the key that is meant with all below it, or at the
//! head of an object for all of it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use coalmine_policy::source::Source;

use super::catalogue::{CM90, CM91, rule};
use super::check::finding;
use super::values::position;
use crate::finding::Finding;

const MARK: &str = "coalmine: allow";

/// A comment that allows one rule.
struct Allowance {
    file: Arc<str>,
    id: &'static str,
    lines: RangeInclusive<usize>,
    at: coalmine_policy::source::Position,
}

/// The findings that nobody allowed, with what is odd about the comments.
pub(super) fn without_allowed(findings: Vec<Finding>, sources: &[Source]) -> Vec<Finding> {
    let mut kept = Vec::new();
    let mut allowances = Vec::new();
    for source in sources {
        read(source, &mut allowances, &mut kept);
    }
    let mut used = vec![false; allowances.len()];
    for one in findings {
        let mut is_allowed = false;
        for (allowance, used) in allowances.iter().zip(&mut used) {
            let fits = allowance.file == one.file
                && allowance.id == one.rule.id
                && allowance.lines.contains(&one.position.line);
            is_allowed |= fits;
            *used |= fits;
        }
        if !is_allowed {
            kept.push(one);
        }
    }
    for (allowance, _) in allowances.iter().zip(used).filter(|(_, used)| !used) {
        let message = format!("{} finds nothing here", allowance.id);
        kept.push(finding(
            &CM91,
            &allowance.file,
            allowance.at,
            message,
            "remove the comment",
        ));
    }
    kept
}

fn read(source: &Source, allowances: &mut Vec<Allowance>, odd: &mut Vec<Finding>) {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut start = 0;
    for (index, line) in source.text.split_inclusive('\n').enumerate() {
        let at = line
            .find('#')
            .zip(line.find(MARK))
            .filter(|(hash, mark)| hash < mark);
        if let Some((hash, mark)) = at {
            let words = &line[mark + MARK.len()..];
            for word in words
                .split([' ', ',', '\t', '\r', '\n'])
                .filter(|w| !w.is_empty())
            {
                // Reasons may follow the ids.
                if !word.chars().any(|c| c.is_ascii_digit()) && rule(word).is_none() {
                    break;
                }
                let offset = start + mark + MARK.len() + words.find(word).unwrap_or(0);
                let place = position(&source.text, offset, word.len());
                match rule(word) {
                    Some(rule) => allowances.push(Allowance {
                        file: source.file.clone(),
                        id: rule.id,
                        lines: reach(&lines, index, line[..hash].trim().is_empty()),
                        at: place,
                    }),
                    None => {
                        let message = format!("there is no rule `{word}`");
                        odd.push(finding(
                            &CM90,
                            &source.file,
                            place,
                            message,
                            "correct the id",
                        ));
                    }
                }
            }
        }
        start += line.len();
    }
}

/// The lines, from 1 on, that a comment speaks of.
fn reach(lines: &[&str], index: usize, is_alone: bool) -> RangeInclusive<usize> {
    if !is_alone {
        return index + 1..=index + 1;
    }
    let is_break = |line: &str| line.starts_with("---");
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    let before = lines[..index]
        .iter()
        .rev()
        .take_while(|line| !is_break(line));
    let at_head = !before.clone().any(is_content);
    if at_head {
        let rest = lines[index..].iter().take_while(|line| !is_break(line));
        return index + 1..=index + rest.count();
    }
    let Some(next) = (index + 1..lines.len()).find(|at| is_content(&lines[*at])) else {
        return index + 1..=index + 1;
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[next]);
    // A list's item reaches over its mapping, whose keys stand two columns further.
    let below = lines[next + 1..]
        .iter()
        .take_while(|line| line.trim().is_empty() || indent(line) > own);
    index + 1..=next + 1 + below.count()
}
