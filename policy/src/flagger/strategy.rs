//! The strategies: progressive canary, A/B testing, blue/green (Flagger scheduler.go:482-750).

use super::Controller;
use super::Provider;
use super::calls::{AfterPromote, AfterRoutes};
use super::gates::Gate;
use super::routes::{Reading, SetRoutes, percent};
use super::status::Phase;
use super::steps::{TOTAL_WEIGHT, max_weight, next_step_weight};
use crate::{Decision, Effects};

/// Iterations that replace none for provider `kubernetes` (Flagger scheduler.go:475).
const KUBERNETES_ITERATIONS: i64 = 10;

/// Flagger canary.go:693, after the exceptions for provider `kubernetes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Canary,
    AbTesting,
    BlueGreen,
}

impl Controller {
    /// `analysis.iterations` as this tick uses it.
    pub(super) fn iterations(&self) -> i64 {
        let iterations = self.canary.analysis.iterations;
        if self.canary.provider == Provider::Kubernetes && iterations < 1 {
            return KUBERNETES_ITERATIONS;
        }
        iterations
    }

    fn deployment_strategy(&self) -> Strategy {
        let has_match = !self.canary.analysis.matches.is_empty()
            && self.canary.provider != Provider::Kubernetes;
        match self.iterations() {
            ..=0 => Strategy::Canary,
            _ if has_match => Strategy::AbTesting,
            _ => Strategy::BlueGreen,
        }
    }

    /// What a tick does once its analysis passed.
    pub(super) fn run_strategy(&mut self, effects: &mut Effects) {
        match self.deployment_strategy() {
            Strategy::AbTesting => self.run_ab(effects),
            Strategy::BlueGreen => self.run_blue_green(effects),
            Strategy::Canary => {
                // Flagger scheduler.go:493: without a positive step nothing happens, not even the
                // promotion.
                if next_step_weight(&self.canary.analysis, self.routes.canary) <= 0 {
                    self.decided(Decision::Hold, "Flagger scheduler.go:493", effects, |_| {
                        "the next step is not positive".to_owned()
                    });
                } else if self.routes.mirrored || self.status.phase == Phase::WaitingPromotion {
                    self.run_canary(effects);
                } else {
                    self.call_hooks(Gate::ConfirmTrafficIncrease, 0, effects);
                }
            }
        }
    }

    /// Flagger scheduler.go:565.
    pub(super) fn run_canary(&mut self, effects: &mut Effects) {
        let now = self.routes;
        let analysis = &self.canary.analysis;
        if now.canary >= max_weight(analysis) {
            return self.call_hooks(Gate::ConfirmPromotion, 0, effects);
        }
        let step = next_step_weight(analysis, now.canary);
        let next = if !analysis.mirror || now.canary != 0 {
            SetRoutes {
                primary: now.primary.saturating_sub(step).max(0),
                canary: now.canary.saturating_add(step).min(TOTAL_WEIGHT),
                mirrored: now.mirrored,
            }
        } else if now.mirrored {
            Reading::weighted(step)
        } else {
            // One step of mirroring before any user gets an answer from the canary.
            SetRoutes {
                mirrored: true,
                ..Reading::PRIMARY
            }
        };
        let decision = Decision::Advance(percent(next.canary));
        self.decided(decision, "Flagger scheduler.go:591", effects, |c| {
            let max = max_weight(&c.canary.analysis);
            format!("step {step}, promotion from {max}")
        });
        self.set_routes(next, AfterRoutes::Advance, effects);
    }

    /// Flagger scheduler.go:639.
    fn run_ab(&mut self, effects: &mut Effects) {
        if self.iterations() > self.status.iterations {
            self.set_routes(Reading::CANARY, AfterRoutes::Iterate, effects);
        } else {
            self.call_hooks(Gate::ConfirmPromotion, 0, effects);
        }
    }

    /// Flagger scheduler.go:682.
    fn run_blue_green(&mut self, effects: &mut Effects) {
        if self.iterations() <= self.status.iterations {
            return self.call_hooks(Gate::ConfirmPromotion, 0, effects);
        }
        let mirror = self.canary.analysis.mirror && !self.routes.mirrored;
        if mirror && self.canary.provider != Provider::Kubernetes {
            let mirrored = SetRoutes {
                mirrored: true,
                ..Reading::PRIMARY
            };
            return self.set_routes(mirrored, AfterRoutes::Mirror, effects);
        }
        self.count_iteration(effects);
    }

    /// After the confirm-promotion gate.
    pub(super) fn promotion_confirmed(&mut self, effects: &mut Effects) {
        let (wanted, done) = (self.iterations(), self.status.iterations);
        match self.deployment_strategy() {
            // Flagger scheduler.go:666: lowered below the count, nothing happens any more.
            Strategy::AbTesting if wanted != done => {
                self.decided(Decision::Hold, "Flagger scheduler.go:666", effects, |_| {
                    format!("iterations {wanted} lowered below the {done} done")
                });
            }
            // One more interval with all traffic on the canary.
            Strategy::BlueGreen if wanted == done => {
                if self.canary.provider == Provider::Kubernetes {
                    self.count_iteration(effects);
                } else {
                    let decision = Decision::Advance(percent(TOTAL_WEIGHT));
                    self.decided(decision, "Flagger scheduler.go:713", effects, |_| {
                        format!("{wanted} iterations passed")
                    });
                    self.set_routes(Reading::CANARY, AfterRoutes::Switch, effects);
                }
            }
            _ => {
                self.decided(
                    Decision::Promote,
                    "Flagger scheduler.go:617",
                    effects,
                    |c| format!("template {}", c.seen.target_template),
                );
                self.promote(AfterPromote::Analysis, effects);
            }
        }
    }

    /// SetStatusIterations(+1).
    pub(super) fn count_iteration(&mut self, effects: &mut Effects) {
        self.status.iterations = self.status.iterations.saturating_add(1);
        self.status.last_transition = self.now;
        let decision = Decision::Advance(percent(self.routes.canary));
        self.decided(decision, "Flagger scheduler.go:654, :702", effects, |c| {
            format!("iteration {} of {}", c.status.iterations, c.iterations())
        });
    }

    /// SetStatusWeight.
    pub(super) fn set_status_weight(&mut self, weight: i64) {
        self.status.canary_weight = weight;
        self.status.last_transition = self.now;
    }

    /// Flagger scheduler.go:508.
    pub(super) fn run_promotion_traffic_shift(&mut self, effects: &mut Effects) {
        if self.canary.provider == Provider::Kubernetes {
            return self.set_phase(Phase::Finalising, effects);
        }
        let step = self.canary.analysis.step_weight_promotion;
        let next = if step == 0 {
            Reading::PRIMARY
        } else if self.routes.canary > 0 {
            SetRoutes {
                primary: self.routes.primary.saturating_add(step).min(TOTAL_WEIGHT),
                canary: self.routes.canary.saturating_sub(step).max(0),
                mirrored: false,
            }
        } else {
            // Flagger scheduler.go:533: a router at 0 is never finalised (case C60).
            self.decided(Decision::Hold, "Flagger scheduler.go:533", effects, |_| {
                "the router is at 0 already: stuck in Promoting".to_owned()
            });
            return;
        };
        let decision = Decision::Advance(percent(next.canary));
        self.decided(decision, "Flagger scheduler.go:518", effects, |_| {
            "promoted: traffic goes back to the primary".to_owned()
        });
        self.set_routes(next, AfterRoutes::Shift, effects);
    }
}
