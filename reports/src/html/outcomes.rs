//! How rollouts ended: for each scenario a bar a policy, with the interval of the wrong verdict.

use maud::{Markup, html};
use plotters::style::text_anchor::{HPos, VPos};

use super::chart::{Axis, Canvas, Figure, Frame, Ink, Plot, Table, legend};
use super::number::told;
use super::panels::{self, WIDTH, by_scenario, release, shortened};
use crate::human;
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

/// Pixels of a policy: its name and its bar.
const ROW: f64 = 34.0;
/// Pixels of the bar.
const BAR: f64 = 11.0;
/// Pixels of the axis below.
const AXIS: f64 = 22.0;
/// Letters of a name.
const NAME: usize = 34;

/// A panel for each scenario.
pub(super) fn outcomes(summary: &Summary) -> Markup {
    let scenarios = by_scenario(summary);
    html! {
        (legend([
            (Ink::RolledBack, "wrong: a bad release promoted, a good one rolled back"),
            (Ink::Stuck, "stuck"),
            (Ink::Promoted, "right"),
            (Ink::Whisker, "95 % interval of the wrong ones"),
        ]))
        (panels::panels(scenarios.iter().map(|(scenario, cells)| panel(summary, *scenario, cells))))
    }
}

fn panel(summary: &Summary, scenario: usize, cells: &[&Cell]) -> Markup {
    let name = cells.first().map_or("?", |cell| summary.name(cell));
    let release = release(&summary.study, scenario);
    let mut table = Table::new(&["policy", "wrong", "stuck", "right"]);
    for cell in cells {
        let right = Rate::wilson(right(cell), cell.n);
        let all = [cell.wrong(), cell.stuck, right];
        let texts = all
            .iter()
            .map(|rate| rate.as_ref().map_or_else(String::new, told));
        let label = summary.label(cell).to_owned();
        table
            .rows
            .push(std::iter::once(label).chain(texts).collect());
    }
    let figure = Figure {
        id: format!("outcomes-{scenario}"),
        title: format!("{name} · {release}"),
        description: description(summary, cells),
        size: (WIDTH, cells.len() as f64 * ROW + AXIS),
        table,
    };
    figure.markup(|canvas| draw(canvas, summary, cells))
}

fn right(cell: &Cell) -> u64 {
    if cell.missed.is_some() {
        cell.rolled_back
    } else {
        cell.promoted
    }
}

/// Who is wrong how often.
fn description(summary: &Summary, cells: &[&Cell]) -> String {
    let each = cells.iter().filter_map(|cell| {
        let wrong = human::rate(&cell.wrong()?);
        Some(format!("{} wrong in {wrong}", summary.label(cell)))
    });
    format!("{}.", each.collect::<Vec<_>>().join("; "))
}

fn draw(canvas: &Canvas<'_>, summary: &Summary, cells: &[&Cell]) {
    let height = cells.len() as f64 * ROW + AXIS;
    let x = Axis::share("");
    // From the upper edge downwards, in pixels of rows.
    let y = Axis::plain(0.0, cells.len() as f64);
    let frame = Frame {
        top: -6.0,
        height: height + 6.0,
        ..panels::frame(height)
    };
    let plot = Plot::new(canvas, frame, x, y);
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let top = plot.at(tick, cells.len() as f64);
        canvas.path([top, plot.at(tick, 0.0)], Ink::Grid);
    }
    for (index, cell) in cells.iter().enumerate() {
        row(&plot, summary, cell, index as f64 * ROW);
    }
}

fn row(plot: &Plot<'_, '_>, summary: &Summary, cell: &Cell, top: f64) {
    let canvas = plot.canvas();
    let Some(wrong) = cell.wrong() else { return };
    let left = plot.inner().left;
    let across = |share: f64| plot.at(share, 0.0).0;
    let middle = top + 15.0;
    let name = shortened(summary.label(cell), NAME);
    canvas.text(&name, (left, middle), (HPos::Left, VPos::Bottom), Ink::Text);
    let right_edge = (across(1.0), middle);
    let kind = if cell.missed.is_some() {
        "missed"
    } else {
        "false rollback"
    };
    canvas.text(
        &format!("{} {kind}", human::percent(wrong.share)),
        right_edge,
        (HPos::Right, VPos::Bottom),
        Ink::Text,
    );
    let (upper, lower) = (middle + 3.0, middle + 3.0 + BAR);
    let stuck = cell.stuck.map_or(0.0, |rate| rate.share);
    let ends = [
        (0.0, wrong.share, Ink::RolledBack),
        (wrong.share, wrong.share + stuck, Ink::Stuck),
        (wrong.share + stuck, 1.0, Ink::Promoted),
    ];
    for (from, to, ink) in ends.into_iter().filter(|(from, to, _)| to > from) {
        canvas.rectangle((across(from), upper), (across(to), lower), ink);
    }
    let at = middle + 3.0 + BAR / 2.0;
    let (low, high) = (across(wrong.low), across(wrong.high));
    canvas.path([(low, at), (high, at)], Ink::Whisker);
    for end in [low, high] {
        canvas.path([(end, upper + 1.5), (end, lower - 1.5)], Ink::Whisker);
    }
}
