//! `antiAffinity`: without effect on decisions, but validated.

use super::rollout::{Refusals, field_place};
use crate::source::{Diagnostics, Fields};

const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// `ValidateRolloutStrategyAntiAffinity`.
pub(super) fn check(strategy: &mut Fields<'_>, refusals: &mut Refusals, found: &mut Diagnostics) {
    let Some(mut fields) = strategy.map("antiAffinity", found) else {
        return;
    };
    let preferred = fields.map(PREFERRED, found);
    let required = fields.map(REQUIRED, found);
    fields.finish(found);
    let at = field_place(strategy, "antiAffinity");
    let (soft, hard) = (preferred.is_some(), required.is_some());
    if soft == hard {
        let message = format!(
            "spec.strategy.antiAffinity: Invalid value: \
             \"antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: {soft} \
             antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: {hard}\": AntiAffinity \
             must have exactly one strategy listed"
        );
        refusals.say(at, message, "keep exactly one of the two");
    }
    if let Some(required) = required {
        required.finish(found);
    }
    let Some(mut preferred) = preferred else {
        return;
    };
    let weight = preferred.int("weight", found).unwrap_or(0);
    if !(1..=100).contains(&weight) {
        let message = format!(
            "spec.strategy.antiAffinity.weight: Invalid value: {weight}: AntiAffinity weight must \
             be between 1-100"
        );
        let at = field_place(&mut preferred, "weight");
        refusals.say(at, message, "write a weight from 1 to 100");
    }
    preferred.finish(found);
}
