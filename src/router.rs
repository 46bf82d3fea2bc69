//! `coalmine router`: what the data path sees of a list of weight writes.

mod events;
mod parameters;

use std::fmt::Write as _;
use std::process::ExitCode;

use coalmine_sim::router::{Change, Router};
use coalmine_sim::stream::{Purpose, Seed, Streams};

use crate::args::{RouterArgs, ScoreFormat};
use crate::failure::Failure;
use crate::output;

/// How long after the last event the data path is watched.
const REST_S: f64 = 600.0;

/// Plays the events and prints every change of a unit.
pub(crate) fn router(args: &RouterArgs) -> Result<ExitCode, Failure> {
    let config = parameters::config(args)?;
    let events = events::read(&args.writes)?;
    let stream = Streams::new(Seed(args.seed), "router", 0).get(Purpose::Router);
    let mut router = Router::new(&config, stream);
    let mut changes = Vec::new();
    let mut last_s = 0.0;
    for (at_s, api) in events {
        router.advance(at_s, |change| changes.push(change));
        router.event(at_s, api);
        last_s = at_s;
    }
    router.advance(last_s + REST_S, |change| changes.push(change));
    let text = match args.format {
        ScoreFormat::Table | ScoreFormat::Junit | ScoreFormat::Markdown => table(&changes),
        ScoreFormat::Csv => csv(&changes),
        ScoreFormat::Json => json(&changes),
    };
    output::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The rows: unit, from, to, weight; the mean over all units is the unit `mean`. An open end has no
/// `to`.
fn rows(changes: &[Change]) -> Vec<(String, f64, Option<f64>, f64)> {
    let mut units: Vec<usize> = changes.iter().map(|change| change.unit).collect();
    units.sort_unstable();
    units.dedup();
    let mean: Vec<_> = changes.iter().map(|c| (c.at_s, c.share)).collect();
    let mut series = vec![("mean".to_owned(), mean)];
    for unit in units {
        let own = changes.iter().filter(|change| change.unit == unit);
        series.push((
            unit.to_string(),
            own.map(|c| (c.at_s, c.unit_share)).collect(),
        ));
    }
    let mut rows = Vec::new();
    for (name, steps) in series {
        for (index, (from_s, share)) in steps.iter().enumerate() {
            let to_s = steps.get(index + 1).map(|(to_s, _)| *to_s);
            if to_s != Some(*from_s) {
                rows.push((name.clone(), *from_s, to_s, share * 100.0));
            }
        }
    }
    rows
}

/// A weight without the noise of binary fractions.
fn percent(weight: f64) -> f64 {
    (weight * 1e6).round() / 1e6
}

fn table(changes: &[Change]) -> String {
    let mut text = format!("{:<6} {:>10} {:>10}  WEIGHT\n", "UNIT", "FROM", "TO");
    for (unit, from_s, to_s, weight) in rows(changes) {
        let to = to_s.map_or_else(|| "…".to_owned(), |to_s| format!("{to_s:.3}"));
        let weight = percent(weight);
        let _ = writeln!(text, "{unit:<6} {from_s:>10.3} {to:>10}  {weight}");
    }
    text
}

fn csv(changes: &[Change]) -> String {
    let mut text = "unit,from,to,weight\n".to_owned();
    for (unit, from_s, to_s, weight) in rows(changes) {
        let to = to_s.map_or_else(String::new, |to_s| format!("{to_s:.3}"));
        let _ = writeln!(text, "{unit},{from_s:.3},{to},{}", percent(weight));
    }
    text
}

fn json(changes: &[Change]) -> String {
    let mut text = String::new();
    for (unit, from_s, to_s, weight) in rows(changes) {
        let weight = percent(weight);
        let row = serde_json::json!({"unit": unit, "from": from_s, "to": to_s, "weight": weight});
        let _ = writeln!(text, "{row}");
    }
    text
}
