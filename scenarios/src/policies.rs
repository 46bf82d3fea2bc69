//! The policies that `score` compares when the user brings none, as real manifests.

use crate::Embedded;

macro_rules! files {
    ($($label:literal: $path:literal)+) => {
        &[$(Embedded {
            label: $label,
            file: concat!("scenarios/policies/", $path),
            text: include_str!(concat!("../policies/", $path)),
        }),+]
    };
}

const FILES: &[Embedded] = files! {
    "flagger-tutorial": "flagger/tutorial.yaml"
    "flagger-ten-minutes": "flagger/ten-minutes.yaml"
    "argo-tutorial": "argo/tutorial.yaml"
    "argo-repaired": "argo/repaired.yaml"
    "rolling-update": "baseline/rolling-update.yaml"
    "person-ten-minutes": "baseline/person-ten-minutes.yaml"
};

/// The embedded manifests, in the order of reports.
#[must_use]
pub const fn policies() -> &'static [Embedded] {
    FILES
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use coalmine_policy::baseline;
    use coalmine_policy::source::{Diagnostics, read_documents};
    use coalmine_promql::Query;
    use coalmine_sim::exposition::{Frame, potential};
    use coalmine_sim::scenario::Scrape;
    use coalmine_sim::subject::Subject;

    use super::*;

    #[test]
    fn manifests_are_yaml_with_a_comment_on_top_and_unique_labels() {
        let mut labels = std::collections::BTreeSet::new();
        for policy in policies() {
            let mut diagnostics = Diagnostics::new();
            let documents = read_documents(&policy.source(), &mut diagnostics);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            assert!(
                documents
                    .iter()
                    .all(|d| d.namespace.as_deref() == Some("production"))
            );
            assert!(policy.text.starts_with("# "), "{}", policy.file);
            assert!(labels.insert(policy.label));
        }
    }

    #[test]
    fn baselines_read_without_complaint() {
        let read = |label: &str| {
            let policy = policies()
                .iter()
                .find(|p| p.label == label)
                .expect("is embedded");
            let mut diagnostics = Diagnostics::new();
            let documents = read_documents(&policy.source(), &mut diagnostics);
            let baseline = baseline::read(&documents, &mut diagnostics).remove(0);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            baseline
        };
        assert_eq!(read("rolling-update").looks, None);
        let looks = read("person-ten-minutes").looks.expect("somebody looks");
        assert_eq!((looks.count, looks.checks.len()), (3, 2));
    }

    #[test]
    fn the_repaired_rollout_differs_from_the_tutorial_by_its_counts_only() {
        let text = |label: &str| {
            let policy = policies()
                .iter()
                .find(|p| p.label == label)
                .expect("is embedded");
            let lines = policy.text.lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let mut repaired = text("argo-repaired");
        repaired.retain(|line| line.trim() != "count: 5");
        assert_eq!(repaired.len() + 2, text("argo-repaired").len());
        assert_eq!(repaired, text("argo-tutorial"));
    }

    /// A query that matches nothing would make the person blind without anybody noticing.
    #[test]
    fn the_person_looks_at_series_that_the_world_exposes() {
        let person = policies().last().expect("has policies");
        let documents = read_documents(&person.source(), &mut Diagnostics::new());
        let baseline = baseline::read(&documents, &mut Diagnostics::new()).remove(0);
        let subject = Arc::new(baseline);
        let series = potential(&Frame {
            names: &subject.names(),
            topology: &subject.topology(),
            front: coalmine_sim::subject::Front::Nginx,
            pods_created: [33, 0],
            experiments: &[],
            ingress_replicas: 2,
            buckets_s: &Scrape::default().buckets_s,
            latency_by_status: false,
            routes: &[],
            business: &[],
        });
        let asked = subject.queries();
        assert_eq!(asked.len(), 2);
        for query in &asked {
            let query = Query::parse(&query.text).expect("is PromQL");
            for selector in query.selectors() {
                let conditions = &selector.matchers;
                let matched = series.iter().filter(|series| {
                    conditions
                        .iter()
                        .all(|m| m.matches(series.labels.get(&m.name)))
                });
                assert!(matched.count() > 0, "{selector:?}");
            }
        }
    }
}
