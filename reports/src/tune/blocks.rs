//! Why no point keeps the requirements: where it fails, and whether more traffic would help.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::human;
use crate::interval::Rate;

/// A bad release that the nearest point promotes too often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Missed<'a> {
    /// The scenario.
    pub scenario: &'a str,
    /// How often.
    pub rate: Rate,
    /// What one rollout knew of it.
    pub seen: Seen,
    /// The shares of requests that fail on the old version and on the new one, where that is the fault.
    pub errors: Option<(f64, f64)>,
}

/// A rollout just before its decision.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Requests that the canary had served.
    pub requests: f64,
    /// Whether the fault showed.
    pub shows: bool,
}

/// The chances of error that the requirements allow: of a missed fault and of a false rollback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed {
    /// Of a missed fault.
    pub missed: f64,
    /// Of a false rollback.
    pub false_rollback: f64,
}

/// Requests after which two shares of failures can be told apart at all: a one-sided test of known shares
/// (Lachin, Controlled Clinical Trials 2 (1981) 93, with one sample). No check on these requests, whatever
/// its limits, needs fewer.
#[must_use]
pub fn needed((good, bad): (f64, f64), allowed: Allowed) -> Option<f64> {
    let z = |tail: f64| Normal::standard().inverse_cdf(1.0 - tail.clamp(1e-6, 0.5));
    let spread = |share: f64| (share * (1.0 - share)).sqrt();
    let reach = z(allowed.false_rollback) * spread(good) + z(allowed.missed) * spread(bad);
    let n = (reach / (bad - good)).powi(2);
    // Not one error is expected among fewer.
    (bad > good).then(|| n.max(allowed.missed.clamp(1e-6, 0.5).ln() / (-bad).ln_1p()))
}

impl Missed<'_> {
    /// What blocks it.
    #[must_use]
    pub fn sentence(&self, allowed: Allowed) -> String {
        let begin = format!("{} is missed in {}", self.scenario, human::rate(&self.rate));
        let served = human::count(self.seen.requests.round().max(0.0) as u64);
        if !self.seen.shows {
            return format!(
                "{begin}: its fault does not show before the decision, so no check can see it; a longer \
                 rollout may meet it, or one at another time (`coalmine when`)."
            );
        }
        let served = format!("canary has served about {served} requests when it is decided");
        let enough = self
            .errors
            .and_then(|errors| Some((errors, needed(errors, allowed)?)));
        match enough {
            Some(((good, bad), needed)) if needed > self.seen.requests => format!(
                "{begin}: it is the traffic. The {served}, and to tell {} of errors from {} so surely takes at \
                 least {}, whatever the limits are: give the canary {:.1} times as many requests, by weight \
                 or by time.",
                human::percent(bad),
                human::percent(good),
                human::count(needed.ceil() as u64),
                needed / self.seen.requests.max(1.0)
            ),
            Some((_, needed)) => format!(
                "{begin}: it is not the traffic. The {served}, and {} would do: the checks look at few of them, \
                 at something else, or with limits that are too wide.",
                human::count(needed.ceil() as u64)
            ),
            None => {
                format!("{begin}: the {served}; `coalmine power` shows what such checks catch.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Allowed = Allowed {
        missed: 0.2,
        false_rollback: 0.05,
    };

    fn missed(requests: f64, errors: Option<(f64, f64)>, shows: bool) -> String {
        let missed = Missed {
            scenario: "off-peak/errors-2",
            rate: Rate::wilson(90, 100).expect("has some"),
            seen: Seen { requests, shows },
            errors,
        };
        missed.sentence(ALLOWED)
    }

    /// One sample against a known share, by hand: (1.6449 √(.005·.995) + .8416 √(.02·.98))² / .015².
    #[test]
    fn requests_that_are_needed_are_those_of_the_formula() {
        let n = needed((0.005, 0.02), ALLOWED).expect("is worse");
        let by_hand = ((1.644_854 * 0.070_534 + 0.841_621 * 0.14) / 0.015_f64).powi(2);
        assert!((n - by_hand).abs() < 0.01 * by_hand, "{n} {by_hand}");
        assert_eq!(needed((0.02, 0.02), ALLOWED), None);
        // 1 − 0.02 to the power of n is the chance to see no error at all.
        let rare = needed((0.0, 0.02), ALLOWED).expect("is worse");
        assert!((0.98_f64.powf(rare) - 0.2).abs() < 0.02, "{rare}");
    }

    #[test]
    fn sentences_say_whether_it_is_the_traffic() {
        let errors = Some((0.001, 0.021));
        assert!(missed(20.0, errors, true).contains("it is the traffic"));
        assert!(missed(20_000.0, errors, true).contains("it is not the traffic"));
        assert!(missed(20.0, None, true).contains("`coalmine power`"));
        assert!(missed(20.0, errors, false).contains("does not show before the decision"));
    }
}
