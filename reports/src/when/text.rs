//! The day as lines of bars, with the best and the worst start of each policy.

use std::fmt::Write as _;

use super::{Day, Start, When};
use crate::human;
use crate::terminal::{Options, table};

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
    let _ = write!(
        text,
        "\nBars: from {} to {}. caught: a bad release was rolled back; promoted: a good one was. Starts are \
         times of the scenario's own day. In brackets Wilson's 95 % interval.\n",
        when.starts
            .first()
            .map_or_else(String::new, |start| start.clock()),
        when.starts
            .last()
            .map_or_else(String::new, |start| start.clock()),
    );
    text
}

fn one(when: &When<'_>, name: &str, first: &Day, days: &[&Day], options: Options) -> String {
    let right = if first.is_bad { "caught" } else { "promoted" };
    let header = [
        format!("{name}\n  policy"),
        format!("{right}\nby start"),
        format!("best\n{right}"),
        "\nat".to_owned(),
        format!("worst\n{right}"),
        "\nat".to_owned(),
    ];
    let most = first.requests.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mut traffic = vec![
        "  traffic".to_owned(),
        options
            .characters
            .spark(first.requests.iter().map(|n| *n as f64 / most)),
    ];
    traffic.resize(header.len(), String::new());
    let mut rows = vec![traffic];
    rows.extend(days.iter().map(|day| row(when, day, options)));
    table(&header, &rows, options)
}

fn row(when: &When<'_>, day: &Day, options: Options) -> Vec<String> {
    let info = when.summary.study.policies.get(day.policy);
    let mut row = vec![
        format!("  {}", info.map_or("?", |info| &info.label)),
        options
            .characters
            .spark(day.right.iter().map(|rate| rate.share)),
    ];
    let ends = day.best_and_worst();
    for at in [ends.map(|ends| ends.0), ends.map(|ends| ends.1)] {
        let rate = at.and_then(|at| day.right.get(at));
        let start = at.and_then(|at| when.starts.get(at));
        row.push(rate.map_or(human::NOTHING.to_owned(), human::rate));
        row.push(start.map_or(human::NOTHING.to_owned(), |start: &Start| start.clock()));
    }
    row
}
