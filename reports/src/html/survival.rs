//! How long new revisions live: the share that is not rolled back, over time.

use maud::{Markup, html};

use super::chart::{Axis, Canvas, Figure, Ink, Plot, Table};
use super::number::told;
use super::panels::{self, WIDTH, by_scenario, release};
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

const HEIGHT: f64 = 210.0;

/// A panel for each scenario.
pub(super) fn survival(summary: &Summary) -> Markup {
    let scenarios = by_scenario(summary);
    html! {
        p.faint {
            "The share of rollouts whose new revision has not been taken out, promoted or not: a bad one should not \
             live long, a good one for ever. Kaplan–Meier; since every rollout is watched to the end, that is the \
             plain share, and its band Wilson's 95 % interval. The marker stands where half of the promotions had \
             happened."
        }
        (panels::policies(summary))
        (panels::panels(scenarios.iter().map(|(scenario, cells)| panel(summary, *scenario, cells))))
    }
}

/// Seconds until the end of a scenario.
fn horizon(summary: &Summary, scenario: usize) -> f64 {
    let scenario = summary.study.scenarios.get(scenario);
    scenario.map_or(0.0, |scenario| scenario.horizon_ns.as_secs_f64())
}

fn panel(summary: &Summary, scenario: usize, cells: &[&Cell]) -> Markup {
    let name = cells.first().map_or("?", |cell| summary.name(cell));
    let release = release(&summary.study, scenario);
    let end = horizon(summary, scenario);
    let quarters = [0.25, 0.5, 0.75, 1.0];
    let axis = Axis::time("", end);
    let mut table = Table::new(&["policy"]);
    table.header.extend(quarters.map(|part| {
        let seconds = crate::human::seconds(end * part);
        format!("alive after {seconds}")
    }));
    let mut ends = Vec::new();
    for cell in cells {
        let alive = cell.course.alive();
        let at = |part: f64| {
            let index = (alive.len().saturating_sub(1) as f64 * part).round() as usize;
            alive.get(index).map(|(_, rate)| *rate)
        };
        let texts = quarters.map(|part| at(part).as_ref().map_or_else(String::new, told));
        let label = summary.label(cell).to_owned();
        if let Some(last) = at(1.0) {
            ends.push(format!("{label} {}", told(&last)));
        }
        table
            .rows
            .push(std::iter::once(label).chain(texts).collect());
    }
    let figure = Figure {
        id: format!("survival-{scenario}"),
        title: format!("{name} · {release}"),
        description: format!("Still alive at the end: {}.", ends.join("; ")),
        size: (WIDTH, HEIGHT),
        table,
    };
    figure.markup(|canvas| draw(canvas, axis, cells))
}

fn draw(canvas: &Canvas<'_>, x: Axis, cells: &[&Cell]) {
    let plot = Plot::new(canvas, panels::frame(HEIGHT), x, Axis::share(""));
    let courses = cells
        .iter()
        .map(|cell| (cell, changes(&cell.course.alive())));
    let courses: Vec<_> = courses.collect();
    for (cell, alive) in &courses {
        let band = alive.iter().map(|(at, rate)| (*at, rate.low, rate.high));
        plot.band_steps(&band.collect::<Vec<_>>(), Ink::Band(cell.policy));
    }
    for (cell, alive) in &courses {
        let line = alive.iter().map(|(at, rate)| (*at, rate.share));
        plot.steps(&line.collect::<Vec<_>>(), Ink::Series(cell.policy));
        if let Some(half) = cell.course.half_promoted() {
            let share = alive.iter().rev().find(|(at, _)| *at <= half);
            let share = share.map_or(1.0, |(_, rate)| rate.share);
            canvas.marker(plot.at(half, share), cell.policy);
        }
    }
}

/// The instants at which something changes, and the last.
fn changes(alive: &[(f64, Rate)]) -> Vec<(f64, Rate)> {
    let mut kept: Vec<(f64, Rate)> = Vec::new();
    for (index, (at, rate)) in alive.iter().enumerate() {
        let same = kept
            .last()
            .is_some_and(|(_, last)| last.count == rate.count);
        if !same || index + 1 == alive.len() {
            kept.push((*at, *rate));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_drawn() {
        let rate = |count| Rate::wilson(count, 10).expect("has some");
        let alive = [10, 10, 8, 8, 8].map(rate);
        let all: Vec<_> = alive
            .into_iter()
            .enumerate()
            .map(|(i, r)| (i as f64, r))
            .collect();
        let kept: Vec<f64> = changes(&all).iter().map(|(at, _)| *at).collect();
        assert_eq!(kept, [0.0, 2.0, 4.0]);
    }
}
