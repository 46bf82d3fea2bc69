//! `spec.service`: names, and what of it ends up in the router's object.

use super::report;
use crate::Span;
use crate::source::{Diagnostics, Fields, Kind, Node};

/// What a decision can depend on.
pub(super) struct Service {
    /// `name`.
    pub(super) name: Option<String>,
    /// Fingerprint of what is copied into the router's object.
    pub(super) routing: u64,
}

/// The fields that Istio's VirtualService or the HTTPRoute is made from
/// (Flagger istio.go:147-253, gateway_api.go:62-180).
const ROUTED: [&str; 15] = [
    "apex",
    "backendTimeout",
    "corsPolicy",
    "delegation",
    "gatewayRefs",
    "gateways",
    "headers",
    "hosts",
    "match",
    "mirror",
    "name",
    "port",
    "retries",
    "rewrite",
    "timeout",
];

/// Reads `spec.service`; `analysis.match` is part of the router's object as well.
pub(super) fn read_service(
    spec: &mut Fields<'_>,
    matches: Option<&Node>,
    found: &mut Diagnostics,
) -> Service {
    let mut print = Fingerprint::default();
    if let Some(matches) = matches {
        print.node(matches);
    }
    let Some(mut fields) = spec.map("service", found) else {
        return Service {
            name: None,
            routing: print.0,
        };
    };
    fields.required("port", found);
    fields.int("port", found);
    for routed in ROUTED {
        if let Some(node) = fields.node(routed) {
            print.text(routed);
            print.node(node);
        }
    }
    check_types(&mut fields, found);
    let name = fields.string("name", found).filter(|name| !name.is_empty());
    fields.finish(found);
    Service {
        name: name.map(str::to_owned),
        routing: print.0,
    }
}

fn check_types(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    for text in [
        "portName",
        "appProtocol",
        "timeout",
        "backendTimeout",
        "meshName",
    ] {
        fields.string(text, found);
    }
    for flag in ["portDiscovery", "headless", "delegation"] {
        fields.boolean(flag, found);
    }
    for list in [
        "backends",
        "hosts",
        "gateways",
        "gatewayRefs",
        "match",
        "mirror",
    ] {
        fields.list(list, found);
    }
    let distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    report::word(fields, "trafficDistribution", &distributions, found);
    for unused in [
        "targetPort",
        "trafficPolicy",
        "primary",
        "canary",
        "unmanagedMetadata",
    ] {
        fields.node(unused);
    }
}

/// FNV-1a over a canonical walk; the order of keys does not matter.
struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    fn text(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Null => self.text("null"),
            Kind::Bool(value) => self.text(if *value { "true" } else { "false" }),
            Kind::Int(value) => self.text(&value.to_string()),
            Kind::Float(value) => self.text(&value.to_string()),
            Kind::Str(value) => self.text(value),
            Kind::Seq(items) => {
                self.text("[");
                items.iter().for_each(|item| self.node(item));
                self.text("]");
            }
            Kind::Map(entries) => {
                self.text("{");
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by_key(|(key, _)| key.as_str());
                for (key, value) in sorted {
                    self.node(key);
                    self.node(value);
                }
                self.text("}");
            }
        }
    }
}

/// Seconds of a field, with Flagger's default.
pub(super) fn seconds(
    fields: &mut Fields<'_>,
    name: &str,
    default: u64,
    found: &mut Diagnostics,
) -> Span {
    let seconds = fields
        .int(name, found)
        .map(|s| u64::try_from(s).unwrap_or(0));
    Span::from_secs(seconds.unwrap_or(default))
}
