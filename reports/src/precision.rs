//! When a cell has been run often enough.

use coalmine_sim::event::{ScenarioInfo, Study};
use coalmine_sim::outcome::Outcome;

use crate::interval::Rate;
use crate::summary::{is_wrong, ran};

/// Whether the interval of the rate of wrong verdicts is as narrow as the study wants.
///
/// Stopping at a width makes an interval no less honest in the limit (Chow and Robbins, Annals of
/// Mathematical Statistics 36 (1965) 457); the first runs of a study guard against stopping on a
/// few lucky rollouts, and the test below says what is left.
#[must_use]
pub fn is_enough(study: &Study, scenario: usize, outcomes: &[Outcome]) -> bool {
    let Some(wanted) = study.precision else {
        return true;
    };
    let info = study.scenarios.get(scenario);
    let faulty = info.is_some_and(ScenarioInfo::is_faulty);
    let wrong = ran(outcomes).filter(|o| is_wrong(faulty, o)).count() as u64;
    Rate::wilson(wrong, ran(outcomes).count() as u64)
        .is_none_or(|rate| (rate.high - rate.low) / 2.0 <= wanted.half_width)
}

#[cfg(test)]
mod tests {
    use coalmine_sim::event::Precision;
    use coalmine_sim::stream::{Purpose, Seed, Streams};
    use rand::RngExt;

    use super::*;
    use crate::fixture::{promoted, rolled_back, study};

    fn wanting(half_width: f64) -> Study {
        let mut study = (*study(&["p"], &[("a/errors", true)])).clone();
        study.precision = Some(Precision {
            half_width,
            max_runs: 100_000,
        });
        study
    }

    #[test]
    fn a_cell_is_done_when_its_interval_is_narrow() {
        let study = wanting(0.05);
        let half: Vec<_> = (0..400).map(|i| promoted(i, 1)).collect();
        assert!(is_enough(&study, 0, &half));
        let mixed = |n: u32| -> Vec<_> {
            let one = |i: u32| {
                if i.is_multiple_of(2) {
                    promoted(i, 1)
                } else {
                    rolled_back(i, 60)
                }
            };
            (0..n).map(one).collect()
        };
        // 1.96² / 4 / 0.05² = 384.
        assert!(!is_enough(&study, 0, &mixed(376)));
        assert!(is_enough(&study, 0, &mixed(384)));
        assert!(is_enough(
            &Study {
                precision: None,
                ..study
            },
            0,
            &[]
        ));
    }

    /// Of 2,000 cells that stop at their width at least 95 % must hold the truth, less four standard
    /// deviations (0.02).
    #[test]
    fn stopping_at_a_width_costs_no_coverage() {
        let mut luck = Streams::new(Seed(3), "precision", 0).get(Purpose::Harm);
        let study = wanting(0.04);
        let covered = (0..2_000).filter(|_| {
            let mut outcomes = Vec::new();
            while outcomes.len() < 100 || !is_enough(&study, 0, &outcomes) {
                for i in 0..25 {
                    let is_missed = luck.random::<f64>() < 0.1;
                    outcomes.push(if is_missed {
                        promoted(i, 1)
                    } else {
                        rolled_back(i, 60)
                    });
                }
            }
            let missed = outcomes.iter().filter(|o| is_wrong(true, o)).count() as u64;
            let rate = Rate::wilson(missed, outcomes.len() as u64).expect("has some");
            rate.low <= 0.1 && 0.1 <= rate.high
        });
        let covered = covered.count();
        assert!(covered > 1_860, "{covered}");
    }
}
