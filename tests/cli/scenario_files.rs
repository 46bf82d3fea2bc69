//! Scenarios that are made of several files.

use crate::{coalmine, score_json, stdout, write};

const HEAD: &str = "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {name: my/own}\n\
                    spec:\n  start: 2026-03-02T09:05\n  horizon: 1h\n";

/// What `run` says of a scenario in this file, on standard error and output, and its exit code.
fn run(path: &str) -> (String, String, Option<i32>) {
    let policy = "scenarios/policies/flagger/ten-minutes.yaml";
    let arguments = ["run", "-f", policy, "--scenario", path];
    let output = coalmine(&arguments).output().expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = (text(&output.stderr), text(&output.stdout));
    (told.0, told.1, output.status.code())
}

#[test]
fn traffic_is_read_from_files_beside_the_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    let curves = "  traffic: [{csv: {file: day.csv}}, {prometheus: {file: ./range.json}}]\n";
    let scenario = write(folder.path(), "mine.yaml", &format!("{HEAD}{curves}"));
    write(folder.path(), "day.csv", "time,rps\n00:00,50\n12:00,150\n");
    let range =
        r#"[{"metric":{},"values":[[1772442000,"100"],[1772442300,"NaN"],[1772442600,"120"]]}]"#;
    let range_path = write(folder.path(), "range.json", range);
    let (errors, story, code) = run(&scenario);
    assert_eq!(code, Some(0), "{errors}");
    assert!(errors.contains("1 NaN sample"), "{errors}");
    assert!(story.contains("my/own"), "{story}");
    std::fs::remove_file(range_path).expect("removes");
    write(folder.path(), "day.csv", "time,rps\n00:00,50\n12:00,x\n");
    let (errors, _, code) = run(&scenario);
    assert_eq!(code, Some(2));
    for wanted in ["day.csv:3:7", "12:00,x", "no such file: ", "mine.yaml:7:57"] {
        assert!(errors.contains(wanted), "no {wanted} in {errors}");
    }
}

#[test]
fn what_is_no_file_or_too_large_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let curves =
        "  traffic: [{csv: {file: .}}, {csv: {file: large.csv}}, {csv: {file: raw.csv}}]\n";
    let scenario = write(folder.path(), "mine.yaml", &format!("{HEAD}{curves}"));
    let large = std::fs::File::create(folder.path().join("large.csv")).expect("creates");
    large.set_len((16 << 20) + 1).expect("grows");
    std::fs::write(folder.path().join("raw.csv"), [b'0', b',', 0xff]).expect("writes");
    let (errors, _, code) = run(&scenario);
    assert_eq!(code, Some(2));
    for wanted in [
        "is no file",
        "has 16777217 bytes, more than 16777216",
        "byte 2 is no UTF-8",
    ] {
        assert!(errors.contains(wanted), "no {wanted} in {errors}");
    }
}

#[test]
fn a_variant_shows_the_mistake_of_its_base_in_the_bases_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = format!("{HEAD}  traffic: [{{constant: {{rps: 5}}}}]\n  service: {{pods: none}}\n");
    write(folder.path(), "base.yaml", &base);
    let variant = "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {name: my/variant}\n\
                   spec: {extends: ./base.yaml, horizon: 2h}\n";
    let scenario = write(folder.path(), "variant.yaml", variant);
    let (errors, _, code) = run(&scenario);
    assert_eq!(code, Some(2));
    for wanted in ["base.yaml:8:19", "service: {pods: none}", "^^^^"] {
        assert!(errors.contains(wanted), "no {wanted} in {errors}");
    }
    write(folder.path(), "base.yaml", &base.replace("none", "3"));
    let (errors, story, code) = run(&scenario);
    assert_eq!((code, &*errors), (Some(0), ""));
    assert!(story.contains("my/variant"), "{story}");
}

#[test]
fn the_schema_of_scenario_files_is_printed_as_json() {
    let text = stdout(&["schema", "scenario"]);
    let schema: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    assert_eq!(schema, coalmine_scenarios::schema::scenario());
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert!(text.ends_with("}\n") && text.lines().count() > 500);
}

/// A catalogue file that names a router would be refused for every manifest that asks for another.
#[test]
fn every_suite_takes_the_embedded_policies() {
    for suite in ["default", "incidents", "look-alikes", "faults", "calendar"] {
        let score = crate::score_json(&["--scenario", suite, "--runs", "1"]);
        let cells = score["cells"].as_array().expect("has cells");
        let ran = cells.iter().filter(|cell| cell["n"] == 1).count();
        // The tutorial of Argo is refused by its controller.
        assert_eq!((cells.len() % 6, ran), (0, cells.len() / 6 * 5), "{suite}");
    }
}

#[test]
fn the_default_suite_is_run_unless_others_are_asked_for() {
    let names = |scenarios: &[&str]| {
        let policy = "scenarios/policies/flagger/ten-minutes.yaml";
        let mut arguments = vec!["-f", policy, "--runs", "1"];
        arguments.extend(scenarios);
        let score = score_json(&arguments);
        let list = score["scenarios"].as_array().expect("a list").iter();
        let names = list.map(|one| one["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>()
    };
    let default = names(&[]);
    assert_eq!(default.len(), 20);
    assert!(!default.iter().any(|name| name.starts_with("incidents/")));
    let incidents = names(&["--scenario", "incidents/*"]);
    assert!(incidents.len() >= 7, "{incidents:?}");
    assert!(incidents.iter().all(|name| name.starts_with("incidents/")));
    assert_eq!(names(&["--scenario", "default"]), default);
    let listed = stdout(&["scenarios"]);
    for name in default.iter().chain(&incidents) {
        assert!(listed.contains(&format!("  {name} ")), "{name}");
    }
}
