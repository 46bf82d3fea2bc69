//! Traffic providers: which router carries the weight, which observer asks the built-in questions.

use serde::{Deserialize, Serialize};

use super::TargetKind;

/// A provider whose router coalmine models.
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
}

/// Every value the CRD accepts (`artifacts/flagger/crd.yaml`, `spec.provider`).
pub(super) const ACCEPTED: [&str; 19] = [
    "apisix",
    "appmesh",
    "appmesh:v1beta2",
    "contour",
    "gatewayapi:v1",
    "gatewayapi:v1beta1",
    "gloo",
    "istio",
    "knative",
    "kubernetes",
    "kuma",
    "linkerd",
    "nginx",
    "osm",
    "skipper",
    "smi:v1alpha1",
    "smi:v1alpha2",
    "smi:v1alpha3",
    "traefik",
];

impl Provider {
    /// Every modelled provider.
    pub const ALL: [Self; 7] = [
        Self::Nginx,
        Self::Kubernetes,
        Self::GatewayApiV1,
        Self::GatewayApiV1Beta1,
        Self::Istio,
        Self::Linkerd,
        Self::Traefik,
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
        }
    }

    /// The modelled provider of this spelling, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }

    /// Whether it is one of the two HTTPRoute routers.
    #[must_use]
    pub const fn is_gateway_api(self) -> bool {
        matches!(self, Self::GatewayApiV1 | Self::GatewayApiV1Beta1)
    }

    /// The fields of `spec.service` that end up in the router's object. An edit of them makes
    /// Reconcile rewrite the object with 100/0 (Flagger istio.go:331, gateway_api.go:233,
    /// smi.go:105, traefik.go:109); the Ingress keeps its weight.
    pub(super) const fn routed_fields(self) -> &'static [&'static str] {
        match self {
            Self::Nginx | Self::Kubernetes => &[],
            Self::Istio => &[
                "apex",
                "corsPolicy",
                "delegation",
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
            Self::Linkerd => &["hosts", "name"],
            Self::Traefik => &["apex", "name", "port"],
        }
    }

    /// Whether the router has rules for headers.
    pub(super) const fn has_header_rules(self) -> bool {
        matches!(self, Self::Nginx | Self::Istio) || self.is_gateway_api()
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
        // The suffix `:service` matches no exact name, and what matches nothing is asked of Istio.
        _ if target == TargetKind::Service => Observer::Istio,
        Provider::Nginx => Observer::Nginx,
        Provider::Kubernetes => Observer::Http,
        Provider::Linkerd => Observer::Linkerd,
        Provider::Traefik => Observer::Traefik,
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
    fn every_modelled_provider_is_one_the_crd_accepts() {
        for provider in Provider::ALL {
            assert!(ACCEPTED.contains(&provider.as_str()), "{provider:?}");
        }
    }
}
