//! Templates without a Rollout: what they would ask, with stand-ins for arguments that nobody gives.

use std::collections::BTreeSet;

use super::super::plan::Metric;
use super::super::resolve::Analysis;
use super::super::template::{Arg, ArgValue, MetricSource, Place, Template};
use super::super::value::IntOrString;
use super::template::Templates;
use crate::Template as Hash;
use crate::source::{Diagnostics, Document};

/// An AnalysisTemplate as a reviewer sees it.
#[derive(Clone, Debug)]
pub struct TemplateAlone {
    /// `metadata.name`.
    pub name: String,
    /// Where the object begins.
    pub place: Place,
    /// Each metric with the place of its name; none where the controller would refuse every run.
    pub metrics: Vec<(Place, Metric)>,
    /// `spec.args`.
    pub args: Vec<ArgAlone>,
    /// Arguments that metrics use and the template does not declare.
    pub undeclared: Vec<String>,
    /// Arguments for which a stand-in was taken.
    pub assumed: BTreeSet<String>,
}

/// A declared argument.
#[derive(Clone, Debug)]
pub struct ArgAlone {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Its value, where that is a text.
    pub value: Option<String>,
    /// It has a value that Argo's analysis controller never looks up (`analysis.go:265`).
    pub never: bool,
}

/// Reads every AnalysisTemplate and ClusterAnalysisTemplate that can be read.
pub fn read_alone(documents: &[Document], found: &mut Diagnostics) -> Vec<TemplateAlone> {
    let mut templates = Templates::default();
    for document in documents
        .iter()
        .filter(|d| d.api_version == super::API_VERSION)
    {
        templates.read(document, found);
    }
    templates.all().iter().map(alone).collect()
}

fn alone(template: &Template) -> TemplateAlone {
    let mut assumed = BTreeSet::new();
    let declared: BTreeSet<&str> = template.args.iter().map(|arg| arg.name.as_str()).collect();
    let used = template.metrics.iter().flat_map(|metric| used(metric));
    let undeclared: BTreeSet<String> = used
        .filter(|name| !declared.contains(name.as_str()))
        .collect();
    let mut args: Vec<Arg> = template.args.clone();
    args.extend(undeclared.iter().map(|name| Arg {
        name: name.clone(),
        value: None,
        place: Place::default(),
    }));
    for arg in &mut args {
        if !matches!(arg.value, Some(ArgValue::Text(_) | ArgValue::Secret)) {
            assumed.insert(arg.name.clone());
            arg.value = Some(ArgValue::Text(stand_in(&arg.name, &template.metrics)));
        }
    }
    let analysis = Analysis::new(
        template.metrics.clone(),
        args,
        template.dry_run.clone(),
        template.retention.clone(),
    );
    let plan = analysis.plan(&Hash::new("stable"), &Hash::new("latest"));
    let places = template.metrics.iter().map(|metric| metric.place.clone());
    TemplateAlone {
        name: template.name.clone(),
        place: template.place.clone(),
        metrics: places.zip(plan.metrics.iter().cloned()).collect(),
        args: template.args.iter().map(arg_alone).collect(),
        undeclared: undeclared.into_iter().collect(),
        assumed,
    }
}

fn arg_alone(arg: &Arg) -> ArgAlone {
    ArgAlone {
        name: arg.name.clone(),
        place: arg.place.clone(),
        value: match &arg.value {
            Some(ArgValue::Text(text)) => Some(text.clone()),
            Some(ArgValue::Secret) => Some("*****".to_owned()),
            _ => None,
        },
        never: matches!(arg.value, Some(ArgValue::Unresolved)),
    }
}

/// A value that fits where the argument is used: a length of time, a number, else its own name.
fn stand_in(name: &str, metrics: &[std::sync::Arc<MetricSource>]) -> String {
    let has = |text: &str| names(text).any(|used| used == name);
    let spans = |metric: &MetricSource| {
        let durations = [&metric.interval, &metric.initial_delay];
        let in_query = metric.query.text.split('[').skip(1);
        let mut in_query = in_query.filter_map(|rest| rest.split(']').next());
        in_query.any(has) || durations.into_iter().flatten().any(|text| has(text))
    };
    let numbers = |metric: &MetricSource| {
        let limits = [
            &metric.count,
            &metric.failure_limit,
            &metric.inconclusive_limit,
            &metric.consecutive_error_limit,
            &metric.consecutive_success_limit,
        ];
        let limit = |limit: &Option<IntOrString>| match limit {
            Some(IntOrString::Text(text)) => has(text),
            _ => false,
        };
        let tests = [&metric.success, &metric.failure];
        let mut tests = tests.into_iter().flatten();
        limits.into_iter().any(limit) || tests.any(|text| has(&text.text))
    };
    if metrics.iter().any(|metric| spans(metric)) {
        "1m".to_owned()
    } else if metrics.iter().any(|metric| numbers(metric)) {
        "1".to_owned()
    } else {
        name.to_owned()
    }
}

/// The arguments that a metric uses.
fn used(metric: &MetricSource) -> Vec<String> {
    let tests = [&metric.success, &metric.failure];
    let tests = tests.into_iter().flatten().map(|text| &text.text);
    let durations = [&metric.interval, &metric.initial_delay];
    let texts = [&metric.query.text].into_iter().chain(tests);
    let texts = texts.chain(durations.into_iter().flatten());
    let texts = texts.chain(&metric.others);
    texts
        .flat_map(|text| names(text))
        .map(str::to_owned)
        .collect()
}

/// The names in `{{args.NAME}}`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let tags = text.split("{{").skip(1);
    tags.filter_map(|rest| rest.split_once("}}")?.0.trim().strip_prefix("args."))
}
