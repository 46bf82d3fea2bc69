//! `maxSurge`, `maxUnavailable`, `replicaProgressThreshold`.

use super::super::rollout::Threshold;
use super::super::value::IntOrString;
use super::int_or_string;
use super::rollout::{Refusals, field_place};
use crate::source::{Diagnostics, Fields};

/// `resolveFenceposts` (`replicaset.go:407`) and what `validation.go` refuses of the two.
pub(super) fn read(
    fields: &mut Fields<'_>,
    replicas: u32,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> (u32, u32) {
    let default = || IntOrString::Text("25%".to_owned());
    let surge = int_or_string(fields, "maxSurge", found);
    let unavailable = int_or_string(fields, "maxUnavailable", found);
    let zero = |limit: &Option<IntOrString>| match limit {
        None => false,
        Some(IntOrString::Text(text)) => {
            text.strip_suffix('%').unwrap_or(text).parse().unwrap_or(0) == 0
        }
        Some(limit) => limit.int_value() == 0,
    };
    if zero(&surge) && zero(&unavailable) {
        let printed = match &surge {
            Some(IntOrString::Text(text)) => format!("{text:?}"),
            Some(limit) => limit.to_string(),
            None => String::new(),
        };
        let message = format!(
            "spec.strategy.maxSurge: Invalid value: {printed}: MaxSurge and MaxUnavailable both \
             can not be zero"
        );
        let at = field_place(fields, "maxSurge");
        refusals.say(at, message, "allow one of them");
    }
    let surge = surge.unwrap_or_else(default);
    let unavailable = unavailable.unwrap_or_else(default);
    resolve_fenceposts(&surge, &unavailable, replicas)
}

/// Pods of `maxSurge` (rounded up) and `maxUnavailable` (rounded down); both zero means that one
/// may be unavailable.
pub(in super::super) fn resolve_fenceposts(
    surge: &IntOrString,
    unavailable: &IntOrString,
    replicas: u32,
) -> (u32, u32) {
    let surge = surge.of_total(replicas, true).unwrap_or(0);
    let unavailable = unavailable.of_total(replicas, false).unwrap_or(0);
    let unavailable = if surge == 0 && unavailable == 0 {
        1
    } else {
        unavailable
    };
    (surge, unavailable.min(replicas))
}

/// `replicaProgressThreshold`.
pub(super) fn threshold(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Threshold> {
    let mut threshold = fields.map("replicaProgressThreshold", found)?;
    let kind = threshold
        .string("type", found)
        .unwrap_or_default()
        .to_owned();
    let value = threshold.int("value", found);
    threshold.finish(found);
    // canary.go:37: a negative value is none.
    let value = u32::try_from(value?).ok()?;
    Some(match kind.as_str() {
        "Percent" => Threshold::Percent(value),
        _ => Threshold::Pods(value),
    })
}
