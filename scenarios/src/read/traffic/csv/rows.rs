//! The lines of a file, each checked.

use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};

use super::Stamp;
use crate::read::clock::Clock;
use crate::read::traffic::RPS_MAX;
use crate::read::traffic::recording::SAMPLES_MAX;

/// Mistakes that are told of one file: whoever has more has the same one in every line.
const TOLD_MAX: usize = 10;

const SHAPE: &str = "a line is `time,rps`, for example `09:15,200`";

/// One line.
pub(super) struct Row {
    pub(super) stamp: Stamp,
    pub(super) rps: f64,
}

/// All lines, unless there is a mistake.
pub(super) fn read(source: &Source, clock: &Clock, found: &mut Diagnostics) -> Option<Vec<Row>> {
    let mut lines = Lines {
        source,
        clock,
        rows: Vec::new(),
        told: Vec::new(),
        mistakes: 0,
    };
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(::csv::Trim::All)
        .from_reader(source.text.as_bytes());
    for record in reader.records() {
        match record {
            Ok(record) => lines.record(&record),
            // The text is UTF-8 and lines may have any length: there is nothing else to fail.
            Err(error) => lines.tell(Position::default(), error.to_string(), ""),
        }
        if lines.rows.len() > SAMPLES_MAX {
            let help = "thin it out: straight lines are drawn between the samples";
            let message = format!("more than {SAMPLES_MAX} samples");
            lines.tell(Position::default(), message, help);
            break;
        }
    }
    if lines.rows.is_empty() && lines.mistakes == 0 {
        lines.tell(Position::default(), "no sample".to_owned(), SHAPE);
    }
    lines.end(found)
}

struct Lines<'a> {
    source: &'a Source,
    clock: &'a Clock,
    rows: Vec<Row>,
    told: Vec<Diagnostic>,
    mistakes: usize,
}

impl Lines<'_> {
    fn record(&mut self, record: &::csv::StringRecord) {
        let line = self.line(record);
        let is_first = self.rows.is_empty() && self.mistakes == 0;
        let (Some(time), Some(rps), 2) = (record.get(0), record.get(1), record.len()) else {
            let fields = record.len();
            let message = format!(
                "{fields} field{} in a line",
                if fields == 1 { "" } else { "s" }
            );
            return self.tell(line, message, SHAPE);
        };
        if is_first && time.eq_ignore_ascii_case("time") {
            return;
        }
        let stamp = match Stamp::parse(time, self.clock) {
            Ok(stamp) => self.in_order(stamp, self.field(line, time, false)),
            Err((message, help)) => {
                self.tell(self.field(line, time, false), message, help);
                None
            }
        };
        let rate = self.rate(rps, self.field(line, rps, true));
        if let (Some(stamp), Some(rps)) = (stamp, rate) {
            self.rows.push(Row { stamp, rps });
        }
    }

    /// The stamp, when it follows the line before.
    fn in_order(&mut self, stamp: Stamp, at: Position) -> Option<Stamp> {
        let Some(before) = self.rows.last().map(|row| row.stamp) else {
            return Some(stamp);
        };
        let (kind, kind_before) = (stamp.times(), before.times());
        if kind != kind_before {
            let message = format!(
                "the time is {}, and the lines before have {}",
                kind.name(),
                kind_before.name()
            );
            self.tell(at, message, "write all times of a file in the same way");
            return None;
        }
        if stamp.order() <= before.order() {
            let help = match stamp {
                Stamp::OfDay(_) => {
                    "a file with times of day holds one day; for more, write RFC 3339 or seconds"
                }
                _ => "sort the lines, and keep one for each time",
            };
            self.tell(
                at,
                "the time is not later than the one before".to_owned(),
                help,
            );
            return None;
        }
        Some(stamp)
    }

    fn rate(&mut self, text: &str, at: Position) -> Option<f64> {
        let (message, help) = match text.parse::<f64>() {
            Ok(rps) if (0.0..=RPS_MAX).contains(&rps) => return Some(rps),
            Ok(rps) if rps > RPS_MAX && rps.is_finite() => {
                let message = format!("{text} requests per second are too many");
                (message, format!("at most {RPS_MAX:e} can be simulated"))
            }
            Ok(_) => {
                let help = "write zero or more, and leave out lines without a value";
                (format!("{text} is no rate"), help.to_owned())
            }
            Err(_) => {
                let help = "write a bare number of requests per second".to_owned();
                (format!("{text:?} is no rate"), help)
            }
        };
        self.tell(at, message, &help);
        None
    }

    /// The place of a line. The csv crate says where it began to look for a record, which may be a
    /// blank line or a comment above it.
    fn line(&self, record: &::csv::StringRecord) -> Position {
        let Some(place) = record.position() else {
            return Position::default();
        };
        let (mut number, mut start) = (place.line() as usize, place.byte() as usize);
        let text = &self.source.text;
        let rest = text.get(start..).unwrap_or_default();
        for line in rest.split_inclusive('\n') {
            if !line.trim_matches(['\r', '\n']).is_empty() && !line.starts_with('#') {
                let end = start + line.trim_end().len();
                return Position {
                    line: number,
                    column: 1,
                    start,
                    end,
                };
            }
            number += 1;
            start += line.len();
        }
        Position::default()
    }

    /// The place of a field in its line.
    fn field(&self, line: Position, field: &str, is_last: bool) -> Position {
        let text = self
            .source
            .text
            .get(line.start..line.end)
            .unwrap_or_default();
        let at = if is_last {
            text.rfind(field)
        } else {
            text.find(field)
        };
        let Some(at) = at.filter(|_| !field.is_empty()) else {
            return line;
        };
        Position {
            column: text[..at].chars().count() + 1,
            start: line.start + at,
            end: line.start + at + field.len(),
            ..line
        }
    }

    fn tell(&mut self, position: Position, message: String, help: &str) {
        self.mistakes += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(Diagnostic {
                severity: Severity::Error,
                file: self.source.file.clone(),
                position,
                message,
                help: help.to_owned(),
            });
        }
    }

    fn end(mut self, found: &mut Diagnostics) -> Option<Vec<Row>> {
        if self.mistakes == 0 {
            return Some(self.rows);
        }
        let more = self.mistakes - self.told.len();
        if more > 0
            && let Some(last) = self.told.last_mut()
        {
            last.message += &format!("; and {more} more mistakes in this file");
        }
        self.told.into_iter().for_each(|one| found.push(one));
        None
    }
}
