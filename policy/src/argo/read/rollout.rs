//! `kind: Rollout`.

use super::super::rollout::{Refusal, Rollout};
use super::super::template::Place;
use super::template::Templates;
use super::{ignore, place, place_of, pod, strategy};
use crate::Span;
use crate::source::{Diagnostics, Document, Fields, check_name, printable};

/// Every pod is simulated on its own.
const MOST_REPLICAS: u32 = 10_000;

/// What the controller would refuse, in its order; only the first counts (`controller.go:605`).
pub(super) struct Refusals(Option<Refusal>);

impl Refusals {
    /// What it quotes from the manifest cannot steer a terminal.
    pub(super) fn add(&mut self, refusal: Refusal) {
        self.0.get_or_insert_with(|| Refusal {
            message: printable(&refusal.message),
            help: printable(&refusal.help),
            place: refusal.place,
        });
    }

    pub(super) fn say(&mut self, place: Place, message: String, help: &str) {
        self.add(Refusal {
            message,
            place,
            help: help.to_owned(),
        });
    }
}

/// Reads one Rollout; `None` when it cannot be used.
pub(super) fn read(
    document: &Document,
    templates: &Templates,
    diagnostics: &mut Diagnostics,
) -> Option<Rollout> {
    let mut found = Diagnostics::new();
    let rollout = read_one(document, templates, &mut found);
    let bad = found.has_errors();
    diagnostics.extend(found);
    rollout.filter(|_| !bad)
}

fn read_one(
    document: &Document,
    templates: &Templates,
    found: &mut Diagnostics,
) -> Option<Rollout> {
    let mut root = Fields::new(document, "", &document.root, found);
    ignore(&mut root, &["apiVersion", "kind", "metadata", "status"]);
    check_name(document, &root, found);
    let place = place_of(&root);
    let namespace = document
        .namespace
        .clone()
        .unwrap_or_else(|| "default".to_owned());
    let Some(mut spec) = root.map("spec", found) else {
        root.required("spec", found);
        return None;
    };
    root.finish(found);
    let mut refusals = Refusals(None);
    let replicas = replicas(&mut spec, &mut refusals, found);
    pod::check(&mut spec, &mut refusals, found);
    let (min_ready, revisions, deadline) = deadlines(&mut spec, &mut refusals, found);
    let paused = spec.boolean("paused", found).unwrap_or(false);
    let abort = spec
        .boolean("progressDeadlineAbort", found)
        .unwrap_or(false);
    restart_at(&mut spec, found);
    let rollback_window = rollback_window(&mut spec, found);
    let run_history = run_history(&mut spec, found);
    let context = strategy::Context {
        namespace: document.namespace.as_deref(),
        templates,
        replicas,
        revisions,
    };
    let strategy = strategy::read(&mut spec, &context, &mut refusals, found);
    spec.finish(found);
    let Refusals(mut refusal) = refusals;
    if let Some(refusal) = &mut refusal {
        // rolloututil.go:138 and controller.go:624.
        let name = &document.name;
        refusal.message = format!(
            "InvalidSpec: The Rollout \"{name}\" is invalid: {}",
            refusal.message
        );
    }
    Some(Rollout {
        name: document.name.clone(),
        namespace,
        place,
        replicas,
        min_ready: Span::from_secs(min_ready.into()),
        progress_deadline: Span::from_secs(deadline.into()),
        progress_deadline_abort: abort,
        paused,
        rollback_window,
        run_history,
        canary: strategy.canary,
        blue_green: strategy.blue_green,
        refusal,
        stickiness: None,
    })
}

/// `replicas`, as many as can be simulated.
fn replicas(spec: &mut Fields<'_>, refusals: &mut Refusals, found: &mut Diagnostics) -> u32 {
    let replicas = count(spec, "replicas", 1, refusals, found);
    if replicas > MOST_REPLICAS
        && let Some(node) = spec.node("replicas")
    {
        let message = format!("`spec.replicas` is {replicas}, more than coalmine simulates");
        let help = format!("write at most {MOST_REPLICAS}");
        found.push(spec.document().error(node.position, message, help));
    }
    replicas.min(MOST_REPLICAS)
}

/// `restartAt` replaces pods of the same template one by one, which bears on no decision.
fn restart_at(spec: &mut Fields<'_>, found: &mut Diagnostics) {
    if let Some(node) = spec.node("restartAt") {
        let message = "`spec.restartAt` is ignored: restarts of pods are not simulated".to_owned();
        let help = "leave it out; no decision depends on it".to_owned();
        found.push(spec.document().warning(node.position, message, help));
    }
}

/// `spec.analysis`: the limits hold for AnalysisRuns and for Experiments.
fn run_history(spec: &mut Fields<'_>, found: &mut Diagnostics) -> (u32, u32) {
    let Some(mut analysis) = spec.map("analysis", found) else {
        return (5, 5);
    };
    let mut limit = |name| {
        let limit = analysis.int(name, found).unwrap_or(5);
        u32::try_from(limit).unwrap_or(0)
    };
    let limits = (
        limit("successfulRunHistoryLimit"),
        limit("unsuccessfulRunHistoryLimit"),
    );
    analysis.finish(found);
    limits
}

fn rollback_window(spec: &mut Fields<'_>, found: &mut Diagnostics) -> u32 {
    let Some(mut window) = spec.map("rollbackWindow", found) else {
        return 0;
    };
    let revisions = window.int("revisions", found).unwrap_or(0);
    window.finish(found);
    u32::try_from(revisions).unwrap_or(0)
}

/// `minReadySeconds`, `revisionHistoryLimit` and `progressDeadlineSeconds` (`validation.go:172`).
fn deadlines(
    spec: &mut Fields<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> (u32, u32, u32) {
    let min_ready = count(spec, "minReadySeconds", 0, refusals, found);
    let revisions = count(spec, "revisionHistoryLimit", 10, refusals, found);
    let deadline = count(spec, "progressDeadlineSeconds", 600, refusals, found);
    if deadline <= min_ready {
        let at = field_place(spec, "progressDeadlineSeconds");
        let message = format!(
            "spec.progressDeadlineSeconds: Invalid value: {deadline}: must be greater than \
             minReadySeconds"
        );
        let help = "raise progressDeadlineSeconds or lower minReadySeconds";
        refusals.say(at, message, help);
    }
    (min_ready, revisions, deadline)
}

/// A field that must not be negative (`ValidateNonnegativeField`).
fn count(
    fields: &mut Fields<'_>,
    name: &str,
    default: u32,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> u32 {
    let Some(value) = fields.int(name, found) else {
        return default;
    };
    if value < 0 {
        let at = field_place(fields, name);
        let path = fields.path_of(name);
        let message = format!("{path}: Invalid value: {value}: must be greater than or equal to 0");
        refusals.say(at, message, "write 0 or more");
    } else if value > i64::from(i32::MAX) {
        let at = fields
            .node(name)
            .map_or(fields.position(), |node| node.position);
        let message = format!("`{}` is too large", fields.path_of(name));
        found.push(fields.document().error(at, message, String::new()));
    }
    u32::try_from(value).unwrap_or(default)
}

/// The place of a field's value, or of the mapping that lacks it.
pub(super) fn field_place(fields: &mut Fields<'_>, name: &str) -> Place {
    let document = fields.document();
    match fields.node(name) {
        Some(node) => place(document, node),
        None => place_of(fields),
    }
}
