//! What the CRD says about fields that influence no decision (Flagger artifacts/flagger/crd.yaml):
//! the API server refuses a wrong type, a wrong word and a missing field there as well.

use crate::source::{Diagnostics, Document, Fields, Kind, Node};

mod service;

pub(super) use service::SERVICE;

/// One value of the schema.
#[derive(Clone, Copy)]
pub(super) enum Schema {
    Text,
    /// A string that fits, and what it has to be.
    Fitting(fn(&str) -> bool, &'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    Number,
    Whole,
    /// From, to.
    Within(i64, i64),
    TextOrWhole,
    List(&'static Schema),
    /// Any keys, values of this schema.
    Map(&'static Schema),
    Object(&'static Object),
}

/// A mapping with named fields.
pub(super) struct Object {
    pub(super) fields: &'static [(&'static str, Schema)],
    pub(super) required: &'static [&'static str],
    pub(super) choice: Choice,
}

/// The schema's `oneOf` over fields of an object.
#[derive(Clone, Copy)]
pub(super) enum Choice {
    Free,
    /// Exactly one of them.
    One(&'static [&'static str]),
    /// None or one of them.
    AtMostOne(&'static [&'static str]),
}

impl Object {
    pub(super) const fn of(fields: &'static [(&'static str, Schema)]) -> Self {
        Self {
            fields,
            required: &[],
            choice: Choice::Free,
        }
    }

    pub(super) const fn requiring(self, required: &'static [&'static str]) -> Self {
        Self { required, ..self }
    }

    pub(super) const fn choosing(self, choice: Choice) -> Self {
        Self { choice, ..self }
    }
}

/// Holds the fields of an object against its schema. All of them count as read.
pub(super) fn check_object(fields: &mut Fields<'_>, object: &Object, found: &mut Diagnostics) {
    for name in object.required {
        fields.required(name, found);
    }
    for (name, schema) in object.fields {
        if let Some(node) = fields.node(name) {
            let path = fields.path_of(name);
            check(fields.document(), &path, node, *schema, found);
        }
    }
    let (names, needed) = match object.choice {
        Choice::Free => return,
        Choice::One(names) => (names, true),
        Choice::AtMostOne(names) => (names, false),
    };
    let given = names.iter().filter(|name| fields.node(name).is_some());
    let given = given.count();
    if given > 1 || needed && given == 0 {
        let path = fields.path_of("");
        let path = path.trim_end_matches('.');
        let word = if needed { "exactly" } else { "at most" };
        let message = format!("`{path}` takes {word} one of {}", names.join(", "));
        let at = fields.position();
        found.push(fields.document().error(at, message, String::new()));
    }
}

fn check(document: &Document, path: &str, node: &Node, schema: Schema, found: &mut Diagnostics) {
    match (schema, &node.kind) {
        (_, Kind::Null) => {}
        (Schema::Text | Schema::TextOrWhole, Kind::Str(_)) | (Schema::Flag, Kind::Bool(_)) => {}
        (Schema::Number, Kind::Int(_) | Kind::Float(_)) => {}
        (Schema::Fitting(fits, wanted), Kind::Str(text)) => {
            if !fits(text) {
                let message = format!("`{path}` is {text:?}, not {wanted}");
                found.push(document.error(node.position, message, String::new()));
            }
        }
        (Schema::Word(words), Kind::Str(text)) => {
            if !words.contains(&text.as_str()) {
                let cure = format!("the API server accepts: {}", words.join(", "));
                let message = format!("`{path}` is `{text}`");
                found.push(document.error(node.position, message, cure));
            }
        }
        (Schema::Whole | Schema::TextOrWhole, _) if node.as_int().is_some() => {}
        (Schema::Within(from, to), _) if node.as_int().is_some() => {
            if node
                .as_int()
                .is_none_or(|value| !(from..=to).contains(&value))
            {
                let message = format!("`{path}` is not within {from} and {to}");
                found.push(document.error(node.position, message, String::new()));
            }
        }
        (Schema::List(item), Kind::Seq(items)) => {
            for (index, node) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                // Only a field's null counts as absent.
                if matches!(node.kind, Kind::Null) {
                    let message = format!("`{path}` is null, not {}", item.name());
                    found.push(document.error(node.position, message, String::new()));
                }
                check(document, &path, node, *item, found);
            }
        }
        (Schema::Map(value), Kind::Map(entries)) => {
            for (key, node) in entries {
                let key = key.as_str().unwrap_or("(not a string)");
                check(document, &format!("{path}.{key}"), node, *value, found);
            }
        }
        (Schema::Object(object), Kind::Map(_)) => {
            let mut fields = Fields::new(document, path, node, found);
            check_object(&mut fields, object, found);
            fields.finish(found);
        }
        (_, kind) => {
            let message = format!("`{path}` is {}, not {}", kind.name(), schema.name());
            found.push(document.error(node.position, message, schema.cure(kind)));
        }
    }
}

impl Schema {
    const fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Fitting(..) | Self::Word(_) => "a string",
            Self::Flag => "a boolean",
            Self::Number => "a number",
            Self::Whole | Self::Within(..) => "an integer",
            Self::TextOrWhole => "an integer or a string",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "a mapping",
        }
    }

    fn cure(self, kind: &Kind) -> String {
        let wants_text = matches!(self, Self::Text | Self::Fitting(..) | Self::Word(_));
        match kind {
            Kind::Int(value) if wants_text => format!("quote it: \"{value}\""),
            Kind::Bool(value) if wants_text => format!("quote it: \"{value}\""),
            Kind::Float(value) if wants_text => format!("quote it: \"{value}\""),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Severity, Source, read_documents};

    /// What is found in a `spec.service` of these fields besides `port`.
    fn found(service: &str) -> Vec<(Severity, String)> {
        let source = Source {
            file: "canary.yaml".into(),
            text: format!("apiVersion: v1\nkind: A\nservice: {{port: 80, {service}}}\n").into(),
        };
        let mut found = Diagnostics::new();
        let documents = read_documents(&source, &mut found);
        let service = documents[0].root.get("service").expect("is there");
        let mut fields = Fields::new(&documents[0], "service", service, &mut found);
        check_object(&mut fields, &SERVICE, &mut found);
        fields.finish(&mut found);
        let line =
            |d: &crate::source::Diagnostic| (d.severity, format!("{}; {}", d.message, d.help));
        found.iter().map(line).collect()
    }

    fn errors(service: &str) -> String {
        let errors = found(service)
            .into_iter()
            .filter(|(severity, _)| *severity == Severity::Error);
        errors.map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn nested_values_have_types_words_and_ranges() {
        let refused = [
            (
                "retries: {attempts: three}",
                "attempts` is a string, not an integer",
            ),
            (
                "headers: {request: {add: {a: 1}}}",
                "headers.request.add.a` is an integer, not a",
            ),
            (
                "corsPolicy: {allowMethods: GET}",
                "allowMethods` is a string, not a list",
            ),
            ("hosts: [a, null]", "hosts[1]` is null"),
            (
                "trafficPolicy: {tls: {mode: FULL}}",
                "accepts: DISABLE, SIMPLE",
            ),
            (
                "gatewayRefs: [{namespace: a}]",
                "gatewayRefs[0].name` is required",
            ),
            (
                "gatewayRefs: [{name: a, port: 0}]",
                "not within 1 and 65535",
            ),
            (
                "gatewayRefs: [{name: a, namespace: A}]",
                "not a namespace's name",
            ),
            ("apex: {labels: {a: true}}", "quote it"),
        ];
        for (service, wanted) in refused {
            assert!(
                errors(service).contains(wanted),
                "{service}: {}",
                errors(service)
            );
        }
    }

    #[test]
    fn choices_are_the_schemas() {
        let of = |condition: &str| errors(&format!("match: [{{uri: {condition}}}]"));
        assert_eq!(of("{}"), "");
        assert_eq!(of("{prefix: /}"), "");
        assert!(of("{prefix: /, exact: /}").contains("takes at most one of exact, prefix, regex"));
        let of = |balancer: &str| errors(&format!("trafficPolicy: {{loadBalancer: {balancer}}}"));
        assert_eq!(of("{simple: RANDOM}"), "");
        assert!(of("{}").contains("takes exactly one of simple, consistentHash"));
        assert_eq!(of("{consistentHash: {useSourceIp: true}}"), "");
    }

    #[test]
    fn an_unknown_field_is_dropped_with_a_guess_at_what_was_meant() {
        let only = |service| found(service).pop().expect("something is found");
        let (severity, text) = only("corsPolicy: {alowMethods: [GET]}");
        assert_eq!(severity, Severity::Warning);
        assert!(text.contains("`service.corsPolicy.alowMethods`"), "{text}");
        assert!(text.contains("did you mean `allowMethods`?"), "{text}");
        assert!(only("zzz: 1").1.contains("check the spelling"));
    }
}
