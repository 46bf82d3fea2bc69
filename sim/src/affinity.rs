//! Sticky sessions: how the share of the canary follows the router's weight as sessions end.
//!
//! A session stays on the side of the router that its first request was sent to, as long as pods serve
//! there; then it goes with the others. Where a side does not keep its sessions, or not for ever, each
//! request is sent anew with some chance. The share of the requests follows by the state equation of
//! [`crate::crowd`], in steps.

use coalmine_policy::{Kept, Stickiness};

use crate::crowd::{BySide, CANARY, Crowd, MAIN, Step};
use crate::service::Sessions;
use crate::traffic::{Term, Traffic};

/// The longest step.
const STEP_MAX_S: f64 = 15.0;
/// Steps in a mean time of thinking.
const STEPS: f64 = 2.0;
/// Shares that differ by less are the same.
const REST: f64 = 2e-4;

/// How sessions stick to the sides of a router.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sticks {
    /// By side, the chance that a request of a session that was there is sent anew, by the weight.
    pub anew: BySide,
    /// With the weight 0 everybody leaves the canary's side.
    pub ends_at_zero: bool,
}

impl Sticks {
    /// A session stays where its first request went.
    pub const BOTH: Self = Self {
        anew: [0.0; 2],
        ends_at_zero: false,
    };

    /// What a scenario's users and a manifest say together; a scenario may rule it out.
    #[must_use]
    pub fn of(sessions: Option<&Sessions>, manifest: Option<Stickiness>) -> Option<Self> {
        let sessions = sessions?;
        let think_s = sessions.think.mean_s();
        let anew = |kept: Kept| match kept {
            Kept::No => 1.0,
            Kept::Session => 0.0,
            // A cookie is as likely to be over at any moment, and lasts so long on average.
            Kept::For(span) => think_s / (think_s + span.as_secs_f64()),
        };
        match (sessions.sticky, manifest) {
            (Some(false), _) | (None, None) => None,
            (Some(true), None) => Some(Self::BOTH),
            (_, Some(manifest)) => Some(Self {
                anew: [anew(manifest.main), anew(manifest.canary)],
                ends_at_zero: manifest.ends_at_zero,
            }),
        }
    }

    /// Whether nobody is on the canary's side at a weight, wherever they were.
    #[must_use]
    pub fn are_off(&self, weight: f64) -> bool {
        self.ends_at_zero && weight <= 0.0
    }

    /// The canary's share in the end where so many requests end a session, at a steady rate.
    fn rest(&self, weight: f64, ends: f64) -> f64 {
        if self.anew == Self::BOTH.anew {
            return weight;
        }
        let from_main = self.anew[MAIN] * weight;
        let from_canary = 1.0 - self.anew[CANARY] * (1.0 - weight);
        let stays = 1.0 - ends;
        let left = 1.0 - stays * (from_canary - from_main);
        (ends * weight + stays * from_main) / left.max(f64::MIN_POSITIVE)
    }
}

/// Where a replication's sessions are.
#[derive(Clone, Debug)]
pub struct Affinity<'a> {
    sessions: &'a Sessions,
    sticks: Sticks,
    traffic: &'a Traffic,
    step_s: f64,
    /// Up to when the crowd is known.
    at_s: f64,
    /// The share of new sessions that the canary's side gets.
    weight: f64,
    /// Its share of the requests.
    share: f64,
    /// None while all sides have the share of their weight.
    crowd: Option<Crowd>,
}

impl<'a> Affinity<'a> {
    /// All sessions on the main side.
    #[must_use]
    pub fn new(sessions: &'a Sessions, sticks: Sticks, traffic: &'a Traffic) -> Self {
        Self {
            sessions,
            sticks,
            traffic,
            step_s: (sessions.think.mean_s() / STEPS).clamp(1.0, STEP_MAX_S),
            at_s: 0.0,
            weight: 0.0,
            share: 0.0,
            crowd: None,
        }
    }

    /// The canary's share of the requests.
    #[must_use]
    pub const fn share(&self) -> f64 {
        self.share
    }

    /// Whether everybody has left the canary's side with the weight.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.sticks.are_off(self.weight)
    }

    /// Whether nothing changes until somebody writes a weight.
    #[must_use]
    pub const fn is_at_rest(&self) -> bool {
        self.crowd.is_none()
    }

    /// From an instant on the router sends so much to the canary's side; where no pod serves there, all
    /// sessions are on the main side.
    pub fn aim(&mut self, at_s: f64, weight: f64, canary_serves: bool) {
        if !canary_serves || self.sticks.are_off(weight) {
            if let Some(crowd) = &mut self.crowd {
                crowd.leave_canary();
            }
            (self.weight, self.share) = (0.0, 0.0);
            self.crowd = None;
            return;
        }
        if self.weight == weight {
            return;
        }
        let crowd = match self.crowd {
            // The rest of a step under the weight until now.
            Some(crowd) => self.ahead(crowd, (self.at_s, at_s)).0,
            None => {
                let mut crowd = Crowd::at(at_s, self.sessions, self.traffic);
                crowd.settle(self.share);
                crowd
            }
        };
        self.at_s = at_s;
        self.weight = weight;
        // First requests of sessions go by the new weight at once.
        self.share = self.ahead(crowd, (at_s, at_s + self.step_s)).1;
        self.crowd = Some(crowd);
    }

    /// The crowd at the end of an interval, and the canary's share meanwhile.
    fn ahead(&self, mut crowd: Crowd, (from_s, to_s): (f64, f64)) -> (Crowd, f64) {
        let length_s = to_s - from_s;
        if length_s <= 0.0 {
            return (crowd, self.share);
        }
        let step = Step {
            length_s,
            rate: self.traffic.integral(from_s, to_s) / length_s,
            fresh: self.weight,
            anew: self.sticks.anew,
            chances: [[0.0; 2]; 2],
        };
        let share = crowd.step(&step);
        (crowd, share)
    }

    /// Takes the next step, unless it ends after `to_s`: when that is, with the share from then on.
    pub fn step(&mut self, to_s: f64) -> Option<f64> {
        let crowd = self.crowd?;
        if self.at_s + self.step_s > to_s {
            return None;
        }
        let end_s = self.at_s + self.step_s;
        let (crowd, _) = self.ahead(crowd, (self.at_s, end_s));
        self.at_s = end_s;
        let rest = self
            .sticks
            .rest(self.weight, 1.0 / self.sessions.requests.max(1.0));
        // Where traffic changes, so does a rest that is not the weight.
        let is_steady = |term: &Term| matches!(term, Term::Constant { .. });
        let can_rest = rest == self.weight || self.traffic.terms.iter().all(is_steady);
        if can_rest && (crowd.canary_share() - rest).abs() < REST {
            self.share = rest;
            self.crowd = None;
        } else {
            self.share = self.ahead(crowd, (end_s, end_s + self.step_s)).1;
            self.crowd = Some(crowd);
        }
        Some(self.at_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latency;

    #[test]
    fn the_share_follows_the_weight_and_comes_to_rest() {
        let sessions = Sessions {
            requests: 4.0,
            think: Latency::from_quantiles(20.0, 20.0),
            sticky: Some(true),
        };
        let traffic = Traffic::constant(30.0);
        let mut affinity = Affinity::new(&sessions, Sticks::BOTH, &traffic);
        affinity.aim(100.0, 0.2, true);
        let mut seen = vec![(100.0, affinity.share())];
        while let Some(at_s) = affinity.step(3_600.0) {
            seen.push((at_s, affinity.share()));
        }
        for (from_s, share) in &seen {
            // In the middle of the step: 1/4 new, 3/4 relaxing with 80 s.
            let age_s = from_s - 95.0;
            let exact = 0.2 * (1.0 - 0.75 * (-age_s / 80.0_f64).exp());
            assert!((share - exact).abs() < 3e-4, "{from_s} {share} {exact}");
        }
        assert!(affinity.is_at_rest() && affinity.share() == 0.2);
        assert!(seen.len() < 80);
        affinity.aim(3_700.0, 0.0, true);
        assert!((affinity.share() - 0.2 * 0.75 * (-5.0_f64 / 80.0).exp()).abs() < 3e-4);
        affinity.aim(3_701.0, 0.0, false);
        assert_eq!(affinity.share(), 0.0);
    }

    /// Flagger's cookie is the canary's alone: whoever meets it stays, and everybody else is sent anew
    /// with each request, so that more and more are there.
    #[test]
    fn a_side_that_keeps_nobody_loses_all_who_meet_the_other() {
        let sessions = Sessions {
            requests: 4.0,
            think: Latency::from_quantiles(20.0, 20.0),
            sticky: None,
        };
        let flagger = Stickiness {
            main: Kept::No,
            canary: Kept::Session,
            ends_at_zero: true,
        };
        let sticks = Sticks::of(Some(&sessions), Some(flagger)).expect("it sticks");
        let traffic = Traffic::constant(30.0);
        let mut affinity = Affinity::new(&sessions, sticks, &traffic);
        affinity.aim(100.0, 0.1, true);
        while affinity.step(3_600.0).is_some() {}
        // Of the nth requests of sessions, 1 - 0.9^n; lengths are geometric.
        let exact = 0.1 / (1.0 - 0.75 * 0.9);
        assert!(
            (affinity.share() - exact).abs() < 3e-4,
            "{}",
            affinity.share()
        );
        assert!(affinity.is_at_rest());
        // A rollback takes the cookie away.
        affinity.aim(3_700.0, 0.0, true);
        assert_eq!(affinity.share(), 0.0);
        let never = Sessions {
            sticky: Some(false),
            ..sessions
        };
        assert!(Sticks::of(Some(&never), Some(flagger)).is_none());
        assert!(Sticks::of(None, Some(flagger)).is_none());
    }
}
