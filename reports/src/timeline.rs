//! One rollout as a story: `coalmine run`.

mod merge;
mod round;
mod text;

use std::io::{self, Write};

use coalmine_policy::Time;
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::timeline::{Entry, What};
use jiff::{SignedDuration, Zoned};
use serde::Serialize;

use crate::human;

use merge::merged;
pub(crate) use text::decided;

/// Longer lines are wrapped.
const WIDTH: usize = 110;
/// Where the text of a line begins, after times and kind.
const INDENT: usize = 33;
/// Before the rest of a wrapped text.
const CONTINUED: &str = "  ";

/// One replication with what happened in it.
#[derive(Clone, Debug)]
pub struct Story<'a> {
    /// The policy's label.
    pub policy: &'a str,
    /// The scenario's name.
    pub scenario: &'a str,
    /// The scenario in one line.
    pub title: &'a str,
    /// The root of the random streams.
    pub seed: u64,
    /// The replication.
    pub replication: u32,
    /// How closely requests are looked at.
    pub fidelity: Fidelity,
    /// The wall-clock instant of [`Time::ZERO`].
    pub start: &'a Zoned,
    /// What happened, in order of time.
    pub entries: &'a [Entry],
}

impl Story<'_> {
    /// The wall-clock time of an instant.
    fn wall(&self, at: Time) -> Zoned {
        let nanos = i64::try_from(at.nanos()).unwrap_or(i64::MAX);
        // Beyond the calendar's end time stands still.
        self.start
            .checked_add(SignedDuration::from_nanos(nanos))
            .unwrap_or_else(|_| self.start.clone())
    }
}

/// Writes the story for people: one line an event, with wall-clock time and offset. Changes that
/// reach the data path worker by worker, and pods that become ready one by one, are merged.
///
/// # Errors
/// When the output cannot be written.
pub fn write_text(story: &Story<'_>, mut out: impl Write) -> io::Result<()> {
    let Story {
        policy,
        scenario,
        title,
        seed,
        replication,
        fidelity,
        start,
        ..
    } = story;
    writeln!(out, "{policy} in {scenario}: {title}")?;
    let zone = start.time_zone().iana_name().unwrap_or("local time");
    let date = start.strftime("%A %-d %B %Y");
    writeln!(
        out,
        "seed {seed}, replication {replication}{}; {date}, {zone}",
        fidelity.remark()
    )?;
    let mut date = start.date();
    for line in merged(story.entries) {
        let wall = story.wall(line.at);
        if wall.date() != date {
            date = wall.date();
            writeln!(out, "\n{}", wall.strftime("%A %-d %B %Y"))?;
        }
        let (kind, told) = text::line(&line);
        let (time, offset) = (
            wall.strftime("%H:%M:%S"),
            format!("+{}", line.at.truncated_to_second()),
        );
        let told = wrapped(&told).join(&format!("\n{:INDENT$}", ""));
        writeln!(out, "{time} {offset:>10}  {kind:<10}  {told}")?;
    }
    Ok(())
}

/// Each of these lines wrapped; what continues one is indented, what begins one is not.
fn wrapped(told: &[String]) -> Vec<String> {
    let width = WIDTH - INDENT;
    let mut lines = Vec::new();
    for line in told {
        if line.chars().count() <= width {
            lines.push(line.clone());
            continue;
        }
        let mut parts = human::wrap(line, width - CONTINUED.len()).into_iter();
        lines.extend(parts.next());
        lines.extend(parts.map(|part| format!("{CONTINUED}{part}")));
    }
    lines
}

/// Writes one JSON object a line, for each entry as it was, with wall-clock time (RFC 9557) and
/// seconds since the start.
///
/// # Errors
/// When the output cannot be written.
pub fn write_json_lines(story: &Story<'_>, mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        time: String,
        offset_s: f64,
        #[serde(flatten)]
        what: &'a What,
    }
    for Entry { at, what } in story.entries {
        let line = Line {
            time: story.wall(*at).to_string(),
            offset_s: at.as_secs_f64(),
            what,
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
