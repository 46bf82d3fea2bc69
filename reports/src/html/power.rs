//! Power curves: detection against the size of a fault, at several levels of traffic.

use coalmine_sim::probe::Kind;
use maud::{Markup, html};

use super::chart::{Axis, Canvas, Figure, Ink, Plot, Table, legend};
use super::number;
use super::panels::{self, WIDTH};
use crate::human;
use crate::power::{Curve, Power, WANTED, amount, smallest, title};

const HEIGHT: f64 = 220.0;
const KINDS: [Kind; 3] = [Kind::Errors, Kind::Slow, Kind::Own];

/// For each kind of fault the smallest that is caught, and a panel a policy.
pub(super) fn power(power: &Power<'_>) -> Markup {
    let curves = power.curves();
    let loads = loads(&curves);
    html! {
        p.faint {
            "How often a fault is caught, by its size, in the traffic of " (power.scenario) " and in multiples of it, "
            (human::counted(power.summary.study.runs as usize, "rollout", "rollouts")) " a point, with Wilson's 95 % \
             intervals. The dashed line is " (human::percent(WANTED)) "."
        }
        @for kind in KINDS {
            @let own: Vec<&Curve> = curves.iter().filter(|curve| curve.kind == kind).collect();
            @if !own.is_empty() {
                h3 { (heading(kind)) }
                (table(power, kind, &own, &loads))
                (legend(loads.iter().enumerate().map(|(index, load)| (Ink::Series(index), named(*load)))
                    .collect::<Vec<_>>().iter().map(|(ink, name)| (*ink, name.as_str()))))
                (panels::panels(policies(&own).iter().map(|policy| panel(power, kind, *policy, &own, &loads))))
            }
        }
    }
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Errors => "Errors: the share of the new revision's answers that fail",
        Kind::Slow => "Slowness: the factor on its 99th percentile of latency",
        Kind::Own => "The scenario's own fault: multiples of it",
    }
}

fn named(load: f64) -> String {
    if load == 1.0 {
        "traffic as it is".to_owned()
    } else {
        format!("traffic × {load}")
    }
}

fn loads(curves: &[Curve]) -> Vec<f64> {
    let mut loads: Vec<f64> = curves.iter().map(|curve| curve.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    loads
}

fn policies(curves: &[&Curve]) -> Vec<usize> {
    let mut policies = Vec::new();
    for curve in curves {
        if !policies.contains(&curve.policy) {
            policies.push(curve.policy);
        }
    }
    policies
}

fn find<'a>(curves: &[&'a Curve], policy: usize, load: f64) -> Option<&'a Curve> {
    let mut all = curves.iter();
    all.find(|curve| curve.policy == policy && curve.load == load)
        .copied()
}

/// The smallest fault that is caught as often as wanted.
fn table(power: &Power<'_>, kind: Kind, curves: &[&Curve], loads: &[f64]) -> Markup {
    let mut table = Table::new(&["policy"]);
    table.header.extend(loads.iter().map(|load| named(*load)));
    for policy in policies(curves) {
        let cell = |load: &f64| {
            let curve = find(curves, policy, *load);
            curve.map_or(human::NOTHING.to_owned(), |curve| {
                smallest(kind, &curve.smallest())
            })
        };
        let label = power.summary.label_of(policy).to_owned();
        table.rows.push(
            std::iter::once(label)
                .chain(loads.iter().map(cell))
                .collect(),
        );
    }
    html! {
        p.faint {
            "The smallest that is caught in " (human::percent(WANTED)) " of rollouts, in brackets its 95 % interval, \
             open where no size tried reaches that far:"
        }
        (table.markup())
    }
}

fn panel(power: &Power<'_>, kind: Kind, policy: usize, curves: &[&Curve], loads: &[f64]) -> Markup {
    let own: Vec<(usize, &Curve)> = loads
        .iter()
        .enumerate()
        .filter_map(|(index, load)| Some((index, find(curves, policy, *load)?)))
        .collect();
    let mut table = Table::new(&["size"]);
    table
        .header
        .extend(own.iter().map(|(_, curve)| named(curve.load)));
    if let Some((_, first)) = own.first() {
        for (at, point) in first.points.iter().enumerate() {
            let caught = |(_, curve): &(usize, &Curve)| {
                let point = curve.points.get(at);
                point.map_or_else(String::new, |point| number::told(&point.caught))
            };
            let size = amount(kind, point.size);
            table.rows.push(
                std::iter::once(size)
                    .chain(own.iter().map(caught))
                    .collect(),
            );
        }
    }
    let words = own.iter().map(|(_, curve)| {
        let found = smallest(kind, &curve.smallest());
        format!("{}: {found}", named(curve.load))
    });
    let label = power.summary.label_of(policy);
    let figure = Figure {
        id: format!("power-{}-{policy}", kind.name()),
        title: label.to_owned(),
        description: format!(
            "Smallest caught in {} of rollouts, {}. {}.",
            human::percent(WANTED),
            title(kind),
            words.collect::<Vec<_>>().join("; ")
        ),
        size: (WIDTH, HEIGHT),
        table,
    };
    figure.markup(|canvas| draw(canvas, kind, &own))
}

fn draw(canvas: &Canvas<'_>, kind: Kind, curves: &[(usize, &Curve)]) {
    let sizes = || {
        curves
            .iter()
            .flat_map(|(_, curve)| curve.points.iter().map(|point| point.size))
    };
    let (low, high) = (
        sizes().fold(f64::INFINITY, f64::min),
        sizes().fold(0.0, f64::max),
    );
    let x = Axis::log("", low, high, |size| size_label(kind, size));
    let plot = Plot::new(canvas, panels::frame(HEIGHT), x, Axis::share("caught"));
    for (index, curve) in curves {
        let band = curve.points.iter();
        let band = band.map(|point| (point.size, point.caught.low, point.caught.high));
        plot.band(&band.collect::<Vec<_>>(), Ink::Band(*index));
    }
    plot.across(WANTED, Ink::Limit);
    for (index, curve) in curves {
        let line = curve
            .points
            .iter()
            .map(|point| (point.size, point.caught.share));
        let line: Vec<_> = line.collect();
        plot.line(&line, Ink::Series(*index));
        for (size, share) in line {
            canvas.marker(plot.at(size, share), *index);
        }
    }
}

/// A size as short as a tick's label.
fn size_label(kind: Kind, size: f64) -> String {
    let digits = |value: f64| format!("{}", (value * 1e6).round() / 1e6);
    match kind {
        Kind::Errors => format!("{} %", digits(size * 100.0)),
        Kind::Slow | Kind::Own => format!("×{}", digits(size)),
    }
}
