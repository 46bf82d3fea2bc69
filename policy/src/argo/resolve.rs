//! From metrics and arguments to a [`Plan`]: substitution, then Argo's own validation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{Metric, Plan, RangeBack, Test, effective_count};
use super::template::{Arg, ArgValue, MetricSource, Place, Text};
use super::value::IntOrString;
use crate::source::{DurationError, parse_go_duration};
use crate::{MetricQuery, Span, Template};

/// `DefaultConsecutiveErrorLimit` (`defaults.go:37`).
const CONSECUTIVE_ERROR_LIMIT: i64 = 4;

/// An analysis that a Rollout refers to: its templates merged, its arguments named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    pub(super) metrics: Vec<Arc<MetricSource>>,
    pub(super) args: Vec<Arg>,
    pub(super) dry_run: Vec<String>,
    pub(super) retention: Vec<String>,
    /// The plan, when it does not depend on the pod template hashes.
    pub(super) fixed: Option<Arc<Plan>>,
}

impl Analysis {
    pub(super) fn new(
        metrics: Vec<Arc<MetricSource>>,
        args: Vec<Arg>,
        dry_run: Vec<String>,
        retention: Vec<String>,
    ) -> Self {
        let mut analysis = Self {
            metrics,
            args,
            dry_run,
            retention,
            fixed: None,
        };
        let hashes = [ArgValue::StableHash, ArgValue::LatestHash];
        let floats = |arg: &Arg| arg.value.as_ref().is_some_and(|v| hashes.contains(v));
        if !analysis.args.iter().any(floats) {
            analysis.fixed = Some(Arc::new(analysis.resolve("", "")));
        }
        analysis
    }

    /// Where the names of its metrics stand, in the order of a plan's metrics.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.metrics.iter().map(|metric| &metric.place)
    }

    /// The AnalysisRun for an update from the `stable` template to the `latest`.
    #[must_use]
    pub fn plan(&self, stable: &Template, latest: &Template) -> Arc<Plan> {
        self.fixed
            .clone()
            .unwrap_or_else(|| Arc::new(self.resolve(stable.as_str(), latest.as_str())))
    }

    /// The AnalysisRun of an Experiment, whose arguments get their values when it is made. A secret
    /// wins over a value (`analysis.go:271`).
    pub(super) fn plan_with(&self, values: &[(&str, String)]) -> Arc<Plan> {
        let mut analysis = self.clone();
        for arg in &mut analysis.args {
            let given = values.iter().rfind(|(name, _)| *name == arg.name);
            if let Some((_, value)) = given.filter(|_| arg.value != Some(ArgValue::Secret)) {
                arg.value = Some(ArgValue::Text(value.clone()));
            }
        }
        Arc::new(analysis.resolve("", ""))
    }

    /// In the order of `reconcileAnalysisRun` (`analysis.go:59`): arguments, validation, dry-run
    /// rules, retention rules.
    fn resolve(&self, stable: &str, latest: &str) -> Plan {
        let broken = |message: String| Plan {
            metrics: Vec::new(),
            broken: Some(message),
        };
        let mut args = Vec::with_capacity(self.args.len());
        for arg in &self.args {
            let value = match &arg.value {
                Some(ArgValue::Text(text)) => text.as_str(),
                Some(ArgValue::StableHash) => stable,
                Some(ArgValue::LatestHash) => latest,
                Some(ArgValue::Secret) => "*****",
                Some(ArgValue::Unresolved) | None => {
                    let name = &arg.name;
                    return broken(format!(
                        "Unable to resolve metric arguments: argument \"{name}\" was not supplied"
                    ));
                }
            };
            args.push((arg.name.as_str(), value));
        }
        let mut metrics = Vec::with_capacity(self.metrics.len());
        for source in &self.metrics {
            match resolved(source, &args) {
                Ok(metric) => metrics.push(metric),
                Err(message) => {
                    return broken(format!("Unable to resolve metric arguments: {message}"));
                }
            }
        }
        let lowered = validate(&metrics).and_then(|()| self.lower(metrics));
        match lowered {
            Ok(metrics) => Plan {
                metrics,
                broken: None,
            },
            Err(message) => broken(format!("Analysis spec invalid: {message}")),
        }
    }

    fn lower(&self, sources: Vec<MetricSource>) -> Result<Vec<Metric>, String> {
        let mut dry = vec![false; sources.len()];
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        matched("dryRun", &self.dry_run, &names, &mut |index| {
            dry[index] = true;
        })?;
        matched("measurementRetention", &self.retention, &names, &mut |_| {})?;
        Ok(sources
            .iter()
            .zip(dry)
            .map(|(source, dry_run)| lower(source, dry_run))
            .collect())
    }
}

/// `helpers.go:104`: unanchored regular expressions; one that does not compile matches nothing, and
/// one that matches nothing is an error.
fn matched(
    kind: &str,
    rules: &[String],
    names: &[&str],
    hit: &mut dyn FnMut(usize),
) -> Result<(), String> {
    for (index, rule) in rules.iter().enumerate() {
        let regex = regex::Regex::new(rule).ok();
        let mut any = false;
        for (metric, name) in names.iter().enumerate() {
            if regex.as_ref().is_some_and(|regex| regex.is_match(name)) {
                hit(metric);
                any = true;
            }
        }
        if !any {
            return Err(format!(
                "{kind}[{index}]: Rule didn't match any metric name(s)"
            ));
        }
    }
    Ok(())
}

/// `ResolveMetricArgs` (`factory.go:112`): every `{{…}}` of every string field.
///
/// Argo substitutes in the metric's JSON and reads that back, so of several unknown tags the last
/// one is named, and a character that `strconv.Quote` escapes as JSON cannot is an error.
pub(super) fn resolved(
    source: &MetricSource,
    args: &[(&str, &str)],
) -> Result<MetricSource, String> {
    let mut metric = source.clone();
    let (mut unknown, mut unreadable) = (None, None);
    for text in strings(&mut metric) {
        match substituted(text, args) {
            Ok(None) => {}
            Ok(Some(new)) => *text = new,
            Err(Unresolved::Tag(tag)) => unknown = Some(tag),
            Err(Unresolved::Character(escape)) => {
                unreadable.get_or_insert(escape);
            }
        }
    }
    if let Some(tag) = unknown {
        return Err(format!("failed to resolve {{{{{tag}"));
    }
    match unreadable {
        Some(escape) => Err(format!(
            "invalid character '{escape}' in string escape code"
        )),
        None => Ok(metric),
    }
}

/// The string fields in the order of the metric's JSON.
fn strings(metric: &mut MetricSource) -> Vec<&mut String> {
    fn limit(limit: &mut Option<IntOrString>) -> Option<&mut String> {
        match limit {
            Some(IntOrString::Text(text)) => Some(text),
            _ => None,
        }
    }
    fn text(text: &mut Option<Text>) -> Option<&mut String> {
        text.as_mut().map(|text| &mut text.text)
    }
    let first = [
        Some(&mut metric.name),
        metric.interval.as_mut(),
        metric.initial_delay.as_mut(),
        limit(&mut metric.count),
        text(&mut metric.success),
        text(&mut metric.failure),
        limit(&mut metric.failure_limit),
        limit(&mut metric.inconclusive_limit),
        limit(&mut metric.consecutive_error_limit),
        Some(&mut metric.query.text),
    ];
    let last = [
        metric.range.as_mut().map(|range| &mut range.step),
        limit(&mut metric.consecutive_success_limit),
    ];
    let first = first.into_iter().flatten().chain(&mut metric.others);
    first.chain(last.into_iter().flatten()).collect()
}

/// Why a text cannot be substituted.
enum Unresolved {
    /// What follows the opening brackets, with the closing ones if there are any.
    Tag(String),
    /// What follows the backslash of an escape that JSON does not know.
    Character(char),
}

/// Replaces every tag; `None` when there is none. A tag that is no known argument is an error
/// (`template.go:95`), and so is one that is not closed: in the JSON it reaches beyond the field.
fn substituted(text: &str, args: &[(&str, &str)]) -> Result<Option<String>, Unresolved> {
    let (mut out, mut rest) = (String::new(), text);
    let (mut unknown, mut unreadable) = (None, None);
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((tag, after)) = tail.split_once("}}") else {
            return Err(Unresolved::Tag(format!("{tail}\"…")));
        };
        let name = tag.trim().strip_prefix("args.");
        // Of two arguments with one name the later one is in the map.
        let known = args.iter().rev().find(|(known, _)| Some(*known) == name);
        match known {
            Some((_, value)) => {
                out.push_str(before);
                out.push_str(value);
                unreadable = unreadable.or_else(|| value.chars().find_map(unreadable_escape));
            }
            None => unknown = Some(format!("{tag}}}}}")),
        }
        rest = after;
    }
    if let Some(tag) = unknown {
        return Err(Unresolved::Tag(tag));
    }
    if let Some(escape) = unreadable {
        return Err(Unresolved::Character(escape));
    }
    if rest.len() == text.len() {
        return Ok(None);
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// The letter of an escape that `strconv.Quote` writes and JSON does not read.
const fn unreadable_escape(c: char) -> Option<char> {
    match c {
        '\x07' => Some('a'),
        '\x0b' => Some('v'),
        '\x08' | '\t' | '\n' | '\x0c' | '\r' => None,
        '\0'..='\x1f' | '\x7f' => Some('x'),
        // Planes without a printable character: tags and private use.
        '\u{e0000}'..='\u{e00ff}' | '\u{f0000}'..='\u{10ffff}' => Some('U'),
        _ => None,
    }
}

/// `ValidateMetrics` (`factory.go:131`); providers are checked while reading.
fn validate(metrics: &[MetricSource]) -> Result<(), String> {
    if metrics.is_empty() {
        return Err("no metrics specified".to_owned());
    }
    for (index, metric) in metrics.iter().enumerate() {
        if metrics[..index]
            .iter()
            .any(|other| other.name == metric.name)
        {
            return Err(format!(
                "metrics[{index}]: duplicate name '{}'",
                metric.name
            ));
        }
        validate_metric(metric).map_err(|(_, message)| format!("metrics[{index}]: {message}"))?;
    }
    Ok(())
}

/// What makes every AnalysisRun with this metric end in Error: the field to blame and Argo's words.
/// Placeholders are to be resolved first, see [`has_placeholder`].
pub(super) fn validate_metric(metric: &MetricSource) -> Result<(), (&'static str, String)> {
    let value = |limit: &Option<IntOrString>| limit.as_ref().map_or(0, IntOrString::int_value);
    let failure = value(&metric.failure_limit);
    let streak = value(&metric.consecutive_success_limit);
    let refuse = |field, message: &str| Err((field, message.to_owned()));
    if streak < 0 {
        return refuse(
            "consecutiveSuccessLimit",
            "consecutiveSuccessLimit must be >= 0",
        );
    }
    if failure < -1 {
        let message = "failureLimit must be >= 0, or -1 to be disabled";
        return refuse("failureLimit", message);
    }
    if streak == 0 && failure == -1 {
        let message = "failureLimit and consecutiveSuccessLimit cannot both be disabled";
        return refuse("failureLimit", message);
    }
    if value(&metric.inconclusive_limit) < 0 {
        return refuse("inconclusiveLimit", "inconclusiveLimit must be >= 0");
    }
    if value(&metric.consecutive_error_limit) < 0 {
        return refuse(
            "consecutiveErrorLimit",
            "consecutiveErrorLimit must be >= 0",
        );
    }
    let count = value(&metric.count);
    validate_count(count, failure, streak, value(&metric.inconclusive_limit))
        .map_err(|message| ("count", message))?;
    if count > 1 && !has_interval(metric) {
        return refuse("count", "interval must be specified when count > 1");
    }
    go_duration(metric.interval.as_deref())
        .map_err(|error| ("interval", format!("invalid interval string: {error}")))?;
    go_duration(metric.initial_delay.as_deref()).map_err(|error| {
        (
            "initialDelay",
            format!("invalid startDelay string: {error}"),
        )
    })?;
    Ok(())
}

/// `count` must let the limits be reached.
fn validate_count(count: i64, failure: i64, streak: i64, inconclusive: i64) -> Result<(), String> {
    if count <= 0 {
        return Ok(());
    }
    if failure >= 0 && count < failure.saturating_add(streak) {
        return Err(format!(
            "count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failure} + \
             {streak}) if both >= 0"
        ));
    }
    if failure < 0 && count < streak {
        return Err("count must be >= consecutiveSuccessLimit".to_owned());
    }
    if count < inconclusive {
        return Err("count must be >= inconclusiveLimit".to_owned());
    }
    Ok(())
}

/// Whether a limit or a duration of this metric waits for an argument.
pub(super) fn has_placeholder(metric: &MetricSource) -> bool {
    let limits = [
        &metric.count,
        &metric.failure_limit,
        &metric.inconclusive_limit,
        &metric.consecutive_error_limit,
        &metric.consecutive_success_limit,
    ];
    let limits = limits.into_iter().filter_map(|limit| match limit {
        Some(IntOrString::Text(text)) => Some(text),
        _ => None,
    });
    let durations = [&metric.interval, &metric.initial_delay];
    let mut texts = limits.chain(durations.into_iter().flatten());
    texts.any(|text| text.contains("{{"))
}

/// An empty string counts as absent.
pub(super) fn has_interval(metric: &MetricSource) -> bool {
    metric
        .interval
        .as_ref()
        .is_some_and(|text| !text.is_empty())
}

/// Empty is absent; Go takes negative durations, which act like zero.
fn go_duration(text: Option<&str>) -> Result<Option<Span>, DurationError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match parse_go_duration(text) {
        Ok(span) => Ok(Some(span)),
        Err(DurationError::Negative(_)) => Ok(Some(Span::ZERO)),
        Err(error) => Err(error),
    }
}

fn lower(source: &MetricSource, dry_run: bool) -> Metric {
    // analysis.go:226, 607, 616, 664, 674: compared as int32, whatever passed validation.
    let cut = |limit: &IntOrString| i64::from(limit.int_value() as i32);
    let limit = |limit: &Option<IntOrString>| limit.as_ref().map_or(0, cut);
    // `validate` has parsed both.
    let interval = go_duration(source.interval.as_deref()).unwrap_or(None);
    let initial_delay = go_duration(source.initial_delay.as_deref()).unwrap_or(None);
    let test = |text: &Option<Text>| {
        let text = text.as_ref().filter(|text| !text.text.is_empty())?;
        Some(Test::new(&text.text))
    };
    let range = source.range.as_ref().map(|range| RangeBack {
        start: range.start,
        end: range.end,
        step: go_duration(Some(&range.step))
            .ok()
            .flatten()
            .unwrap_or(Span::ZERO),
    });
    Metric {
        query: MetricQuery {
            provider: source.provider,
            metric: source.name.as_str().into(),
            text: source.query.text.as_str().into(),
            range: None,
            timeout: source.timeout,
        },
        range,
        line_column: (source.query.line, source.query.column),
        interval,
        initial_delay,
        count: effective_count(source.count.as_ref(), has_interval(source))
            .map(|count| i64::from(count as i32)),
        failure_limit: limit(&source.failure_limit),
        inconclusive_limit: limit(&source.inconclusive_limit),
        consecutive_error_limit: source
            .consecutive_error_limit
            .as_ref()
            .map_or(CONSECUTIVE_ERROR_LIMIT, cut),
        consecutive_success_limit: limit(&source.consecutive_success_limit),
        success: test(&source.success),
        failure: test(&source.failure),
        dry_run,
    }
}

#[cfg(test)]
mod tests {
    use super::{Unresolved, substituted};

    /// Substitutes `a` = `value`; an error in Argo's words.
    fn with(text: &str, value: &str) -> Result<String, String> {
        match substituted(text, &[("a", "first"), ("a", value)]) {
            Ok(new) => Ok(new.unwrap_or_else(|| text.to_owned())),
            Err(Unresolved::Tag(tag)) => Err(format!("{{{{{tag}")),
            Err(Unresolved::Character(escape)) => Err(escape.to_string()),
        }
    }

    #[test]
    fn tags_are_replaced_as_the_real_template_engine_does() {
        let ok = |text, wanted: &str| assert_eq!(with(text, "V"), Ok(wanted.to_owned()), "{text}");
        ok("{{args.a}} {{ args.a }}", "V V");
        ok("}}", "}}");
        ok("{{args.a}}}}", "V}}");
        let fails = |text, tag: &str| assert_eq!(with(text, "V"), Err(tag.to_owned()), "{text}");
        fails("{{args.b}} {{args.c}} {{args.a}}", "{{args.c}}");
        fails("{{}}", "{{}}");
        fails("{{{args.a}}}", "{{{args.a}}");
        fails("{{inputs.a}}", "{{inputs.a}}");
        assert!(with("x {{args.a}} {{", "V").is_err());
        assert!(with("{{args.a", "V").is_err());
    }

    #[test]
    fn values_survive_json_or_are_errors() {
        for value in [
            "\t",
            "\n",
            "\u{8}",
            "\u{c}",
            "\"",
            "\\",
            "<&>",
            "é",
            "😀",
            "{{args.a}}",
        ] {
            assert_eq!(with("q{{args.a}}", value), Ok(format!("q{value}")));
        }
        for (value, escape) in [("\0", "x"), ("\u{7}", "a"), ("\u{b}", "v"), ("\u{7f}", "x")] {
            assert_eq!(with("q{{args.a}}", value), Err(escape.to_owned()));
            assert_eq!(with("q", value), Ok("q".to_owned()));
        }
    }
}
