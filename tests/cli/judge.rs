//! `coalmine judge`.

use serde_json::Value;

use crate::{coalmine, stdout, write};

const LOOKS: &str = "look,n_canary,e_canary,n_control,e_control
09:01,300,3,5700,25
09:02,310,5,5650,30
09:03,295,6,5800,27
09:04,305,4,5710,31
";

fn judged(arguments: &[&str]) -> Value {
    let mut all = vec!["judge", "--format", "json"];
    all.extend(arguments);
    serde_json::from_str(&stdout(&all)).expect("is JSON")
}

/// The golden values of stats.md §2.4, 2.6 and 2.9, through the door that people use.
#[test]
fn golden_looks_have_their_golden_evidence() {
    let folder = tempfile::tempdir().expect("a folder");
    let looks = write(folder.path(), "looks.csv", LOOKS);
    let set = [
        "--set",
        "marginRatio=1",
        "--set",
        "plannedLooks=60",
        "--looks",
        &looks,
    ];
    let seq = judged(&[&["--policy", "seq-guard"][..], &set].concat());
    let wanted = [-0.016_280_667, 1.055_257_540, 4.128_352_464, 4.969_613_640];
    for (look, wanted) in seq["looks"].as_array().expect("a list").iter().zip(wanted) {
        let found = look["ln_e"].as_f64().expect("a number");
        assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
    }
    assert_eq!(
        (&seq["verdict"], &seq["decided_at"]),
        (&"roll-back".into(), &"09:03".into())
    );
    let spend = judged(&[&["--policy", "spend-guard"][..], &set].concat());
    let boundary = &spend["looks"][2]["boundary"];
    assert_eq!(
        (&boundary["errors"], &boundary["critical"]),
        (&14.into(), &13.into())
    );
    let lenient = judged(&["--looks", &looks]);
    assert_eq!(lenient["verdict"], Value::Null);
}

#[test]
fn a_policy_can_be_a_file_and_looks_can_come_from_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = write(
        folder.path(),
        "careful.yaml",
        "apiVersion: coalmine.dev/v1alpha1\nkind: Policy\nmetadata: {name: careful}\n\
         spec: {test: seq-guard, marginRatio: 1, plannedLooks: 60}\n",
    );
    let output = coalmine(&["judge", "--policy", &policy, "--looks", "-"])
        .write_stdin(LOOKS)
        .output()
        .expect("runs");
    let text = String::from_utf8(output.stdout).expect("is UTF-8");
    assert!(
        text.contains("careful rolls back at look 09:03: E = 62.08 ≥ 20."),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
}

#[test]
fn mistakes_are_told_with_their_cures() {
    let folder = tempfile::tempdir().expect("a folder");
    let looks = write(folder.path(), "looks.csv", LOOKS);
    let bad = write(
        folder.path(),
        "bad.csv",
        "n_canary,e_canary,n_control,e_control\n1,2,3,4\n",
    );
    for (arguments, said) in [
        (
            vec!["--policy", "seq-gard", "--looks", &looks],
            "did you mean `seq-guard`?",
        ),
        (
            vec!["--set", "alfa=1", "--looks", &looks],
            "did you mean `alpha`?",
        ),
        (
            vec!["--set", "alpha=7", "--looks", &looks],
            "not between 0 and 1",
        ),
        (vec!["--set", "alpha", "--looks", &looks], "no `=`"),
        (
            vec!["--looks", &bad],
            "2 errors of the canary, and only 1 requests",
        ),
        (vec!["--looks", "no.csv"], "no such file: no.csv"),
    ] {
        let all = [&["judge"][..], &arguments].concat();
        let output = coalmine(&all).output().expect("runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{said} is not in {error}");
    }
}
