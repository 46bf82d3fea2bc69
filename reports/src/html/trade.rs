//! Harm against duration: what caution costs, and what it saves.

use maud::{Markup, html};

use super::chart::{Axis, Canvas, Figure, Ink, Plot, Table};
use super::panels::{self, WIDTH};
use crate::harm::{Harm, harms};
use crate::human;
use crate::mix::Measure;
use crate::summary::Summary;

const HEIGHT: f64 = 250.0;
/// Amounts further apart than this factor are shown by factors.
const FAR: f64 = 30.0;

/// A panel over all scenarios, and one for each traffic where there are several.
pub(super) fn trade(summary: &Summary) -> Markup {
    let mut traffics: Vec<&str> = Vec::new();
    for scenario in &summary.study.scenarios {
        if !traffics.contains(&scenario.traffic.as_str()) {
            traffics.push(&scenario.traffic);
        }
    }
    let mut groups = vec![("all scenarios", harms(summary, |_| true))];
    if traffics.len() > 1 {
        groups.extend(traffics.iter().map(|traffic| {
            let of = |index: usize| {
                let scenario = summary.study.scenarios.get(index);
                scenario.is_some_and(|scenario| scenario.traffic == *traffic)
            };
            (*traffic, harms(summary, of))
        }));
    }
    let groups = groups.into_iter().enumerate();
    let groups: Vec<_> = groups.filter(|(_, (_, harms))| !harms.is_empty()).collect();
    html! {
        @if groups.is_empty() {
            p.faint { "No bad release was tried, so nothing is known about harm." }
        } @else {
            p.faint {
                "Mean number of users whom a bad release hurts, against the mean time until a good one is decided (until \
                 any is, where none is good). Down and left is better. Scenarios weigh as they come; whiskers are \
                 95 % intervals."
            }
            (panels::policies(summary))
            (panels::panels(groups.iter().map(|(index, (name, harms))| panel(summary, *index, name, harms))))
        }
    }
}

fn panel(summary: &Summary, index: usize, name: &str, harms: &[Harm]) -> Markup {
    let mut table = Table::new(&["policy", "minutes", "hurt users", "hurt requests", "n"]);
    let mut words = Vec::new();
    for harm in harms {
        let label = summary.label_of(harm.policy).to_owned();
        let (minutes, hurt) = (minutes(harm.minutes.value), amount(harm.users.value));
        words.push(format!("{label} {hurt} users in {minutes} minutes"));
        table.rows.push(vec![
            label,
            told(&harm.minutes, self::minutes),
            told(&harm.users, amount),
            told(&harm.requests, amount),
            human::count(harm.n),
        ]);
    }
    let figure = Figure {
        id: format!("harm-{index}"),
        title: name.to_owned(),
        description: format!("{}.", words.join("; ")),
        size: (WIDTH, HEIGHT),
        table,
    };
    figure.markup(|canvas| draw(canvas, harms))
}

fn minutes(x: f64) -> String {
    format!("{x:.1}")
}

fn amount(x: f64) -> String {
    human::count(x.round().max(0.0) as u64)
}

fn told(measure: &Measure, text: impl Fn(f64) -> String) -> String {
    let ends = (text(measure.low), text(measure.high));
    format!("{} ({}–{})", text(measure.value), ends.0, ends.1)
}

fn draw(canvas: &Canvas<'_>, harms: &[Harm]) {
    let most = |of: fn(&Harm) -> f64| harms.iter().map(of).fold(0.0, f64::max);
    let least = harms
        .iter()
        .map(|h| h.users.value)
        .fold(f64::INFINITY, f64::min);
    let largest = most(|harm| harm.users.high);
    let y = if least >= 1.0 && largest / least > FAR {
        let low = harms
            .iter()
            .map(|h| h.users.low.max(1.0))
            .fold(f64::INFINITY, f64::min);
        Axis::log("hurt users (by factors)", low * 0.7, largest * 1.4, amount)
    } else {
        Axis::amount("hurt users", largest)
    };
    let x = Axis::amount("minutes", most(|harm| harm.minutes.high));
    let plot = Plot::new(canvas, panels::frame(HEIGHT), x, y);
    for harm in harms {
        let (x, y, ink) = (harm.minutes, harm.users, Ink::Whisker);
        plot.whisker((x.low, y.value), (x.high, y.value), ink);
        plot.whisker((x.value, y.low), (x.value, y.high), ink);
    }
    for harm in harms {
        canvas.marker(plot.at(harm.minutes.value, harm.users.value), harm.policy);
    }
}
