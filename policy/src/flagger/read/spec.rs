//! `spec`: target, provider, references.

use std::sync::Arc;

use super::analysis::read_analysis;
use super::service::{read_service, seconds};
use super::{MetricTemplate, Options, namespace, report};
use crate::flagger::provider::observer_of;
use crate::flagger::{Canary, Provider, Target, TargetKind};
use crate::source::{Diagnostics, Document, Fields};

/// `{{ route }}` of a Knative Service is its latest revision. Knative numbers them; the run is
/// about the second.
const KNATIVE_REVISION: &str = "-00002";

/// What reading one Canary needs from outside.
pub(super) struct Context<'a> {
    pub(super) document: &'a Document,
    pub(super) options: &'a Options,
    pub(super) templates: &'a Arc<[MetricTemplate]>,
}

/// The names a query can refer to.
pub(super) struct Names {
    pub(super) target: String,
    pub(super) service: String,
    pub(super) ingress: String,
    pub(super) route: String,
}

pub(super) fn read_spec(
    mut spec: Fields<'_>,
    context: &Context<'_>,
    found: &mut Diagnostics,
) -> Option<Canary> {
    report::require(&mut spec, &["targetRef", "analysis"], found);
    let target = read_target(&mut spec, found);
    let in_spec = read_provider(&mut spec, found);
    let provider = in_spec.map(|p| p.unwrap_or(context.options.mesh_provider));
    let ingress = read_reference(&mut spec, "ingressRef", &["Ingress"], found);
    let route = read_reference(&mut spec, "routeRef", &["ApisixRoute"], found);
    let matches = context.document.root.at(&["spec", "analysis", "match"]);
    // A refused provider must not hide the mistakes that follow.
    let router = provider.unwrap_or_default();
    let service = read_service(&mut spec, router, matches, found);
    let target_name = target.as_ref().map_or("", |target| &target.name);
    let missing = provider.and_then(Provider::needed_reference);
    if let Some((name, kind)) = missing.filter(|(name, _)| spec.node(name).is_none()) {
        assume_reference(&mut spec, (name, kind), target_name, found);
    }
    let kind = target.as_ref().map_or(TargetKind::Deployment, |t| t.kind);
    check_knative(&mut spec, kind, in_spec.flatten(), found);
    let names = Names {
        target: target_name.to_owned(),
        service: service.name.unwrap_or_else(|| target_name.to_owned()),
        ingress: ingress.unwrap_or_else(|| target_name.to_owned()),
        route: match kind {
            TargetKind::Knative => format!("{target_name}{KNATIVE_REVISION}"),
            _ => route.unwrap_or_else(|| target_name.to_owned()),
        },
    };
    read_unused(&mut spec, found);
    let progress_deadline_ns = seconds(&mut spec, "progressDeadlineSeconds", 600, found);
    let skip_analysis = spec.boolean("skipAnalysis", found).unwrap_or(false);
    let suspend = spec.boolean("suspend", found).unwrap_or(false);
    let observer = observer_of(in_spec.flatten(), context.options.mesh_provider, kind);
    let analysis = spec
        .map("analysis", found)
        .and_then(|fields| read_analysis(fields, context, &names, (router, observer), found));
    spec.finish(found);
    Some(Canary {
        name: context.document.name.clone(),
        namespace: namespace(context.document).to_owned(),
        target: target?,
        provider: provider?,
        ingress: names.ingress,
        route: names.route,
        service: names.service,
        analysis: analysis?,
        progress_deadline_ns,
        skip_analysis,
        suspend,
        tcp: service.tcp,
        stickiness: None,
        routing: service.routing,
        options: context.options.clone(),
        templates: context.templates.clone(),
    })
}

fn read_target(spec: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Target> {
    let mut fields = spec.map("targetRef", found)?;
    report::require(&mut fields, &["apiVersion", "kind", "name"], found);
    let version = fields.string("apiVersion", found).unwrap_or_default();
    let kinds = ["DaemonSet", "Deployment", "Service"];
    let kind = report::word(&mut fields, "kind", &kinds, found);
    let kind = match kind? {
        "DaemonSet" => TargetKind::DaemonSet,
        "Service" if version.starts_with("serving.knative.dev/") => TargetKind::Knative,
        "Service" => TargetKind::Service,
        _ => TargetKind::Deployment,
    };
    let name = fields.string("name", found).map(str::to_owned);
    fields.finish(found);
    Some(Target { kind, name: name? })
}

/// `Some(None)` when the manifest names no provider; `None` when it names one that is refused.
fn read_provider(spec: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Option<Provider>> {
    if spec.node("provider").is_none() {
        return Some(None);
    }
    let names = Provider::ALL.map(Provider::as_str);
    let name = report::word(spec, "provider", &names, found)?;
    Provider::from_name(name).map(Some)
}

/// Flagger controller.go:385-401.
fn check_knative(
    spec: &mut Fields<'_>,
    target: TargetKind,
    in_spec: Option<Provider>,
    found: &mut Diagnostics,
) {
    let is_target = target == TargetKind::Knative;
    // The controller's flag does not count here.
    let is_provider = in_spec == Some(Provider::Knative);
    if is_target != is_provider {
        let what = format!(
            "is {}; Flagger accepts provider knative with a Knative Service and with nothing else",
            in_spec.map_or("missing", Provider::as_str)
        );
        let cure = "set provider knative and a targetRef of serving.knative.dev/v1, or neither";
        report::error(spec, "provider", &what, cure, found);
    }
    if is_target && spec.node("autoscalerRef").is_some() {
        let what = "is refused by Flagger beside a Knative Service";
        report::error(
            spec,
            "autoscalerRef",
            what,
            "Knative scales by itself",
            found,
        );
    }
}

/// The name of a referenced object.
fn read_reference(
    spec: &mut Fields<'_>,
    name: &str,
    kinds: &[&str],
    found: &mut Diagnostics,
) -> Option<String> {
    let mut fields = spec.map(name, found)?;
    report::require(&mut fields, &["apiVersion", "kind", "name"], found);
    fields.string("apiVersion", found);
    report::word(&mut fields, "kind", kinds, found);
    let target = fields.string("name", found).filter(|name| !name.is_empty());
    fields.string("namespace", found);
    fields.finish(found);
    target.map(str::to_owned)
}

/// Without it every tick ends in an error.
fn assume_reference(
    spec: &mut Fields<'_>,
    (name, kind): (&str, &str),
    target: &str,
    found: &mut Diagnostics,
) {
    let object = kind.rsplit(' ').next().unwrap_or(kind);
    let what = format!(
        "is missing; the provider needs it (every tick ends in an error), so an {object} named \
         `{target}` like the target is assumed"
    );
    let cure = format!("add spec.{name}: {{apiVersion: {kind}, name: {target}}}");
    report::warn(spec, name, &what, &cure, found);
}

/// Fields that decide nothing; their types still count.
fn read_unused(spec: &mut Fields<'_>, found: &mut Diagnostics) {
    read_reference(spec, "upstreamRef", &["Upstream"], found);
    if let Some(mut scaler) = spec.map("autoscalerRef", found) {
        report::require(&mut scaler, &["apiVersion", "kind", "name"], found);
        let kinds = ["HorizontalPodAutoscaler", "ScaledObject"];
        report::word(&mut scaler, "kind", &kinds, found);
        for text in ["apiVersion", "name"] {
            scaler.string(text, found);
        }
        report::strings(&mut scaler, "primaryScalerQueries", found);
        if let Some(mut replicas) = scaler.map("primaryScalerReplicas", found) {
            for bound in ["minReplicas", "maxReplicas"] {
                if replicas.int(bound, found).is_some_and(|count| count < 1) {
                    let what = "is below 1, which the API server refuses";
                    report::error(&mut replicas, bound, what, "write at least 1", found);
                }
            }
            replicas.finish(found);
        }
        scaler.finish(found);
    }
    spec.string("metricsServer", found);
    spec.boolean("revertOnDeletion", found);
}
