//! `prometheus: {file: range.json}`: what `/api/v1/query_range` answered.
//!
//! The whole response, its `data` or its bare `result` will do. Several series are added up: one
//! without a sample at a step counts nothing there, as a pod that is not there serves nothing. NaN
//! counts as no sample. Straight lines are drawn between the steps, over missing ones too (a warning
//! says how many); before the first and after the last the rate stays level.

use std::collections::BTreeMap;

use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};
use coalmine_sim::traffic::Term;
use serde_json::Value;

use super::recording::{self, Recording, SAMPLES_MAX, Times};
use super::{Context, RPS_MAX, file};
use crate::read::clock::Clock;
use crate::read::form::Form;

const HELP: &str = "save the answer of `/api/v1/query_range?query=…&start=…&end=…&step=…`";

pub(super) fn read(
    curve: &mut Form<'_>,
    context: &mut Context<'_>,
    found: &mut Diagnostics,
) -> Option<Term> {
    let at_s = recording::read_at(curve, context, found);
    let source = file::load(curve, "range.json", context, found)?;
    let mut told = Diagnostics::new();
    let sum = Reading::new(&source, &mut told).sum();
    let bad = told.has_errors();
    found.extend(told);
    let sum = sum.filter(|_| !bad)?;
    if let Some(gaps) = sum.gaps() {
        let document = curve.fields.document();
        let message = format!("`{}` has {gaps}", source.file);
        let help = "straight lines are drawn across them, and the ends stay level".to_owned();
        found.push(document.warning(curve.place("file"), message, help));
    }
    let recording = sum.recording(context.clock);
    recording::place(curve, recording, at_s, context, found)
}

/// All series together.
#[derive(Default)]
struct Sum {
    /// By milliseconds since 1970.
    rates: BTreeMap<i64, f64>,
    /// Samples that are no number.
    nans: usize,
}

impl Sum {
    /// What is missing, in words.
    fn gaps(&self) -> Option<String> {
        let times = || self.rates.keys().zip(self.rates.keys().skip(1));
        let step = times().map(|(a, b)| b - a).min().unwrap_or(1);
        let missing: i64 = times().map(|(a, b)| (b - a) / step - 1).sum();
        let counted = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let nans = (self.nans > 0).then(|| counted(self.nans as u64, "NaN sample"));
        let steps = (missing > 0).then(|| counted(missing.unsigned_abs(), "step"));
        let steps = steps.map(|steps| format!("{steps} without a sample"));
        match (nans, steps) {
            (Some(nans), Some(steps)) => Some(format!("{nans} and {steps}")),
            (nans, steps) => nans.or(steps),
        }
    }

    fn recording(self, clock: &Clock) -> Recording {
        let start_ms = clock.start.timestamp().as_nanosecond() as f64 / 1e6;
        let point = |(at_ms, rps): (i64, f64)| ((at_ms as f64 - start_ms) / 1e3, rps);
        Recording {
            points: self.rates.into_iter().map(point).collect(),
            times: Times::Dated,
        }
    }
}

struct Reading<'a> {
    source: &'a Source,
    found: &'a mut Diagnostics,
    sum: Sum,
}

impl<'a> Reading<'a> {
    fn new(source: &'a Source, found: &'a mut Diagnostics) -> Self {
        let sum = Sum::default();
        Self { source, found, sum }
    }

    /// JSON values do not know their places: messages say the path.
    fn refuse(&mut self, position: Position, message: impl Into<String>, help: &str) {
        self.found.push(Diagnostic {
            severity: Severity::Error,
            file: self.source.file.clone(),
            position,
            message: message.into(),
            help: help.to_owned(),
        });
    }

    fn wrong(&mut self, message: impl Into<String>, help: &str) {
        self.refuse(Position::default(), message, help);
    }

    fn sum(mut self) -> Option<Sum> {
        let root = match serde_json::from_str::<Value>(&self.source.text) {
            Ok(root) => root,
            Err(error) => {
                let place = Position {
                    line: error.line(),
                    column: error.column(),
                    ..Position::default()
                };
                self.refuse(place, format!("broken JSON: {error}"), HELP);
                return None;
            }
        };
        let all = self.series(&root)?;
        if all.is_empty() {
            let help = "the query matched nothing in that time: check it in Prometheus";
            self.wrong("the result is empty", help);
        }
        for (index, series) in all.iter().enumerate() {
            self.one(index, series);
            if self.sum.rates.len() > SAMPLES_MAX {
                let message = format!("more than {SAMPLES_MAX} steps");
                self.wrong(message, "ask with a longer `step`");
                break;
            }
        }
        if self.sum.rates.is_empty() && !self.found.has_errors() {
            self.wrong("no sample is a number", "0/0 is NaN: ask for a rate");
        }
        Some(self.sum)
    }

    /// The list of series: of a response, of its `data`, or bare.
    fn series<'v>(&mut self, root: &'v Value) -> Option<&'v Vec<Value>> {
        if let Some(list) = root.as_array() {
            return Some(list);
        }
        if root["status"] == "error" {
            let said = root["error"].as_str().unwrap_or("no reason given");
            self.wrong(format!("Prometheus answered with an error: {said}"), HELP);
            return None;
        }
        let data = root.get("data").unwrap_or(root);
        match data["resultType"].as_str() {
            Some("matrix") | None => {}
            Some(other) => {
                let message = format!("the result is a {other}, of an instant query");
                self.wrong(message, HELP);
                return None;
            }
        }
        let list = data["result"].as_array();
        if list.is_none() {
            self.wrong("no `data.result` is here, and no list of series", HELP);
        }
        list
    }

    fn one(&mut self, index: usize, series: &Value) {
        let path = format!("result[{index}]");
        let Some(values) = series["values"].as_array() else {
            let (what, help) = if series.get("histograms").is_some() {
                (
                    "holds native histograms",
                    "ask for `histogram_count(rate(…))`",
                )
            } else {
                ("has no `values`", HELP)
            };
            return self.wrong(format!("`{path}` {what}"), help);
        };
        let mut before = i64::MIN;
        for (at, pair) in values.iter().enumerate() {
            let Some((at_ms, rps)) = sample(pair) else {
                let message = format!("`{path}.values[{at}]` is {pair}, no pair of time and value");
                return self.wrong(message, "a sample is `[1772422200, \"200\"]`");
            };
            if at_ms <= before {
                let message = format!("`{path}.values[{at}]` is not later than the one before");
                return self.wrong(message, HELP);
            }
            before = at_ms;
            if rps.is_nan() {
                self.sum.nans += 1;
            } else if (0.0..=RPS_MAX).contains(&rps) {
                *self.sum.rates.entry(at_ms).or_default() += rps;
            } else {
                let message = format!("`{path}.values[{at}]` is {rps}, no rate of requests");
                let help = format!("rates go from 0 to {RPS_MAX:e}: ask for `sum(rate(…[5m]))`");
                return self.wrong(message, &help);
            }
        }
    }
}

/// Milliseconds since 1970, and a value.
fn sample(pair: &Value) -> Option<(i64, f64)> {
    let [at_s, value] = pair.as_array()?.as_slice() else {
        return None;
    };
    // Prometheus' times are whole milliseconds; the year 5000 is far enough.
    let at_ms = (at_s.as_f64()? * 1e3).round();
    (at_ms.abs() < 1e14).then_some(())?;
    Some((at_ms as i64, value.as_str()?.parse().ok()?))
}
