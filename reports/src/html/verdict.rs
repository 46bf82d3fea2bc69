//! First of all: what stands out, what was interrupted, what was refused.

use maud::{Markup, html};

use super::number::prose;
use crate::human;
use crate::insights;
use crate::summary::Summary;

/// The same sentences as on a terminal.
pub(super) fn verdict(summary: &Summary) -> Markup {
    html! {
        (interrupted(summary))
        ul.verdict { @for sentence in insights::sentences(summary) { li { (prose(&sentence)) } } }
        (refusals(summary))
    }
}

/// That not everything was run, where that is so.
pub(super) fn interrupted(summary: &Summary) -> Markup {
    let study = &summary.study;
    let all = study.policies.len() * study.scenarios.len();
    html! {
        @if !summary.complete {
            div.warning role="note" {
                p {
                    "Interrupted: " (human::count(summary.cells.len() as u64)) " of "
                    (human::count(all as u64)) " cells were run. What follows is true of these."
                }
            }
        }
    }
}

/// Each refused policy once: the controller's reason, the place, the cure.
pub(super) fn refusals(summary: &Summary) -> Markup {
    html! {
        @for policy in &summary.study.policies {
            @if let Some(refusal) = &policy.invalid {
                div.warning {
                    p { strong { (policy.label) } " is invalid: its controller refuses it." }
                    p { (prose(&refusal.reason)) }
                    p { "At " code { (refusal.file) ":" (refusal.line) } }
                    @if !refusal.help.is_empty() { p { "Cure: " (prose(&refusal.help)) } }
                }
            }
        }
    }
}

/// What was run, in a line.
pub(super) fn study(summary: &Summary) -> String {
    let study = &summary.study;
    format!(
        "{} in {}, {} each · seed {}{} · 95 % intervals",
        human::counted(study.policies.len(), "policy", "policies"),
        human::counted(study.scenarios.len(), "scenario", "scenarios"),
        human::counted(study.runs as usize, "rollout", "rollouts"),
        study.seed,
        study.fidelity.remark(),
    )
}
