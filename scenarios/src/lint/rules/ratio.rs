//! Ratios that have no answer without requests, or without failures.

use super::super::catalogue::CM02;
use super::super::check::{Check, Verdict};
use super::super::probe::{World, answer, is_void};
use super::super::query::ratios;
use super::super::review::Review;
use crate::finding::Finding;

pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    for check in &review.checks {
        let Some(query) = check.own() else {
            continue;
        };
        if ratios(query).is_empty() || check.has_assumed_condition() {
            continue;
        }
        let worlds = [
            (
                World::Faultless,
                "while no request has ever failed, the series of failures does not exist",
            ),
            (World::Idle, "without requests the query divides by zero"),
            (
                World::Nothing,
                "before the first request there are no series",
            ),
        ];
        let bad = worlds.into_iter().find(|(world, _)| fails(check, *world));
        if let Some((_, why)) = bad {
            let message = format!(
                "metric `{}`: {why}, and that counts as a failure",
                check.name
            );
            out.push(check.about_query(&CM02, check.query_at, message, CM02.cure));
        }
    }
}

/// Whether nothing wrong is taken for something wrong.
fn fails(check: &Check, world: World) -> bool {
    let Some(answer) = check.own().and_then(|query| answer(query, world)) else {
        return false;
    };
    // In a world of good requests a number is the query's own affair.
    is_void(&answer) && matches!(check.verdict(&answer), Some(Verdict::Bad | Verdict::Error))
}
