//! Numbers to try conditions with, and places in texts.

use coalmine_policy::flagger::Bound;
use coalmine_policy::source::{Node, Position};

use super::check::{Check, Judge};

/// Numbers between which the verdict of a check may change: those that its conditions name, and
/// some below, between and above them.
pub(super) fn values(check: &Check) -> Vec<f64> {
    let mut named = vec![0.0, 1.0];
    match &check.judge {
        Judge::Flagger(flagger) => match flagger.bound {
            Bound::Threshold(limit) => named.push(limit),
            Bound::Range { min, max } => named.extend(min.into_iter().chain(max)),
        },
        _ => {
            for field in ["successCondition", "failureCondition"] {
                let text = check.entry.get(field).and_then(Node::as_str);
                named.extend(text.into_iter().flat_map(numbers));
            }
            if let Some(metric) = check.argo() {
                let tests = [&metric.success, &metric.failure];
                named.extend(
                    tests
                        .into_iter()
                        .flatten()
                        .flat_map(|test| numbers(&test.text)),
                );
            }
        }
    }
    named.retain(|value| value.is_finite());
    named.sort_by(f64::total_cmp);
    named.dedup();
    let between = named.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
    let around = named.iter().flat_map(|value| [value - 1e-6, value + 1e-6]);
    let mut all: Vec<f64> = between.chain(around).chain(named.iter().copied()).collect();
    let top = named.last().copied().unwrap_or(1.0).abs();
    all.extend([-1.0, top * 2.0 + 1.0, top * 1e6 + 1.0]);
    all.sort_by(f64::total_cmp);
    all
}

/// The numbers in a condition.
fn numbers(text: &str) -> Vec<f64> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    words
        .filter_map(|word| word.trim_matches('.').parse().ok())
        .collect()
}

/// The place of a stretch of a text.
pub(super) fn position(text: &str, start: usize, len: usize) -> Position {
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        start,
        end: start + len,
    }
}

/// A span in words: `90s`, `5m`.
pub(super) fn span(span: coalmine_policy::Span) -> String {
    let seconds = span.as_secs_f64();
    if seconds >= 60.0 && seconds % 60.0 == 0.0 {
        format!("{}m", seconds / 60.0)
    } else if seconds >= 1.0 || seconds == 0.0 {
        format!("{seconds}s")
    } else {
        format!("{}ms", seconds * 1e3)
    }
}

/// A count of requests, for people.
pub(super) fn count(value: f64) -> String {
    if value >= 10.0 || value == value.round() {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
