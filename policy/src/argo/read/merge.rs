//! Templates merged into one analysis, and what the controller refuses about them
//! (`validation_references.go:122`).

use std::sync::Arc;

use super::super::plan::effective_count;
use super::super::resolve::{Analysis, has_interval, resolved};
use super::super::rollout::Refusal;
use super::super::template::{Arg, ArgValue, MetricSource, Place, Template, TemplateRef};
use super::template::Templates;

/// An analysis as a Rollout refers to it.
pub(super) struct Reference {
    pub(super) templates: Vec<TemplateRef>,
    pub(super) args: Vec<Arg>,
    pub(super) dry_run: Vec<String>,
    pub(super) retention: Vec<String>,
    /// `spec.strategy.canary.steps[2].analysis.templates`.
    pub(super) path: String,
    pub(super) place: Place,
    /// A step's analysis has to end by itself.
    pub(super) inline: bool,
}

/// The templates that a reference reaches.
pub(super) struct Reached<'a> {
    namespaced: Vec<&'a Template>,
    cluster: Vec<&'a Template>,
}

/// A template that does not exist, and what the controller says of it; `None`: it was dropped
/// because it cannot be read.
pub(super) type Unreached = Option<Box<(TemplateRef, Refusal)>>;

/// Follows references, depth first (`controller.go:881`).
///
/// # Errors
/// The first template that is not there.
pub(super) fn reach<'a>(
    reference: &Reference,
    namespace: Option<&str>,
    templates: &'a Templates,
) -> Result<Reached<'a>, Unreached> {
    let mut reached = Reached {
        namespaced: Vec::new(),
        cluster: Vec::new(),
    };
    follow(
        &reference.templates,
        &reference.path,
        namespace,
        templates,
        &mut reached,
    )?;
    Ok(reached)
}

fn follow<'a>(
    references: &[TemplateRef],
    path: &str,
    namespace: Option<&str>,
    templates: &'a Templates,
    reached: &mut Reached<'a>,
) -> Result<(), Unreached> {
    for reference in references {
        let Some(template) = templates.find(namespace, reference) else {
            if templates.is_broken(reference) {
                return Err(None);
            }
            let refusal = missing(reference, path, namespace, templates);
            return Err(Some(Box::new((reference.clone(), refusal))));
        };
        let list = if reference.cluster {
            &mut reached.cluster
        } else {
            &mut reached.namespaced
        };
        // helpers.go:590: duplicates by name go; this also ends a circle of references.
        if list.iter().any(|known| known.name == template.name) {
            continue;
        }
        list.push(template);
        follow(
            &template.templates,
            "spec.templates",
            namespace,
            templates,
            reached,
        )?;
    }
    Ok(())
}

fn missing(
    reference: &TemplateRef,
    path: &str,
    namespace: Option<&str>,
    templates: &Templates,
) -> Refusal {
    let name = &reference.name;
    let kind = if reference.cluster {
        "ClusterAnalysisTemplate"
    } else {
        "AnalysisTemplate"
    };
    let help = match templates.elsewhere(reference) {
        Some("") => format!("`{name}` is a ClusterAnalysisTemplate: add `clusterScope: true`"),
        Some(other) if !reference.cluster => {
            let own = namespace.unwrap_or("default");
            format!("`{name}` is in namespace `{other}`, the Rollout in `{own}`")
        }
        _ => format!("give coalmine the {kind} `{name}` as well, or correct the name"),
    };
    Refusal {
        message: format!("{path}: Invalid value: \"{name}\": {kind} '{name}' not found"),
        place: reference.place.clone(),
        help,
    }
}

impl Reached<'_> {
    fn all(&self) -> impl Iterator<Item = &Template> {
        self.namespaced.iter().chain(&self.cluster).copied()
    }

    /// `NewAnalysisRunFromTemplates` and the check for metrics without an end.
    ///
    /// # Errors
    /// What the controller refuses.
    pub(super) fn merge(&self, reference: &Reference) -> Result<Arc<Analysis>, Refusal> {
        let names: Vec<&str> = self.all().map(|template| template.name.as_str()).collect();
        let refused = |(message, place, help): Fault| Refusal {
            message: format!(
                "{}: Invalid value: \"templateNames: [{}]\": {message}",
                reference.path,
                names.join(" ")
            ),
            place,
            help,
        };
        let analysis = self.build(reference).map_err(refused)?;
        if reference.inline {
            self.endless(&reference.path)?;
        }
        Ok(analysis)
    }

    /// `NewAnalysisRunFromTemplates` (`helpers.go:316`).
    ///
    /// # Errors
    /// Why there can be no AnalysisRun.
    pub(super) fn build(&self, reference: &Reference) -> Result<Arc<Analysis>, Fault> {
        let metrics = self.metrics()?;
        let own = reference.dry_run.iter();
        let dry_run = own
            .chain(self.all().flat_map(|t| &t.dry_run))
            .cloned()
            .collect::<Vec<_>>();
        unique_rules("Dry-Run", &dry_run, &reference.place)?;
        let own = reference.retention.iter();
        let retention = own
            .chain(self.all().flat_map(|t| &t.retention))
            .cloned()
            .collect::<Vec<_>>();
        unique_rules("Measurement Retention", &retention, &reference.place)?;
        let args = self.args(&reference.args)?;
        Ok(Arc::new(Analysis::new(metrics, args, dry_run, retention)))
    }

    /// `helpers.go:396`: namespaced templates first.
    fn metrics(&self) -> Result<Vec<Arc<MetricSource>>, Fault> {
        let mut metrics: Vec<Arc<MetricSource>> = Vec::new();
        for metric in self.all().flat_map(|template| &template.metrics) {
            if metrics.iter().any(|known| known.name == metric.name) {
                let message = format!("two metrics have the same name '{}'", metric.name);
                let help = "rename one of them".to_owned();
                return Err((message, metric.place.clone(), help));
            }
            metrics.push(metric.clone());
        }
        Ok(metrics)
    }

    /// `helpers.go:357` and `:236`: templates' arguments merged, the Rollout's laid over them;
    /// those that no template declares are dropped.
    fn args(&self, given: &[Arg]) -> Result<Vec<Arg>, Fault> {
        let mut args: Vec<Arg> = Vec::new();
        for arg in self.all().flat_map(|template| &template.args) {
            let Some(known) = args.iter_mut().find(|known| known.name == arg.name) else {
                args.push(arg.clone());
                continue;
            };
            match (&known.value, &arg.value) {
                (Some(ArgValue::Text(a)), Some(ArgValue::Text(b))) if a != b => {
                    let message = format!(
                        "Argument `{}` specified multiple times with different values: '{a}', \
                         '{b}'",
                        arg.name
                    );
                    return Err((message, arg.place.clone(), "use one value".to_owned()));
                }
                (Some(ArgValue::Text(_)), _) => {}
                _ => *known = arg.clone(),
            }
        }
        for arg in given {
            let known = args.iter_mut().find(|known| known.name == arg.name);
            // analysis.go:271: a secret wins over a value.
            if let Some(known) = known.filter(|known| known.value != Some(ArgValue::Secret)) {
                known.value.clone_from(&arg.value);
            }
        }
        if let Some(open) = args.iter().find(|arg| arg.value.is_none()) {
            let name = &open.name;
            let help =
                format!("give `{name}` a value where the template is referred to, or a default");
            return Err((
                format!("args.{name} was not resolved"),
                open.place.clone(),
                help,
            ));
        }
        Ok(args)
    }

    /// `validation_references.go:170`: every metric of a step's analysis needs an effective count,
    /// judged with the template's own defaults only.
    fn endless(&self, path: &str) -> Result<(), Refusal> {
        let mut first: Option<(String, Place)> = None;
        let mut lacking: Vec<&str> = Vec::new();
        for template in self.all() {
            let args: Vec<(&str, &str)> = template.args.iter().map(placeholder).collect();
            let name = &template.name;
            let invalid = |message: String| format!("{path}: Invalid value: \"{name}\": {message}");
            for metric in &template.metrics {
                let checked = match resolved(metric, &args) {
                    Ok(checked) => checked,
                    Err(error) => {
                        let message = invalid(format!("AnalysisTemplate {name}: {error}"));
                        let help = format!("declare the argument in `{name}`'s `spec.args`");
                        let refusal = Refusal {
                            message,
                            place: metric.place.clone(),
                            help,
                        };
                        return Err(match first {
                            Some((message, place)) => counted(message, place, &lacking),
                            None => refusal,
                        });
                    }
                };
                if effective_count(checked.count.as_ref(), has_interval(&checked)).is_some() {
                    continue;
                }
                let count = checked.count.map_or("<nil>".to_owned(), |c| c.to_string());
                let message = invalid(format!(
                    "AnalysisTemplate {name} has metric {} which runs indefinitely. Invalid value \
                     for count: {count}",
                    metric.name
                ));
                first.get_or_insert((message, metric.place.clone()));
                lacking.push(&metric.name);
            }
        }
        match first {
            Some((message, place)) => Err(counted(message, place, &lacking)),
            None => Ok(()),
        }
    }
}

/// What is wrong, where, and its cure.
pub(super) type Fault = (String, Place, String);

/// `setArgValuePlaceHolder`.
fn placeholder(arg: &Arg) -> (&str, &str) {
    let value = match &arg.value {
        Some(ArgValue::Text(text)) => text,
        _ => "dummy-value",
    };
    (&arg.name, value)
}

fn counted(message: String, place: Place, lacking: &[&str]) -> Refusal {
    let names: Vec<_> = lacking.iter().map(|name| format!("`{name}`")).collect();
    let (last, rest) = names
        .split_last()
        .map_or(("", &names[..]), |(last, rest)| (last, rest));
    let list = if rest.is_empty() {
        last.to_owned()
    } else {
        format!("{} and {last}", rest.join(", "))
    };
    let help = format!(
        "an analysis step must end by itself: add `count` to {list} (for example `count: 5`), or \
         move the analysis to `strategy.canary.analysis`, where it runs in the background"
    );
    Refusal {
        message,
        place,
        help,
    }
}

/// `helpers.go:470`: two rules with one text.
fn unique_rules(kind: &str, rules: &[String], place: &Place) -> Result<(), Fault> {
    for (index, rule) in rules.iter().enumerate() {
        if rules[..index].contains(rule) {
            let message = format!("two {kind} metric rules have the same name '{rule}'");
            return Err((message, place.clone(), "remove one of them".to_owned()));
        }
    }
    Ok(())
}
