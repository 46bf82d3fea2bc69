//! Traffic providers: which router carries the weight, which observer asks the built-in questions.

use serde::{Deserialize, Serialize};

use super::TargetKind;

/// A provider: every value the CRD accepts (`artifacts/flagger/crd.yaml`, `spec.provider`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provider {
    /// ingress-nginx: a canary Ingress with weight or header annotations.
    #[default]
    Nginx,
    /// No router at all: blue/green behind a Service.
    Kubernetes,
    /// An HTTPRoute, `gateway.networking.k8s.io/v1`.
    GatewayApiV1,
    /// An HTTPRoute, `v1beta1`.
    GatewayApiV1Beta1,
    /// A VirtualService.
    Istio,
    /// An SMI TrafficSplit.
    Linkerd,
    /// A weighted TraefikService.
    Traefik,
    /// An HTTPProxy.
    Contour,
    /// A VirtualService of App Mesh, `v1beta1`.
    AppMesh,
    /// A VirtualRouter of App Mesh, `v1beta2`.
    AppMeshV1Beta2,
    /// A RouteTable.
    Gloo,
    /// A TrafficRoute.
    Kuma,
    /// A canary Ingress with `zalando.org/backend-weights`.
    Skipper,
    /// A canary ApisixRoute.
    Apisix,
    /// An SMI TrafficSplit of Open Service Mesh.
    Osm,
    /// The traffic of a Knative Service.
    Knative,
    /// An SMI TrafficSplit, `v1alpha1`; metrics as Istio's.
    SmiV1Alpha1,
    /// An SMI TrafficSplit, `v1alpha2`.
    SmiV1Alpha2,
    /// An SMI TrafficSplit, `v1alpha3`.
    SmiV1Alpha3,
}

/// What kind of object a provider's router writes: all that a decision can depend on
/// (Flagger pkg/router).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouterKind {
    /// nop.go.
    Nothing,
    /// ingress.go: annotations.
    Ingress,
    /// istio.go, gateway_api.go: one rule for each entry of `match`; may mirror.
    Rules,
    /// contour.go, appmesh.go: one route on which all conditions of all entries must hold.
    Conditions,
    /// Two weights, whatever `match` says.
    Split,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 19] = [
        Self::Nginx,
        Self::Kubernetes,
        Self::GatewayApiV1,
        Self::GatewayApiV1Beta1,
        Self::Istio,
        Self::Linkerd,
        Self::Traefik,
        Self::Contour,
        Self::AppMesh,
        Self::AppMeshV1Beta2,
        Self::Gloo,
        Self::Kuma,
        Self::Skipper,
        Self::Apisix,
        Self::Osm,
        Self::Knative,
        Self::SmiV1Alpha1,
        Self::SmiV1Alpha2,
        Self::SmiV1Alpha3,
    ];

    /// The provider as a manifest spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Kubernetes => "kubernetes",
            Self::GatewayApiV1 => "gatewayapi:v1",
            Self::GatewayApiV1Beta1 => "gatewayapi:v1beta1",
            Self::Istio => "istio",
            Self::Linkerd => "linkerd",
            Self::Traefik => "traefik",
            Self::Contour => "contour",
            Self::AppMesh => "appmesh",
            Self::AppMeshV1Beta2 => "appmesh:v1beta2",
            Self::Gloo => "gloo",
            Self::Kuma => "kuma",
            Self::Skipper => "skipper",
            Self::Apisix => "apisix",
            Self::Osm => "osm",
            Self::Knative => "knative",
            Self::SmiV1Alpha1 => "smi:v1alpha1",
            Self::SmiV1Alpha2 => "smi:v1alpha2",
            Self::SmiV1Alpha3 => "smi:v1alpha3",
        }
    }

    /// The provider of this spelling, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }

    /// Whether it is one of the two HTTPRoute routers.
    #[must_use]
    pub const fn is_gateway_api(self) -> bool {
        matches!(self, Self::GatewayApiV1 | Self::GatewayApiV1Beta1)
    }

    /// What its router writes (Flagger router/factory.go:82).
    pub(super) const fn router(self) -> RouterKind {
        match self {
            Self::Kubernetes => RouterKind::Nothing,
            Self::Nginx => RouterKind::Ingress,
            Self::Istio | Self::GatewayApiV1 | Self::GatewayApiV1Beta1 => RouterKind::Rules,
            Self::Contour | Self::AppMesh | Self::AppMeshV1Beta2 => RouterKind::Conditions,
            _ => RouterKind::Split,
        }
    }

    /// The reference in `spec` without which the router fails every tick (Flagger ingress.go:44,
    /// skipper.go:65, apisix.go:46).
    pub(super) const fn needed_reference(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Nginx | Self::Skipper => {
                Some(("ingressRef", "networking.k8s.io/v1, kind: Ingress"))
            }
            Self::Apisix => Some(("routeRef", "apisix.apache.org/v2, kind: ApisixRoute")),
            _ => None,
        }
    }

    /// The fields of `spec.service` that end up in the router's object. An edit of them makes
    /// Reconcile rewrite the object with 100/0 (Flagger istio.go:331, gateway_api.go:233,
    /// smi.go:105, traefik.go:109, contour.go:211, gloo.go:149, kuma.go:113, appmesh.go:360); an
    /// Ingress, an ApisixRoute and a Knative Service keep their weights.
    pub(super) const fn routed_fields(self) -> &'static [&'static str] {
        match self {
            Self::Nginx | Self::Kubernetes | Self::Skipper | Self::Apisix | Self::Knative => &[],
            Self::Istio => &[
                "apex",
                "corsPolicy",
                "gateways",
                "headers",
                "hosts",
                "match",
                "name",
                "retries",
                "rewrite",
                "timeout",
            ],
            Self::GatewayApiV1 | Self::GatewayApiV1Beta1 => &[
                "apex",
                "backendTimeout",
                "corsPolicy",
                "gatewayRefs",
                "headers",
                "hosts",
                "match",
                "mirror",
                "name",
                "port",
                "rewrite",
                "timeout",
            ],
            Self::Linkerd
            | Self::Osm
            | Self::SmiV1Alpha1
            | Self::SmiV1Alpha2
            | Self::SmiV1Alpha3 => &["hosts", "name"],
            Self::Traefik | Self::Gloo | Self::Kuma => &["apex", "name", "port"],
            Self::Contour => &["apex", "match", "name", "port", "retries", "timeout"],
            Self::AppMesh | Self::AppMeshV1Beta2 => {
                &["apex", "match", "name", "retries", "timeout"]
            }
        }
    }

    /// Whether the router has rules for headers.
    pub(super) const fn has_header_rules(self) -> bool {
        !matches!(self.router(), RouterKind::Nothing | RouterKind::Split)
    }
}

/// Whose built-in queries are sent (Flagger pkg/metrics/observers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observer {
    Nginx,
    Http,
    Istio,
    Linkerd,
    Traefik,
    Contour,
    AppMesh,
    Gloo,
    Kuma,
    Skipper,
    Apisix,
    Osm,
    Knative,
}

/// Chooses the observer (Flagger scheduler_metrics.go:94-118, observers/factory.go:45).
///
/// `in_spec` is `spec.provider`, `flag` the controller's `-mesh-provider`.
pub(super) fn observer_of(
    in_spec: Option<Provider>,
    flag: Provider,
    target: TargetKind,
) -> Observer {
    let provider = match (in_spec, flag) {
        (Some(_), Provider::Linkerd) => Provider::Linkerd,
        (Some(provider), _) => provider,
        (None, flag) => flag,
    };
    match provider {
        provider if provider.is_gateway_api() => Observer::Http,
        // Chosen by prefix, so the suffix does not matter.
        Provider::AppMesh | Provider::AppMeshV1Beta2 => Observer::AppMesh,
        Provider::Gloo => Observer::Gloo,
        // The suffix `:service` matches no exact name, and what matches nothing is asked of Istio.
        _ if target == TargetKind::Service => Observer::Istio,
        Provider::Nginx => Observer::Nginx,
        Provider::Kubernetes => Observer::Http,
        Provider::Linkerd => Observer::Linkerd,
        Provider::Traefik => Observer::Traefik,
        Provider::Contour => Observer::Contour,
        Provider::Kuma => Observer::Kuma,
        Provider::Skipper => Observer::Skipper,
        Provider::Apisix => Observer::Apisix,
        Provider::Osm => Observer::Osm,
        Provider::Knative => Observer::Knative,
        _ => Observer::Istio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_observer_follows_the_spec_then_the_flag_then_falls_to_istio() {
        use TargetKind::{Deployment, Service};
        let of = observer_of;
        assert_eq!(of(None, Provider::Nginx, Deployment), Observer::Nginx);
        assert_eq!(
            of(Some(Provider::Kubernetes), Provider::Nginx, Deployment),
            Observer::Http
        );
        assert_eq!(
            of(Some(Provider::Nginx), Provider::Linkerd, Deployment),
            Observer::Linkerd
        );
        assert_eq!(of(None, Provider::Nginx, Service), Observer::Istio);
        assert_eq!(of(None, Provider::GatewayApiV1, Service), Observer::Http);
    }

    #[test]
    fn a_plain_service_keeps_the_observers_that_are_chosen_by_prefix() {
        let of = |provider| observer_of(Some(provider), Provider::Nginx, TargetKind::Service);
        assert_eq!(of(Provider::AppMeshV1Beta2), Observer::AppMesh);
        assert_eq!(of(Provider::Gloo), Observer::Gloo);
        assert_eq!(of(Provider::Contour), Observer::Istio);
    }

    #[test]
    fn a_name_leads_back_to_its_provider() {
        for provider in Provider::ALL {
            assert_eq!(Provider::from_name(provider.as_str()), Some(provider));
        }
        assert_eq!(Provider::from_name("gatewayapi"), None);
    }
}
