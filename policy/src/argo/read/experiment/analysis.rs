//! The analyses of an experiment step.

use super::super::super::experiment::{ExperimentAnalysis, Source, resolved, tags};
use super::super::super::plan::effective_count;
use super::super::super::resolve::{Analysis, has_interval};
use super::super::super::template::{Arg, ArgValue, Place, TemplateRef};
use super::super::args::rollout_args;
use super::super::merge::{self, Reference};
use super::super::template::each;
use super::super::{place, place_of, references, strategy};
use crate::source::{Diagnostics, Document, Fields};

/// An analysis whose template is not looked up yet.
pub(super) struct RawAnalysis {
    name: String,
    pub(super) required: bool,
    pub(super) reference: Reference,
}

impl RawAnalysis {
    /// A metric may run without end here (`validation_references.go` looks at steps' own analyses
    /// only), but then nothing that waits for it ends.
    fn check_end(&self, merged: &Analysis, found: &mut Diagnostics) {
        for metric in &merged.metrics {
            let count = effective_count(metric.count.as_ref(), has_interval(metric));
            if count.is_some() || metric.consecutive_success_limit.is_some() {
                continue;
            }
            let message = format!(
                "the Experiment waits for analysis `{}`, whose metric `{}` runs indefinitely",
                self.name, metric.name
            );
            let help = "add `count` to the metric, for example `count: 5`".to_owned();
            references::warn(&metric.place, message, help, found);
        }
    }

    /// With its templates merged in.
    pub(super) fn resolve(
        &self,
        context: &strategy::Context<'_>,
        found: &mut Diagnostics,
    ) -> ExperimentAnalysis {
        let source = source(&self.reference, context, found);
        if let Source::Merged(merged) = &source
            && self.required
        {
            self.check_end(merged, found);
        }
        ExperimentAnalysis {
            name: self.name.clone(),
            required: self.required,
            args: self.reference.args.clone(),
            source,
        }
    }
}

/// `analyses`; `dry_run` is the step's.
pub(super) fn read(
    fields: &mut Fields<'_>,
    dry_run: &[String],
    found: &mut Diagnostics,
) -> Vec<RawAnalysis> {
    let (document, path) = (fields.document(), fields.path_of("analyses"));
    let items = fields.list("analyses", found).unwrap_or_default();
    let list = each(document, &path, items, found, |mut item, found| {
        item.required("name", found);
        let name = item.string("name", found).map(str::to_owned);
        let node = item.required("templateName", found);
        let template = TemplateRef {
            name: item.string("templateName", found)?.to_owned(),
            cluster: item.boolean("clusterScope", found).unwrap_or(false),
            place: place(document, node?),
        };
        let required = item.boolean("requiredForCompletion", found);
        let reference = Reference {
            templates: vec![template],
            args: rollout_args(&mut item, found),
            dry_run: dry_run.to_vec(),
            retention: Vec::new(),
            path: item.path_of("templateName"),
            place: place_of(&item),
            inline: false,
        };
        item.finish(found);
        Some(RawAnalysis {
            name: name?,
            required: required.unwrap_or(false),
            reference,
        })
    });
    for (index, analysis) in list.iter().enumerate() {
        if list[..index]
            .iter()
            .any(|known| known.name == analysis.name)
        {
            // utils/experiment: the status is kept by name, so the two share one.
            let message = format!("two analyses have the name `{}`", analysis.name);
            let help = "Argo keeps one status for both; give each a name of its own";
            found.push(document.error(fields.position(), message, help.to_owned()));
        }
    }
    list
}

/// Placeholders that stand for nothing, and those whose value is a time of day.
pub(super) fn check_tags(
    args: &[Arg],
    names: &[&str],
    document: &Document,
    found: &mut Diagnostics,
) {
    for arg in args {
        let Some(ArgValue::Text(text)) = &arg.value else {
            continue;
        };
        for tag in tags(text) {
            let at = position(&arg.place);
            if matches!(tag, "experiment.availableAt" | "experiment.finishedAt") {
                let message = format!("`{{{{{tag}}}}}` is not simulated");
                let help = "the queries of a policy are known before its rollout here; leave the \
                            argument out";
                found.push(document.error(at, message, help.to_owned()));
                continue;
            }
            let known = tag
                .strip_prefix("templates.")
                .and_then(|t| t.split_once('.'));
            let known = known.is_some_and(|(name, what)| {
                names.contains(&name) && matches!(what, "podTemplateHash" | "replicaset.name")
            });
            if !known {
                let message = format!("`{{{{{tag}}}}}` stands for nothing in an experiment");
                let help = "no AnalysisRun can be made and the Experiment ends in Error; known are \
                            `templates.NAME.podTemplateHash` and `templates.NAME.replicaset.name`";
                found.push(document.warning(at, message, help.to_owned()));
            }
        }
    }
}

fn position(place: &Place) -> crate::source::Position {
    crate::source::Position {
        line: place.line,
        column: place.column,
        ..crate::source::Position::default()
    }
}

fn source(
    reference: &Reference,
    context: &strategy::Context<'_>,
    found: &mut Diagnostics,
) -> Source {
    let reached = match merge::reach(reference, context.namespace, context.templates) {
        Ok(reached) => reached,
        Err(None) => {
            found.push(references::dropped(reference));
            return Source::Unusable(String::new());
        }
        Err(Some(missing)) => {
            let (missing, refusal) = *missing;
            let kind = match missing.cluster {
                true => "clusteranalysistemplate",
                false => "analysistemplate",
            };
            let why = format!("{kind}.argoproj.io \"{}\" not found", missing.name);
            references::warn(&refusal.place, ends_in_error(&why), refusal.help, found);
            // experiment.go:414: only whether the first one is there is looked at beforehand.
            return match reference.templates.contains(&missing) {
                true => Source::Missing(why),
                false => Source::Unusable(why),
            };
        }
    };
    match reached.build(reference) {
        Ok(analysis) => {
            check(reference, &reached, found);
            Source::Merged(analysis)
        }
        Err((why, at, help)) => {
            references::warn(&at, ends_in_error(&why), help, found);
            Source::Unusable(why)
        }
    }
}

fn ends_in_error(why: &str) -> String {
    format!("Argo takes the Rollout, and its Experiment ends in Error: {why}")
}

/// What an AnalysisRun comes to, whatever the placeholders stand for.
fn check(reference: &Reference, reached: &merge::Reached<'_>, found: &mut Diagnostics) {
    let filled = reference.args.iter().cloned().map(|mut arg| {
        if let Some(ArgValue::Text(text)) = &mut arg.value
            && let Ok(filled) = resolved(text, &|_| Some("hash".to_owned()))
        {
            *text = filled;
        }
        arg
    });
    let filled = Reference {
        args: filled.collect(),
        templates: reference.templates.clone(),
        dry_run: reference.dry_run.clone(),
        retention: Vec::new(),
        path: reference.path.clone(),
        place: reference.place.clone(),
        inline: false,
    };
    if let Ok(analysis) = reached.build(&filled) {
        references::check_plan(&filled, &analysis, found);
    }
}
