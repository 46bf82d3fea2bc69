//! The start-time map: what becomes of a release by the time of day at which its canary starts, over
//! the day's traffic.

use maud::{Markup, html};

use super::chart::{Axis, Canvas, Figure, Ink, Plot, Table, legend};
use super::number;
use super::panels::{self, WIDTH};
use crate::human;
use crate::when::{Day, When};

const HEIGHT: f64 = 190.0;

/// For each scenario a panel a policy.
pub(super) fn when(when: &When<'_>) -> Markup {
    let days = when.days();
    html! {
        p.faint {
            "Starts are times of the scenario's own day, "
            (human::counted(when.summary.study.runs as usize, "rollout", "rollouts"))
            " each, with Wilson's 95 % intervals. The traffic is that of the rollout's whole time from that start, \
             against the busiest."
        }
        @for (index, name) in when.names.iter().enumerate() {
            @let own: Vec<&Day> = days.iter().filter(|day| day.scenario == index).collect();
            @if let Some(first) = own.first() {
                h3 { (name) ": " (right(first)) ", by start" }
                (legend([(Ink::Series(0), right(first)), (Ink::Traffic, "traffic")]))
                (panels::panels(own.iter().map(|day| panel(when, day))))
            }
        }
    }
}

fn right(day: &Day) -> &'static str {
    if day.is_bad {
        "bad release caught"
    } else {
        "good release promoted"
    }
}

fn panel(when: &When<'_>, day: &Day) -> Markup {
    let label = when.summary.label_of(day.policy);
    let mut table = Table::new(&["start", right(day), "requests, median"]);
    let all = when.starts.iter().zip(&day.right).zip(&day.requests);
    for ((start, rate), requests) in all {
        let row = [start.clock(), number::told(rate), human::count(*requests)];
        table.rows.push(row.to_vec());
    }
    let figure = Figure {
        id: format!("when-{}-{}", day.scenario, day.policy),
        title: label.to_owned(),
        description: description(when, day),
        size: (WIDTH, HEIGHT),
        table,
    };
    figure.markup(|canvas| draw(canvas, when, day))
}

fn description(when: &When<'_>, day: &Day) -> String {
    let told = |at: usize| when.told(day, at);
    let what = right(day);
    match day.best_and_worst() {
        None => format!("{what}: nothing is known."),
        Some((best, worst)) => format!("{what} most in {}, least in {}.", told(best), told(worst)),
    }
}

fn draw(canvas: &Canvas<'_>, when: &When<'_>, day: &Day) {
    let plot = Plot::new(
        canvas,
        panels::frame(HEIGHT),
        Axis::day(""),
        Axis::share(""),
    );
    let minutes = || when.starts.iter().map(|start| f64::from(start.minute));
    let most = day.requests.iter().copied().max().unwrap_or(0).max(1) as f64;
    let traffic = minutes().zip(&day.requests);
    let traffic = traffic.map(|(x, requests)| (x, 0.0, *requests as f64 / most));
    plot.band(&around(traffic.collect()), Ink::Traffic);
    let band = minutes()
        .zip(&day.right)
        .map(|(x, rate)| (x, rate.low, rate.high));
    plot.band(&around(band.collect()), Ink::Band(0));
    let line = minutes()
        .zip(&day.right)
        .map(|(x, rate)| (x, rate.share, 0.0));
    let line = around(line.collect());
    let line: Vec<_> = line.iter().map(|(x, share, _)| (*x, *share)).collect();
    plot.line(&line, Ink::Series(0));
}

/// The day ends where the next begins.
fn around(mut day: Vec<(f64, f64, f64)>) -> Vec<(f64, f64, f64)> {
    if let Some((x, a, b)) = day.first().copied() {
        day.push((x + 24.0 * 60.0, a, b));
    }
    day
}
