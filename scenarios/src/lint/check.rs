//! A check: a metric as it is written, what it asks, and what it makes of answers.

use std::sync::Arc;

use coalmine_policy::source::{Node, Position, Source};
use coalmine_policy::{MetricAnswer, Span, argo, flagger};
use coalmine_promql::{ParseError, Query, ResultType};

use crate::finding::{Finding, Related, Rule};
use crate::locate;

/// Whose check it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Argo,
    Flagger,
}

/// What an answer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Bad,
    Inconclusive,
    /// Argo's Error; Flagger's errors are failures.
    Error,
}

/// What knows the verdicts.
#[derive(Clone, Debug)]
pub(super) enum Judge {
    Argo(Box<argo::Metric>),
    Flagger(Box<flagger::Check>),
    /// A MetricTemplate that no Canary here uses.
    Nobody,
}

/// Where and how a policy uses a check.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// The policy's name.
    pub(super) policy: String,
    /// When.
    pub(super) when: When,
    /// The canary's share of requests when it is first asked, if that is known.
    pub(super) share: Option<f64>,
}

/// When a check is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    /// By Flagger, at each interval.
    EachTick,
    /// Beside the steps.
    Background,
    /// In a step, this long after the last change of the weight, if there was one.
    Step(Option<Span>),
    /// Before or after the switch of a blue-green Rollout, or in an Experiment.
    Elsewhere,
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) tool: Tool,
    pub(super) name: String,
    /// Where the metric is written.
    pub(super) file: Arc<str>,
    pub(super) at: Position,
    /// The mapping that it is.
    pub(super) entry: Node,
    /// Where its query is written; the entry's place when the query is the controller's own.
    pub(super) query_file: Arc<str>,
    pub(super) query_at: Position,
    /// The query as written; empty when it is the controller's own.
    pub(super) written: String,
    /// As sent, with stand-ins for what is not known.
    pub(super) text: Arc<str>,
    pub(super) query: Result<Query, ParseError>,
    pub(super) judge: Judge,
    /// Between measurements; `None`: one only, or unknown.
    pub(super) every: Option<Span>,
    /// The names that have stand-ins in the text.
    pub(super) assumed: Vec<String>,
    pub(super) uses: Vec<Use>,
}

impl Check {
    /// The query, if it is the user's own and can be read.
    pub(super) fn own(&self) -> Option<&Query> {
        self.query.as_ref().ok().filter(|_| !self.is_builtin())
    }

    pub(super) fn is_builtin(&self) -> bool {
        self.written.is_empty()
    }

    /// What an answer leads to; `None` when nobody says.
    pub(super) fn verdict(&self, answer: &MetricAnswer) -> Option<Verdict> {
        match &self.judge {
            Judge::Argo(metric) => Some(match metric.judge(answer).0 {
                argo::Outcome::Successful => Verdict::Good,
                argo::Outcome::Failed => Verdict::Bad,
                argo::Outcome::Inconclusive => Verdict::Inconclusive,
                argo::Outcome::Error => Verdict::Error,
            }),
            Judge::Flagger(check) => Some(match check.passes(answer) {
                true => Verdict::Good,
                false => Verdict::Bad,
            }),
            Judge::Nobody => None,
        }
    }

    /// What a single number leads to, in the shape that the query answers with.
    pub(super) fn verdict_of(&self, value: f64) -> Option<Verdict> {
        let is_scalar = self.tool == Tool::Argo
            && self
                .query
                .as_ref()
                .is_ok_and(|q| q.result_type() == ResultType::Scalar);
        self.verdict(&match is_scalar {
            true => MetricAnswer::Scalar(value),
            false => MetricAnswer::Vector(vec![value]),
        })
    }

    /// Argo's metric.
    pub(super) fn argo(&self) -> Option<&argo::Metric> {
        match &self.judge {
            Judge::Argo(metric) => Some(metric),
            _ => None,
        }
    }

    /// Whether the verdict of numbers depends on a stand-in.
    pub(super) fn has_assumed_condition(&self) -> bool {
        let fields = ["successCondition", "failureCondition"];
        fields.iter().any(|field| {
            let text = self.entry.get(field).and_then(Node::as_str);
            text.is_some_and(|text| self.assumed.iter().any(|name| text.contains(name.as_str())))
        })
    }

    /// Whether a window or the interval is a stand-in.
    pub(super) fn has_assumed_times(&self) -> bool {
        let windows = self.written.split('[').skip(1);
        let mut windows = windows.filter_map(|rest| rest.split(']').next());
        let interval = self.entry.get("interval").and_then(Node::as_str);
        let is_assumed = |text: &str| text.contains("{{");
        !self.assumed.is_empty() && (windows.any(is_assumed) || interval.is_some_and(is_assumed))
    }

    /// The place of a field of the metric, else of its name.
    pub(super) fn field(&self, name: &str) -> Position {
        self.entry.get(name).map_or(self.at, |node| node.position)
    }

    /// The place in the manifest of `part`, which stands at byte `offset` of the query as sent.
    pub(super) fn in_query(&self, offset: usize, part: &str, sources: &[Source]) -> Position {
        let found = sources
            .iter()
            .find(|source| source.file == self.query_file)
            .filter(|_| !self.is_builtin())
            .and_then(|source| {
                let query = locate::Query {
                    text: &self.text,
                    line: self.query_at.line,
                };
                query.place(&source.text, offset, part)
            });
        found.unwrap_or(self.query_at)
    }

    /// A finding at a place of the query's file.
    pub(super) fn about_query(
        &self,
        rule: &'static Rule,
        position: Position,
        message: String,
        cure: &str,
    ) -> Finding {
        finding(rule, &self.query_file, position, message, cure)
    }

    /// A finding at a field of the metric.
    pub(super) fn about_field(
        &self,
        rule: &'static Rule,
        field: &str,
        message: String,
        cure: &str,
    ) -> Finding {
        finding(rule, &self.file, self.field(field), message, cure)
    }
}

/// A finding with its rule's level.
pub(super) fn finding(
    rule: &'static Rule,
    file: &Arc<str>,
    position: Position,
    message: String,
    cure: &str,
) -> Finding {
    Finding {
        rule,
        level: rule.level,
        file: file.clone(),
        position,
        related: Vec::<Related>::new(),
        message,
        cure: cure.to_owned(),
    }
}
