//! `spec.analysis.metrics`: the checks they become.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::spec::{Context, Names};
use super::{MetricTemplate, interval, namespace, report};
use crate::flagger::observer::{duration, success_rate};
use crate::flagger::provider::Observer;
use crate::flagger::template::{Model, render};
use crate::flagger::{Bound, Check, Measure, Question};
use crate::source::{Diagnostic, Diagnostics, Fields, Node, Position, Severity};

/// Flagger canary.go:36.
const DEFAULT_INTERVAL: &str = "1m";

/// What one entry is read with.
struct Entry<'a> {
    context: &'a Context<'a>,
    names: &'a Names,
    observer: Observer,
    name: Arc<str>,
    interval: Option<&'a str>,
    bound: Bound,
    variables: BTreeMap<String, String>,
}

/// The checks in Flagger's order: of each entry the built-in one and the inline query, and in a
/// second pass the templates (Flagger scheduler.go:765-773).
pub(super) fn read_checks(
    fields: &mut Fields<'_>,
    context: &Context<'_>,
    names: &Names,
    observer: Observer,
    found: &mut Diagnostics,
) -> Vec<Check> {
    let (mut checks, mut templated) = (Vec::new(), Vec::new());
    for mut fields in report::items(fields, "metrics", found) {
        report::require(&mut fields, &["name"], found);
        let entry = Entry {
            context,
            names,
            observer,
            name: fields.string("name", found).unwrap_or_default().into(),
            interval: report::interval(&mut fields, context.options.admission, found),
            bound: read_bound(&mut fields, found),
            variables: report::strings(&mut fields, "templateVariables", found),
        };
        entry.warn_of_interval(&mut fields, found);
        checks.extend(entry.builtin());
        let inline = entry.inline(&mut fields, found);
        let query = fields.node("query").and_then(Node::as_str);
        let has_other = entry.is_builtin() || query.is_some_and(|query| !query.is_empty());
        checks.extend(inline);
        templated.extend(entry.template(&mut fields, has_other, found));
        fields.finish(found);
    }
    checks.extend(templated);
    checks
}

/// Flagger scheduler_metrics.go:165: a range, even an empty one, displaces the threshold.
fn read_bound(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Bound {
    let threshold = report::number(fields, "threshold", found).unwrap_or(0.0);
    let Some(mut range) = fields.map("thresholdRange", found) else {
        return Bound::Threshold(threshold);
    };
    let (min, max) = (
        report::number(&mut range, "min", found),
        report::number(&mut range, "max", found),
    );
    let absent = range.node("min").is_none() && range.node("max").is_none();
    range.finish(found);
    if absent {
        let what = "is empty, so any value passes";
        report::warn(fields, "thresholdRange", what, "set min or max", found);
    }
    Bound::Range { min, max }
}

impl Entry<'_> {
    fn is_builtin(&self) -> bool {
        matches!(&*self.name, "request-success-rate" | "request-duration")
    }

    fn model<'a>(&'a self, interval: &'a str) -> Model<'a> {
        Model {
            name: &self.context.document.name,
            namespace: namespace(self.context.document),
            target: &self.names.target,
            service: &self.names.service,
            ingress: &self.names.ingress,
            route: &self.names.route,
            interval,
            variables: &self.variables,
        }
    }

    fn check(&self, measure: Measure, question: Question) -> Check {
        Check {
            metric: self.name.clone(),
            measure,
            question,
            bound: self.bound,
            file: "".into(),
            line_column: (0, 0),
        }
    }

    fn ask(&self, text: String, file: &Arc<str>, line_column: (usize, usize)) -> Check {
        Check {
            file: file.clone(),
            line_column,
            ..self.check(Measure::Custom, Question::Ask(text.into()))
        }
    }

    /// An empty interval counts as absent (Flagger scheduler_metrics.go:144).
    fn interval_or_default(&self) -> &str {
        let given = self.interval.filter(|text| !text.is_empty());
        given.unwrap_or(DEFAULT_INTERVAL)
    }

    /// Only a query that has the interval in it suffers from a bad one.
    fn warn_of_interval(&self, fields: &mut Fields<'_>, found: &mut Diagnostics) {
        let used = |query: &str| query.contains("interval");
        let inline = fields.node("query").and_then(Node::as_str);
        let reference = fields.node("templateRef");
        let named = reference.and_then(|r| r.get("name")).and_then(Node::as_str);
        let mut templates = self.context.templates.iter();
        let templated = templates.any(|t| named == Some(&*t.name) && used(&t.query));
        let given = self.interval.filter(|text| !text.is_empty());
        if let Some(given) = given
            && (self.is_builtin() || inline.is_some_and(used) || templated)
        {
            interval::warn_of_unusable(fields, given, found);
        }
    }

    fn builtin(&self) -> Option<Check> {
        let model = self.model(self.interval_or_default());
        let (query, measure) = match &*self.name {
            "request-success-rate" => (success_rate(self.observer, &model), Measure::SuccessRate),
            "request-duration" => duration(self.observer, &model),
            _ => return None,
        };
        Some(self.check(measure, Question::Ask(query.into())))
    }

    fn inline(&self, fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Check> {
        let query = fields.string("query", found).filter(|q| !q.is_empty())?;
        let at = report::at(fields, "query");
        match render(query, &self.model(self.interval_or_default())) {
            Ok(text) => {
                let file = &self.context.document.source.file;
                Some(self.ask(text, file, (at.line, at.column)))
            }
            Err(why) => {
                let what = format!("does not render: {why}");
                report::error(fields, "query", &what, "", found);
                None
            }
        }
    }

    /// The check of the second pass. An entry that names nothing to ask fails every time
    /// (Flagger scheduler_metrics.go:346).
    fn template(
        &self,
        fields: &mut Fields<'_>,
        has_other: bool,
        found: &mut Diagnostics,
    ) -> Option<Check> {
        let Some(mut reference) = fields.map("templateRef", found) else {
            if has_other {
                return None;
            }
            let what = format!(
                "is `{}`, neither a built-in metric nor with templateRef or query: the check \
                 fails every time",
                self.name
            );
            let cure = "use request-success-rate or request-duration, or add templateRef";
            report::warn(fields, "name", &what, cure, found);
            let why = "neither a metric template nor a query was configured";
            return Some(self.check(Measure::Custom, Question::Fails(why.into())));
        };
        reference.required("name", found);
        let name = reference.string("name", found);
        let home = namespace(self.context.document);
        let space = reference.string("namespace", found);
        let space = space.filter(|space| !space.is_empty()).unwrap_or(home);
        reference.finish(found);
        let name = name?;
        let mut known = self.context.templates.iter();
        match known.find(|t| t.name == name && t.namespace == space) {
            Some(template) => self.templated(template, fields, found),
            None => Some(self.missing_template(&format!("{name}.{space}"), fields, found)),
        }
    }

    /// Flagger scheduler_metrics.go:278: case M11.
    fn missing_template(
        &self,
        name: &str,
        fields: &mut Fields<'_>,
        found: &mut Diagnostics,
    ) -> Check {
        let what =
            format!("names `{name}`, which is not among the documents: the check fails every time");
        let cure = "give the MetricTemplate along, or correct the name";
        report::warn(fields, "templateRef", &what, cure, found);
        let why = format!("metric template {name} not found");
        self.check(Measure::Custom, Question::Fails(why.into()))
    }

    fn templated(
        &self,
        template: &MetricTemplate,
        fields: &mut Fields<'_>,
        found: &mut Diagnostics,
    ) -> Option<Check> {
        if template.provider != "prometheus" {
            let message = format!(
                "`spec.provider.type` is `{}`; coalmine answers prometheus queries only",
                template.provider
            );
            let help = format!(
                "write the template {} as a prometheus query, or score without this metric",
                template.name
            );
            found.push(error(template, template.provider_at, message, help));
            return None;
        }
        // Not defaulted here, unlike for the other kinds (Flagger scheduler_metrics.go:296).
        let interval = self.interval.unwrap_or_default();
        if interval.is_empty() && template.query.contains("interval") {
            let what = "has no interval, so the template sees an empty one";
            report::warn(
                fields,
                "templateRef",
                what,
                "add for example `interval: 1m`",
                found,
            );
        }
        match render(&template.query, &self.model(interval)) {
            Ok(text) => Some(self.ask(text, &template.file, template.query_at)),
            Err(why) => {
                let message = format!(
                    "`spec.query` does not render for metric {}: {why}",
                    self.name
                );
                found.push(error(template, template.query_at, message, String::new()));
                None
            }
        }
    }
}

fn error(
    template: &MetricTemplate,
    (line, column): (usize, usize),
    message: String,
    help: String,
) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: template.file.clone(),
        position: Position {
            line,
            column,
            ..Position::default()
        },
        message,
        help,
    }
}
