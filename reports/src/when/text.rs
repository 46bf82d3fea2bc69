//! The day as lines of bars, with the best and the worst start of each policy.

use std::fmt::Write as _;

use super::{Day, Start, When};
use crate::human;
use crate::terminal::Options;

/// The table, with what it means.
#[must_use]
pub fn render(when: &When<'_>, options: Options) -> String {
    let days = when.days();
    let study = &when.summary.study;
    let mut text = format!(
        "when to start · seed {} · {} a start\n",
        study.seed,
        human::counted(study.runs as usize, "rollout", "rollouts"),
    );
    if !when.summary.complete {
        text.push_str("interrupted: the day is not complete\n");
    }
    for (index, name) in when.names.iter().enumerate() {
        let own: Vec<&Day> = days.iter().filter(|day| day.scenario == index).collect();
        if let Some(first) = own.first() {
            text.push('\n');
            text.push_str(&one(when, name, first, &own, options));
        }
    }
    let meaning = "caught: a bad release was rolled back; promoted: a good one was. Starts are times of \
                   the scenario's own day. In brackets Wilson's 95 % interval.";
    let pooled = match starts_a_bar(when, options) {
        1 => String::new(),
        many => format!(" A bar is the mean of {many} starts."),
    };
    text.push('\n');
    for line in human::wrap(&format!("{meaning}{pooled}"), options.text_width()) {
        let _ = writeln!(text, "{line}");
    }
    options.characters.apply(text)
}

/// So many starts share a bar that a day fits the width.
fn starts_a_bar(when: &When<'_>, options: Options) -> usize {
    let room = options.text_width().saturating_sub(NAMES).max(1);
    when.starts.len().div_ceil(room).max(1)
}

/// Columns of names.
const NAMES: usize = 24;

/// A scenario: hours, traffic, and two lines for each policy.
fn one(when: &When<'_>, name: &str, first: &Day, days: &[&Day], options: Options) -> String {
    let right = if first.is_bad { "caught" } else { "promoted" };
    let most = first.requests.iter().copied().max().unwrap_or(0).max(1) as f64;
    let together = starts_a_bar(when, options);
    let bars = |shares: Vec<f64>| {
        let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len() as f64;
        options.characters.spark(shares.chunks(together).map(mean))
    };
    let traffic = first.requests.iter().map(|n| *n as f64 / most);
    let mut text = format!("{name}: {right}, by start\n");
    let _ = writeln!(
        text,
        "{}{}",
        " ".repeat(NAMES),
        hours(when.starts, together)
    );
    line("  traffic", &bars(traffic.collect()), &mut text);
    for day in days {
        let label = format!("  {}", when.summary.label_of(day.policy));
        let shares = day.right.iter().map(|rate| rate.share);
        line(&label, &bars(shares.collect()), &mut text);
        let _ = writeln!(text, "    {}", ends(when, day, right));
    }
    text
}

fn line(label: &str, bars: &str, text: &mut String) {
    if label.chars().count() < NAMES {
        let _ = writeln!(text, "{label:<NAMES$}{bars}");
    } else {
        let _ = writeln!(text, "{label}\n{:NAMES$}{bars}", "");
    }
}

/// The hour above the bar with the first start of every third.
fn hours(starts: &[Start], together: usize) -> String {
    let mut text = String::new();
    for (index, start) in starts.iter().enumerate() {
        let index = index / together;
        if start.minute.is_multiple_of(180) && text.len() <= index {
            text.push_str(&" ".repeat(index - text.len()));
            let _ = write!(text, "{:02} ", start.minute / 60);
        }
    }
    text.trim_end().to_owned()
}

fn ends(when: &When<'_>, day: &Day, right: &str) -> String {
    let told = |at: usize| when.told(day, at);
    match day.best_and_worst() {
        None => human::NOTHING.to_owned(),
        Some((best, worst)) if day.right[best].share <= day.right[worst].share => {
            let rate = human::rate(&day.right[best]);
            format!("{right} in {rate} at every start")
        }
        Some((best, worst)) => format!("{right} most in {}, least in {}", told(best), told(worst)),
    }
}
