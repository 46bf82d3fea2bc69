//! The first ticks of a new Canary: the primary is made from the target, then takes its place
//! (Flagger scheduler.go:217-277, deployment_controller.go:49).

use super::calls::{AfterRoutes, AfterScale};
use super::readiness::Readiness;
use super::routes::Reading;
use super::status::Phase;
use super::{Controller, Provider};
use crate::{Effects, Record, Replicas};

impl Controller {
    /// From the router's object of App Mesh, whose nodes must exist before the pods do.
    pub(super) fn initialize(&mut self, effects: &mut Effects) {
        let mesh = matches!(
            self.canary.provider,
            Provider::AppMesh | Provider::AppMeshV1Beta2
        );
        if mesh && !self.routed {
            return self.set_routes(Reading::PRIMARY, AfterRoutes::Register, effects);
        }
        self.initialize_primary(effects);
    }

    /// Creates the primary if it is missing, and waits for it unless the analysis is skipped.
    pub(super) fn initialize_primary(&mut self, effects: &mut Effects) {
        if self.seen.primary.is_none() {
            return self.create_primary(effects);
        }
        self.primary_created(effects);
    }

    pub(super) fn primary_created(&mut self, effects: &mut Effects) {
        if !self.skips_analysis() {
            let threshold = self.canary.analysis.primary_ready_threshold;
            match self.readiness(self.seen.primary.as_ref(), threshold) {
                Readiness::Ready => {}
                Readiness::Waiting(why) => {
                    return self.hold("Flagger scheduler.go:225", "primary", why, effects);
                }
                Readiness::Stuck(why) => {
                    let detail = format!("primary: {why}");
                    return self.roll_back("Flagger scheduler.go:228", detail, effects);
                }
            }
        }
        // The apex Service points to the primary by now.
        self.scale(Replicas::Zero, AfterScale::Initialize, effects);
    }

    /// The router's Reconcile, which makes the object; then the phase.
    pub(super) fn target_scaled_down(&mut self, effects: &mut Effects) {
        if self.routed || !self.has_router_object() {
            return self.initialized(effects);
        }
        self.set_routes(Reading::PRIMARY, AfterRoutes::Initialize, effects);
    }

    /// Flagger scheduler.go:1037. The tick goes on, and finds nothing new.
    pub(super) fn initialized(&mut self, effects: &mut Effects) {
        self.routed = true;
        if self.sync_status(Phase::Initialized, 0, effects) {
            effects.record(|| Record::Note("initialization done".to_owned()));
            self.after_reconcile(effects);
        }
    }
}
