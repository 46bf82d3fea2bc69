//! What a query counts: the canary's requests only, and the same ones above and below a fraction bar.

use super::super::catalogue::{CM07, CM08};
use super::super::check::{Check, Tool};
use super::super::query::{rates, ratios, selectors};
use super::super::review::Review;
use crate::finding::Finding;
use coalmine_promql::{MatchOp, Matcher, Query, Selector};

/// Parts of the names of labels that tell what became of a request; a numerator may have one of its own.
const OUTCOMES: [&str; 9] = [
    "code",
    "status",
    "outcome",
    "result",
    "classification",
    "class",
    "exception",
    "error",
    "success",
];
/// Words by which people name a canary.
const CANARY: [&str; 8] = [
    "canary",
    "preview",
    "hash",
    "version",
    "revision",
    "green",
    "latest",
    "candidate",
];

pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    for check in &review.checks {
        let Some(query) = check.own() else {
            continue;
        };
        different(check, query, review, out);
        both(check, query, review, out);
    }
}

/// A ratio of one metric whose two selectors ask for different things.
fn different(check: &Check, query: &Query, review: &Review, out: &mut Vec<Finding>) {
    for (left, right) in ratios(query) {
        let (above, below) = (selectors(query, left), selectors(query, right));
        let ([above], [below]) = (above.as_slice(), below.as_slice()) else {
            continue;
        };
        if above.name != below.name || above.name.is_none() {
            continue;
        }
        let Some(how) = difference(above, below) else {
            continue;
        };
        let part = below.name.clone().unwrap_or_default();
        let position = check.in_query(below.position, &part, &review.sources);
        let message = format!("metric `{}`: {how}, so the ratio is no share", check.name);
        out.push(check.about_query(&CM08, position, message, CM08.cure));
    }
}

fn difference(above: &Selector, below: &Selector) -> Option<String> {
    if above.range_ms != below.range_ms {
        return Some("the numerator and the denominator have different windows".to_owned());
    }
    let is_name = |matcher: &&Matcher| matcher.name == "__name__";
    let only = |here: &Selector, there: &Selector| -> Vec<String> {
        let own = here.matchers.iter().filter(|m| !is_name(m));
        let own = own
            .filter(|m| !is_outcome(&m.name) && !there.matchers.iter().any(|other| same(m, other)));
        own.map(|m| m.name.clone()).collect()
    };
    let more = only(below, above);
    let names = |list: Vec<String>| {
        list.iter()
            .map(|l| format!("`{l}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    // What only the numerator asks for makes it a part of the denominator, which is a share of something.
    (!more.is_empty()).then(|| {
        format!(
            "the denominator is chosen by {} and the numerator is not",
            names(more)
        )
    })
}

fn is_outcome(label: &str) -> bool {
    label == "le" || OUTCOMES.iter().any(|part| label.contains(part))
}

/// Whether two matchers ask the same.
fn same(one: &Matcher, other: &Matcher) -> bool {
    std::mem::discriminant(&one.op) == std::mem::discriminant(&other.op)
        && (&one.name, &one.value) == (&other.name, &other.value)
}

/// Selectors that match the stable version as well.
fn both(check: &Check, query: &Query, review: &Review, out: &mut Vec<Finding>) {
    let with_rate = rates(query);
    let Some((index, _)) = with_rate.first() else {
        return;
    };
    let Some(selector) = query.selectors().get(*index) else {
        return;
    };
    let message = match check.tool {
        Tool::Flagger => flagger(check, selector, review),
        Tool::Argo => argo(check, selector),
    };
    if let Some(message) = message {
        let part = selector.name.clone().unwrap_or_default();
        let position = check.in_query(selector.position, &part, &review.sources);
        out.push(check.about_query(&CM07, position, message, CM07.cure));
    }
}

/// Flagger's primary is `NAME-primary`: a regular expression for the canary's pods often matches its pods
/// too.
fn flagger(check: &Check, selector: &Selector, review: &Review) -> Option<String> {
    let user = check.uses.first()?;
    let (_, canary) = review
        .canaries
        .iter()
        .find(|(_, one)| one.name == user.policy)?;
    let target = &canary.target.name;
    for matcher in &selector.matchers {
        if !matches!(matcher.op, MatchOp::Regex(_)) || !matcher.value.contains(target.as_str()) {
            continue;
        }
        let own = format!("{target}-5d5c8b7f9-x7k2p");
        let primary = format!("{target}-primary-5d5c8b7f9-x7k2p");
        if matcher.matches(&own) && matcher.matches(&primary) {
            return Some(format!(
                "metric `{}`: `{}=~\"{}\"` matches the pods of {target}-primary too",
                check.name, matcher.name, matcher.value
            ));
        }
    }
    None
}

/// Argo's versions differ by hash or service; a query that names neither, nor any argument, knows none.
fn argo(check: &Check, selector: &Selector) -> Option<String> {
    let is_used = !check.uses.is_empty();
    if !is_used || check.written.contains("{{") {
        return None;
    }
    let text = check.written.to_lowercase();
    let named = CANARY.iter().any(|word| text.contains(word));
    let pods = selector
        .matchers
        .iter()
        .any(|m| m.name.contains("pod") || m.name.contains("workload"));
    (!named && !pods).then(|| {
        format!(
            "metric `{}`: nothing in the query tells the new version from the stable one",
            check.name
        )
    })
}
