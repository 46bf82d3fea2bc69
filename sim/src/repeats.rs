//! Clients that repeat what failed, in closed form: one request is up to `1 + max` attempts.
//!
//! Every attempt meets the split anew. The counterfactual is coupled attempt by attempt: an attempt
//! on the old version at that moment, with the same random numbers. A request is *hurt* when its
//! last attempt fails although the old version would have answered one of its attempts, or when the
//! attempt that is answered is slower than people's patience where the old version would not have
//! been. A repeat that is answered in time makes up for what failed before.

use crate::fault::{Treatment, Version};
use crate::service::Retries;

/// What one attempt meets, on average over the cohorts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attempt {
    /// It fails.
    pub failed: f64,
    /// It fails where the old version would have answered; part of `failed`.
    failed_anew: f64,
    /// It is answered too late where the old version would not have been late.
    slowed: f64,
    /// The new version serves it.
    new: f64,
    /// It fails without having met the new version; part of `failed`.
    failed_elsewhere: f64,
}

impl Attempt {
    /// Adds a part of all attempts that one treatment meets.
    pub fn add(&mut self, share: f64, version: Version, treatment: &Treatment) {
        let failed = treatment.behaviour.error_share;
        self.failed += share * failed;
        match version {
            Version::Old => self.failed_elsewhere += share * failed,
            Version::New => self.new += share,
        }
        if version == Version::New && treatment.is_release_fault {
            self.failed_anew += share * treatment.failed_share;
            self.slowed += share * (1.0 - failed) * treatment.slowed_share;
        }
    }

    /// Adds attempts that the router answers 5xx itself where the old version gives this treatment.
    pub fn add_refused(&mut self, share: f64, old: &Treatment) {
        self.failed += share;
        self.failed_anew += share * (1.0 - old.behaviour.error_share);
        self.failed_elsewhere += share;
    }
}

/// What a request with all its attempts comes to, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fate {
    /// Attempts.
    pub attempts: f64,
    /// The new version serves at least one of them.
    pub exposed: f64,
    /// It is hurt.
    pub hurt: f64,
}

impl Retries {
    /// Attempts for one request of which each fails with this probability: Σ (p e)^k.
    #[must_use]
    pub fn attempts(&self, failed: f64) -> f64 {
        let again = self.share * failed;
        (0..self.max).fold(1.0, |attempts, _| 1.0 + again * attempts)
    }

    /// What becomes of a request whose attempts all meet the same.
    #[must_use]
    pub fn fate(&self, attempt: &Attempt) -> Fate {
        let both_failed = attempt.failed - attempt.failed_anew;
        // By the number of repeats left: exposed and hurt, and hurt once the old version has answered.
        let (mut exposed, mut hurt, mut hurt_later) = (attempt.new, 0.0, 0.0);
        for left in 0..=self.max {
            let again = if left == 0 { 0.0 } else { self.share };
            let fails = 1.0 - again + again * hurt_later;
            hurt = attempt.slowed + attempt.failed_anew * fails + both_failed * again * hurt;
            hurt_later = attempt.slowed + attempt.failed * fails;
            if left > 0 {
                exposed = attempt.new + attempt.failed_elsewhere * again * exposed;
            }
        }
        Fate {
            attempts: self.attempts(attempt.failed),
            exposed,
            hurt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_policy::Span;

    fn retries(share: f64, max: u8) -> Retries {
        Retries {
            share,
            max,
            backoff: Span::from_secs(1),
        }
    }

    #[test]
    fn attempts_are_the_sum_of_powers() {
        assert_eq!(retries(0.5, 0).attempts(0.4), 1.0);
        let three = retries(0.5, 2).attempts(0.4);
        assert!((three - (1.0 + 0.2 + 0.04)).abs() < 1e-15);
    }

    /// All possible courses of a request, weighed one by one.
    fn enumerated(attempt: &Attempt, retries: &Retries) -> Fate {
        fn go(
            attempt: &Attempt,
            (share, left): (f64, u8),
            (was_new, spared): (bool, bool),
            chance: f64,
            fate: &mut Fate,
        ) {
            fate.attempts += chance;
            // Served by: probability, new, fails, the old version fails too, slowed.
            let new_both = attempt.failed - attempt.failed_anew - attempt.failed_elsewhere;
            let new_answered = attempt.new - new_both - attempt.failed_anew - attempt.slowed;
            let old_answered = 1.0 - attempt.new - attempt.failed_elsewhere;
            for (part, new, fails, old_fails, slow) in [
                (new_both, true, true, true, false),
                (attempt.failed_anew, true, true, false, false),
                (attempt.slowed, true, false, false, true),
                (new_answered, true, false, false, false),
                (attempt.failed_elsewhere, false, true, true, false),
                (old_answered, false, false, false, false),
            ] {
                let (new, spared) = (new || was_new, spared || !old_fails);
                let again = if fails && left > 0 { share } else { 0.0 };
                let end = chance * part * (1.0 - again);
                fate.exposed += end * f64::from(u8::from(new));
                fate.hurt += end * f64::from(u8::from(spared && (fails || slow)));
                if again > 0.0 {
                    let next = chance * part * again;
                    go(attempt, (share, left - 1), (new, spared), next, fate);
                }
            }
        }
        let mut fate = Fate::default();
        let begin = (retries.share, retries.max);
        go(attempt, begin, (false, false), 1.0, &mut fate);
        fate
    }

    #[test]
    fn fates_are_those_of_all_courses_weighed_one_by_one() {
        let attempt = Attempt {
            failed: 0.31,
            failed_anew: 0.17,
            slowed: 0.05,
            new: 0.42,
            failed_elsewhere: 0.09,
        };
        for (share, max) in [(0.3, 2), (1.0, 3), (0.7, 1), (0.5, 0)] {
            let retries = retries(share, max);
            let (short, long) = (retries.fate(&attempt), enumerated(&attempt, &retries));
            assert!(
                (short.attempts - long.attempts).abs() < 1e-12,
                "{share} {max}"
            );
            assert!(
                (short.exposed - long.exposed).abs() < 1e-12,
                "{share} {max}"
            );
            assert!((short.hurt - long.hurt).abs() < 1e-12, "{share} {max}");
        }
    }
}
