//! What is in a user's manifests: policies to score, and what is passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use coalmine_policy::source::{Diagnostics, Document, Source, read_documents};
use coalmine_policy::{argo, baseline, flagger};
use coalmine_sim::event::PolicyInfo;
use coalmine_sim::subject::Subject;

use crate::Embedded;

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
pub fn read(sources: &[Source], diagnostics: &mut Diagnostics) -> Manifests {
    let mut documents = Vec::new();
    for source in sources {
        documents.extend(read_documents(source, diagnostics));
    }
    let mut manifests = Manifests::default();
    for document in &documents {
        if !is_ours(document) {
            let kind = document.kind.clone();
            *manifests.skipped.entry(kind).or_default() += 1;
        }
    }
    let mut found = Found::default();
    found.flagger(&documents, diagnostics);
    found.argo(&documents, diagnostics);
    found.baselines(&documents, diagnostics);
    // In the order of the files, whatever the kind.
    found.0.sort_by_key(|(order, _)| (order.0, order.1));
    manifests.policies = found.0.into_iter().map(|(_, policy)| policy).collect();
    make_unique(&mut manifests.policies);
    manifests
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

fn is_ours(document: &Document) -> bool {
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
        _ => false,
    }
}

/// Policies with their place in the stream of documents.
#[derive(Default)]
struct Found(Vec<((usize, usize), Policy)>);

impl Found {
    fn push(
        &mut self,
        documents: &[Document],
        (kind, object): (&'static str, &str),
        (namespace, name): (&str, &str),
        subject: Box<dyn Subject>,
    ) {
        let at = documents.iter().position(|document| {
            document.kind == object
                && document.name == name
                && document.namespace.as_deref().unwrap_or("default") == namespace
        });
        let at = at.unwrap_or(documents.len());
        let file = documents
            .get(at)
            .map(|document| document.source.file.clone());
        self.0.push((
            (at, self.0.len()),
            Policy {
                label: name.to_owned(),
                kind,
                file: file.unwrap_or_default(),
                subject,
            },
        ));
    }

    fn flagger(&mut self, documents: &[Document], diagnostics: &mut Diagnostics) {
        // The mesh provider is a flag of Flagger's; nginx is assumed.
        let options = flagger::Options::default();
        for canary in flagger::read(documents, &options, diagnostics) {
            let names = (canary.namespace.clone(), canary.name.clone());
            self.push(
                documents,
                ("Flagger Canary", "Canary"),
                (&names.0, &names.1),
                Box::new(canary),
            );
        }
    }

    fn argo(&mut self, documents: &[Document], diagnostics: &mut Diagnostics) {
        for rollout in argo::read(documents, diagnostics) {
            let names = (rollout.namespace.clone(), rollout.name.clone());
            self.push(
                documents,
                ("Argo Rollout", "Rollout"),
                (&names.0, &names.1),
                Box::new(rollout),
            );
        }
    }

    fn baselines(&mut self, documents: &[Document], diagnostics: &mut Diagnostics) {
        for baseline in baseline::read(documents, diagnostics) {
            let names = (baseline.namespace.clone(), baseline.name.clone());
            self.push(
                documents,
                ("baseline", "Baseline"),
                (&names.0, &names.1),
                Box::new(Arc::new(baseline)),
            );
        }
    }
}

/// Labels tell policies apart: namesakes get their kind, then their file, then a number.
fn make_unique(policies: &mut [Policy]) {
    let plain: Vec<String> = policies.iter().map(|policy| policy.label.clone()).collect();
    let counted = |labels: &[String], label: &String| labels.iter().filter(|l| *l == label).count();
    let candidates: [&dyn Fn(&Policy) -> String; 3] = [
        &|policy| policy.label.clone(),
        &|policy| format!("{} ({})", policy.label, policy.kind),
        &|policy| format!("{} ({}, {})", policy.label, policy.kind, policy.file),
    ];
    let mut labels = plain;
    for candidate in candidates {
        let next: Vec<String> = policies.iter().map(candidate).collect();
        let clashes: Vec<bool> = labels.iter().map(|l| counted(&labels, l) > 1).collect();
        for (index, clash) in clashes.into_iter().enumerate() {
            if clash {
                labels[index].clone_from(&next[index]);
            }
        }
    }
    for index in 0..labels.len() {
        let earlier = counted(&labels[..index], &labels[index]);
        policies[index].label = match earlier {
            0 => labels[index].clone(),
            n => format!("{} #{}", labels[index], n + 1),
        };
    }
}
