//! What the readers say, as findings: refusals of the API server and of the controllers, and what
//! they take without any effect.

use std::sync::Arc;

use coalmine_policy::source::{Diagnostic, Position, Severity};

use super::catalogue::{CM00, CM09, CM12, CM24, CM25, CM27, CM28};
use super::check::finding;
use super::review::Review;
use crate::finding::{Finding, Level, Rule};

/// All of it.
pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    out.extend(review.prepared.iter().cloned());
    for diagnostic in review.unreadable.iter() {
        out.push(told(&CM00, diagnostic));
    }
    let mut unrendered: Vec<Arc<str>> = Vec::new();
    for diagnostic in review.read.iter() {
        if diagnostic.help.contains("Helm template") {
            if !unrendered.contains(&diagnostic.file) {
                unrendered.push(diagnostic.file.clone());
                out.push(Finding {
                    message: "the file is a Helm template with its actions still in it".to_owned(),
                    ..told(&CM00, diagnostic)
                });
            }
            continue;
        }
        // What was taken out because coalmine does not know it is there all the same.
        let is_ours = diagnostic.message.contains("no metrics specified")
            && review.prepared.iter().any(|one| one.rule.id == CM27.id);
        if !is_ours {
            out.extend(of_reader(diagnostic));
        }
    }
    for (_, rollout) in &review.rollouts {
        let Some(refusal) = &rollout.refusal else {
            continue;
        };
        let position = Position {
            line: refusal.place.line,
            column: refusal.place.column,
            ..Position::default()
        };
        let rule = of_refusal(&refusal.message);
        let message = match rule.id {
            "CM28" => refusal.message.clone(),
            _ => format!(
                "Argo refuses Rollout `{}`: {}",
                rollout.name, refusal.message
            ),
        };
        let level = if rule.id == "CM28" {
            rule.level
        } else {
            Level::Error
        };
        out.push(Finding {
            level,
            ..finding(rule, &refusal.place.file, position, message, &refusal.help)
        });
    }
}

fn of_refusal(message: &str) -> &'static Rule {
    if message.contains("' not found") {
        &CM28
    } else if message.contains("was not resolved") {
        &CM09
    } else if message.contains("runs indefinitely") {
        &CM12
    } else {
        &CM24
    }
}

/// What becomes of a reader's words; some are about coalmine and not about the manifest.
fn of_reader(diagnostic: &Diagnostic) -> Option<Finding> {
    let has = |words: &[&str]| words.iter().any(|word| diagnostic.message.contains(word));
    // Said of the cause already, or by a rule of its own, or only to those who simulate.
    if has(&[
        "refers to a template that cannot be read",
        "does not render",
        "is unknown here",
        // The API server gives one.
        "`metadata.namespace` names no single value",
        "is matched by no request that coalmine simulates",
    ]) {
        return None;
    }
    if has(&[
        "simulate",
        "coalmine answers",
        "is not understood",
        "is not read",
    ]) || diagnostic.help.contains("coalmine simulates")
    {
        return Some(told(&CM27, diagnostic));
    }
    if has(&[
        "which is not among the documents",
        "is not seen from this file",
        "\" not found",
    ]) {
        return Some(told(&CM28, diagnostic));
    }
    if diagnostic.help.contains("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS") {
        return Some(Finding {
            level: Level::Note,
            message: diagnostic.message.clone(),
            cure: "set it, or ARGO_ROLLOUTS_PROMETHEUS_ADDRESS on Argo's controller; without both every \
                   measurement is an Error"
                .to_owned(),
            ..told(&CM25, diagnostic)
        });
    }
    Some(match diagnostic.severity {
        Severity::Error => told(&CM24, diagnostic),
        Severity::Warning => told(&CM25, diagnostic),
    })
}

fn told(rule: &'static Rule, diagnostic: &Diagnostic) -> Finding {
    finding(
        rule,
        &diagnostic.file,
        diagnostic.position,
        diagnostic.message.clone(),
        &diagnostic.help,
    )
}
