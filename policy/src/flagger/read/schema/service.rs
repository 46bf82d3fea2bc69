//! `spec.service`.

use super::Choice::{AtMostOne, One};
use super::Object as Shape;
use super::Schema::{
    self, Fitting, Flag, List, Map, Number, Object, Text, TextOrWhole, Whole, Within, Word,
};

const PORT: Schema = Within(1, 65_535);
const GROUP: Schema = Fitting(|text| text.is_empty() || is_subdomain(text), "an API group");
const KIND: Schema = Fitting(
    |text| text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && is_word(text),
    "a kind",
);
const NAME: Schema = Fitting(
    |text| (1..=253).contains(&text.chars().count()),
    "a name of 1 to 253 characters",
);
const NAMESPACE: Schema = Fitting(
    |text| text.len() <= 63 && is_label(text),
    "a namespace's name",
);
const SECTION: Schema = Fitting(is_subdomain, "a listener's name");

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    is_word(text) && !text.contains(|c: char| c.is_ascii_uppercase())
}

/// Letters, digits and, but for both ends, `-`.
fn is_word(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// All of it.
pub(in super::super) static SERVICE: Shape = Shape::of(&[
    ("name", Text),
    ("port", Number),
    ("portName", Text),
    ("appProtocol", Text),
    (
        "trafficDistribution",
        Word(&["PreferClose", "PreferSameZone", "PreferSameNode"]),
    ),
    ("targetPort", TextOrWhole),
    ("portDiscovery", Flag),
    ("headless", Flag),
    ("timeout", Text),
    ("backendTimeout", Text),
    ("meshName", Text),
    ("backends", List(&Text)),
    ("hosts", List(&Text)),
    ("delegation", Flag),
    ("match", List(&Object(&MATCH))),
    ("retries", Object(&RETRIES)),
    ("rewrite", Object(&REWRITE)),
    ("mirror", List(&Object(&MIRROR))),
    ("headers", Object(&HEADERS)),
    ("gateways", List(&Text)),
    ("gatewayRefs", List(&Object(&GATEWAY_REF))),
    ("corsPolicy", Object(&CORS_POLICY)),
    ("trafficPolicy", Object(&TRAFFIC_POLICY)),
    ("apex", Object(&METADATA)),
    ("primary", Object(&METADATA)),
    ("canary", Object(&METADATA)),
    ("unmanagedMetadata", Object(&UNMANAGED)),
])
.requiring(&["port"]);

const KINDS: [(&str, Schema); 3] = [("exact", Text), ("prefix", Text), ("regex", Text)];

static STRING_MATCH: Shape = Shape::of(&KINDS).choosing(AtMostOne(&["exact", "prefix", "regex"]));

static MATCH: Shape = Shape::of(&[
    ("authority", Object(&STRING_MATCH)),
    ("gateways", List(&Text)),
    ("headers", Map(&Object(&STRING_MATCH))),
    ("ignoreUriCase", Flag),
    ("method", Object(&STRING_MATCH)),
    ("name", Text),
    ("port", Whole),
    ("queryParams", Map(&Object(&STRING_MATCH))),
    ("scheme", Object(&STRING_MATCH)),
    ("sourceLabels", Map(&Text)),
    ("sourceNamespace", Text),
    ("uri", Object(&STRING_MATCH)),
    ("withoutHeaders", Map(&Object(&STRING_MATCH))),
]);

static RETRIES: Shape = Shape::of(&[
    ("attempts", Whole),
    ("perTryTimeout", Text),
    ("retryOn", Text),
]);

static REWRITE: Shape = Shape::of(&[("uri", Text), ("authority", Text), ("type", Text)]);

static MIRROR: Shape = Shape::of(&[("backendRef", Object(&BACKEND_REF))]);

static BACKEND_REF: Shape = Shape::of(&[
    ("group", GROUP),
    ("kind", KIND),
    ("name", NAME),
    ("namespace", NAMESPACE),
    ("port", PORT),
])
.requiring(&["name"]);

static HEADERS: Shape = Shape::of(&[
    ("request", Object(&HEADER_OPERATIONS)),
    ("response", Object(&HEADER_OPERATIONS)),
]);

static HEADER_OPERATIONS: Shape = Shape::of(&[
    ("add", Map(&Text)),
    ("remove", List(&Text)),
    ("set", Map(&Text)),
]);

static GATEWAY_REF: Shape = Shape::of(&[
    ("group", GROUP),
    ("kind", KIND),
    ("name", NAME),
    ("namespace", NAMESPACE),
    ("sectionName", SECTION),
    ("port", PORT),
])
.requiring(&["name"]);

static CORS_POLICY: Shape = Shape::of(&[
    ("allowCredentials", Flag),
    ("allowHeaders", List(&Text)),
    ("allowMethods", List(&Text)),
    ("allowOrigin", List(&Text)),
    ("allowOrigins", List(&Object(&ORIGIN))),
    ("exposeHeaders", List(&Text)),
    ("maxAge", Text),
]);

static ORIGIN: Shape = Shape::of(&KINDS).choosing(One(&["exact", "prefix", "regex"]));

static TRAFFIC_POLICY: Shape = Shape::of(&[
    ("connectionPool", Object(&CONNECTION_POOL)),
    ("loadBalancer", Object(&LOAD_BALANCER)),
    ("outlierDetection", Object(&OUTLIER_DETECTION)),
    ("tls", Object(&TLS)),
]);

static CONNECTION_POOL: Shape = Shape::of(&[("http", Object(&HTTP_POOL))]);

static HTTP_POOL: Shape = Shape::of(&[
    (
        "h2UpgradePolicy",
        Word(&["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]),
    ),
    ("http1MaxPendingRequests", Whole),
    ("http2MaxRequests", Whole),
    ("idleTimeout", Text),
    ("maxRequestsPerConnection", Whole),
    ("maxRetries", Whole),
]);

static LOAD_BALANCER: Shape = Shape::of(&[
    ("consistentHash", Object(&CONSISTENT_HASH)),
    ("localityLbSetting", Object(&LOCALITY)),
    (
        "simple",
        Word(&[
            "ROUND_ROBIN",
            "LEAST_CONN",
            "RANDOM",
            "PASSTHROUGH",
            "LEAST_REQUEST",
        ]),
    ),
    ("warmupDurationSecs", Text),
])
.choosing(One(&["simple", "consistentHash"]));

static CONSISTENT_HASH: Shape = Shape::of(&[
    ("httpCookie", Object(&COOKIE)),
    ("httpHeaderName", Text),
    ("httpQueryParameterName", Text),
    ("minimumRingSize", Whole),
    ("useSourceIp", Flag),
])
.choosing(One(&[
    "httpHeaderName",
    "httpCookie",
    "useSourceIp",
    "httpQueryParameterName",
]));

static COOKIE: Shape = Shape::of(&[("name", Text), ("path", Text), ("ttl", Text)]);

static LOCALITY: Shape = Shape::of(&[
    ("distribute", List(&Object(&DISTRIBUTE))),
    ("enabled", Flag),
    ("failover", List(&Object(&FAILOVER))),
]);

static DISTRIBUTE: Shape = Shape::of(&[("from", Text), ("to", Map(&Whole))]);

static FAILOVER: Shape = Shape::of(&[("from", Text), ("to", Text)]);

static OUTLIER_DETECTION: Shape = Shape::of(&[
    ("baseEjectionTime", Text),
    ("consecutive5xxErrors", Whole),
    ("consecutiveErrors", Whole),
    ("consecutiveGatewayErrors", Whole),
    ("consecutiveLocalOriginFailures", Whole),
    ("interval", Text),
    ("maxEjectionPercent", Whole),
    ("minHealthPercent", Whole),
    ("splitExternalLocalOriginErrors", Flag),
]);

static TLS: Shape = Shape::of(&[
    ("caCertificates", Text),
    ("clientCertificate", Text),
    (
        "mode",
        Word(&["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]),
    ),
    ("privateKey", Text),
    ("sni", Text),
    ("subjectAltNames", List(&Text)),
]);

static METADATA: Shape = Shape::of(&[("labels", Map(&Text)), ("annotations", Map(&Text))]);

static UNMANAGED: Shape = Shape::of(&[("annotations", List(&Text)), ("labels", List(&Text))]);
