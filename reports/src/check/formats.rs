//! What a check looks like in every format.

use coalmine_policy::source::{Position, Source};
use coalmine_scenarios::manifests::Places;

use super::tests::{played, recorded};
use super::*;
use crate::summary::Summary;
use crate::terminal::Options;
use crate::{github, sarif};

const MANIFEST: &str = "metadata:\n  name: careful\nspec:\n  analysis:\n    threshold: 5\n";
const SUITE: &str = "spec:\n  gates:\n    - missed<2%\n    - stuck<0.2%\n";

fn at(line: usize, column: usize) -> Position {
    Position {
        line,
        column,
        ..Position::default()
    }
}

/// A study in which a policy misses more than it did, against a gate that it breaches and one that
/// cannot be decided; a policy that is refused, and one that did not change.
fn with_checked(look: impl FnOnce(&Checked<'_>)) {
    let (before, recorder, today) = recorded();
    let lock = Lock::new(&before, &recorder, &today);
    let (summary, recorder, today) = played(970);
    let against = against(
        Some(&lock),
        (&summary, &recorder, &today),
        &["missed", "stuck"],
    );
    look(&checked(
        &summary,
        &["missed<2%", "stuck<0.2%"],
        against,
        &sources(),
    ));
}

fn sources() -> [Source; 2] {
    [("careful.yaml", MANIFEST), ("coalmine.yaml", SUITE)].map(|(file, text)| Source {
        file: file.into(),
        text: text.into(),
    })
}

fn checked<'a>(
    summary: &'a Summary,
    gates: &[&str],
    against: Against,
    sources: &'a [Source],
) -> Checked<'a> {
    let gate = |(text, line): (&&str, usize)| Gate {
        requirement: text.parse().expect("is a requirement"),
        policies: (0..summary.study.policies.len()).collect(),
        scenarios: text.starts_with("stuck").then(|| vec![0]),
        at: at(line, 7),
    };
    let gates: Vec<Gate> = gates.iter().zip(3..).map(gate).collect();
    let mut checked = Checked {
        title: "checkout".to_owned(),
        file: "coalmine.yaml".into(),
        lock_file: "coalmine.lock.json".to_owned(),
        sources,
        places: vec![
            Places {
                object: at(2, 9),
                analysis: at(4, 3),
                steps: at(4, 3),
            };
            summary.study.policies.len()
        ],
        at: at(1, 1),
        results: judge(&gates, summary),
        gates,
        summary,
        against,
        family_error: 0.05,
        replayed: Vec::new(),
    };
    let worse = checked.that_are(Compared::Worse).next();
    let replayed = worse.map(|(change, what)| Replayed {
        change,
        replication: what.tested.turned[0],
        before: Some(End::RolledBack),
        now: End::Promoted,
        why: "The policy looked 7 times; the fault was active at each of them.".to_owned(),
        command: "coalmine run -f careful.yaml --scenario steady/errors-2".to_owned(),
    });
    checked.replayed.extend(replayed);
    checked
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("is UTF-8")
}

#[test]
fn a_check_reads_well() {
    with_checked(|checked| {
        assert_eq!(checked.verdict(), Verdict::Failed);
        insta::assert_snapshot!("terminal", render(checked, Options::default()));
        insta::assert_snapshot!("markdown", markdown(checked));
    });
}

#[test]
fn programs_get_all_of_it() {
    with_checked(|checked| {
        insta::assert_snapshot!("json", written(|out| write(checked, out)));
        insta::assert_snapshot!("junit", written(|out| junit(checked, out)));
        let findings = checked.findings();
        let annotations = written(|out| github::write(&findings, checked.sources, out));
        insta::assert_snapshot!("github", annotations);
        let log = written(|out| sarif::write("check", &RULES, &findings, checked.sources, out));
        insta::assert_snapshot!("sarif", log);
    });
}

/// However long its names are.
#[test]
fn a_table_is_as_wide_as_its_screen() {
    let long = |name: &str| format!("{name} of the team in the south of the east (Argo Rollout)");
    let (before, recorder, today) = recorded();
    let mut lock = Lock::new(&before, &recorder, &today);
    let (mut summary, recorder, today) = played(970);
    let study = std::sync::Arc::make_mut(&mut summary.study);
    for policy in &mut study.policies {
        let kept = lock.policies.remove(&policy.label);
        policy.label = long(&policy.label);
        lock.policies
            .extend(kept.map(|kept| (policy.label.clone(), kept)));
    }
    let measures = ["missed", "false-rollback", "hurt", "duration"];
    let against = against(Some(&lock), (&summary, &recorder, &today), &measures);
    let sources = sources();
    let gates = [
        "missed<2%",
        "stuck<0.2%",
        "detect-p95<5m",
        "hurt-users-p95<10",
    ];
    let checked = checked(&summary, &gates, against, &sources);
    let text = render(&checked, Options::default());
    let wide = |line: &&str| line.chars().count() > 100;
    assert_eq!(text.lines().find(wide), None);
    // And what is asked is said in full.
    for gate in gates {
        assert!(
            text.contains(&format!("\n{gate} ")),
            "{gate} is not in {text}"
        );
    }
    assert!(text.contains("\n  steady/errors-2"), "{text}");
    assert!(text.contains("\n    missed "), "{text}");
}

#[test]
fn a_new_baseline_tells_what_is_other() {
    let lock = |right| {
        let (summary, recorder, today) = played(right);
        Lock::new(&summary, &recorder, &today)
    };
    let (old, mut new) = (lock(990), lock(970));
    let file = "coalmine.lock.json";
    assert_eq!(
        update(Some(&old), &old, file),
        "coalmine.lock.json stays as it is\n"
    );
    let blind = new.policies.remove("blind").expect("is there");
    new.policies.insert("bold".to_owned(), blind);
    new.simulator = "another".to_owned();
    insta::assert_snapshot!("update", update(Some(&old), &new, file));
}
