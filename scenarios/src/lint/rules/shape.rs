//! Queries whose result is no number, or not the one that is meant.

use coalmine_policy::MetricAnswer;
use coalmine_promql::{ParseErrorKind, Query, ResultType};

use super::super::catalogue::{CM17, CM18, CM19, CM22, CM26, CM27};
use super::super::check::{Check, Tool, Verdict};
use super::super::query::{Keys, keys, quantiles};
use super::super::review::Review;
use super::super::values::values;
use crate::finding::Finding;

pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    for check in review.checks.iter().filter(|check| !check.is_builtin()) {
        if comment(check, review, out) {
            continue;
        }
        match &check.query {
            Err(_) => unreadable(check, review, out),
            Ok(query) => {
                scalar(check, query, out);
                other_shape(check, query, out);
                without_le(check, query, review, out);
                many(check, query, out);
            }
        }
    }
}

/// Flagger prometheus.go:192: runs of white space become one space, line feeds too.
fn comment(check: &Check, review: &Review, out: &mut Vec<Finding>) -> bool {
    if check.tool != Tool::Flagger {
        return false;
    }
    let Some(at) = comment_at(&check.written) else {
        return false;
    };
    let behind = check.written[at..]
        .split_once('\n')
        .map_or("", |(_, rest)| rest);
    let lost = behind
        .lines()
        .any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
    if !lost {
        return false;
    }
    let words = check.written[at..].lines().next().unwrap_or("#").trim_end();
    let source = review.sources.iter().find(|s| s.file == check.query_file);
    let offset = source.and_then(|source| {
        let from = source.text.get(check.query_at.start..)?;
        Some(check.query_at.start + from.find(words)?)
    });
    let position = match (source, offset) {
        (Some(source), Some(start)) => {
            super::super::values::position(&source.text, start, words.len())
        }
        _ => check.query_at,
    };
    let message = format!(
        "metric `{}`: Flagger sends the query in one line, so the comment swallows what follows",
        check.name
    );
    let cure = "remove the comment, or put it above `query` in the YAML";
    out.push(check.about_query(&CM22, position, message, cure));
    true
}

/// Where a comment begins, outside strings.
fn comment_at(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"' | '\'') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '#' => return Some(at),
            None => {}
        }
    }
    None
}

fn scalar(check: &Check, query: &Query, out: &mut Vec<Finding>) {
    if check.tool == Tool::Flagger && query.result_type() == ResultType::Scalar {
        let message = format!(
            "metric `{}`: the query answers with a scalar, which Flagger cannot read: each check fails",
            check.name
        );
        let cure = "keep a vector: leave `scalar()` out, or wrap the whole in `vector(…)`";
        out.push(check.about_query(&CM22, check.query_at, message, cure));
    }
}

/// Prometheus refuses it, whatever stands for what is not known.
fn unreadable(check: &Check, review: &Review, out: &mut Vec<Finding>) {
    let Err(error) = &check.query else {
        return;
    };
    if error.kind == ParseErrorKind::Unsupported {
        let message = format!(
            "metric `{}`: {}: the query is not looked at",
            check.name, error.message
        );
        out.push(check.about_query(&CM27, check.query_at, message, &error.help));
        return;
    }
    let rendered = |stand_in: &str| {
        let mut text = String::new();
        let mut rest = check.written.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            text.push_str(before);
            text.push_str(stand_in);
            rest = after.split_once("}}").map_or("", |(_, rest)| rest);
        }
        text.push_str(rest);
        text
    };
    let stands = ["x", "1m", "1", "x{}"];
    let is_certain =
        check.assumed.is_empty() || stands.iter().all(|s| Query::parse(&rendered(s)).is_err());
    if !is_certain {
        return;
    }
    let part: String = check.text[error.offset.min(check.text.len())..]
        .chars()
        .take_while(|c| !c.is_whitespace())
        .collect();
    let position = check.in_query(error.offset, &part, &review.sources);
    let message = format!("metric `{}`: {}", check.name, error.message);
    out.push(check.about_query(&CM26, position, message, &error.help));
}

/// `result < 1` of a vector, `result[0] < 1` of a scalar.
fn other_shape(check: &Check, query: &Query, out: &mut Vec<Finding>) {
    let Some(metric) = check.argo() else {
        return;
    };
    let tests = [
        ("successCondition", &metric.success),
        ("failureCondition", &metric.failure),
    ];
    let (vector, scalar) = (MetricAnswer::Vector(vec![0.5]), MetricAnswer::Scalar(0.5));
    for (field, test) in tests {
        let Some(condition) = test.as_ref().and_then(|test| test.parsed().ok()) else {
            continue;
        };
        let works = |answer: &MetricAnswer| condition.evaluate(answer).is_ok();
        let (message, cure) = match query.result_type() {
            ResultType::Vector if !works(&vector) && works(&scalar) => (
                "compares a number, but the query answers with a vector: every measurement is an Error",
                "write `result[0]` for `result`",
            ),
            ResultType::Scalar if !works(&scalar) && works(&vector) => (
                "reads a list, but the query answers with a scalar: every measurement is an Error",
                "write `result` for `result[0]`",
            ),
            _ => continue,
        };
        let text = condition.text();
        out.push(check.about_field(&CM18, field, format!("`{field}: {text}` {message}"), cure));
    }
}

fn without_le(check: &Check, query: &Query, review: &Review, out: &mut Vec<Finding>) {
    for quantile in quantiles(query) {
        if keys(query, quantile.buckets).has("le") {
            continue;
        }
        let part = word_at(&check.text, quantile.place);
        let position = check.in_query(quantile.place, part, &review.sources);
        let message = format!(
            "metric `{}`: the buckets are aggregated without `le`, so histogram_quantile answers nothing",
            check.name
        );
        out.push(check.about_query(&CM19, position, message, "write `sum by (le) (…)`"));
    }
}

/// The word that begins at a place.
pub(super) fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

/// More than one element, of which one is taken.
fn many(check: &Check, query: &Query, out: &mut Vec<Finding>) {
    // What a bare selector matches is often one series by its nature (`up`, `kube_deployment_…`).
    if query.is_selector() || query.result_type() != ResultType::Vector {
        return;
    }
    let by = match keys(query, query.expr()) {
        keys if keys.is_single() => return,
        Keys::Only(labels) if labels.contains("") => return,
        Keys::Only(labels) => {
            let labels: Vec<_> = labels.into_iter().collect();
            format!("one for each {}", labels.join(", "))
        }
        Keys::AllBut(_) if !has_rate(query) => return,
        Keys::AllBut(_) => "one for each series: each pod, each code".to_owned(),
    };
    let (message, cure) = match check.tool {
        Tool::Flagger => (
            format!(
                "metric `{}`: the result has several elements, {by}; Flagger takes the last",
                check.name
            ),
            "aggregate to one: `sum(…)`",
        ),
        Tool::Argo if takes_one(check) => (
            format!(
                "metric `{}`: the result has several elements, {by}; `result[0]` is any of them",
                check.name
            ),
            "aggregate to one: `sum(…)`, or judge all: `all(result, # < …)`",
        ),
        Tool::Argo => return,
    };
    out.push(check.about_query(&CM17, check.query_at, message, cure));
}

fn has_rate(query: &Query) -> bool {
    let rates = super::super::query::rates(query);
    rates
        .iter()
        .any(|(_, function)| matches!(*function, "rate" | "irate" | "increase"))
}

/// Whether the verdict changes with the order of the elements.
fn takes_one(check: &Check) -> bool {
    let verdict = |list: [f64; 2]| check.verdict(&MetricAnswer::Vector(list.to_vec()));
    let values = values(check);
    let with = |wanted: &[Verdict]| {
        let mut values = values.iter().copied();
        values.find(|value| {
            check
                .verdict_of(*value)
                .is_some_and(|v| wanted.contains(&v))
        })
    };
    let (Some(good), Some(bad)) = (
        with(&[Verdict::Good]),
        with(&[Verdict::Bad, Verdict::Inconclusive]),
    ) else {
        return false;
    };
    verdict([good, bad]) != verdict([bad, good])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_outside_strings() {
        assert_eq!(comment_at("a{b=\"#\"} # c"), Some(9));
        assert_eq!(comment_at("a{b=\"\\\"#\"}"), None);
        assert_eq!(comment_at("a{b='#'} + `#`"), None);
    }
}
