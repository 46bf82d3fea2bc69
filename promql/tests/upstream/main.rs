//! Prometheus' own test files, run from a checkout named by `PROMETHEUS_CHECKOUT`; nothing of them
//! is in this repository.
//!
//! Out of scope and counted apart: native histograms, and what the evaluator refuses by name. Every
//! other evaluation must pass, unless it is listed in [`KNOWN`] with its reason.

mod script;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coalmine_promql::{
    Annotations, Labels, ParseErrorKind, Plan, Query, RangeSeries, Severity, Store, Value,
};
use script::{Command, Eval, Point, Row};

/// Relative tolerance of the files (promqltest/test.go: `defaultEpsilon`).
const EPSILON: f64 = 1e-6;

/// Evaluations that differ for a reason: part of the query, and why.
const KNOWN: &[(&str, &str)] = &[
    ("duration_expression.test", DURATIONS),
    (
        "type_and_unit.test",
        "type and unit labels: off in a server",
    ),
    (
        "rate({env=\"1\"}[10m])",
        "delayed name removal: off in a server, on in these files",
    ),
    (
        "extended_vectors.test",
        "anchored and smoothed: newer than 3.5, experimental",
    ),
    (
        "start_timestamps.test",
        "start timestamps: newer than 3.5, off in a server",
    ),
    (
        " >/ ",
        "trim operators: newer than 3.5, native histograms only",
    ),
    (
        " </ ",
        "trim operators: newer than 3.5, native histograms only",
    ),
    (
        "many_side >",
        "a many-to-one error for pairs that a comparison drops: since 3.6",
    ),
    (
        "topk(NaN, non_existent)",
        "parameters are checked for empty vectors too: since 3.6",
    ),
    (
        "sum by (__name__)",
        "delayed name removal: off in a server, on in these files",
    ),
    ("info.test", "info(): experimental"),
    ("sort(series)", SORT),
    ("sort_desc(series)", SORT),
    ("lower_falls_in_the_first_bucket_bucket)", FRACTION),
    ("single_bucket_bucket)", FRACTION),
    ("upper_exactly_on_bucket_boundary_bucket)", FRACTION),
    ("fractional_bucket_bounds_bucket)", FRACTION),
    ("range_entirely_below_all_buckets_bucket)", FRACTION),
    (
        "\\xff",
        "bytes that are no UTF-8 in a string literal: the grammar has none",
    ),
];

/// The queries whose answer changed with it.
const FRACTION: &str =
    "histogram_fraction() of the first and the unbounded bucket: changed since 3.5";

const SORT: &str = "the warning that sorting does nothing in a range: since 3.6";

const DURATIONS: &str = "duration expressions: experimental, off in a server";

enum Ending {
    Passed,
    OutOfScope(String),
    Failed(String),
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= EPSILON * a.abs().max(b.abs())
}

/// What was loaded.
#[derive(Default)]
struct Loaded {
    floats: Store,
    /// Native histograms, by labels only.
    native: Store,
}

impl Loaded {
    fn add(&mut self, load: script::Load) {
        for labels in load.native {
            self.native.add_series(labels);
        }
        for (index, (labels, points)) in load.rows.iter().enumerate() {
            // A series written twice is the one written last (promqltest/test.go: `loadCmd.set`).
            if load.rows[index + 1..]
                .iter()
                .any(|later| later.0 == *labels)
            {
                continue;
            }
            let id = self.floats.add_series(labels.clone());
            for (index, point) in points.iter().enumerate() {
                let time_ms = index as i64 * load.step_ms;
                match point {
                    Point::Value(value) => self.floats.append(id, time_ms, *value),
                    Point::Stale => self.floats.append_stale(id, time_ms),
                    Point::Missing => {}
                }
            }
        }
    }

    fn reads_native(&self, query: &Query) -> bool {
        let plan = Plan::new(query, &self.native);
        (0..query.selectors().len()).any(|index| !plan.selected(index).is_empty())
    }
}

fn run(eval: &Eval, loaded: &Loaded) -> Ending {
    let store = &loaded.floats;
    if eval.native {
        return Ending::OutOfScope("native histograms".to_owned());
    }
    let query = match Query::parse(&eval.query) {
        Ok(query) => query,
        Err(error) if error.kind == ParseErrorKind::Unsupported => {
            return Ending::OutOfScope(format!("refused: {error}"));
        }
        Err(_) if eval.fails => return Ending::Passed,
        Err(error) => return Ending::Failed(format!("does not parse: {error}")),
    };
    if loaded.reads_native(&query) {
        return Ending::OutOfScope("native histograms".to_owned());
    }
    let plan = Plan::new(&query, store);
    let answer = match eval.range {
        None => plan.instant_annotated(&query, store, eval.start_ms),
        Some((end, step)) => plan
            .range_annotated(&query, store, (eval.start_ms, end, step))
            .map(|(rows, annotations)| (Value::Matrix(rows), annotations)),
    };
    match answer {
        Err(_) if eval.fails => Ending::Passed,
        Err(error) => Ending::Failed(format!("fails: {error}")),
        Ok((value, _)) if eval.fails => Ending::Failed(format!("should fail, answers {value:?}")),
        Ok((value, annotations)) => {
            let unexpected = || annotation_difference(eval, &annotations);
            match difference(eval, &value).or_else(unexpected) {
                None => Ending::Passed,
                Some(why) => Ending::Failed(why),
            }
        }
    }
}

/// Whether there are warnings and infos where the files expect some, and none where they say so.
fn annotation_difference(eval: &Eval, annotations: &Annotations) -> Option<String> {
    for (severity, expected) in [
        (Severity::Warning, eval.warns),
        (Severity::Info, eval.informs),
    ] {
        let texts = annotations.texts(severity, &eval.query);
        if expected.is_some_and(|expected| expected == texts.is_empty()) {
            return Some(format!("annotates {texts:?}"));
        }
    }
    None
}

fn difference(eval: &Eval, value: &Value) -> Option<String> {
    let wrong = || Some(format!("answers {value:?}"));
    match value {
        Value::Scalar(value) => match eval.scalar {
            Some(wanted) if close(wanted, *value) => None,
            _ => wrong(),
        },
        Value::String(text) => match &eval.string {
            Some(wanted) if wanted == text => None,
            _ => wrong(),
        },
        Value::Vector(samples) => {
            let got: Vec<_> = samples
                .iter()
                .map(|s| (s.labels.clone(), s.value))
                .collect();
            let wanted = eval
                .rows
                .iter()
                .map(|(labels, points)| (labels, points.first()));
            let same = |(labels, point): (&Labels, Option<&Point>), got: &(Labels, f64)| {
                *labels == got.0
                    && matches!(point, Some(Point::Value(wanted)) if close(*wanted, got.1))
            };
            let equal = if eval.ordered {
                wanted
                    .clone()
                    .zip(&got)
                    .all(|(wanted, got)| same(wanted, got))
            } else {
                wanted
                    .clone()
                    .all(|wanted| got.iter().any(|got| same(wanted, got)))
            };
            (got.len() != eval.rows.len() || !equal).then(|| format!("answers {got:?}"))
        }
        Value::Matrix(rows) => {
            let range = eval.range.map(|(_, step)| (eval.start_ms, step));
            let Some(span) = range.or(eval.matrix) else {
                return wrong();
            };
            let all = eval.rows.iter().all(|row| is_among(row, rows, span));
            (rows.len() != eval.rows.len() || !all).then(|| format!("answers {rows:?}"))
        }
    }
}

fn is_among((labels, points): &Row, rows: &[RangeSeries], (start, step): (i64, i64)) -> bool {
    let Some(row) = rows.iter().find(|row| row.labels == *labels) else {
        return false;
    };
    let wanted: Vec<(i64, f64)> = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| match point {
            Point::Value(value) => Some((start + index as i64 * step, *value)),
            _ => None,
        })
        .collect();
    wanted.len() == row.times_ms.len()
        && wanted
            .iter()
            .zip(row.times_ms.iter().zip(&row.values))
            .all(|(wanted, got)| wanted.0 == *got.0 && close(wanted.1, *got.1))
}

#[derive(Default)]
struct Tally {
    passed: usize,
    out_of_scope: BTreeMap<String, usize>,
    failed: Vec<String>,
    known: BTreeMap<&'static str, usize>,
}

fn run_file(path: &Path, tally: &mut Tally) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(path).expect("reads");
    let commands = match script::parse(&text) {
        Ok(commands) => commands,
        Err(error) => return tally.failed.push(format!("{name}: not read: {error}")),
    };
    let mut loaded = Loaded::default();
    for command in commands {
        match command {
            Command::Clear => loaded = Loaded::default(),
            Command::Load(load) => loaded.add(load),
            Command::Eval(eval) => {
                let place = format!("{name}: {}", eval.query);
                let known = KNOWN.iter().find(|(part, _)| place.contains(part));
                match (run(&eval, &loaded), known) {
                    // A file of what is refused anyway: a query that fails to parse proves nothing.
                    (Ending::Passed, Some((part, why)))
                        if eval.fails && part.ends_with(".test") =>
                    {
                        *tally.known.entry(why).or_default() += 1;
                    }
                    (Ending::Passed, _) => tally.passed += 1,
                    (Ending::OutOfScope(why), _) => {
                        *tally.out_of_scope.entry(why).or_default() += 1;
                    }
                    (Ending::Failed(_), Some((_, why))) => {
                        *tally.known.entry(why).or_default() += 1;
                    }
                    (Ending::Failed(why), None) => {
                        let (line, query) = (eval.line, &eval.query);
                        tally
                            .failed
                            .push(format!("{name}:{line}: {query}\n    {why}"));
                    }
                }
            }
        }
    }
}

#[test]
fn upstream_files_pass_where_they_are_in_scope() {
    let Some(checkout) = std::env::var_os("PROMETHEUS_CHECKOUT").map(PathBuf::from) else {
        println!("PROMETHEUS_CHECKOUT is not set; upstream's files were not run");
        return;
    };
    let folder = checkout.join("promql/promqltest/testdata");
    let entries = std::fs::read_dir(&folder).expect("the checkout has test files");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("reads").path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "test")
    });
    files.sort();
    let mut tally = Tally::default();
    for file in &files {
        let before = tally.passed;
        run_file(file, &mut tally);
        println!("{}: {} passed", file.display(), tally.passed - before);
    }
    println!("passed {}, failed {}", tally.passed, tally.failed.len());
    for (why, count) in &tally.known {
        println!("known to differ {count}: {why}");
    }
    for (why, count) in &tally.out_of_scope {
        println!("out of scope {count}: {why}");
    }
    assert!(tally.passed > 0);
    assert!(tally.failed.is_empty(), "{}", tally.failed.join("\n"));
}
