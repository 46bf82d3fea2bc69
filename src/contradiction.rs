//! A scenario that names a router which the manifest cannot stand before.

use coalmine_policy::source::{Diagnostic, Diagnostics, Node, Severity, Source, read_documents};
use coalmine_scenarios::manifests::Policy;
use coalmine_sim::scenario::Scenario;

/// What is wrong between a policy and a scenario's router, if anything.
pub(crate) fn of_router(
    policy: &Policy,
    scenario: &Scenario,
    sources: &[Source],
) -> Option<Diagnostic> {
    let said = scenario.router_said.as_ref()?;
    let routers = policy.subject.routers();
    if routers.include(&said.kind) {
        return None;
    }
    let asks = match place(policy, routers.field, sources) {
        Some((place, text)) => format!("{}:{place} asks for {text}", policy.file),
        None => format!("{} asks for another one", policy.label),
    };
    Some(Diagnostic {
        severity: Severity::Error,
        file: said.file.clone(),
        position: said.position,
        message: format!("the router is {:?}, but {asks}", said.kind),
        help: format!(
            "leave `router` out, so that the manifest decides (here: {}), or write one of {}, instant",
            routers.usual,
            routers.fit.join(", ")
        ),
    })
}

/// Line and column of the field that asks for a router, and what it says.
fn place(policy: &Policy, field: &[&str], sources: &[Source]) -> Option<(String, String)> {
    let source = sources.iter().find(|source| source.file == policy.file)?;
    let documents = read_documents(source, &mut Diagnostics::new());
    let ours = |document: &&coalmine_policy::source::Document| {
        policy.kind.ends_with(&document.kind) && !document.kind.is_empty()
    };
    let named = documents
        .iter()
        .filter(ours)
        .find(|document| policy.label.contains(&document.name));
    let document = named.or_else(|| documents.iter().find(ours))?;
    let mut node = &document.root;
    for key in field {
        let Some(next) = node.get(key) else {
            // The controller's own default.
            let at = node.position;
            let text = format!("the default of `{}`", field.join("."));
            return Some((format!("{}:{}", at.line, at.column), text));
        };
        node = next;
    }
    let at = node.position;
    Some((format!("{}:{}", at.line, at.column), says(node, field)))
}

fn says(node: &Node, field: &[&str]) -> String {
    let name = field.last().copied().unwrap_or_default();
    match node.as_str() {
        Some(text) => format!("`{name}: {text}`"),
        None => match &node.kind {
            coalmine_policy::source::Kind::Map(entries) => {
                let keys = entries.iter().filter_map(|(key, _)| key.as_str());
                let keys: Vec<_> = keys.collect();
                format!("`{name}: {{{}: …}}`", keys.join(", "))
            }
            _ => format!("`{name}`"),
        },
    }
}
