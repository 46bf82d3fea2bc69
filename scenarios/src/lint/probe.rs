//! Answers of queries in small worlds: nothing yet, no requests, no failed request.
//!
//! The worlds have one series for each selector, with labels that satisfy it. Where a selector's
//! demands cannot be met by a guess, nothing is said.

use std::collections::BTreeSet;

use coalmine_policy::MetricAnswer;
use coalmine_promql::{Labels, MatchOp, Matcher, Plan, Query, Selector, Store, Value};

/// What has happened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum World {
    /// No series exists.
    Nothing,
    /// Counters stand still.
    Idle,
    /// Requests come, and none has ever failed.
    Faultless,
}

/// Between samples.
const SCRAPE_MS: i64 = 15_000;
/// Longer histories are not tried.
const REACH_MAX_MS: i64 = 7 * 86_400_000;
/// Upper bounds of histograms.
const BUCKETS: [(&str, f64); 4] = [("0.1", 6.0), ("1.0", 9.0), ("10.0", 10.0), ("+Inf", 10.0)];

/// Words for what went well, by which labels of outcomes are known.
const GOOD: [&str; 10] = [
    "200", "OK", "ok", "success", "SUCCESS", "2xx", "Success", "true", "0", "none",
];
/// Words for what failed.
const FAILED: [&str; 16] = [
    "500",
    "502",
    "503",
    "504",
    "5xx",
    "404",
    "400",
    "429",
    "4xx",
    "failure",
    "error",
    "Error",
    "Internal",
    "Unavailable",
    "SERVER_ERROR",
    "false",
];

/// The answer in a world; `None` when no such world can be made, or the query fails in it.
pub(super) fn answer(query: &Query, world: World) -> Option<MetricAnswer> {
    let mut store = Store::default();
    let reach_ms = query.reach_ms()?;
    if reach_ms > REACH_MAX_MS {
        return None;
    }
    if world != World::Nothing {
        let step_ms = (reach_ms / 400).max(SCRAPE_MS);
        for (labels, growth) in series(query, world)? {
            let id = store.add_series(Labels::new(labels));
            let count = reach_ms / step_ms + 2;
            for index in 0..=count {
                let grown = match world {
                    World::Idle => 0.0,
                    _ => growth * index as f64,
                };
                store.append(id, index * step_ms, 100.0 + grown);
            }
        }
    }
    let now_ms = (reach_ms / SCRAPE_MS + 2) * SCRAPE_MS;
    let plan = Plan::new(query, &store);
    match plan.instant(query, &store, now_ms).ok()? {
        Value::Scalar(value) => Some(MetricAnswer::Scalar(value)),
        Value::Vector(samples) => Some(MetricAnswer::Vector(
            samples.iter().map(|sample| sample.value).collect(),
        )),
        Value::Matrix(_) | Value::String(_) => None,
    }
}

/// Whether an answer has no number in it.
pub(super) fn is_void(answer: &MetricAnswer) -> bool {
    match answer {
        MetricAnswer::Vector(values) => values.iter().all(|value| value.is_nan()),
        MetricAnswer::Scalar(value) => value.is_nan(),
        _ => false,
    }
}

type Series = (Vec<(String, String)>, f64);

/// The series of a world, with what each grows by between two samples.
fn series(query: &Query, world: World) -> Option<Vec<Series>> {
    let mut known: BTreeSet<Vec<(String, String)>> = BTreeSet::new();
    let mut list = Vec::new();
    for selector in query.selectors() {
        let Some(labels) = labels(query, selector, world)? else {
            continue;
        };
        let is_histogram = selector
            .name
            .as_deref()
            .is_some_and(|n| n.ends_with("_bucket"));
        let pins_le = labels.iter().any(|(name, _)| name == "le");
        let variants: Vec<Series> = match is_histogram && !pins_le {
            true => BUCKETS
                .iter()
                .map(|(le, growth)| {
                    let mut labels = labels.clone();
                    labels.push(("le".to_owned(), (*le).to_owned()));
                    (labels, *growth)
                })
                .collect(),
            false => vec![(labels, 10.0)],
        };
        for (mut labels, growth) in variants {
            labels.sort();
            if known.insert(labels.clone()) {
                list.push((labels, growth));
            }
        }
    }
    Some(list)
}

/// Labels that satisfy a selector; `Some(None)` when the world has no such series, `None` when no
/// labels are found.
fn labels(
    query: &Query,
    selector: &Selector,
    world: World,
) -> Option<Option<Vec<(String, String)>>> {
    let metric = selector.name.clone()?;
    let siblings = || query.selectors().iter().filter(|s| s.name == selector.name);
    let names: BTreeSet<&str> = siblings()
        .flat_map(|s| &s.matchers)
        .map(|m| m.name.as_str())
        .filter(|name| *name != coalmine_promql::METRIC_NAME)
        .collect();
    let mut labels = vec![(coalmine_promql::METRIC_NAME.to_owned(), metric)];
    for name in names {
        let own: Vec<&Matcher> = selector
            .matchers
            .iter()
            .filter(|m| m.name == name)
            .collect();
        let all: Vec<&Matcher> = siblings()
            .flat_map(|s| &s.matchers)
            .filter(|m| m.name == name)
            .collect();
        let good = good_value(name, &all);
        if world == World::Faultless
            && let Some(good) = good
            && name != "le"
        {
            if own.iter().all(|m| m.matches(good)) {
                labels.push((name.to_owned(), good.to_owned()));
                continue;
            }
            // It counts what went wrong.
            return Some(None);
        }
        let value = satisfying(&own, &all)?;
        if !value.is_empty() {
            labels.push((name.to_owned(), value));
        }
    }
    Some(Some(labels))
}

/// The value of a label of outcomes for what went well; `None` for other labels.
fn good_value(name: &str, all: &[&Matcher]) -> Option<&'static str> {
    let tells = |good: &str| {
        all.iter().any(|m| {
            let fails = FAILED.iter().filter(|word| m.matches(word)).count();
            match m.matches(good) {
                // `status!~"5.."`, `code=~"2.."`.
                true => {
                    fails < FAILED.len()
                        && FAILED.iter().any(|w| !m.matches(w))
                        && is_outcome(name, m)
                }
                // `status=~"5.."`, `code!="200"`.
                false => fails > 0 && is_outcome(name, m),
            }
        })
    };
    GOOD.iter()
        .copied()
        .find(|good| tells(good) && says(all, good))
}

/// Whether the word is of the kind that the matchers speak of.
fn says(all: &[&Matcher], good: &str) -> bool {
    all.iter().any(|m| {
        let negative = matches!(m.op, MatchOp::NotEqual) || m.op_text() == "!~";
        match negative {
            false => m.matches(good) || FAILED.iter().any(|w| m.matches(w) && alike(w, good)),
            true => m.value == good || FAILED.iter().any(|w| !m.matches(w) && alike(w, good)),
        }
    })
}

/// Numbers with numbers, words with words.
fn alike(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let class = |text: &str| text.len() == 3 && text.ends_with("xx");
    (digits(a), class(a)) == (digits(b), class(b))
}

fn is_outcome(name: &str, matcher: &Matcher) -> bool {
    let words = [
        "status",
        "code",
        "classification",
        "outcome",
        "result",
        "success",
        "error",
        "exception",
        "class",
    ];
    let name = name.to_lowercase();
    words.iter().any(|word| name.contains(word)) && !matcher.value.is_empty()
}

/// A value that satisfies all of these, taken from what they say.
fn satisfying(own: &[&Matcher], all: &[&Matcher]) -> Option<String> {
    let said = own.iter().chain(all).flat_map(|m| candidates(&m.value));
    let usual = ["x", "200", "500", "GET", "", "1.0", "+Inf"];
    let mut tried = said.chain(usual.into_iter().map(str::to_owned));
    tried.find(|value| own.iter().all(|m| m.matches(value)))
}

/// Texts that a value or a regular expression may stand for.
fn candidates(pattern: &str) -> Vec<String> {
    let mut list = vec![pattern.to_owned()];
    for piece in pattern.split('|') {
        let mut text = piece
            .replace(['^', '$', '('], "")
            .replace(")?", "")
            .replace(')', "");
        for (token, stands) in [
            (".*", ""),
            (".+", "x"),
            ("\\.", "."),
            ("\\d+", "1"),
            ("[0-9a-zA-Z]+", "a1"),
            ("[a-zA-Z0-9]+", "a1"),
            ("[0-9a-z]+", "a1"),
            ("[a-z0-9]+", "a1"),
            ("[0-9]+", "1"),
            ("[a-z]+", "a"),
            ("[a-z0-9]*", "a1"),
            ("[45]", "5"),
            ("[23]", "2"),
            ("[1-4]", "2"),
            ("[0-9]", "0"),
            ("{10}", ""),
            ("{5}", ""),
        ] {
            text = text.replace(token, stands);
        }
        list.push(text.replace('.', "0"));
        list.push(text);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, world: World) -> Option<Vec<f64>> {
        let query = Query::parse(text).expect(text);
        match answer(&query, world)? {
            MetricAnswer::Vector(values) => Some(values),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_share_of_failures_is_empty_until_one_has_failed() {
        let text = r#"sum(rate(r{app="a",status=~"5.."}[1m])) / sum(rate(r{app="a"}[1m]))"#;
        assert_eq!(at(text, World::Nothing), Some(vec![]));
        assert_eq!(at(text, World::Faultless), Some(vec![]));
        assert!(at(text, World::Idle).expect("is there")[0].is_nan());
    }

    #[test]
    fn a_share_of_successes_is_one_while_none_fails() {
        for good in [
            r#"status!~"5.*""#,
            r#"status=~"2..""#,
            r#"status=~"[23].*""#,
            r#"code="200""#,
        ] {
            let text = format!("sum(rate(r{{{good}}}[1m])) / sum(rate(r[1m]))");
            assert_eq!(at(&text, World::Faultless), Some(vec![1.0]), "{good}");
        }
    }

    #[test]
    fn what_is_guarded_has_an_answer() {
        let text = "sum(rate(r{c=~\"5..\"}[1m])) / sum(rate(r[1m])) or on() vector(0)";
        assert_eq!(at(text, World::Nothing), Some(vec![0.0]));
        let text = "histogram_quantile(0.5, sum by (le) (rate(r_bucket[1m])))";
        assert_eq!(at(text, World::Faultless).expect("is there").len(), 1);
    }

    #[test]
    fn words_of_outcomes_are_told_from_numbers() {
        let text = r#"sum(rate(r{grpc_code!="OK"}[1m])) / sum(rate(r[1m]))"#;
        assert_eq!(at(text, World::Faultless), Some(vec![]));
        let text = r#"sum(rate(r{classification="failure"}[1m])) / sum(rate(r[1m]))"#;
        assert_eq!(at(text, World::Faultless), Some(vec![]));
    }
}
