//! A metric of a template: limits, conditions, provider.

use super::super::resolve::{has_placeholder, validate_metric};
use super::super::template::{MetricSource, RangeSource, Text};
use super::{ignore, int_or_string, non_empty, place};
use crate::expr::{self, Condition};
use crate::source::{
    Diagnostic, Diagnostics, Document, Fields, Kind, Node, Position, parse_go_duration,
};
use crate::{Provider, Span};

const REFUSED: [&str; 9] = [
    "kayenta",
    "datadog",
    "wavefront",
    "newRelic",
    "cloudWatch",
    "graphite",
    "influxdb",
    "skywalking",
    "plugin",
];

/// Reads one of `spec.metrics`.
pub(super) fn read_metric(mut fields: Fields<'_>, found: &mut Diagnostics) -> Option<MetricSource> {
    let document = fields.document();
    let name_node = fields.required("name", found);
    let name = fields.string("name", found).map(str::to_owned);
    let mut limit = |name| int_or_string(&mut fields, name, found);
    let count = limit("count");
    let failure_limit = limit("failureLimit");
    let inconclusive_limit = limit("inconclusiveLimit");
    let consecutive_error_limit = limit("consecutiveErrorLimit");
    let consecutive_success_limit = limit("consecutiveSuccessLimit");
    let interval = fields.string("interval", found).map(str::to_owned);
    let initial_delay = fields.string("initialDelay", found).map(str::to_owned);
    let success = condition(&mut fields, "successCondition", found);
    let failure = condition(&mut fields, "failureCondition", found);
    fields.required("provider", found);
    let provider = fields.map("provider", found);
    let place_ = name_node.map(|node| place(document, node));
    let asked = provider.and_then(|provider| read_provider(provider, found));
    let metric = asked.zip(name).zip(place_);
    let metric = metric.map(|((asked, name), place)| MetricSource {
        name,
        place,
        interval,
        initial_delay,
        count,
        failure_limit,
        inconclusive_limit,
        consecutive_error_limit,
        consecutive_success_limit,
        success,
        failure,
        provider: asked.provider,
        query: asked.query,
        range: asked.range,
        timeout: asked.timeout,
        others: asked.others,
    });
    // A field that could not be read counts as absent, and its absence is no further mistake.
    if let Some(metric) = metric.as_ref().filter(|_| !found.has_errors()) {
        warn_of_invalid(metric, &mut fields, found);
    }
    fields.finish(found);
    metric
}

/// What the API server takes and the analysis controller does not (`analysis.go:59`).
fn warn_of_invalid(metric: &MetricSource, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    if has_placeholder(metric) {
        return;
    }
    let Err((field, why)) = validate_metric(metric) else {
        return;
    };
    let node = fields.node(field);
    let at = node.map_or(fields.position(), |node| node.position);
    let message = format!(
        "`{}` makes every AnalysisRun end in Error: Analysis spec invalid: {why}",
        fields.path_of(field)
    );
    let help = "Argo accepts the template and aborts each update at this analysis".to_owned();
    found.push(fields.document().warning(at, message, help));
}

/// What a metric's provider is asked.
struct Asked {
    provider: Provider,
    query: Text,
    range: Option<RangeSource>,
    timeout: Span,
    /// Strings that may hold placeholders.
    others: Vec<String>,
}

fn read_provider(mut fields: Fields<'_>, found: &mut Diagnostics) -> Option<Asked> {
    let document = fields.document();
    for name in REFUSED {
        if fields.node(name).is_some() {
            let message = format!(
                "provider `{name}` is not simulated: coalmine simulates `prometheus`, and takes \
                 the answers of `web` and `job` from the scenario"
            );
            let help = "replace it by `prometheus`, or leave the metric out".to_owned();
            found.push(document.error(fields.key_position(name), message, help));
        }
    }
    let (web, job) = (fields.map("web", found), fields.map("job", found));
    let prometheus = fields.map("prometheus", found);
    let several = [web.is_some(), job.is_some(), prometheus.is_some()];
    let several = several.iter().filter(|present| **present).count();
    if several != 1 && !found.has_errors() {
        let (what, help) = match several {
            0 => ("no provider", "add `prometheus: {address: …, query: …}`"),
            _ => ("several providers", "Argo asks one of them: keep that one"),
        };
        let message = format!("`{}` names {what}", fields.path_of("prometheus"));
        found.push(document.error(fields.position(), message, help.to_owned()));
    }
    let job_at = fields.key_position("job");
    fields.finish(found);
    if let Some(prometheus) = prometheus {
        read_prometheus(prometheus, found)
    } else if let Some(web) = web {
        read_web(web, found)
    } else {
        Some(read_job(job?, job_at))
    }
}

/// The scenario gives its result: `jsonPath` is applied already.
fn read_web(mut web: Fields<'_>, found: &mut Diagnostics) -> Option<Asked> {
    let query = text(&mut web, "url", found);
    if query.is_none() {
        web.required("url", found);
    }
    let seconds = web.int("timeoutSeconds", found).unwrap_or(0);
    let mut others = Vec::new();
    for name in ["headers", "body", "jsonBody", "authentication", "jsonPath"] {
        if let Some(node) = web.node(name) {
            strings(node, &mut others);
        }
    }
    ignore(&mut web, &["method", "insecure"]);
    web.finish(found);
    // webmetric.go: 10 seconds unless positive.
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let seconds = if seconds == 0 { 10 } else { seconds };
    Some(Asked {
        provider: Provider::Web,
        query: query?,
        range: None,
        timeout: Span::from_secs(seconds),
        others,
    })
}

/// The scenario says how the Job ends; of its spec only placeholders matter.
fn read_job(mut job: Fields<'_>, at: Position) -> Asked {
    let mut others = Vec::new();
    for name in ["metadata", "spec"] {
        if let Some(node) = job.node(name) {
            strings(node, &mut others);
        }
    }
    Asked {
        provider: Provider::Job,
        query: Text {
            text: String::new(),
            line: at.line,
            column: at.column,
        },
        range: None,
        timeout: Span::ZERO,
        others,
    }
}

fn read_prometheus(mut prometheus: Fields<'_>, found: &mut Diagnostics) -> Option<Asked> {
    let document = prometheus.document();
    let query = text(&mut prometheus, "query", found);
    if query.is_none() {
        prometheus.required("query", found);
    }
    let address = non_empty(&mut prometheus, "address", found);
    if address.is_none() {
        let message = format!("`{}` is not set", prometheus.path_of("address"));
        let help = "Argo then needs ARGO_ROLLOUTS_PROMETHEUS_ADDRESS on its controller, or every \
                    measurement is an Error; coalmine assumes that it is set";
        found.push(document.warning(prometheus.position(), message, help.to_owned()));
    }
    let timeout = timeout(&mut prometheus, found);
    let range = prometheus.map("rangeQuery", found);
    let range = range.and_then(|range| read_range(range, found));
    let mut others: Vec<String> = address.into_iter().collect();
    if let Some(headers) = prometheus.node("headers") {
        strings(headers, &mut others);
    }
    if let Some(authentication) = prometheus.node("authentication") {
        strings(authentication, &mut others);
    }
    ignore(&mut prometheus, &["insecure"]);
    prometheus.finish(found);
    Some(Asked {
        provider: Provider::Prometheus,
        query: query?,
        range,
        timeout,
        others,
    })
}

/// Every string below a node.
fn strings(node: &Node, out: &mut Vec<String>) {
    match &node.kind {
        Kind::Str(text) => out.push(text.clone()),
        Kind::Seq(items) => items.iter().for_each(|item| strings(item, out)),
        Kind::Map(entries) => entries.iter().for_each(|(_, value)| strings(value, out)),
        _ => {}
    }
}

/// Whole seconds; 30 when absent (`prometheus.go:192`).
fn timeout(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Span {
    let Some(seconds) = fields.int("timeout", found) else {
        return Span::from_secs(30);
    };
    let node = fields.node("timeout");
    if seconds <= 0
        && let Some(node) = node
    {
        let message = format!(
            "`{}` of {seconds} makes every measurement an Error",
            fields.path_of("timeout")
        );
        let help = "leave it out for 30 seconds".to_owned();
        found.push(fields.document().warning(node.position, message, help));
    }
    Span::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// `start` and `end` are programs in Argo; the two forms that its documentation shows are read.
fn read_range(mut fields: Fields<'_>, found: &mut Diagnostics) -> Option<RangeSource> {
    let mut bound = |name: &str| {
        let node = fields.required(name, found)?;
        let written = fields.string(name, found)?;
        let back = back_from_now(written);
        if back.is_none() {
            let message = format!("`{}`: {written:?} is not understood", fields.path_of(name));
            let help = "write `now()` or `now() - duration(\"1h\")`".to_owned();
            found.push(fields.document().error(node.position, message, help));
        }
        back
    };
    let (start, end) = (bound("start"), bound("end"));
    fields.required("step", found);
    let step = fields.string("step", found).map(str::to_owned);
    fields.finish(found);
    Some(RangeSource {
        start: start?,
        end: end?,
        step: step?,
    })
}

fn back_from_now(text: &str) -> Option<Span> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let rest = compact.strip_prefix("now()")?;
    if rest.is_empty() {
        return Some(Span::ZERO);
    }
    let inner = rest.strip_prefix("-duration(")?.strip_suffix(')')?;
    parse_go_duration(inner.trim_matches(['"', '\''])).ok()
}

fn text(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<Text> {
    let node = fields.node(name)?;
    let text = fields.string(name, found)?;
    Some(Text {
        text: text.to_owned(),
        line: node.position.line,
        column: node.position.column,
    })
}

/// A condition. Argo looks at it only when it evaluates: what does not parse or can never be true or
/// false makes every measurement an Error, and is no mistake of the manifest. What Argo can do and
/// coalmine cannot is refused.
fn condition(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<Text> {
    let written = text(fields, name, found)?;
    let node = fields.node(name)?;
    if written.text.is_empty() || written.text.contains("{{") {
        return Some(written);
    }
    let document = fields.document();
    let path = fields.path_of(name);
    match Condition::parse(&written.text) {
        Err(error) if error.uncovered => {
            let at = position_in(document, node, &error);
            let message = format!("`{path}`: {}", error.message);
            found.push(document.error(at, message, error.help));
        }
        Err(error) => found.push(erring(document, node, &path, &error)),
        Ok(parsed) => {
            if let Some(error) = parsed.never() {
                found.push(erring(document, node, &path, error));
            }
        }
    }
    Some(written)
}

fn erring(document: &Document, node: &Node, path: &str, error: &expr::Error) -> Diagnostic {
    let at = position_in(document, node, error);
    let why = &error.message;
    let message = format!("`{path}` makes every measurement an Error: {why}");
    let help = if error.help.is_empty() {
        "Argo accepts the template and counts the errors against consecutiveErrorLimit".to_owned()
    } else {
        error.help.clone()
    };
    document.warning(at, message, help)
}

/// The place of an error inside a plain or quoted scalar; the scalar's own for a block.
fn position_in(document: &Document, node: &Node, error: &expr::Error) -> Position {
    let mut at = node.position;
    let Some(written) = document.source.text.get(at.start..at.end) else {
        return at;
    };
    let quote = usize::from(written.starts_with(['"', '\'']));
    if written.starts_with(['|', '>']) || written.contains('\n') || written.contains('\\') {
        return at;
    }
    let text = node.as_str().unwrap_or_default();
    let before = text.get(..error.offset).unwrap_or(text);
    at.column += quote + before.chars().count();
    at.start += quote + before.len();
    at.end = at.end.max(at.start);
    at
}
