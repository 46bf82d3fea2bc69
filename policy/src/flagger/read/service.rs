//! `spec.service`: names, and what of it ends up in the router's object.

use super::report;
use super::schema::{SERVICE, check_object};
use crate::Span;
use crate::flagger::Provider;
use crate::flagger::reconcile::Routing;
use crate::source::{Diagnostics, Fields, Kind, Node};

/// What a decision can depend on.
pub(super) struct Service {
    /// `name`.
    pub(super) name: Option<String>,
    /// Istio with `appProtocol: tcp` (Flagger istio.go:128).
    pub(super) tcp: bool,
    /// Of what is copied into the router's object.
    pub(super) routing: Routing,
}

/// What becomes a filter of an HTTPRoute's rule (Flagger gateway_api.go, makeFilters).
const FILTERS: [&str; 4] = ["corsPolicy", "headers", "mirror", "rewrite"];

/// Reads `spec.service`; with header rules `analysis.match` is part of the router's object as well.
pub(super) fn read_service(
    spec: &mut Fields<'_>,
    provider: Provider,
    matches: Option<&Node>,
    found: &mut Diagnostics,
) -> Service {
    let mut prints = Prints::default();
    if provider != Provider::Nginx && provider.has_header_rules() {
        matches
            .into_iter()
            .for_each(|matches| prints.rules.node(matches));
    }
    let (mut name, mut tcp, mut delegates) = (None, false, false);
    if let Some(mut fields) = spec.map("service", found) {
        check_object(&mut fields, &SERVICE, found);
        check_mirror_ports(&mut fields, found);
        if matches!(fields.node("port"), Some(port) if port.as_int().is_none()) {
            fields.int("port", found);
        }
        for routed in provider.routed_fields() {
            if let Some(node) = fields.node(routed) {
                let print = prints.of(provider, routed);
                print.text(routed);
                print.node(node);
            }
        }
        if provider.is_gateway_api() {
            check_gateway(&mut fields, found);
        }
        let delegation = matches!(
            fields.node("delegation").map(|node| &node.kind),
            Some(Kind::Bool(true))
        );
        delegates = delegation && provider == Provider::Istio;
        let protocol = fields.node("appProtocol").and_then(Node::as_str);
        let is_tcp = protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case("tcp"));
        tcp = is_tcp && provider == Provider::Istio;
        if tcp {
            prints.rules.text("tcp");
        }
        name = fields
            .node("name")
            .and_then(Node::as_str)
            .filter(|name| !name.is_empty());
        fields.finish(found);
    }
    Service {
        name: name.map(str::to_owned),
        tcp,
        routing: Routing {
            rules: prints.rules.0,
            hosts: (!delegates).then_some(prints.hosts.0),
            filters: prints.filters.0,
        },
    }
}

/// The schema's rule in CEL: a Service is referred to with its port.
fn check_mirror_ports(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    let Some(Kind::Seq(mirrors)) = fields.node("mirror").map(|node| &node.kind) else {
        return;
    };
    for (index, mirror) in mirrors.iter().enumerate() {
        let Some(backend) = mirror.get("backendRef") else {
            continue;
        };
        let is = |name, wanted| {
            let node = backend
                .get(name)
                .filter(|node| !matches!(node.kind, Kind::Null));
            node.is_none_or(|node| node.as_str() == Some(wanted))
        };
        let port = backend.get("port");
        let has_port = port.is_some_and(|port| !matches!(port.kind, Kind::Null));
        if matches!(backend.kind, Kind::Map(_))
            && is("group", "")
            && is("kind", "Service")
            && !has_port
        {
            let message = format!("`spec.service.mirror[{index}].backendRef.port` is required");
            let cure = "a Service is referred to with its port".to_owned();
            found.push(fields.document().error(backend.position, message, cure));
        }
    }
}

/// Flagger gateway_api.go:66.
fn check_gateway(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    let refs = fields.node("gatewayRefs").map(|node| &node.kind);
    if refs.is_none_or(|refs| matches!(refs, Kind::Seq(items) if items.is_empty())) {
        let what = "is missing; with a Gateway API provider every tick ends in an error without it";
        let cure = "add for example gatewayRefs: [{name: my-gateway, namespace: gateways}]";
        report::error(fields, "gatewayRefs", what, cure, found);
    }
}

/// One fingerprint for each part that Reconcile compares on its own.
#[derive(Default)]
struct Prints {
    rules: Fingerprint,
    hosts: Fingerprint,
    filters: Fingerprint,
}

impl Prints {
    fn of(&mut self, provider: Provider, field: &str) -> &mut Fingerprint {
        match field {
            "hosts" | "gateways" => &mut self.hosts,
            _ if provider.is_gateway_api() && FILTERS.contains(&field) => &mut self.filters,
            _ => &mut self.rules,
        }
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
