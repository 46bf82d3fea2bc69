//! Analyses that steps and strategy refer to.

use std::sync::Arc;

use super::super::plan::{Plan, Test};
use super::super::resolve::{Analysis, has_placeholder, validate_metric};
use super::super::rollout::{Background, Step};
use super::super::template::Place;
use super::experiment;
use super::merge::{self, Reference};
use super::rollout::Refusals;
use super::step::RawStep;
use super::strategy::Context;
use crate::source::{Diagnostic, Diagnostics, Position, Severity};

/// Steps and background analysis with their templates merged in.
pub(super) fn resolve(
    raw: Vec<RawStep>,
    background: Option<(Reference, usize)>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> (Vec<Step>, Option<Background>) {
    let steps = raw.iter().filter_map(|step| match step {
        RawStep::Analysis(reference) => Some(reference),
        RawStep::Plain(_) | RawStep::Experiment(_) => None,
    });
    let references = steps.chain(background.iter().map(|(reference, _)| reference));
    let references: Vec<&Reference> = references.collect();
    let merged = merge_all(&references, context, refusals, found);
    let find = |path: &str| merged.find(path);
    let steps = raw.iter().map(|step| match step {
        RawStep::Plain(step) => step.clone(),
        RawStep::Experiment(raw) => {
            Step::Experiment(Arc::new(experiment::resolve(raw, context, found)))
        }
        RawStep::Analysis(reference) if reference.templates.is_empty() => Step::Analysis(None),
        RawStep::Analysis(reference) => Step::Analysis(find(&reference.path)),
    });
    let steps = steps.collect();
    let background = background.as_ref().and_then(|(reference, starting_step)| {
        // analysis.go:352: without templates there is no background analysis.
        let analysis = (!reference.templates.is_empty()).then(|| find(&reference.path))??;
        Some(Background {
            analysis,
            starting_step: *starting_step,
        })
    });
    (steps, background)
}

/// Analyses by the path of their `templates`.
pub(super) struct Merged(Vec<(String, Arc<Analysis>)>);

impl Merged {
    pub(super) fn find(&self, path: &str) -> Option<Arc<Analysis>> {
        let mut merged = self.0.iter();
        merged
            .find(|(known, _)| known == path)
            .map(|(_, analysis)| analysis.clone())
    }
}

/// First every template must exist, then every reference must merge (`controller.go:646`).
pub(super) fn merge_all(
    references: &[&Reference],
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Merged {
    let mut reached = Vec::new();
    for &reference in references {
        match merge::reach(reference, context.namespace, context.templates) {
            Ok(templates) => reached.push((reference, templates)),
            Err(Some(missing)) => refusals.add(missing.1),
            // The template's own mistakes have been reported; this Rollout needs it.
            Err(None) => found.push(dropped(reference)),
        }
    }
    let mut merged = Vec::new();
    for (reference, templates) in &reached {
        match templates.merge(reference) {
            Ok(analysis) => {
                check_plan(reference, &analysis, found);
                merged.push((reference.path.clone(), analysis));
            }
            Err(refusal) => refusals.add(refusal),
        }
    }
    Merged(merged)
}

pub(super) fn dropped(reference: &Reference) -> Diagnostic {
    Diagnostic {
        message: format!(
            "`{}` refers to a template that cannot be read",
            reference.path
        ),
        help: "correct the template first".to_owned(),
        ..at(
            &reference.place,
            reference.place.line,
            reference.place.column,
        )
    }
}

/// Argo takes it, with consequences.
pub(super) fn warn(place: &Place, message: String, help: String, found: &mut Diagnostics) {
    found.push(Diagnostic {
        severity: Severity::Warning,
        message,
        help,
        ..at(place, place.line, place.column)
    });
}

/// What can only be told once the arguments are known: an AnalysisRun that ends at once, and
/// conditions with placeholders that do not parse.
pub(super) fn check_plan(reference: &Reference, analysis: &Arc<Analysis>, found: &mut Diagnostics) {
    let place = at(
        &reference.place,
        reference.place.line,
        reference.place.column,
    );
    if reference.templates.is_empty() {
        found.push(Diagnostic {
            severity: Severity::Warning,
            message: format!("`{}` is empty", reference.path),
            help: "Argo starts no AnalysisRun, and an analysis step without one never completes"
                .to_owned(),
            ..place
        });
        return;
    }
    let hash = crate::Template::new("hash");
    let plan = analysis.plan(&hash, &hash);
    let mut metrics = analysis.metrics.iter();
    // Such a metric has been reported where it stands.
    let reported = metrics.any(|m| !has_placeholder(m) && validate_metric(m).is_err());
    if let Some(broken) = plan.broken.as_ref().filter(|_| !reported) {
        found.push(Diagnostic {
            severity: Severity::Warning,
            message: format!(
                "every AnalysisRun of `{}` ends in Error: {broken}",
                reference.path
            ),
            help: "Argo accepts the Rollout and aborts each update at this analysis".to_owned(),
            ..place
        });
    }
    check_args(reference, analysis, found);
    check_conditions(analysis, &plan, found);
}

fn check_args(reference: &Reference, analysis: &Analysis, found: &mut Diagnostics) {
    for arg in &reference.args {
        if analysis.args.iter().any(|known| known.name == arg.name) {
            continue;
        }
        found.push(Diagnostic {
            severity: Severity::Warning,
            message: format!("no template declares the argument `{}`", arg.name),
            help: "Argo drops it silently; declare it in the template's `spec.args`".to_owned(),
            ..at(&arg.place, arg.place.line, arg.place.column)
        });
    }
}

/// Conditions with placeholders; the others were checked in their template.
fn check_conditions(analysis: &Analysis, plan: &Plan, found: &mut Diagnostics) {
    for (metric, source) in plan.metrics.iter().zip(&analysis.metrics) {
        let tests = [
            (&metric.success, &source.success),
            (&metric.failure, &source.failure),
        ];
        for (test, written) in tests {
            let (Some(test), Some(written)) = (test, written) else {
                continue;
            };
            if written.text.contains("{{") {
                let place = at(&source.place, written.line, written.column);
                if let Some(diagnostic) = check_test(test, place) {
                    found.push(diagnostic);
                }
            }
        }
    }
}

/// A condition whose placeholders are filled in.
fn check_test(test: &Test, place: Diagnostic) -> Option<Diagnostic> {
    match test.parsed() {
        Err(error) => Some(Diagnostic {
            message: format!("condition `{}`: {}", test.text, error.message),
            help: error.help.clone(),
            ..place
        }),
        Ok(parsed) => parsed.never().map(|error| Diagnostic {
            severity: Severity::Warning,
            message: format!(
                "condition `{}` makes every measurement an Error: {}",
                test.text, error.message
            ),
            help: error.help.clone(),
            ..place
        }),
    }
}

/// An error without words at a place.
fn at(place: &Place, line: usize, column: usize) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: place.file.clone(),
        position: Position {
            line,
            column,
            ..Position::default()
        },
        message: String::new(),
        help: String::new(),
    }
}
