//! Clients that repeat what failed, in closed form: one request is up to `1 + max` attempts.
//!
//! Every attempt meets the split anew. The counterfactual is coupled attempt by attempt: an attempt
//! on the old version at that moment, with the same random numbers. A request is *hurt* when its
//! last attempt fails although the old version would have answered one of its attempts, or when the
//! attempt that is answered is slower than people's patience where the old version would not have
//! been. A repeat that is answered in time makes up for what failed before.

use crate::fault::{Treatment, Version};
use crate::service::Retries;

/// What one attempt meets, on average over cohorts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attempt {
    /// The part of all attempts that the rest is about; one when it is about a request.
    pub part: f64,
    /// It fails.
    pub failed: f64,
    /// It fails where the old version would have answered; part of `failed`.
    failed_anew: f64,
    /// It is answered, but later than people wait or without a completion, where the old version would
    /// have done better.
    worse: f64,
    /// It is answered, and this is the share of completions lost.
    lost: f64,
    /// The new version serves it.
    new: f64,
    /// It fails without having met the new version; part of `failed`.
    failed_elsewhere: f64,
}

impl Attempt {
    /// Adds a part of all attempts that one treatment meets, and by which so large a share of the
    /// answered loses a completion.
    pub fn add(&mut self, share: f64, version: Version, treatment: &Treatment, losing: f64) {
        let failed = treatment.behaviour.error_share;
        self.part += share;
        self.failed += share * failed;
        match version {
            Version::Old => self.failed_elsewhere += share * failed,
            Version::New => self.new += share,
        }
        if treatment.may_hurt() {
            let answered = share * (1.0 - failed);
            let [kept, kept_on_old] = treatment.kept;
            self.failed_anew += share * treatment.failed_share;
            self.worse += answered * (1.0 - (1.0 - losing) * (1.0 - treatment.slowed_share));
            self.lost += answered * (kept_on_old - kept).max(0.0);
        }
    }

    /// Adds attempts that the router answers 5xx itself where the old version gives this treatment.
    pub fn add_refused(&mut self, share: f64, old: &Treatment) {
        self.part += share;
        self.failed += share;
        self.failed_anew += share * (1.0 - old.behaviour.error_share);
        self.failed_elsewhere += share;
    }

    /// The same for one request of this part.
    #[must_use]
    pub fn per_request(&self) -> Self {
        let times = 1.0 / self.part.max(f64::MIN_POSITIVE);
        Self {
            part: 1.0,
            failed: self.failed * times,
            failed_anew: self.failed_anew * times,
            worse: self.worse * times,
            lost: self.lost * times,
            new: self.new * times,
            failed_elsewhere: self.failed_elsewhere * times,
        }
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
    /// Its last attempt fails, and the old version would have answered one of them; part of `hurt`.
    pub let_down: f64,
    /// It is answered, and this is the share of completions lost.
    pub lost: f64,
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
        let Attempt {
            failed,
            failed_anew,
            worse,
            ..
        } = *attempt;
        // By the number of repeats left: exposed, hurt, let down, and the same once the old version has
        // answered.
        let (mut exposed, mut hurt, mut let_down) = (attempt.new, 0.0, 0.0);
        let (mut hurt_later, mut let_down_later) = (0.0, 0.0);
        for left in 0..=self.max {
            let again = if left == 0 { 0.0 } else { self.share };
            let fails = 1.0 - again + again * let_down_later;
            let_down = failed_anew * fails + both_failed * again * let_down;
            let_down_later = failed * fails;
            let fails = 1.0 - again + again * hurt_later;
            hurt = worse + failed_anew * fails + both_failed * again * hurt;
            hurt_later = worse + failed * fails;
            if left > 0 {
                exposed = attempt.new + attempt.failed_elsewhere * again * exposed;
            }
        }
        let attempts = self.attempts(failed);
        Fate {
            attempts,
            exposed,
            hurt,
            let_down,
            lost: attempts * attempt.lost,
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
            let new_answered = attempt.new - new_both - attempt.failed_anew - attempt.worse;
            let old_answered = 1.0 - attempt.new - attempt.failed_elsewhere;
            for (part, new, fails, old_fails, slow) in [
                (new_both, true, true, true, false),
                (attempt.failed_anew, true, true, false, false),
                (attempt.worse, true, false, false, true),
                (new_answered, true, false, false, false),
                (attempt.failed_elsewhere, false, true, true, false),
                (old_answered, false, false, false, false),
            ] {
                let (new, spared) = (new || was_new, spared || !old_fails);
                let again = if fails && left > 0 { share } else { 0.0 };
                let end = chance * part * (1.0 - again);
                fate.exposed += end * f64::from(u8::from(new));
                fate.hurt += end * f64::from(u8::from(spared && (fails || slow)));
                fate.let_down += end * f64::from(u8::from(spared && fails));
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
            part: 1.0,
            lost: 0.0,
            failed: 0.31,
            failed_anew: 0.17,
            worse: 0.05,
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
            let let_down = (short.let_down, long.let_down);
            assert!((let_down.0 - let_down.1).abs() < 1e-12, "{share} {max}");
        }
    }
}
