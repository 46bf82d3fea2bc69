//! AnalysisTemplates as written: placeholders in place, limits as the API keeps them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::value::IntOrString;
use crate::{Provider, Span};

/// A place in a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
}

/// An `AnalysisTemplate` or a `ClusterAnalysisTemplate`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    pub(super) name: String,
    /// A ClusterAnalysisTemplate.
    pub(super) cluster: bool,
    /// `None`: whatever namespace it is applied to.
    pub(super) namespace: Option<String>,
    pub(super) metrics: Vec<Arc<MetricSource>>,
    pub(super) args: Vec<Arg>,
    pub(super) dry_run: Vec<String>,
    pub(super) retention: Vec<String>,
    pub(super) templates: Vec<TemplateRef>,
    pub(super) place: Place,
}

/// A reference to a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TemplateRef {
    pub(super) name: String,
    pub(super) cluster: bool,
    pub(super) place: Place,
}

/// An argument, of a template or of a reference to one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Arg {
    pub(super) name: String,
    pub(super) value: Option<ArgValue>,
    pub(super) place: Place,
}

/// Where an argument's value comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ArgValue {
    Text(String),
    /// `podTemplateHashValue: Stable`.
    StableHash,
    /// `podTemplateHashValue: Latest`.
    LatestHash,
    /// Unknown here; printed as Argo redacts it.
    Secret,
    /// A template's `fieldRef`, which the analysis controller never resolves
    /// (`analysis.go:265`).
    Unresolved,
}

/// A text field with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A metric as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct MetricSource {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) interval: Option<String>,
    pub(super) initial_delay: Option<String>,
    pub(super) count: Option<IntOrString>,
    pub(super) failure_limit: Option<IntOrString>,
    pub(super) inconclusive_limit: Option<IntOrString>,
    pub(super) consecutive_error_limit: Option<IntOrString>,
    pub(super) consecutive_success_limit: Option<IntOrString>,
    pub(super) success: Option<Text>,
    pub(super) failure: Option<Text>,
    pub(super) provider: Provider,
    pub(super) query: Text,
    pub(super) range: Option<RangeSource>,
    /// Seconds as written.
    pub(super) timeout: Span,
    /// Every other string of the metric that may hold placeholders (`address`, headers).
    pub(super) others: Vec<String>,
}

/// `rangeQuery` as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RangeSource {
    pub(super) start: Span,
    pub(super) end: Span,
    pub(super) step: String,
}
