//! The smallest faults as tables: a row for each policy, a column for each level of traffic.

use std::fmt::Write as _;

use coalmine_sim::probe::Kind;

use super::{Curve, Power, Smallest, WANTED};
use crate::human::{self, NOTHING};
use crate::terminal::{Options, table};

/// The tables, with what they mean.
#[must_use]
pub fn render(power: &Power<'_>, options: Options) -> String {
    let curves = power.curves();
    let study = &power.summary.study;
    let mut text = format!(
        "{}: smallest fault caught in {} of rollouts · seed {} · {} a point\n",
        power.scenario,
        human::percent(WANTED),
        study.seed,
        human::counted(study.runs as usize, "rollout", "rollouts"),
    );
    if !power.summary.complete {
        text.push_str("interrupted: the curves are not complete\n");
    }
    for kind in [Kind::Errors, Kind::Slow, Kind::Own] {
        let of_kind: Vec<&Curve> = curves.iter().filter(|curve| curve.kind == kind).collect();
        if !of_kind.is_empty() {
            text.push('\n');
            text.push_str(&one(power, kind, &of_kind, options));
        }
    }
    let _ = write!(
        text,
        "\nIn brackets 95 % intervals, open where no size tried reaches that far. by size: the share that\n\
         is caught, from the smallest fault tried to the largest.\n"
    );
    options.characters.apply(text)
}

fn one(power: &Power<'_>, kind: Kind, curves: &[&Curve], options: Options) -> String {
    let mut loads: Vec<f64> = Vec::new();
    let mut policies: Vec<usize> = Vec::new();
    for curve in curves {
        if !loads.contains(&curve.load) {
            loads.push(curve.load);
        }
        if !policies.contains(&curve.policy) {
            policies.push(curve.policy);
        }
    }
    let mut header = vec![format!("{}\n  policy", title(kind))];
    header.extend(loads.iter().map(|load| format!("traffic\n× {load}")));
    // One curve is enough to see how it rises: the one nearest to the traffic as it is.
    let usual = loads
        .iter()
        .copied()
        .min_by(|a, b| far(*a).total_cmp(&far(*b)));
    header.push(usual.map_or_else(String::new, |load| format!("by size\n× {load}")));
    let row = |policy: &usize| {
        let mut row = vec![format!("  {}", power.summary.label_of(*policy))];
        let at = |load: f64| {
            let mut own = curves.iter();
            own.find(|curve| curve.policy == *policy && curve.load == load)
        };
        row.extend(loads.iter().map(|load| {
            at(*load).map_or(NOTHING.to_owned(), |curve| told(kind, &curve.smallest()))
        }));
        row.push(
            usual
                .and_then(at)
                .map_or_else(String::new, |curve| bars(curve, options)),
        );
        row
    };
    let rows = policies.iter().map(row).collect();
    let spare = header.last().cloned().unwrap_or_default();
    table(&header, rows, &[&spare], options)
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Errors => "errors: share that fails",
        Kind::Slow => "slow: factor on the p99",
        Kind::Own => "own: multiple of the fault",
    }
}

fn told(kind: Kind, found: &Smallest) -> String {
    let size = |size: f64| amount(kind, size);
    let Some(at) = found.size else {
        return "none".to_owned();
    };
    if found.is_below {
        return format!("≤{}", size(at));
    }
    let end = |end: Option<f64>| {
        let text = end.map_or_else(String::new, size);
        text.trim_end_matches(" %")
            .trim_start_matches('×')
            .to_owned()
    };
    format!("{} ({}–{})", size(at), end(found.low), end(found.high))
}

/// How far a level of traffic is from the usual one.
fn far(load: f64) -> f64 {
    load.ln().abs()
}

/// A size to two digits.
pub(super) fn amount(kind: Kind, size: f64) -> String {
    match kind {
        Kind::Errors if size < 0.00995 => format!("{:.2} %", size * 100.0),
        Kind::Errors if size < 0.0995 => format!("{:.1} %", size * 100.0),
        Kind::Errors => format!("{:.0} %", size * 100.0),
        Kind::Slow | Kind::Own if size < 9.95 => format!("×{size:.1}"),
        Kind::Slow | Kind::Own => format!("×{size:.0}"),
    }
}

fn bars(curve: &Curve, options: Options) -> String {
    let shares = curve.points.iter().map(|point| point.caught.share);
    options.characters.spark(shares)
}
