//! When rollouts of a cell were decided: how many of them had ended, and how, by each instant.

use coalmine_policy::Span;
use coalmine_sim::outcome::{Outcome, Verdict};

use crate::interval::Rate;
use crate::summary::ran;

/// Instants at which a course is known; a cell takes the same memory however many rollouts it has.
const STEPS: usize = 240;

/// Decisions over time, exactly counted at equally distant instants from the start to the horizon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// From one instant to the next.
    pub step_ns: Span,
    /// Rollouts.
    pub n: u64,
    /// How many of them had been promoted by each instant; the first is the start.
    pub promoted: Vec<u64>,
    /// How many had been rolled back.
    pub rolled_back: Vec<u64>,
}

impl Course {
    /// That of the replications that ran, watched for so long.
    #[must_use]
    pub fn of(outcomes: &[Outcome], horizon: Span) -> Self {
        let step = Span::from_nanos(horizon.nanos().div_ceil(STEPS as u64).max(1));
        let mut course = Self {
            step_ns: step,
            n: 0,
            promoted: vec![0; STEPS + 1],
            rolled_back: vec![0; STEPS + 1],
        };
        for outcome in ran(outcomes) {
            course.n += 1;
            let ends = match outcome.verdict {
                Verdict::Promoted => &mut course.promoted,
                Verdict::RolledBack => &mut course.rolled_back,
                Verdict::Stuck | Verdict::Invalid => continue,
            };
            let at = outcome.decided_ns.unwrap_or(horizon).nanos();
            // The first instant at which the decision is known.
            let index = usize::try_from(at.div_ceil(step.nanos())).unwrap_or(STEPS);
            ends[index.min(STEPS)] += 1;
        }
        for ends in [&mut course.promoted, &mut course.rolled_back] {
            let mut so_far = 0;
            for count in ends {
                so_far += *count;
                *count = so_far;
            }
        }
        course
    }

    /// By each instant, in seconds since the start, the share of rollouts whose new revision is still
    /// there: not rolled back, whether promoted or undecided.
    ///
    /// No rollout is lost from view before the horizon, so Kaplan and Meier's estimate (JASA 53 (1958)
    /// 457) is the plain share, and its interval Wilson's. A promotion is no censoring: what is
    /// promoted will not be rolled back, and the estimate that takes promoted rollouts out of those at
    /// risk would tell of a world without promotions.
    #[must_use]
    pub fn alive(&self) -> Vec<(f64, Rate)> {
        let each = self.rolled_back.iter().enumerate();
        let rates = each.filter_map(|(index, gone)| {
            let rate = Rate::wilson(self.n - gone, self.n)?;
            Some((index as f64 * self.step_ns.as_secs_f64(), rate))
        });
        rates.collect()
    }

    /// The first instant, in seconds, by which half of the promotions had happened.
    #[must_use]
    pub fn half_promoted(&self) -> Option<f64> {
        let all = *self.promoted.last()?;
        let index = self
            .promoted
            .iter()
            .position(|count| all > 0 && count * 2 >= all)?;
        Some(index as f64 * self.step_ns.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{outcome, promoted, rolled_back};

    #[test]
    fn decisions_are_counted_at_the_first_instant_that_knows_them() {
        let hour = Span::from_mins(60);
        // Decided after 120 s, 121 s and 16 min.
        let outcomes = [
            rolled_back(0, 60),
            rolled_back(1, 61),
            promoted(0, 0),
            outcome(3, Verdict::Stuck, 0),
            outcome(4, Verdict::Invalid, 0),
        ];
        let course = Course::of(&outcomes, hour);
        assert_eq!((course.n, course.step_ns), (4, Span::from_secs(15)));
        assert_eq!(&course.rolled_back[7..11], [0, 1, 2, 2]);
        assert_eq!((course.promoted[63], course.promoted[64]), (0, 1));
        let alive = course.alive();
        let (end, last) = alive.last().copied().expect("has instants");
        assert_eq!((end, last.count, last.n), (3600.0, 2, 4));
        assert_eq!((alive[0].0, alive[0].1.count), (0.0, 4));
        assert_eq!(course.half_promoted(), Some(960.0));
    }

    #[test]
    fn nothing_and_odd_horizons_are_courses_too() {
        assert!(Course::of(&[], Span::from_mins(1)).alive().is_empty());
        let none = Course::of(&[rolled_back(0, 60)], Span::ZERO);
        assert_eq!(none.rolled_back.last(), Some(&1));
        assert_eq!(none.half_promoted(), None);
    }
}
