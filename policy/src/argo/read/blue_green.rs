//! `strategy.blueGreen`.

use super::super::rollout::BlueGreen;
use super::merge::Reference;
use super::rollout::{Refusals, field_place};
use super::strategy::{Context, seconds, warn_of_no_delay};
use super::{affinity, ignore, non_empty, references, step};
use crate::Span;
use crate::source::{Diagnostics, Fields};

pub(super) fn read(
    mut fields: Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> BlueGreen {
    ignore(
        &mut fields,
        &["previewMetadata", "activeMetadata", "maxUnavailable"],
    );
    fields.required("activeService", found);
    let active = fields
        .string("activeService", found)
        .unwrap_or_default()
        .to_owned();
    let preview = non_empty(&mut fields, "previewService", found);
    if preview.as_ref() == Some(&active) {
        // validation.go:221.
        let message = format!(
            "spec.strategy.activeService: Invalid value: \"{active}\": This rollout uses the same \
             service for the active and preview services, but two different services are required."
        );
        let at = field_place(&mut fields, "activeService");
        refusals.say(at, message, "create a second Service for the preview");
    }
    let revisions = check_revisions(&mut fields, context.revisions, refusals, found);
    affinity::check(&mut fields, refusals, found);
    let preview_replicas = fields.int("previewReplicaCount", found);
    let enabled = fields
        .boolean("autoPromotionEnabled", found)
        .unwrap_or(true);
    let after = fields.int("autoPromotionSeconds", found).unwrap_or(0);
    let abort_delay = fields.int("abortScaleDownDelaySeconds", found);
    let scale_down = fields.int("scaleDownDelaySeconds", found);
    warn_of_no_delay(&mut fields, scale_down, found);
    let mut given = Vec::new();
    for name in ["prePromotionAnalysis", "postPromotionAnalysis"] {
        given.push(reference(&mut fields, name, found));
    }
    fields.finish(found);
    let all: Vec<&Reference> = given.iter().flatten().collect();
    let merged = references::merge_all(&all, context, refusals, found);
    let find = |reference: &Option<Reference>| {
        let reference = reference.as_ref().filter(|r| !r.templates.is_empty())?;
        merged.find(&reference.path)
    };
    BlueGreen {
        pre: find(&given[0]),
        post: find(&given[1]),
        active_service: active,
        preview_service: preview,
        preview_replicas: preview_replicas.and_then(|count| u32::try_from(count).ok()),
        manual: !enabled,
        // pause.go:178: of no account when a person promotes.
        auto_promotion: if enabled { seconds(after) } else { Span::ZERO },
        abort_delay: match abort_delay {
            Some(0) => None,
            delay => Some(seconds(delay.unwrap_or(30))),
        },
        scale_down_delay: seconds(scale_down.unwrap_or(30)),
        scale_down_delay_set: scale_down.is_some(),
        scale_down_revisions: revisions.map(|limit| u32::try_from(limit).unwrap_or(0)),
    }
}

/// `validation.go:223`.
fn check_revisions(
    fields: &mut Fields<'_>,
    kept: u32,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<i64> {
    let given = fields.int("scaleDownDelayRevisionLimit", found);
    let Some(limit) = given.filter(|limit| *limit > i64::from(kept)) else {
        return given;
    };
    let message = format!(
        "spec.strategy.scaleDownDelayRevisionLimit: Invalid value: {limit}: This rollout's \
         revision history limit can not be smaller than the rollout's scale down limit"
    );
    let at = field_place(fields, "scaleDownDelayRevisionLimit");
    let help = "lower it to `spec.revisionHistoryLimit` (10 when absent), or raise that";
    refusals.say(at, message, help);
    given
}

fn reference(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<Reference> {
    let mut analysis = fields.map(name, found)?;
    let path = format!("spec.strategy.blueGreen.{name}.templates");
    let reference = step::reference(&mut analysis, path, true, found);
    analysis.finish(found);
    Some(reference)
}
