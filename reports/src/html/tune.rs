//! The trade between harm, false rollbacks and duration, point by point.

use maud::{Markup, PreEscaped, html};
use plotters::style::text_anchor::{HPos, VPos};

use super::chart::{Axis as Scale, Canvas, Figure, Frame, Ink, Plot, Table, legend};
use super::number::prose;
use super::page::{Page, STYLE, Section};
use super::panels::{self, WIDTH};
use crate::gate::Reading;
use crate::human;
use crate::tune::compare::Axis;
use crate::tune::{Report, Row, keeps};

const HEIGHT: f64 = 260.0;
/// Amounts further apart than this factor are shown by factors.
const FAR: f64 = 30.0;

/// The page of a search.
#[must_use]
pub fn tune(report: &Report<'_>) -> String {
    let rows = report.rows();
    let mut sections = vec![
        Section {
            id: "front",
            title: "The trade",
            body: front(report, &rows),
        },
        Section {
            id: "points",
            title: "Points",
            body: points(report, &rows),
        },
    ];
    if !report.patch.is_empty() {
        let body = html! { pre { (report.patch) } };
        sections.push(Section {
            id: "patch",
            title: "Patch",
            body,
        });
    }
    let page = Page {
        title: format!("Better values for {}", report.policy),
        subtitle: format!("{} · 95 % intervals", report.headline()),
        verdict: html! {
            @if !report.found.complete {
                div.warning role="note" { p { "Interrupted: nothing was confirmed on fresh rollouts." } }
            }
            ul.verdict { @for sentence in report.verdict(&rows) { li { (prose(&sentence)) } } }
        },
        sections,
    };
    page.render()
}

/// Which points the panels show, each against the duration.
const PANELS: [(Axis, &str); 3] = [
    (Axis::Harm, "users hurt by a bad release"),
    (Axis::FalseRollback, "good releases rolled back, %"),
    (Axis::Missed, "bad releases promoted, %"),
];

fn front(report: &Report<'_>, rows: &[Row<'_>]) -> Markup {
    let played: Vec<&Row<'_>> = rows.iter().filter(|row| row.is_played()).collect();
    let shown = PANELS
        .iter()
        .filter(|(axis, _)| played.iter().any(|row| reading(row, *axis).is_some()));
    html! {
        p.faint {
            "Each point against the mean duration of a release in minutes. Down and left is better; whiskers are \
             95 % intervals; grey are points that the search tried and left behind, as it saw them."
        }
        (legend(played.iter().map(|row| (Ink::Series(row.policy), row.label))))
        (panels::panels(shown.map(|(axis, title)| panel(report, &played, *axis, title))))
    }
}

fn reading(row: &Row<'_>, axis: Axis) -> Option<Reading> {
    let at = Axis::ALL.iter().position(|other| *other == axis)?;
    row.readings[at]
}

fn panel(report: &Report<'_>, rows: &[&Row<'_>], axis: Axis, title: &str) -> Markup {
    let mut table = Table::new(&["point", "minutes", title]);
    let mut words = Vec::new();
    for row in rows {
        let (x, y) = (reading(row, Axis::Duration), reading(row, axis));
        let told = [Axis::Duration.cell(x.as_ref()), axis.cell(y.as_ref())];
        words.push(format!("{} {} in {} minutes", row.label, told[1], told[0]));
        table
            .rows
            .push(vec![row.label.to_owned(), told[0].clone(), told[1].clone()]);
    }
    let figure = Figure {
        id: format!("front-{}", axis.measure().name()),
        title: title.to_owned(),
        description: format!("{}.", words.join("; ")),
        size: (WIDTH, HEIGHT),
        table,
    };
    figure.markup(|canvas| draw(canvas, panels::frame(HEIGHT), report, rows, (axis, "")))
}

fn draw(
    canvas: &Canvas<'_>,
    frame: Frame,
    report: &Report<'_>,
    rows: &[&Row<'_>],
    (axis, title): (Axis, &str),
) {
    let ends = |of: Axis, end: fn(&Reading) -> Option<f64>| -> Vec<f64> {
        let all = rows.iter().filter_map(|row| reading(row, of));
        all.map(|reading| end(&reading).unwrap_or(reading.value))
            .collect()
    };
    let most = |of: Axis| ends(of, |r| r.high).into_iter().fold(0.0, f64::max);
    let least = ends(axis, |r| Some(r.value))
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    // Shares are shown in percent.
    let unit = if matches!(axis, Axis::Missed | Axis::FalseRollback) {
        100.0
    } else {
        1.0
    };
    let largest = most(axis) * unit;
    let y = if unit == 1.0 && least >= 1.0 && largest / least > FAR {
        let label = |x: f64| human::count(x.round().max(0.0) as u64);
        Scale::log(title, least * 0.7, largest * 1.4, label)
    } else {
        Scale::amount(title, largest)
    };
    let x = Scale::amount("minutes", most(Axis::Duration) / 60.0);
    let (right, bottom, top) = (x.high, y.low, y.high);
    let plot = Plot::new(canvas, frame, x, y);
    // By Axis::FRONT: harm, false rollbacks, duration.
    let front = Axis::FRONT.iter().position(|other| *other == axis);
    for tried in &report.found.tried {
        let Some(at) = front else { break };
        let (x, y) = (tried.front[2] / 60.0, tried.front[at] * unit);
        if x <= right && (bottom..=top).contains(&y) {
            canvas.dot(plot.at(x, y), 1.6, Ink::Stuck);
        }
    }
    for row in rows {
        let (Some(x), Some(y)) = (reading(row, Axis::Duration), reading(row, axis)) else {
            continue;
        };
        let minutes = |end: Option<f64>| end.unwrap_or(x.value) / 60.0;
        let end = |end: Option<f64>| end.unwrap_or(y.value) * unit;
        let at = y.value * unit;
        plot.whisker((minutes(x.low), at), (minutes(x.high), at), Ink::Whisker);
        plot.whisker(
            (x.value / 60.0, end(y.low)),
            (x.value / 60.0, end(y.high)),
            Ink::Whisker,
        );
    }
    for row in rows {
        if let (Some(x), Some(y)) = (reading(row, Axis::Duration), reading(row, axis)) {
            canvas.marker(plot.at(x.value / 60.0, y.value * unit), row.policy);
        }
    }
}

/// The harm panel as a file of its own.
#[must_use]
pub fn front_svg(report: &Report<'_>) -> String {
    const SIZE: (f64, f64) = (640.0, 420.0);
    let rows = report.rows();
    let played: Vec<&Row<'_>> = rows.iter().filter(|row| row.is_played()).collect();
    let axis = PANELS
        .iter()
        .map(|(axis, _)| *axis)
        .find(|axis| played.iter().any(|row| reading(row, *axis).is_some()));
    let axis = axis.unwrap_or(Axis::Harm);
    let title = PANELS
        .iter()
        .find(|(other, _)| *other == axis)
        .map_or("", |(_, title)| title);
    let frame = Frame {
        left: 8.0,
        top: 8.0,
        width: SIZE.0 - 16.0,
        height: SIZE.1 - 40.0,
    };
    let drawn = Canvas::drawn(SIZE.0, SIZE.1, |canvas| {
        draw(canvas, frame, report, &played, (axis, title));
        // Which marker is which point, in a line below.
        let step = (SIZE.0 - 32.0) / played.len().max(1) as f64;
        for (index, row) in played.iter().enumerate() {
            let x = 20.0 + step * index as f64;
            canvas.marker((x, SIZE.1 - 16.0), row.policy);
            canvas.text(
                row.label,
                (x + 10.0, SIZE.1 - 16.0),
                (HPos::Left, VPos::Center),
                Ink::Text,
            );
        }
    });
    let view = super::chart::view_box(SIZE.0, SIZE.1);
    let svg = html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" viewBox=(view) width=(SIZE.0) height=(SIZE.1) role="img" {
            title { (title) " against duration in minutes" }
            style { (PreEscaped(STYLE)) }
            (PreEscaped(drawn))
        }
    };
    svg.into_string() + "\n"
}

fn points(report: &Report<'_>, rows: &[Row<'_>]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                caption { (report.effort()) }
                thead { tr {
                    th scope="col" { "point" }
                    @for axis in Axis::ALL { th scope="col" { (axis.head().replace('\n', " ")) } }
                    th scope="col" { "keeps limits" }
                    th scope="col" { "values" }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" {
                                (row.label)
                                @if report.found.recommended == Some(row.policy) { " (recommended)" }
                            }
                            @for axis in Axis::ALL { td { (axis.cell(reading(row, axis).as_ref())) } }
                            td { (keeps(row)) }
                            td.left {
                                @if row.policy == 0 { "today's" }
                                @else if let Some(point) = row.point { (report.changes_text(point)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
