//! `extends` with files.

use super::{HEAD, Scenario, read_beside, read_text};

const BASE: &str = "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {name: b/ase}\n\
                    spec:\n  title: the base\n  start: 2026-03-02T09:05\n  horizon: 1h\n  \
                    traffic: [{csv: {file: t.csv}}]\n  service: {pods: 4, errorShare: 1%}\n  \
                    fault: {name: f, effects: [{errorShare: 2%}]}\n";

fn variant(rest: &str, files: &[(&str, &str)]) -> (Vec<Scenario>, String) {
    let text = format!("{HEAD}  extends: {rest}\n");
    read_beside(&text, files)
}

#[test]
fn a_file_is_extended_and_names_its_own_neighbours() {
    let files = [("x/base.yaml", BASE), ("x/t.csv", "0,7\n")];
    let rest = "./x/base.yaml\n  service: {errorShare: 3%}\n  fault: {effects: [{p99Times: 2}]}";
    let (scenarios, complaints) = variant(rest, &files);
    assert_eq!(complaints, "");
    let scenario = &scenarios[0];
    assert_eq!(&*scenario.name, "t/f");
    assert_eq!(scenario.title, "t/f");
    assert_eq!(scenario.traffic.rate(0.0), 7.0);
    let service = &scenario.service;
    assert_eq!((service.pods, service.error_share), (4, 0.03));
    // Lists replace: the base's effect is gone, its fault's name is not.
    assert_eq!(scenario.fault_name.as_deref(), Some("f"));
    assert_eq!(scenario.faults.len(), 1);
    assert_eq!(scenario.faults[0].error_share, 0.0);
}

#[test]
fn bases_of_bases_are_found_from_their_own_folders() {
    let middle = format!("{HEAD}  extends: ../x/base.yaml\n  horizon: 2h\n");
    let last = format!("{HEAD}  extends: steady/errors-20\n  service: {{pods: 9}}\n");
    let files = [
        ("y/middle.yml", &*middle),
        ("y/../x/base.yaml", BASE),
        ("y/../x/t.csv", "0,7\n"),
        ("last.yaml", &*last),
    ];
    let (scenarios, complaints) = variant("y/middle.yml", &files);
    assert_eq!(complaints, "");
    assert_eq!(scenarios[0].horizon.to_string(), "2h00m00s");
    assert_eq!(scenarios[0].traffic.rate(0.0), 7.0);
    let (scenarios, complaints) = variant("last.yaml\n  horizon: 2h", &files);
    assert_eq!(complaints, "");
    assert_eq!(scenarios[0].service.pods, 9);
    assert_eq!(scenarios[0].faults[0].error_share, 0.2);
}

#[test]
fn one_of_several_scenarios_in_a_file_is_chosen_by_name() {
    let second = BASE.replace("b/ase", "b/two").replace("pods: 4", "pods: 5");
    let both = format!("{BASE}---\n{second}");
    let files = [
        ("both.yaml", &*both),
        ("t.csv", "0,7\n"),
        ("none.yaml", "# no\n"),
    ];
    let (scenarios, complaints) = variant("./both.yaml#b/two", &files);
    assert_eq!(complaints, "");
    assert_eq!(scenarios[0].service.pods, 5);
    for (rest, wanted) in [
        (
            "./both.yaml",
            "both.yaml holds several scenarios: b/ase, b/two (say which: `both.yaml#b/ase`)",
        ),
        (
            "./both.yaml#b/tow",
            "holds no scenario named `b/tow` (did you mean `b/two`?)",
        ),
        ("./none.yaml", "none.yaml holds no scenario"),
        ("./no.yaml", "cannot be used: no such file: no.yaml"),
        ("base", "no scenario of the catalogue"),
    ] {
        let (scenarios, complaints) = variant(rest, &files);
        assert!(scenarios.is_empty());
        assert!(
            complaints.starts_with("a.yaml:5:12: error: `spec.extends`"),
            "{complaints}"
        );
        assert!(complaints.contains(wanted), "{complaints} has no {wanted}");
        assert_eq!(complaints.lines().count(), 1, "{complaints}");
    }
}

#[test]
fn circles_are_refused_with_the_way_around() {
    let to = |path: &str| format!("{HEAD}  extends: {path}\n");
    let (b, c) = (to("./x/../c.yaml"), to("./a.yaml"));
    let a = to("./b.yaml");
    let files = [
        ("a.yaml", &*a),
        ("b.yaml", &*b),
        ("x/../c.yaml", &*c),
        ("x/../a.yaml", &*a),
    ];
    let (scenarios, complaints) = variant("./b.yaml", &files);
    assert!(scenarios.is_empty());
    assert_eq!(
        complaints,
        "x/../c.yaml:5:12: error: `./a.yaml` extends itself: a.yaml → b.yaml → c.yaml → a.yaml \
         (one of them must stand alone)"
    );
    let (_, complaints) = variant("./a.yaml", &[("a.yaml", &to("./a.yaml"))]);
    assert!(
        complaints.contains("extends itself: a.yaml → a.yaml"),
        "{complaints}"
    );
    // Names differ, so that nothing is met twice, and it never ends.
    let names: Vec<String> = (0..30).map(|n| format!("{n}.yaml")).collect();
    let texts: Vec<String> = (1..31).map(|n| to(&format!("./{n}.yaml"))).collect();
    let files: Vec<_> = names
        .iter()
        .zip(&texts)
        .map(|(n, t)| (&**n, &**t))
        .collect();
    let (_, complaints) = variant("./0.yaml", &files);
    assert!(
        complaints.contains("at most 16 bases can follow each other"),
        "{complaints}"
    );
}

#[test]
fn a_mistake_is_told_in_the_file_that_makes_it() {
    let wrong = BASE.replace("pods: 4", "pods: 0");
    let files = [("base.yaml", &*wrong), ("t.csv", "0,7\n1,x\n")];
    // Its own: the share. The base's: the pods and the line of its file.
    let (scenarios, complaints) = variant("./base.yaml\n  service: {errorShare: 2}", &files);
    assert!(scenarios.is_empty());
    let mut places: Vec<_> = complaints
        .lines()
        .filter_map(|l| l.split(": ").next())
        .collect();
    places.sort_unstable();
    assert_eq!(places, ["a.yaml:6:25", "base.yaml:9:19", "t.csv:2:3"]);
    // What the base leaves out and nobody adds is missed where it is read.
    let without = BASE.replace("  horizon: 1h\n", "");
    let files = [("base.yaml", &*without), ("t.csv", "0,7\n")];
    let (_, complaints) = variant("./base.yaml", &files);
    assert_eq!(complaints.lines().count(), 1, "{complaints}");
    assert!(complaints.starts_with("a.yaml:"), "{complaints}");
    assert!(
        complaints.contains("`spec.horizon` is required"),
        "{complaints}"
    );
    let (scenarios, complaints) = variant("./base.yaml\n  horizon: 1h", &files);
    assert_eq!((scenarios.len(), &*complaints), (1, ""));
}

#[test]
fn a_mistake_of_two_right_files_is_told_where_they_are_joined() {
    let (_, complaints) = read_text(&format!(
        "{HEAD}  extends: steady/healthy\n  service: {{latency: {{median: 9s}}}}\n"
    ));
    let wanted = "a.yaml:5:12: error: `spec.service.latency.p99` is 300ms, below the median of 9s \
                  (in scenarios/catalogue/steady/healthy.yaml:";
    assert!(complaints.starts_with(wanted), "{complaints}");
}

#[test]
fn broken_bases_are_told_in_their_own_file() {
    for (text, wanted) in [
        ("spec: [a\n", "base.yaml:"),
        (
            "apiVersion: v2\nkind: Scenario\n",
            "base.yaml:1:13: error: a `Scenario` of apiVersion",
        ),
    ] {
        let (scenarios, complaints) = variant("./base.yaml", &[("base.yaml", text)]);
        assert!(scenarios.is_empty());
        assert!(complaints.starts_with(wanted), "{complaints}");
        assert_eq!(complaints.lines().count(), 1, "{complaints}");
    }
}
