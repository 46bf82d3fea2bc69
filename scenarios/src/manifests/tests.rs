use super::*;

const REPAIRED: &str = include_str!("../../policies/argo/repaired.yaml");
const TUTORIAL: &str = include_str!("../../policies/argo/tutorial.yaml");

pub(super) fn read_files(files: &[(&str, &str)]) -> (Vec<Policy>, Vec<String>) {
    let source = |(file, text): &(&str, &str)| Source {
        file: (*file).into(),
        text: (*text).into(),
    };
    let sources: Vec<_> = files.iter().map(source).collect();
    let mut found = Diagnostics::new();
    let policies = read(&sources, &mut found).policies;
    (policies, found.iter().map(ToString::to_string).collect())
}

/// File and whether the controller refuses it.
fn verdicts(files: &[(&str, &str)]) -> Vec<(String, bool)> {
    let (policies, told) = read_files(files);
    assert_eq!(told, [""; 0]);
    let verdict = |policy: &Policy| {
        let info = policy.info();
        assert!(info.label.contains(&info.file), "{}", info.label);
        (info.file, info.invalid.is_some())
    };
    policies.iter().map(verdict).collect()
}

/// The Rollout and the AnalysisTemplate of a file.
fn parts(text: &str) -> (&str, &str) {
    text.split_once("\n---\n").expect("has two documents")
}

#[test]
fn variants_in_two_files_keep_to_their_own_templates_in_any_order() {
    let (repaired, tutorial) = (("a.yaml", REPAIRED), ("b.yaml", TUTORIAL));
    let expected = [("a.yaml".to_owned(), false), ("b.yaml".to_owned(), true)];
    assert_eq!(verdicts(&[repaired, tutorial]), expected);
    let [good, bad] = expected;
    assert_eq!(verdicts(&[tutorial, repaired]), [bad, good]);
}

#[test]
fn a_template_without_a_namespace_does_not_reach_a_variant() {
    let anywhere = TUTORIAL.replace("  namespace: production\n", "");
    let files = [("a.yaml", &*anywhere), ("b.yaml", REPAIRED)];
    let (policies, _) = read_files(&files);
    assert!(policies[0].info().invalid.is_some());
    assert!(policies[1].info().invalid.is_none());
}

#[test]
fn a_template_of_another_file_is_found_when_there_is_one() {
    let (rollout, template) = parts(REPAIRED);
    let (policies, told) = read_files(&[("r.yaml", rollout), ("t.yaml", template)]);
    assert_eq!(told, [""; 0]);
    assert_eq!(policies.len(), 1);
    assert!(policies[0].info().invalid.is_none());
    assert_eq!(policies[0].info().file, "r.yaml");
    assert_eq!(policies[0].label, "checkout-api");
}

#[test]
fn two_templates_elsewhere_are_neither_and_it_is_said() {
    let (rollout, good) = parts(REPAIRED);
    let (_, bad) = parts(TUTORIAL);
    let (_, told) = read_files(&[("r.yaml", rollout), ("t.yaml", good), ("u.yaml", bad)]);
    let hidden = "r.yaml:6:9: warning: AnalysisTemplate `success-rate-check` is not seen from this \
                  file: t.yaml and u.yaml define it";
    assert!(told.iter().any(|one| one.starts_with(hidden)), "{told:#?}");
}

#[test]
fn a_template_of_its_own_namespace_is_no_hidden_one() {
    let elsewhere = REPAIRED.replace("namespace: production", "namespace: test");
    let (_, good) = parts(REPAIRED);
    let (_, bad) = parts(TUTORIAL);
    let files = [("a.yaml", &*elsewhere), ("t.yaml", good), ("u.yaml", bad)];
    let (policies, told) = read_files(&files);
    assert_eq!(told, [""; 0]);
    assert!(policies[0].info().invalid.is_none());
}

#[test]
fn an_object_twice_in_one_file_is_a_mistake_with_both_places() {
    let text = format!("{REPAIRED}\n---\n{}", parts(TUTORIAL).1);
    let (_, told) = read_files(&[("a.yaml", &text)]);
    assert_eq!(told.len(), 1, "{told:#?}");
    let line = text.lines().count() - parts(TUTORIAL).1.lines().count() + 4;
    let place = format!("a.yaml:{line}:9: error: AnalysisTemplate `success-rate-check`");
    assert!(told[0].starts_with(&place), "{place}\n{told:#?}");
    assert!(told[0].contains("first at a.yaml:47:9"), "{told:#?}");
    assert!(told[0].contains("separate files"), "{told:#?}");
}

#[test]
fn mistakes_in_shared_parts_are_told_once() {
    let (rollout, template) = parts(REPAIRED);
    let other = rollout.replace("name: checkout-api\n", "name: other\n");
    let broken = template.replacen("interval: 2m", "interval: [2m]", 1);
    let files = [
        ("a.yaml", rollout),
        ("b.yaml", &*other),
        ("t.yaml", &*broken),
    ];
    let (_, told) = read_files(&files);
    let in_template = told.iter().filter(|one| one.starts_with("t.yaml:"));
    assert_eq!(in_template.count(), 1, "{told:#?}");
}
