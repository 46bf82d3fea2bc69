//! The `experiment` step as written, and what an Experiment makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::plan::Plan;
use super::super::resolve::Analysis;
use super::super::template::{Arg, ArgValue};
use super::tags;
use crate::source::DurationError;
use crate::{Provider, Span, Template};

/// An `experiment` step (`RolloutExperimentStep`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentStep {
    /// `templates`.
    pub templates: Vec<ExperimentTemplate>,
    /// `analyses`.
    pub analyses: Vec<ExperimentAnalysis>,
    /// `duration`, counted from the moment when all templates are available.
    pub duration: ExperimentDuration,
    /// `scaleDownDelaySeconds`: the pods outlast the Experiment; 30 s when absent.
    pub scale_down_delay: Span,
    /// Why the Experiment is `InvalidSpec`, if so: then nothing ever happens to it
    /// (`controller.go:273` of the Experiment controller).
    pub invalid: Option<String>,
}

/// `duration` of an Experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExperimentDuration {
    /// Without one it ends by its analyses, or never.
    Endless,
    /// So long.
    For(Span),
    /// Text that is no duration, in Go's words: never over, and no AnalysisRun can be made.
    Unreadable(String),
}

impl ExperimentDuration {
    /// Go takes negative durations, which are over at once.
    pub(in super::super) fn new(text: &str) -> Self {
        match crate::source::parse_go_duration(text) {
            Ok(span) => Self::For(span),
            Err(DurationError::Empty) => Self::Endless,
            Err(DurationError::Negative(_)) => Self::For(Span::ZERO),
            Err(error) => Self::Unreadable(error.in_gos_words()),
        }
    }
}

/// Whose pods a template copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpecRef {
    /// `canary`.
    Canary,
    /// `stable`.
    Stable,
}

/// One of an `experiment` step's `templates`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentTemplate {
    /// `name`.
    pub name: String,
    /// `specRef`.
    pub spec_ref: SpecRef,
    /// `replicas`; 1 when absent.
    pub replicas: u32,
    /// `metadata.labels`, laid over those of the pod template.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// The pods still carry the labels that the Rollout selects by, and so does a Service that has
    /// no more than these in its selector.
    pub served: bool,
    /// Why the API server refuses the ReplicaSet, if it does.
    pub refused: Option<String>,
}

impl ExperimentTemplate {
    /// The pod template that is copied.
    #[must_use]
    pub fn of<'a>(&self, stable: &'a Template, latest: &'a Template) -> &'a Template {
        match self.spec_ref {
            SpecRef::Canary => latest,
            SpecRef::Stable => stable,
        }
    }

    /// The hash that its own pods are labelled with. Argo hashes the pod template as the API server
    /// has filled it in (`replicaset.go:179`), so it is neither the stable nor the canary hash; two
    /// templates with the same pods have the same one.
    #[must_use]
    pub fn hash(&self, stable: &Template, latest: &Template) -> Template {
        let mut fnv = 0x811c_9dc5_u32;
        let mut add = |text: &str| {
            for byte in text.bytes().chain([0]) {
                fnv = (fnv ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
        };
        add("experiment");
        add(self.of(stable, latest).as_str());
        for (key, value) in self.labels.iter().chain(&self.annotations) {
            add(key);
            add(value);
        }
        Template::new(&safe_encoded(fnv))
    }
}

/// Kubernetes' `SafeEncodeString` of the number's digits.
fn safe_encoded(number: u32) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let digits = number.to_string();
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    digits.bytes().map(letter).collect()
}

/// One of an `experiment` step's `analyses`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentAnalysis {
    /// `name`.
    pub name: String,
    /// `requiredForCompletion`.
    pub required: bool,
    /// The step's own arguments, their placeholders in place.
    pub(in super::super) args: Vec<Arg>,
    /// The templates merged.
    pub(in super::super) source: Source,
}

/// What is behind a `templateName`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in super::super) enum Source {
    /// The templates merged, the step's arguments laid over them.
    Merged(Arc<Analysis>),
    /// No AnalysisRun can be made of them, in Argo's words (`experiment.go:434`).
    Unusable(String),
    /// There is no such template (`experiment.go:414`): the kind and the API's words.
    Missing(String),
}

/// What placeholders of an Experiment stand for (`ResolveExperimentArgsValue`).
pub(in super::super) struct Names<'a> {
    /// The Experiment's name.
    pub(in super::super) experiment: &'a str,
    pub(in super::super) stable: &'a Template,
    pub(in super::super) latest: &'a Template,
}

impl ExperimentStep {
    /// The name of a template's ReplicaSet (`replicaset.go:195`).
    #[must_use]
    pub fn set_name(&self, experiment: &str, template: usize) -> String {
        let name = self.templates.get(template).map_or("", |t| t.name.as_str());
        format!("{experiment}-{name}")
    }

    /// Whether an analysis can end without a verdict: then Argo makes another Experiment.
    #[must_use]
    pub fn may_be_inconclusive(&self) -> bool {
        let merged = self.analyses.iter().filter_map(|a| match &a.source {
            Source::Merged(merged) => Some(merged),
            Source::Unusable(_) | Source::Missing(_) => None,
        });
        let mut metrics = merged.flat_map(|analysis| &analysis.metrics);
        metrics.any(|metric| {
            let both = metric.success.is_some() && metric.failure.is_some();
            both || metric.provider == Provider::Job
        })
    }

    /// The AnalysisRun of an analysis, or why there is none (`createAnalysisRun`).
    pub(in super::super) fn plan(
        &self,
        analysis: &ExperimentAnalysis,
        names: &Names<'_>,
    ) -> Result<Arc<Plan>, String> {
        let mut values: Vec<(&str, String)> = Vec::with_capacity(analysis.args.len());
        for arg in &analysis.args {
            // template.go:38: looked at once for each argument, before anything else.
            if let ExperimentDuration::Unreadable(why) = &self.duration {
                return Err(why.clone());
            }
            let value = match &arg.value {
                Some(ArgValue::Text(text)) => tags::resolved(text, &|tag| self.known(tag, names))?,
                Some(ArgValue::StableHash) => names.stable.as_str().to_owned(),
                Some(ArgValue::LatestHash) => names.latest.as_str().to_owned(),
                Some(ArgValue::Secret | ArgValue::Unresolved) | None => continue,
            };
            values.push((&arg.name, value));
        }
        match &analysis.source {
            Source::Merged(merged) => Ok(merged.plan_with(&values)),
            Source::Unusable(why) | Source::Missing(why) => Err(why.clone()),
        }
    }

    /// Every AnalysisRun that an Experiment of this name can have, with what it is made of.
    pub(in super::super) fn plans(
        &self,
        experiment: &str,
        stable: &Template,
        latest: &Template,
    ) -> impl Iterator<Item = (Arc<Plan>, &Arc<Analysis>)> {
        let names = Names {
            experiment,
            stable,
            latest,
        };
        let plans = self.analyses.iter().filter_map(move |analysis| {
            let Source::Merged(merged) = &analysis.source else {
                return None;
            };
            Some((self.plan(analysis, &names).ok()?, merged))
        });
        plans.collect::<Vec<_>>().into_iter()
    }

    fn known(&self, tag: &str, names: &Names<'_>) -> Option<String> {
        let (name, what) = tag.strip_prefix("templates.")?.split_once('.')?;
        // Of two templates with one name none exists: the Experiment is invalid.
        let index = self.templates.iter().position(|t| t.name == name)?;
        match what {
            "podTemplateHash" => {
                let hash = self.templates[index].hash(names.stable, names.latest);
                Some(hash.as_str().to_owned())
            }
            "replicaset.name" => Some(self.set_name(names.experiment, index)),
            _ => None,
        }
    }
}
