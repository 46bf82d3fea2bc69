//! Whether a user's session stays with the side of a router that served it, as manifests say.
//!
//! No engine decides by it; the world does.

use serde::{Deserialize, Serialize};

use crate::source::{Document, Kind, Node};
use crate::time::Span;

/// How long sides of a router keep those whom they have served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stickiness {
    /// The side of the pods in service.
    pub main: Kept,
    /// The canary's.
    pub canary: Kept,
    /// With the weight 0 everybody leaves the canary, whatever cookie they have.
    pub ends_at_zero: bool,
}

/// How long a user is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// Each request is sent anew.
    No,
    /// For so long after the cookie was given out.
    For(Span),
    /// As long as the session lasts.
    Session,
}

/// ingress-nginx' prefix of annotations.
const NGINX: &str = "nginx.ingress.kubernetes.io/";

impl Stickiness {
    /// Both sides keep their sessions.
    pub const BOTH: Self = Self {
        main: Kept::Session,
        canary: Kept::Session,
        ends_at_zero: false,
    };

    /// Flagger's `sessionAffinity`: responses of the canary carry a cookie that leads back to it. With
    /// a primary cookie the primary's do so too, for one interval (istio.go:686, gateway_api.go:462);
    /// at weight 0 the rule of the last run's cookie takes it away.
    #[must_use]
    pub fn flagger(affinity: &Node, interval: Span) -> Self {
        let max_age_s = affinity.get("maxAge").and_then(Node::as_int);
        // canary.go:599.
        let max_age_s = max_age_s.filter(|age| *age != 0).unwrap_or(86_400);
        let primary = affinity.get("primaryCookieName").and_then(Node::as_str);
        Self {
            main: match primary {
                None | Some("") => Kept::No,
                Some(_) => Kept::For(interval),
            },
            canary: kept_for(max_age_s),
            ends_at_zero: true,
        }
    }

    /// What an Ingress says by `affinity: cookie`. The canary's Ingress has the same affinity, unless
    /// its `affinity-canary-behavior` is `legacy` (ingress-nginx controller.go:1597): then users whom
    /// the main backend has served stay there, and the canary's are sent anew.
    #[must_use]
    pub fn nginx(ingress: &Document, legacy: Option<bool>) -> Option<Self> {
        let annotation = |name: &str| annotation(ingress, &format!("{NGINX}{name}"));
        if annotation("affinity")? != "cookie" {
            return None;
        }
        let max_age = annotation("session-cookie-max-age").and_then(|age| age.parse().ok());
        let kept = max_age.map_or(Kept::Session, kept_for);
        let copied = || annotation("affinity-canary-behavior") == Some("legacy");
        Some(Self {
            main: kept,
            canary: if legacy.unwrap_or_else(copied) {
                Kept::No
            } else {
                kept
            },
            ends_at_zero: false,
        })
    }

    /// `sticky.cookie` of a weighted TraefikService: the cookie names the service, and a service of
    /// weight 0 is none (wrr.go, `AddService`).
    #[must_use]
    pub fn traefik(service: &Document) -> Option<Self> {
        service.root.at(&["spec", "weighted", "sticky", "cookie"])?;
        Some(Self {
            ends_at_zero: true,
            ..Self::BOTH
        })
    }

    /// Argo's `alb.stickinessConfig`: the load balancer's cookie names the target group.
    #[must_use]
    pub fn alb(config: &Node) -> Option<Self> {
        let enabled = config
            .get("enabled")
            .map(|node| matches!(node.kind, Kind::Bool(true)));
        let seconds = config.get("durationSeconds").and_then(Node::as_int)?;
        let kept = kept_for(seconds);
        enabled.unwrap_or(false).then_some(Self {
            main: kept,
            canary: kept,
            ends_at_zero: false,
        })
    }
}

fn kept_for(seconds: i64) -> Kept {
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Kept::For(Span::from_secs(seconds.min(1 << 31))),
        // A cookie that is over at once.
        _ => Kept::No,
    }
}

/// An annotation of an object.
#[must_use]
pub fn annotation<'d>(document: &'d Document, name: &str) -> Option<&'d str> {
    document
        .root
        .at(&["metadata", "annotations", name])
        .and_then(Node::as_str)
}

/// The object of a kind and name that a namespace sees.
#[must_use]
pub fn find<'d>(
    documents: &'d [Document],
    kind: &str,
    (namespace, name): (&str, &str),
) -> Option<&'d Document> {
    documents.iter().find(|document| {
        let own = document.namespace.as_deref();
        document.kind == kind && document.name == name && own.is_none_or(|own| own == namespace)
    })
}

/// Whether an object says how sessions stick, and nothing else that is read here.
#[must_use]
pub fn is_about(document: &Document) -> bool {
    match document.kind.as_str() {
        "Ingress" => annotation(document, &format!("{NGINX}affinity")).is_some(),
        "TraefikService" => Stickiness::traefik(document).is_some(),
        _ => false,
    }
}
