//! The `experiment` step.
//!
//! Argo's validation looks at weights only (`validation.go:390`); everything else comes to light
//! when the Experiment is made, so it is told as a warning and happens as it does there.

mod analysis;
mod template;
#[cfg(test)]
mod tests;

use self::analysis::RawAnalysis;
use super::super::experiment::{ExperimentDuration, ExperimentStep};
use super::super::rollout::Routing;
use super::ignore;
use super::rollout::Refusals;
use super::strategy;
use super::template::rules;
use crate::Span;
use crate::source::{Diagnostics, Fields};

/// An experiment step whose analyses are not merged yet.
pub(super) struct RawExperiment {
    step: ExperimentStep,
    analyses: Vec<RawAnalysis>,
}

/// What surrounds the step.
pub(super) struct Context<'a> {
    /// Its path.
    pub(super) path: &'a str,
    /// `trafficRouting`, and whether there is one at all.
    pub(super) routing: Option<&'a Routing>,
    pub(super) routed: bool,
}

/// Reads `experiment`.
pub(super) fn read(
    mut fields: Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<RawExperiment> {
    let path = context.path;
    ignore(&mut fields, &["analysisRunMetadata"]);
    fields.required("templates", found);
    let at = fields.node("duration").map(|node| node.position);
    let duration = fields.string("duration", found).unwrap_or_default();
    let duration = ExperimentDuration::new(duration);
    let document = fields.document();
    if let (ExperimentDuration::Unreadable(why), Some(at)) = (&duration, at) {
        let message = format!("`{path}.experiment.duration`: {why}");
        let help = "Argo takes the step, and its Experiment never ends by itself; write a Go \
                    duration such as `10m`";
        found.push(document.warning(at, message, help.to_owned()));
    }
    template::check_weights(&mut fields, context, refusals, found);
    let templates = template::read(&mut fields, found);
    let invalid = template::repeated(&templates, &fields, found);
    let dry_run = rules(&mut fields, "dryRun", found);
    let delay = fields.int("scaleDownDelaySeconds", found).unwrap_or(30);
    let analyses = analysis::read(&mut fields, &dry_run, found);
    let endless = duration == ExperimentDuration::Endless
        && !templates.is_empty()
        && !analyses.iter().any(|analysis| analysis.required);
    if endless {
        let message = format!("the Experiment of `{path}` ends only when an analysis goes wrong");
        let help = "Argo waits at this step for ever; write `duration: 10m`, or mark an analysis \
                    `requiredForCompletion: true`";
        found.push(document.warning(fields.position(), message, help.to_owned()));
    }
    let required = analyses.iter().filter(|analysis| analysis.required).count();
    if required > 0 && required < analyses.len() {
        // experiment.go:497: a run that is ended with its Experiment is not looked at any more.
        let message = format!(
            "the Experiment of `{path}` never ends if an analysis that is not required still runs \
             when the required ones have succeeded"
        );
        let help = "mark it `requiredForCompletion: true` too, or let it end first";
        found.push(document.warning(fields.key_position("analyses"), message, help.to_owned()));
    }
    let names: Vec<&str> = templates.iter().map(|t| t.name.as_str()).collect();
    for analysis in &analyses {
        analysis::check_tags(&analysis.reference.args, &names, document, found);
    }
    fields.finish(found);
    Some(RawExperiment {
        step: ExperimentStep {
            templates,
            analyses: Vec::new(),
            duration,
            scale_down_delay: Span::from_secs(u64::try_from(delay).unwrap_or(0)),
            invalid,
        },
        analyses,
    })
}

/// The step with its analyses' templates merged in.
pub(super) fn resolve(
    raw: &RawExperiment,
    context: &strategy::Context<'_>,
    found: &mut Diagnostics,
) -> ExperimentStep {
    let analyses = raw.analyses.iter();
    let analyses = analyses.map(|analysis| analysis.resolve(context, found));
    ExperimentStep {
        analyses: analyses.collect(),
        ..raw.step.clone()
    }
}
