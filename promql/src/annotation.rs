//! Warnings and infos beside an answer, in the words of Prometheus 3.5
//! (util/annotations/annotations.go).

use std::collections::HashSet;

use crate::Labels;

/// How loud an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The answer is probably not what was meant.
    Warning,
    /// Worth a look.
    Info,
}

/// More of one severity are counted rather than shown, as the HTTP API does (web/api/v1:
/// `AsStrings(query, 10, 10)`).
const SHOWN_MAX: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    severity: Severity,
    message: String,
    /// Byte offset of what it is about in the query's text.
    offset: usize,
}

/// What was noticed while a query was evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    notes: Vec<Note>,
    /// Histograms that were looked at in an earlier step, with the place of the function.
    seen: HashSet<(usize, Labels)>,
}

impl Annotations {
    /// One message is kept once, at the place that was noticed last: Prometheus keys them by their
    /// text without the place.
    pub(crate) fn add(&mut self, severity: Severity, message: String, offset: usize) {
        let known = self.notes.iter_mut().find(|note| note.message == message);
        match known {
            Some(note) => note.offset = offset,
            None => self.notes.push(Note {
                severity,
                message,
                offset,
            }),
        }
    }

    /// Whether a histogram is looked at for the first time. Prometheus forgets its name after the
    /// first step of a range (functions.go: `funcHistogramQuantile` drops it in place).
    pub(crate) fn is_new(&mut self, place: usize, histogram: &Labels) -> bool {
        self.seen.insert((place, histogram.clone()))
    }

    /// Whether nothing was noticed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The texts of one severity with `(line:column)` in the query, in the order they were noticed.
    #[must_use]
    pub fn texts(&self, severity: Severity, query: &str) -> Vec<String> {
        let notes = || self.notes.iter().filter(|note| note.severity == severity);
        let (prefix, many) = match severity {
            Severity::Warning => ("PromQL warning", "warning"),
            Severity::Info => ("PromQL info", "info"),
        };
        let text = |note: &Note| {
            let place = line_and_column(query, note.offset);
            format!("{prefix}: {} ({place})", note.message)
        };
        let mut texts: Vec<String> = notes().take(SHOWN_MAX).map(text).collect();
        let omitted = notes().count().saturating_sub(SHOWN_MAX);
        if omitted > 0 {
            texts.push(format!("{omitted} more {many} annotations omitted"));
        }
        texts
    }
}

/// posrange.go: `StartPosInput`; columns count bytes from 1.
fn line_and_column(query: &str, offset: usize) -> String {
    let before = query.as_bytes().get(..offset).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let last_break = before.iter().rposition(|byte| *byte == b'\n');
    let column = last_break.map_or(offset + 1, |at| offset - at);
    format!("{line}:{column}")
}

/// A quantile outside 0 to 1.
pub(crate) fn invalid_quantile(q: f64) -> String {
    let value = shortest(q);
    format!("quantile value should be between 0 and 1, got {value}")
}

/// A bucket whose bound cannot be read.
pub(crate) fn bad_bucket_label(metric: &str, label: &str) -> String {
    format!(
        "bucket label \"le\" is missing or has a malformed value of {label:?} for metric name \
         {metric:?}"
    )
}

/// A rate of what does not look like a counter.
pub(crate) fn possible_non_counter(metric: &str) -> String {
    format!(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {metric:?}"
    )
}

/// Cumulative buckets that fall.
pub(crate) fn forced_monotonicity(metric: &str) -> String {
    format!(
        "input to histogram_quantile needed to be fixed for monotonicity (see \
         https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for \
         metric name {metric:?}"
    )
}

/// Go's `%g`: the shortest digits, with an exponent below 1e-4 and from 1e6 on (strconv/ftoa.go).
pub(crate) fn shortest(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return crate::wire::format_value(value);
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return crate::wire::format_value(value);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
