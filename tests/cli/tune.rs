//! `coalmine tune`.

use serde_json::Value;

use crate::{coalmine, stdout, write};

const TEN: &str = "scenarios/policies/flagger/ten-minutes.yaml";
const ARGO: &str = "scenarios/policies/argo/repaired.yaml";

/// Standard output, what is said beside it, and the exit code.
fn tune(arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut all = vec!["tune", "--quiet", "--budget", "3000"];
    all.extend(arguments);
    let output = coalmine(&all).output().expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("is UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

const WORLD: [&str; 4] = [
    "--scenario",
    "steady/healthy",
    "--scenario",
    "market-open/overload-only",
];

/// The fault shows ten minutes after the release: only who is still looking then sees it.
#[test]
fn a_canary_is_made_long_enough_for_the_market_to_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(TEN)
        .expect("is there")
        .replace('\n', "\r\n");
    let text = text.replacen("stepWeight: 10", "stepWeight: 10 # by tens", 1);
    let file = write(folder.path(), "canary.yaml", &text);
    let vary = ["--vary", "analysis.stepWeight=2,5,10"];
    let require = ["--require", "missed<10%", "--require", "false-rollback<10%"];
    let search = [&["-f", &file][..], &WORLD, &vary, &require].concat();
    let (told, error, code) = tune(&search);
    assert_eq!(code, Some(0), "{told}{error}");
    assert!(
        told.lines().all(|line| line.chars().count() <= 100),
        "{told}"
    );
    assert!(told.contains("Recommended: "), "{told}");
    assert!(told.contains("-    stepWeight: 10 # by tens"), "{told}");
    // The same seed, the same bytes, whatever the number of threads; nothing was written.
    let (again, ..) = tune(&[&search[..], &["--threads", "1"]].concat());
    assert_eq!(again, told);
    assert_eq!(std::fs::read_to_string(&file).expect("is there"), text);
    let (_, error, code) = tune(&[&search[..], &["--write"]].concat());
    assert_eq!(code, Some(0), "{error}");
    let after = std::fs::read_to_string(&file).expect("is there");
    let changed: Vec<_> = text
        .lines()
        .zip(after.lines())
        .filter(|(a, b)| a != b)
        .collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(
        after.contains(" # by tens\r\n") && !after.contains("stepWeight: 10"),
        "{after}"
    );
}

#[test]
fn what_cannot_be_kept_is_said_with_the_nearest_and_what_blocks_it() {
    let world = [
        "--scenario",
        "off-peak/healthy",
        "--scenario",
        "off-peak/errors-2",
    ];
    let vary = ["--vary", "analysis.threshold=1..3"];
    let require = ["--require", "missed<1%", "--require", "false-rollback<1%"];
    let (told, error, code) = tune(&[&["-f", TEN][..], &world, &vary, &require].concat());
    assert_eq!(code, Some(1), "{told}{error}");
    assert!(
        told.contains("keeps missed<1% and false-rollback<1% and stuck<1%. The nearest is"),
        "{told}"
    );
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("off-peak/errors-2 is missed in "), "{told}");
    assert!(
        told.contains("it is the traffic. The canary has served about "),
        "{told}"
    );
}

/// With a pause until the end of the scenario nothing is promoted, and so nothing missed.
#[test]
fn waiting_for_ever_is_no_way_to_miss_nothing() {
    let world = [
        "--scenario",
        "steady/healthy",
        "--scenario",
        "steady/errors-2",
    ];
    let vary = ["--vary", "steps[1].pause=10m,55m"];
    let (told, error, code) = tune(
        &[
            &["-f", ARGO][..],
            &world,
            &vary,
            &["--require", "missed<10%"],
        ]
        .concat(),
    );
    assert_eq!(code, Some(1), "{told}{error}");
}

#[test]
fn argo_is_tuned_by_its_own_addresses_and_the_formats_are_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let arguments = [
        "-f",
        ARGO,
        "--scenario",
        "steady/healthy",
        "--scenario",
        "steady/errors-2",
        "--vary",
        "AnalysisTemplate/success-rate-check:metrics[success-rate].failureLimit=0..3",
        "--vary",
        "steps[1].pause=5m,10m",
        "--out",
        out.to_str().expect("is text"),
        "--format",
        "json",
    ];
    let (told, error, _) = tune(&arguments);
    let document: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}{error}"));
    assert_eq!(document["format"], 1);
    for name in [
        "tune.json",
        "tune.csv",
        "tune.html",
        "front.svg",
        "tune.patch",
    ] {
        assert!(out.join(name).exists(), "{name}");
    }
    let page = std::fs::read_to_string(out.join("tune.html")).expect("is there");
    assert!(
        page.contains("</svg>") && !page.contains("<script"),
        "{page}"
    );
}

#[test]
fn mistakes_are_told_all_at_once_with_their_cures() {
    for (arguments, said) in [
        (
            vec!["-f", TEN, "--vary", "analysis.treshold=1..3"],
            "analysis.threshold",
        ),
        (
            vec!["-f", TEN, "--vary", "analysis.threshold=much"],
            "analysis.threshold",
        ),
        (vec!["-f", TEN, "--require", "mised<1%"], "missed"),
        (vec![], "no manifest is given"),
        (
            vec!["--write", "--policy", "flagger-tutorial"],
            "--write has no file",
        ),
    ] {
        let (_, error, code) = tune(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
    let two = [
        "-f",
        TEN,
        "--vary",
        "analysis.a=1",
        "--vary",
        "analysis.b=1",
    ];
    let (_, error, _) = tune(&two);
    assert!(
        error.contains("analysis.a") && error.contains("analysis.b"),
        "{error}"
    );
}

#[test]
fn a_manifest_can_come_from_a_pipe() {
    let text = std::fs::read_to_string(TEN).expect("is there");
    let mut command = coalmine(&[
        "tune", "-f", "-", "--quiet", "--budget", "4000", "--format", "patch",
    ]);
    command
        .args(WORLD)
        .args(["--vary", "analysis.stepWeight=5,10"]);
    let output = command
        .args(["--require", "missed<20%"])
        .write_stdin(text)
        .output()
        .expect("runs");
    let patch = String::from_utf8(output.stdout).expect("is UTF-8");
    assert!(
        patch.contains("-    stepWeight: 10\n+    stepWeight: 5\n"),
        "{patch}"
    );
    let help = stdout(&["tune", "--help"]);
    assert!(help.contains("--vary"), "{help}");
}
