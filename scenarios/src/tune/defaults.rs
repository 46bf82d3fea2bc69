//! What is turned when the user names nothing: what a manifest says about pace, weights, limits and
//! thresholds, around today's values.

use coalmine_policy::Span;
use coalmine_policy::source::Document;

use super::find::{self, Place};
use super::knob::same;
use super::values::{Value, tidy};
use super::{Address, Knob, Workbench};

/// More knobs than these are no overview; the user may name more.
const MOST: usize = 8;

/// How values around today's are made.
#[derive(Clone, Copy)]
enum Around {
    /// A quarter to four times.
    Factors,
    /// Half and double.
    Double,
    /// A few of what people write.
    Small(&'static [i64]),
    /// Nearer to certainty and further from it, or half and double.
    Threshold,
}

const FAILURES: &[i64] = &[1, 2, 3, 5, 10];
const LIMITS: &[i64] = &[0, 1, 2, 3, 5];
const COUNTS: &[i64] = &[2, 3, 5, 10, 20];
const STEPS: &[i64] = &[5, 10, 20, 25, 50];

/// Addresses by kind, the most telling first. One with `+` turns both where they are alike today.
const WANTED: &[(&str, &[&str], Around)] = &[
    (
        "Canary",
        &[
            "spec.analysis.interval+spec.analysis.metrics[*].interval",
            "spec.analysis.interval",
        ],
        Around::Factors,
    ),
    (
        "Canary",
        &["spec.analysis.threshold"],
        Around::Small(FAILURES),
    ),
    (
        "Canary",
        &["spec.analysis.stepWeight"],
        Around::Small(STEPS),
    ),
    ("Canary", &["spec.analysis.maxWeight"], Around::Double),
    ("Canary", &["spec.analysis.iterations"], Around::Double),
    (
        "Canary",
        &["spec.analysis.metrics[?].thresholdRange.min"],
        Around::Threshold,
    ),
    (
        "Canary",
        &["spec.analysis.metrics[?].thresholdRange.max"],
        Around::Threshold,
    ),
    (
        "Rollout",
        &[
            "spec.strategy.canary.steps[*].pause",
            "spec.strategy.canary.steps[?].pause",
        ],
        Around::Factors,
    ),
    (
        "Template",
        &["spec.metrics[*].interval", "spec.metrics[?].interval"],
        Around::Factors,
    ),
    (
        "Template",
        &["spec.metrics[*].count", "spec.metrics[?].count"],
        Around::Small(COUNTS),
    ),
    (
        "Template",
        &[
            "spec.metrics[*].failureLimit",
            "spec.metrics[?].failureLimit",
        ],
        Around::Small(LIMITS),
    ),
    (
        "Rollout",
        &["spec.strategy.canary.steps[?].setWeight"],
        Around::Double,
    ),
    (
        "Template",
        &["spec.metrics[?].successCondition"],
        Around::Threshold,
    ),
    (
        "Template",
        &["spec.metrics[?].failureCondition"],
        Around::Threshold,
    ),
    ("Baseline", &["spec.looks.interval"], Around::Factors),
    ("Baseline", &["spec.looks.count"], Around::Double),
    ("Baseline", &["spec.looks.checks[?].max"], Around::Threshold),
];

/// The knobs of a manifest.
#[must_use]
pub fn defaults(bench: &Workbench) -> Vec<Knob> {
    let mut knobs: Vec<Knob> = Vec::new();
    for (kind, forms, around) in WANTED {
        for document in bench
            .documents
            .iter()
            .filter(|document| is_of(document, kind))
        {
            // The first form that fits turns everything of its kind.
            let found = forms
                .iter()
                .map(|form| of_form(bench, document, form, *around));
            let first = found.into_iter().find(|knobs| !knobs.is_empty());
            knobs.extend(first.unwrap_or_default());
        }
    }
    knobs.truncate(MOST);
    knobs
}

fn is_of(document: &Document, kind: &str) -> bool {
    document.kind == kind || (kind == "Template" && document.kind.ends_with("AnalysisTemplate"))
}

/// `[?]` is each item on its own.
fn of_form(bench: &Workbench, document: &Document, form: &str, around: Around) -> Vec<Knob> {
    const ITEMS: usize = 20;
    let indices = if form.contains("[?]") { 0..ITEMS } else { 0..1 };
    let knobs = indices.filter_map(|index| {
        let form = form.replace("[?]", &format!("[{index}]"));
        one(bench, document, &form, around)
    });
    knobs.collect()
}

fn one(bench: &Workbench, document: &Document, form: &str, around: Around) -> Option<Knob> {
    let mut places: Vec<Place> = Vec::new();
    for part in form.split('+') {
        let text = format!("{}:{part}", find::object(document));
        let found = find::find(bench, &Address::parse(&text).ok()?).ok()?;
        // Nothing is added that the manifest does not have.
        if found.iter().any(|place| bench.node(place).is_none()) {
            return None;
        }
        places.extend(found);
    }
    let today = places.first()?.today?;
    let alike =
        |place: &Place| place.of == places[0].of && place.today.is_some_and(|v| same(v, today));
    let is_whole = today == Value::Whole(100) && form.contains("eight");
    if !places.iter().all(alike) || is_whole {
        return None;
    }
    let label = label(bench, document, &places, form);
    Knob::new(bench, label, places, values(today, around)).ok()
}

/// The short address, with the object where there are several that it might be of.
fn label(bench: &Workbench, document: &Document, places: &[Place], form: &str) -> String {
    let parts: Vec<String> = if form.contains('*') {
        let short = |part: &str| {
            let begin = ["spec.strategy.canary.", "spec."];
            let cut = begin.iter().find_map(|begin| part.strip_prefix(begin));
            cut.unwrap_or(part).to_owned()
        };
        form.split('+').map(short).collect()
    } else {
        places.iter().map(|place| named(document, place)).collect()
    };
    let alike = bench
        .documents
        .iter()
        .filter(|other| other.kind == document.kind)
        .count();
    if alike > 1 {
        let object = find::object(document);
        let whole: Vec<_> = parts
            .iter()
            .map(|part| format!("{object}:{part}"))
            .collect();
        return whole.join("+");
    }
    parts.join("+")
}

/// Metrics go by their names.
fn named(document: &Document, place: &Place) -> String {
    let mut path = find::short(document, &place.path);
    for (index, step) in place.path.iter().enumerate() {
        let item = find::at(&document.root, &place.path[..=index]);
        let name = item.and_then(|item| item.get("name")?.as_str());
        if let (super::PathStep::Index(at), Some(name)) = (step, name)
            && !name.contains(['[', ']', ':', '+', '='])
        {
            path = path.replacen(&format!("[{at}]"), &format!("[{name}]"), 1);
        }
    }
    path
}

fn values(today: Value, around: Around) -> Vec<Value> {
    let mut all = vec![today];
    match (around, today) {
        (Around::Small(usual), _) => all.extend(usual.iter().map(|n| Value::Whole(*n))),
        (Around::Factors, _) => {
            all.extend(
                [0.25, 0.5, 2.0, 4.0]
                    .iter()
                    .filter_map(|factor| times(today, *factor)),
            );
        }
        (Around::Threshold, Value::Number(n)) => {
            all.extend(
                around_threshold(n)
                    .into_iter()
                    .map(|n| Value::Number(tidy(n))),
            );
        }
        (Around::Double | Around::Threshold, _) => {
            all.extend([0.5, 2.0].iter().filter_map(|factor| times(today, *factor)));
        }
    }
    all.sort_by(|a, b| a.number().total_cmp(&b.number()));
    all.dedup_by(|a, b| same(*a, *b));
    all
}

fn times(today: Value, factor: f64) -> Option<Value> {
    match today {
        Value::Duration(span) => {
            // Nobody looks more often than every ten seconds.
            let secs = (span.as_secs_f64() * factor).round() as u64;
            (secs >= 10).then(|| Value::Duration(Span::from_secs(secs)))
        }
        Value::Whole(n) => {
            let times = (n as f64 * factor).round() as i64;
            (1..=100).contains(&times).then_some(Value::Whole(times))
        }
        Value::Number(n) => Some(Value::Number(tidy(n * factor))),
    }
}

/// A share of successes is turned by its distance from all.
fn around_threshold(n: f64) -> Vec<f64> {
    let all = match n {
        n if (0.5..1.0).contains(&n) => 1.0,
        n if (50.0..100.0).contains(&n) => 100.0,
        _ => 0.0,
    };
    [0.5, 2.0]
        .iter()
        .map(|factor| all - (all - n) * factor)
        .collect()
}
