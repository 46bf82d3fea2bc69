//! What the data path did, as text.

use std::fmt::Write as _;

use coalmine_sim::router::Change;
use coalmine_sim::router::path::{Backend, Seen};

use crate::args::{RouterFormat, RouterShow};

/// A table: names of columns, and what is in them.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

#[derive(Clone)]
enum Value {
    Text(String),
    /// With three digits, as times are.
    Seconds(f64),
    /// Open: no end, no bound.
    Open,
    Number(f64),
}

/// The part that was asked for.
pub(super) fn text(
    seen: &Seen,
    show: RouterShow,
    rps: Option<f64>,
    format: RouterFormat,
) -> String {
    let table = match show {
        RouterShow::Weights => weights(&seen.changes),
        RouterShow::Shares => shares(seen, rps),
        RouterShow::Requests => requests(seen),
    };
    match format {
        RouterFormat::Table => table.for_people(),
        RouterFormat::Csv => table.csv(),
        RouterFormat::Json => table.json(),
    }
}

/// The weight in every unit; the mean over all units is the unit `mean`. An open end has no `to`.
fn weights(changes: &[Change]) -> Table {
    let mut units: Vec<usize> = changes.iter().map(|change| change.unit).collect();
    units.sort_unstable();
    units.dedup();
    let mean: Vec<_> = changes.iter().map(|c| (c.at_s, c.share)).collect();
    let mut series = vec![("mean".to_owned(), mean)];
    for unit in units {
        let own = changes.iter().filter(|change| change.unit == unit);
        let own = own.map(|c| (c.at_s, c.unit_share)).collect();
        series.push((unit.to_string(), own));
    }
    let mut rows = Vec::new();
    for (name, steps) in series {
        for (index, (from_s, share)) in steps.iter().enumerate() {
            let to_s = steps.get(index + 1).map(|(to_s, _)| *to_s);
            if to_s != Some(*from_s) {
                let unit = Value::Text(name.clone());
                rows.push(vec![
                    unit,
                    Value::Seconds(*from_s),
                    end(to_s),
                    percent(*share),
                ]);
            }
        }
    }
    Table {
        columns: vec!["unit", "from", "to", "weight"],
        rows,
    }
}

/// Who answers a request that no rule decides on, in percent.
fn shares(seen: &Seen, rps: Option<f64>) -> Table {
    let mut columns = vec!["from", "to", "canary", "stable", "canary_5xx", "stable_5xx"];
    if rps.is_some() {
        columns.push("failed");
    }
    let next = seen.shares.iter().skip(1).map(|shares| Some(shares.from_s));
    let rows = seen.shares.iter().zip(next.chain([None]));
    let row = |(shares, to_s): (&coalmine_sim::router::path::Shares, Option<f64>)| {
        let parts = [
            shares.canary,
            shares.stable,
            shares.canary_5xx,
            shares.stable_5xx,
        ];
        let mut row = vec![Value::Seconds(shares.from_s), end(to_s)];
        row.extend(parts.map(percent));
        if let Some(rps) = rps {
            let failed = shares.canary_5xx + shares.stable_5xx;
            row.push(match to_s {
                _ if failed == 0.0 => Value::Number(0.0),
                Some(to_s) => Value::Number(tidy(rps * failed * (to_s - shares.from_s))),
                None => Value::Open,
            });
        }
        row
    };
    Table {
        columns,
        rows: rows.map(row).collect(),
    }
}

/// What each request met, a row for every way it can go.
fn requests(seen: &Seen) -> Table {
    let row = |met: &coalmine_sim::router::path::Met| {
        let backend = match &met.outcome.backend {
            Backend::Nobody => "nobody",
            Backend::Stable => "stable",
            Backend::Canary(name) => name,
        };
        vec![
            Value::Seconds(met.at_s),
            Value::Text(met.text.clone()),
            percent(met.outcome.share),
            Value::Text(backend.to_owned()),
            Value::Number(f64::from(met.outcome.status)),
            Value::Number(f64::from(met.outcome.attempts)),
            Value::Seconds(met.outcome.waited_s),
            end(Some(met.ends_s).filter(|ends_s| ends_s.is_finite())),
        ]
    };
    Table {
        columns: vec![
            "time", "request", "share", "backend", "status", "attempts", "waited", "ends",
        ],
        rows: seen.met.iter().map(row).collect(),
    }
}

fn end(to_s: Option<f64>) -> Value {
    to_s.map_or(Value::Open, Value::Seconds)
}

/// A share without the noise of binary fractions.
fn percent(share: f64) -> Value {
    Value::Number(tidy(share * 100.0))
}

fn tidy(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

impl Value {
    fn plain(&self, open: &str) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Seconds(seconds) => format!("{seconds:.3}"),
            Self::Open => open.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Seconds(number) | Self::Number(number) => (*number).into(),
            Self::Open => serde_json::Value::Null,
        }
    }
}

impl Table {
    fn for_people(&self) -> String {
        let plain = |row: &Vec<Value>| row.iter().map(|value| value.plain("…")).collect();
        let mut lines: Vec<Vec<String>> = vec![
            self.columns
                .iter()
                .map(|name| name.to_uppercase())
                .collect(),
        ];
        lines.extend(self.rows.iter().map(plain));
        let width = |column: usize| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().zip(&widths);
            let cells: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            let _ = writeln!(text, "{}", cells.join("  ").trim_end());
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = self.columns.join(",") + "\n";
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(|value| value.plain("")).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }

    fn json(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let pairs = self.columns.iter().zip(row);
            let object: serde_json::Map<_, _> = pairs
                .map(|(name, value)| ((*name).to_owned(), value.json()))
                .collect();
            let _ = writeln!(text, "{}", serde_json::Value::Object(object));
        }
        text
    }
}
