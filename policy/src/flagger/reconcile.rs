//! When the router's Reconcile finds its object changed and writes it anew, with 100/0
//! (Flagger istio.go:331, gateway_api.go:233).

use serde::{Deserialize, Serialize};

use super::provider::RouterKind;
use super::routes::{SetRoutes, route_matches};
use super::status::Phase;
use super::{Canary, Controller, Provider};

/// Fingerprints of all that ends up in the router's object besides weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Routing {
    /// All but the following.
    pub(super) rules: u64,
    /// Hosts and gateways; of a delegate VirtualService nobody compares them (Flagger istio.go:295).
    pub(super) hosts: Option<u64>,
    /// The filters of an HTTPRoute's rules: headers, rewrite, static mirrors, CORS.
    pub(super) filters: u64,
}

/// What the controller knows of the router's object as it was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    routing: Routing,
    /// SetRoutes left a rule that Reconcile does not expect.
    unexpected_rule: bool,
    /// A cookie of session affinity has been given out; its rule is never unexpected.
    cookie: bool,
}

impl Written {
    /// By Reconcile.
    pub(super) const fn by_reconcile(routing: Routing) -> Self {
        Self {
            routing,
            unexpected_rule: false,
            cookie: false,
        }
    }

    /// SetRoutes writes every rule from the spec of the moment.
    fn set_routes(&mut self, canary: &Canary, arguments: SetRoutes) {
        self.routing = Routing {
            hosts: canary.routing.hosts.or(self.routing.hosts),
            ..canary.routing
        };
        let matches = !route_matches(canary).is_empty();
        let sticky = canary.analysis.session_affinity
            && !canary.tcp
            && canary.provider.router() == RouterKind::Rules;
        self.cookie |= sticky && arguments.canary != 0;
        self.unexpected_rule = sticky
            && match matches {
                // gateway_api.go:420: the conditions land on the cookie's rule, so Reconcile no
                // longer takes it for one. istio.go:540 drops the cookie's rule.
                true => canary.provider != Provider::Istio,
                // gateway_api.go:587, istio.go:780: at weight 0 a rule takes the last run's cookie
                // back; without one it is a copy of the plain rule.
                false => arguments.canary == 0 && !self.cookie,
            };
    }
}

impl Controller {
    /// Whether Reconcile rewrites the router's object.
    pub(super) fn is_rewritten(&self) -> bool {
        let (written, wanted) = (self.written.routing, self.canary.routing);
        written.rules != wanted.rules
            || wanted.hosts.is_some() && written.hosts != wanted.hosts
            || self.written.unexpected_rule
            || !self.ignores_filters()
                && (written.filters != wanted.filters || self.has_mirror_filter())
    }

    /// Flagger gateway_api.go:211: a run with `mirror` adds a filter to the rule, so its filters are
    /// not compared.
    fn ignores_filters(&self) -> bool {
        let phases = [Phase::Waiting, Phase::Progressing, Phase::WaitingPromotion];
        self.canary.analysis.mirror && phases.contains(&self.status.phase)
    }

    /// Istio's mirror is never compared (Flagger istio.go:303).
    fn has_mirror_filter(&self) -> bool {
        let mirrored = self
            .seen
            .routes
            .as_ref()
            .is_ok_and(|object| object.mirrored);
        self.canary.provider.is_gateway_api() && mirrored
    }

    pub(super) fn object_reconciled(&mut self) {
        self.written = Written {
            cookie: self.written.cookie,
            ..Written::by_reconcile(self.canary.routing)
        };
    }

    pub(super) fn object_written(&mut self, arguments: SetRoutes) {
        self.written.set_routes(&self.canary, arguments);
    }
}
