//! Runs a config on the AnalysisRun machine with instantaneous measurements.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use coalmine_policy::argo::analysis::{Phase, Run};
use coalmine_policy::argo::{Plan, read_standalone};
use coalmine_policy::source::{Diagnostics, Source, read_documents};
use coalmine_policy::{MetricAnswer, Template, Time};

use super::config::Config;

/// A run that has not ended after so many seconds never will.
const HORIZON: u64 = 100_000;

/// What happened.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Phases of the run and its metrics after each pass: second, run, metrics.
    pub(super) passes: Vec<(u64, Phase, BTreeMap<String, Phase>)>,
    /// Measurements: second, metric, outcome.
    pub(super) measured: Vec<(u64, String, char)>,
    pub(super) message: String,
    /// Outcomes of measurements that were terminated in flight.
    pub(super) terminated: Vec<char>,
    /// The series ended before the run did.
    pub(super) starved: bool,
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passes = self
            .passes
            .iter()
            .map(|(at, phase, _)| format!("{at}: {phase:?}"));
        let passes: Vec<_> = passes.collect();
        write!(f, "got {}, message {:?}", passes.join("; "), self.message)
    }
}

pub(super) fn replay(config: &Config) -> Result<History, String> {
    let plan = plan(config)?;
    let mut run = Run::new(plan);
    let mut history = History::default();
    let mut used = vec![0; config.metrics.len()];
    let mut now = Time::ZERO;
    let mut stop = config.terminate.map(Time::from_secs);
    loop {
        if stop.is_some_and(|at| at <= now) {
            stop = None;
            run.terminate();
        }
        loop {
            let mut due = Vec::new();
            for resumed in run.advance(now, &mut |metric| due.push(metric)) {
                let letter = resumed.outcome.as_str().chars().next().unwrap_or_default();
                if resumed.answer.is_none() {
                    assert_eq!(resumed.message, "Metric Terminated");
                    history.terminated.push(letter);
                }
                let name = config.metrics[resumed.metric].name.clone();
                history.measured.push((seconds(now), name, letter));
            }
            note(&mut history, config, &run, now);
            if due.is_empty() {
                break;
            }
            for metric in due {
                let spec = &config.metrics[metric];
                if spec.in_flight {
                    continue;
                }
                let index = used[metric];
                used[metric] += 1;
                let letter = spec.series.get(index).copied();
                let letter = letter.or(spec.series.last().copied().filter(|_| spec.repeats));
                let Some(letter) = letter else {
                    history.starved = true;
                    return Ok(history);
                };
                if spec.job {
                    run.measured(now, metric, &job(letter));
                    continue;
                }
                history
                    .measured
                    .push((seconds(now), spec.name.clone(), letter));
                run.measured(now, metric, &answer(letter));
            }
            note(&mut history, config, &run, now);
        }
        if run.completed() {
            return Ok(history);
        }
        let next = run.next_wake().into_iter().chain(stop).min();
        match next {
            Some(next) if next > now && seconds(next) < HORIZON => now = next,
            _ => return Ok(history),
        }
    }
}

fn seconds(time: Time) -> u64 {
    time.nanos() / 1_000_000_000
}

fn note(history: &mut History, config: &Config, run: &Run, now: Time) {
    let Some(phase) = run.phase() else {
        return;
    };
    let names = config.metrics.iter().enumerate();
    let metrics = names
        .filter_map(|(index, metric)| Some((metric.name.clone(), run.result(index)?.phase)))
        .collect();
    history.passes.push((seconds(now), phase, metrics));
    history.message = run.message().to_owned();
}

/// The conditions below turn 1, 0 and 2 into S, F and I.
fn answer(letter: char) -> MetricAnswer {
    match letter {
        'S' => MetricAnswer::Vector(vec![1.0]),
        'F' => MetricAnswer::Vector(vec![0.0]),
        'I' => MetricAnswer::Vector(vec![2.0]),
        _ => MetricAnswer::Error("no answer".to_owned()),
    }
}

/// Conditions have no say in a job.
fn job(letter: char) -> MetricAnswer {
    match letter {
        'S' => MetricAnswer::Job(true),
        'F' => MetricAnswer::Job(false),
        _ => MetricAnswer::Error("no job".to_owned()),
    }
}

/// Through the manifest reader, so that the row tests it as well.
fn plan(config: &Config) -> Result<Arc<Plan>, String> {
    let mut yaml = TEMPLATE.to_owned();
    for metric in &config.metrics {
        yaml.push_str(&format!("  - name: {}\n", metric.name));
        for field in &metric.fields {
            yaml.push_str(&format!("    {field}\n"));
        }
        yaml.push_str(if metric.job { JOB } else { METRIC });
    }
    let anchored = |metric: &super::config::Metric| {
        let name = metric.dry_run.then(|| format!("^{}$", metric.name));
        metric.rule.clone().or(name)
    };
    let rules: Vec<String> = config.metrics.iter().filter_map(anchored).collect();
    if !rules.is_empty() {
        yaml.push_str("  dryRun:\n");
        for rule in rules {
            yaml.push_str(&format!("  - metricName: '{rule}'\n"));
        }
    }
    let source = Source {
        file: "row".into(),
        text: yaml.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let hash = Template::new("v");
    read_standalone(&documents, "row", &mut diagnostics)
        .map(|analysis| analysis.plan(&hash, &hash))
        .ok_or_else(|| format!("the manifest is refused: {diagnostics:?}"))
}

const TEMPLATE: &str = "apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: row}
spec:
  metrics:
";

const METRIC: &str = "    successCondition: result[0] == 1
    failureCondition: result[0] == 0
    provider: {prometheus: {address: 'http://p', query: up}}
";

const JOB: &str = "    provider: {job: {spec: {template: {spec: {containers: [{name: test}]}}}}}
";
