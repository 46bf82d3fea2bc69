//! Queries that the simulated Prometheus cannot answer, with the reason and a way out.

use coalmine_promql::{Matcher, ParseError, ParseErrorKind, Selector};

use crate::exposition::Potential;
use crate::subject::Asked;

/// A query without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswerable {
    /// The query, with its place in the manifest.
    pub asked: Asked,
    /// Where in the query's text the cause stands, in bytes.
    pub offset: usize,
    /// What stands there; empty when all of the query is to blame.
    pub part: String,
    /// The cause.
    pub message: String,
    /// The cure.
    pub help: String,
}

/// A query that is no PromQL, or not of the kind evaluated here.
pub(crate) fn unreadable(asked: Asked, error: &ParseError) -> Unanswerable {
    let rest = asked.text.get(error.offset..).unwrap_or_default();
    let part: String = rest.chars().take_while(|c| !c.is_whitespace()).collect();
    let verdict = match error.kind {
        ParseErrorKind::Syntax => "does not parse",
        ParseErrorKind::Unsupported => "cannot be evaluated here",
    };
    let near = if part.is_empty() {
        String::new()
    } else {
        format!(" at `{part}`")
    };
    let metric = &asked.metric;
    let message = format!("query of metric `{metric}` {verdict}{near}: {error}");
    Unanswerable {
        offset: error.offset,
        part,
        message,
        help: error.help.clone(),
        asked,
    }
}

/// A selector that no series of the world satisfies.
pub(crate) fn no_series(
    asked: &Asked,
    selector: &Selector,
    potential: &[Potential],
) -> Unanswerable {
    let text = describe(selector);
    let name = selector.name.as_deref();
    let namesakes: Vec<_> = potential
        .iter()
        .filter(|series| name.is_none_or(|name| series.labels.get("__name__") == name))
        .collect();
    let help = if namesakes.is_empty() {
        nearest_names(name.unwrap_or_default(), potential)
    } else {
        nearest_series(selector, &namesakes)
    };
    let metric = &asked.metric;
    Unanswerable {
        offset: selector.position,
        part: name.unwrap_or_default().to_owned(),
        message: format!(
            "query of metric `{metric}`: no series of the simulated world matches `{text}`"
        ),
        help,
        asked: asked.clone(),
    }
}

fn describe(selector: &Selector) -> String {
    let matchers = selector.matchers.iter().filter(|m| m.name != "__name__");
    let texts: Vec<_> = matchers
        .map(|m| format!("{}{}{:?}", m.name, m.op_text(), m.value))
        .collect();
    format!(
        "{}{{{}}}",
        selector.name.as_deref().unwrap_or_default(),
        texts.join(",")
    )
}

/// The metric exists: say which labels of the nearest series differ, and what they could be.
fn nearest_series(selector: &Selector, namesakes: &[&Potential]) -> String {
    let fails = |series: &Potential, m: &Matcher| !m.matches(series.labels.get(&m.name));
    let failing = |series: &Potential| -> Vec<usize> {
        let matchers = selector.matchers.iter().enumerate();
        let failing = matchers.filter(|(_, m)| fails(series, m));
        failing.map(|(index, _)| index).collect()
    };
    let Some(fewest) = namesakes
        .iter()
        .map(|series| failing(series))
        .min_by_key(Vec::len)
    else {
        return String::new();
    };
    let alike = || namesakes.iter().filter(|series| failing(series) == fewest);
    let differences: Vec<_> = fewest
        .iter()
        .filter_map(|index| selector.matchers.get(*index))
        .map(
            |m| match values(alike().map(|series| series.labels.get(&m.name))) {
                None => format!("have no label `{}`", m.name),
                Some(values) => format!("have {} {values}", m.name),
            },
        )
        .collect();
    let names: Vec<_> = alike()
        .next()
        .into_iter()
        .flat_map(|series| series.labels.iter().map(|(name, _)| name.to_owned()))
        .filter(|name| name != "__name__")
        .collect();
    format!(
        "the nearest series {}; their labels are {}",
        differences.join(" and "),
        names.join(", ")
    )
}

/// A few of a label's values; `None` when the label is missing everywhere.
fn values<'a>(all: impl Iterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 4;
    let mut distinct: Vec<&str> = all.filter(|value| !value.is_empty()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let shown: Vec<_> = distinct
        .iter()
        .take(SHOWN)
        .map(|v| format!("{v:?}"))
        .collect();
    let more = if distinct.len() > SHOWN { ", …" } else { "" };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(" or ")))
}

/// The metric does not exist: name those that sound like it.
fn nearest_names(name: &str, potential: &[Potential]) -> String {
    let mut names: Vec<&str> = potential
        .iter()
        .map(|series| series.labels.get("__name__"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.sort_by(|a, b| {
        let near = |known: &str| strsim::jaro_winkler(name, known);
        near(b).total_cmp(&near(a))
    });
    let some: Vec<_> = names.iter().take(3).map(|n| format!("`{n}`")).collect();
    format!(
        "the nearest metrics it exposes are {}; it has those of ingress-nginx and of the application",
        some.join(", ")
    )
}
