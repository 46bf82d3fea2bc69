//! What is in a user's manifests: policies to score, and what is passed over.

mod labels;
pub(crate) mod objects;

use std::collections::BTreeMap;
use std::sync::Arc;

use coalmine_policy::source::{Diagnostics, Document, Kind, Position, Source, read_documents};
use coalmine_policy::{argo, baseline, flagger};
use coalmine_sim::event::PolicyInfo;
use coalmine_sim::subject::Subject;

use crate::Embedded;
use crate::suite::{Digest, digest_of};
use objects::Objects;

/// A policy from a manifest.
#[derive(Debug)]
pub struct Policy {
    /// Its name in reports, unique within [`Manifests`].
    pub label: String,
    /// The controller and object (`Flagger Canary`).
    pub kind: &'static str,
    /// The file it stands in.
    pub file: Arc<str>,
    /// What runs.
    pub subject: Box<dyn Subject>,
    /// Where what it does is written.
    pub places: Places,
    /// The name of what its object and the parts that it may use say.
    pub digest: Digest,
}

/// Where a policy's manifest says what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The whole object.
    pub object: Position,
    /// How it looks at the new version; the object where it does not.
    pub analysis: Position,
    /// How it goes ahead; likewise.
    pub steps: Position,
}

impl Places {
    fn of(document: &Document) -> Self {
        let object = document.root.at(&["metadata", "name"]);
        let object = object.map_or(document.root.position, |name| name.position);
        let first = |paths: &[&[&str]]| {
            let key = |path: &&[&str]| {
                let (name, parents) = path.split_last()?;
                let Kind::Map(entries) = &document.root.at(parents)?.kind else {
                    return None;
                };
                let mut keys = entries.iter().map(|(key, _)| key);
                keys.find(|key| key.as_str() == Some(name))
                    .map(|key| key.position)
            };
            paths.iter().find_map(key).unwrap_or(object)
        };
        let canary = ["spec", "strategy", "canary"];
        let [spec, strategy, canary] = canary;
        Self {
            object,
            analysis: first(&[
                &[spec, "analysis"],
                &[spec, "canaryAnalysis"],
                &[spec, strategy, canary, "analysis"],
                &[spec, strategy, canary, "steps"],
                &[spec, "looks"],
            ]),
            steps: first(&[
                &[spec, "analysis"],
                &[spec, "canaryAnalysis"],
                &[spec, strategy, canary, "steps"],
                &[spec, strategy, canary],
            ]),
        }
    }
}

impl Policy {
    /// What reports show of it.
    #[must_use]
    pub fn info(&self) -> PolicyInfo {
        PolicyInfo {
            label: self.label.clone(),
            kind: self.kind.to_owned(),
            file: self.file.to_string(),
            invalid: self.subject.refusal(),
        }
    }
}

/// Everything found in a set of files.
#[derive(Debug, Default)]
pub struct Manifests {
    /// The policies, in the order of the files.
    pub policies: Vec<Policy>,
    /// Documents that are no policy and no part of one: kind and how many.
    pub skipped: BTreeMap<String, usize>,
}

/// The kinds that are read here, for messages.
pub const KINDS: &str = "Flagger `Canary` and `MetricTemplate`, Argo `Rollout`, `AnalysisTemplate` \
     and `ClusterAnalysisTemplate`, and coalmine's own `Baseline`";

/// Reads files that belong together: a template may stand in another file than its user.
///
/// Files may also be variants of each other. A policy sees every object of its own file, and of the
/// others those that are defined only once.
pub fn read(sources: &[Source], diagnostics: &mut Diagnostics) -> Manifests {
    let mut manifests = Manifests::default();
    let mut files = Vec::new();
    for source in sources {
        let documents = read_documents(source, diagnostics);
        let (ours, others): (Vec<_>, Vec<_>) = documents.into_iter().partition(is_ours);
        for other in others {
            *manifests.skipped.entry(other.kind).or_default() += 1;
        }
        files.push(ours);
    }
    let mut found = Diagnostics::new();
    let objects = Objects::new(&files, &mut found);
    for file in 0..files.len() {
        let (policies, parts) = objects.seen_from(file, &mut found);
        manifests
            .policies
            .extend(read_file(policies, parts, &mut found));
    }
    diagnostics.extend(once(&found));
    labels::make_unique(&mut manifests.policies);
    manifests
}

/// The policies of one file, in its order, with the parts that they may use.
fn read_file(
    policies: Vec<Document>,
    parts: Vec<Document>,
    found: &mut Diagnostics,
) -> Vec<Policy> {
    let count = parts.len();
    let mut world = parts;
    // Parts have mistakes even where no policy uses them.
    let mut read = read_world(&world, found);
    for policy in policies {
        world.truncate(count);
        world.push(policy);
        read.extend(read_world(&world, found));
    }
    read
}

/// The policies among documents of which the last may be one.
fn read_world(documents: &[Document], found: &mut Diagnostics) -> Vec<Policy> {
    let file = documents
        .last()
        .map(|document| document.source.file.clone());
    let file = file.unwrap_or_default();
    let places = documents.last().map(Places::of).unwrap_or_default();
    let digest = digest_of(documents);
    let policy = |kind: &'static str, label: &str, subject: Box<dyn Subject>| Policy {
        label: label.to_owned(),
        kind,
        file: file.clone(),
        subject,
        places,
        digest,
    };
    let mut policies = Vec::new();
    // The mesh provider is a flag of Flagger's; nginx is assumed.
    for canary in flagger::read(documents, &flagger::Options::default(), found) {
        let name = canary.name.clone();
        policies.push(policy("Flagger Canary", &name, Box::new(canary)));
    }
    for rollout in argo::read(documents, found) {
        let name = rollout.name.clone();
        policies.push(policy("Argo Rollout", &name, Box::new(rollout)));
    }
    for baseline in baseline::read(documents, found) {
        let name = baseline.name.clone();
        policies.push(policy("baseline", &name, Box::new(Arc::new(baseline))));
    }
    policies
}

/// The same without repetitions: every policy that may use a part tells the part's mistakes.
pub(crate) fn once(found: &Diagnostics) -> Diagnostics {
    let mut told = Diagnostics::new();
    for diagnostic in found.iter() {
        if !told.iter().any(|other| other == diagnostic) {
            told.push(diagnostic.clone());
        }
    }
    told
}

/// The policies that are scored when the user brings none; each file is a world of its own, since
/// several tell the same objects in another way.
pub fn embedded(files: &[Embedded], diagnostics: &mut Diagnostics) -> Vec<Policy> {
    let mut policies = Vec::new();
    for file in files {
        for policy in read(&[file.source()], diagnostics).policies {
            policies.push(Policy {
                label: file.label.to_owned(),
                ..policy
            });
        }
    }
    policies
}

pub(crate) fn is_ours(document: &Document) -> bool {
    match document.api_version.as_str() {
        flagger::API_VERSION => matches!(
            document.kind.as_str(),
            "Canary" | "MetricTemplate" | "AlertProvider"
        ),
        argo::API_VERSION => matches!(
            document.kind.as_str(),
            "Rollout" | "AnalysisTemplate" | "ClusterAnalysisTemplate"
        ),
        baseline::API_VERSION => document.kind == "Baseline",
        // Ingresses and TraefikServices that keep sessions.
        _ => coalmine_policy::stickiness::is_about(document),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_sticky;
