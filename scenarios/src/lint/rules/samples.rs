//! How much a window holds: scrapes and requests.

use coalmine_policy::Span;
use coalmine_promql::Query;

use super::super::catalogue::{CM01, CM05, CM06};
use super::super::check::{Check, Verdict};
use super::super::facts::Facts;
use super::super::query::{quantiles, rates, ratios};
use super::super::review::Review;
use super::super::values::{count, span};
use crate::finding::Finding;

/// Scraped more often than this hardly any Prometheus is; its own default is a minute.
const SCRAPE: Span = Span::from_secs(15);
/// Requests beyond a quantile that make it more than the slowest few.
const BEYOND: f64 = 10.0;

pub(super) fn findings(review: &Review, facts: &[Facts], out: &mut Vec<Finding>) {
    for check in &review.checks {
        let Ok(query) = &check.query else {
            continue;
        };
        if !check.is_builtin() {
            windows(check, query, facts, review, out);
        }
        for fact in facts {
            let Some((requests, share)) = requests(check, query, fact) else {
                continue;
            };
            let world = format!(
                "at {} of the {} requests a second of {}",
                percent(share),
                count(fact.rate),
                fact.scenario
            );
            cliff(check, query, requests, &world, out);
            tail(check, query, requests, &world, out);
        }
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

fn window_s(query: &Query) -> Option<f64> {
    let ranges = rates(query).into_iter();
    let ranges = ranges.filter_map(|(index, _)| query.selectors().get(index)?.range_ms);
    ranges.min().map(|ms| ms as f64 / 1e3)
}

/// The canary's requests in a window when it begins, and its share.
fn requests(check: &Check, query: &Query, fact: &Facts) -> Option<(f64, f64)> {
    if check.has_assumed_times() {
        return None;
    }
    let shares = check.uses.iter().filter_map(|one| one.share);
    let share = shares.fold(f64::INFINITY, f64::min);
    (share > 0.0 && share.is_finite()).then_some(())?;
    Some((fact.rate * share * window_s(query)?, share))
}

fn windows(check: &Check, query: &Query, facts: &[Facts], review: &Review, out: &mut Vec<Finding>) {
    let scrape = facts.iter().map(|fact| fact.scrape).max().unwrap_or(SCRAPE);
    for (index, function) in rates(query) {
        let Some(selector) = query.selectors().get(index) else {
            continue;
        };
        let Some(range) = selector.range_ms.and_then(|ms| u64::try_from(ms).ok()) else {
            continue;
        };
        let range = Span::from_nanos(range.saturating_mul(1_000_000));
        let is_rate = matches!(function, "rate" | "irate" | "increase" | "delta" | "deriv");
        let twice = Span::from_nanos(scrape.nanos().saturating_mul(2));
        let message = if is_rate && range < twice {
            format!(
                "metric `{}`: {function} over {} has at most one scrape of {} in it, and one has no rate",
                check.name,
                span(range),
                span(scrape)
            )
        } else if let Some(every) = check
            .every
            .filter(|every| range < *every && is_rate && !check.has_assumed_times())
        {
            format!(
                "metric `{}`: it looks back {} every {}, so what happens in between is never seen",
                check.name,
                span(range),
                span(every)
            )
        } else {
            continue;
        };
        let part = selector.name.clone().unwrap_or_default();
        let position = check.in_query(selector.position, &part, &review.sources);
        out.push(check.about_query(&CM06, position, message, CM06.cure));
        return;
    }
}

/// One failed request among these fails the check.
fn cliff(check: &Check, query: &Query, requests: f64, world: &str, out: &mut Vec<Finding>) {
    if ratios(query).is_empty() && !check.is_builtin() || check.has_assumed_condition() {
        return;
    }
    let is = |value: f64, verdict: Verdict| check.verdict_of(value) == Some(verdict);
    let n = requests.floor().max(1.0);
    let unit = if is(1.0, Verdict::Bad) && is(100.0, Verdict::Good) {
        100.0
    } else {
        1.0
    };
    let is_success = is(0.0, Verdict::Bad) && is(unit, Verdict::Good);
    if !is_success || !is(unit * (1.0 - 1.0 / n), Verdict::Bad) {
        return;
    }
    let message = format!(
        "metric `{}`: a window has about {} requests {world}, so a single failure fails the check",
        check.name,
        count(requests)
    );
    out.push(check.about_query(&CM01, check.query_at, message, CM01.cure));
}

fn tail(check: &Check, query: &Query, requests: f64, world: &str, out: &mut Vec<Finding>) {
    for quantile in quantiles(query) {
        let Some(phi) = quantile.phi.filter(|phi| *phi > 0.5 && *phi < 1.0) else {
            continue;
        };
        let needed = BEYOND / (1.0 - phi);
        if requests < needed {
            let message = format!(
                "metric `{}`: the {} quantile of about {} requests {world}; it takes {:.0}",
                check.name,
                phi,
                count(requests),
                needed
            );
            out.push(check.about_query(&CM05, check.query_at, message, CM05.cure));
        }
    }
}
