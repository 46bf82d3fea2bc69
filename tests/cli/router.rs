//! `coalmine router`.

use crate::{coalmine, stdout, write};

fn csv(writes: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "writes.csv", writes);
    let mut arguments = vec![
        "router", "--preset", "det", "--format", "csv", "--writes", &file,
    ];
    arguments.extend(more);
    stdout(&arguments)
}

#[test]
fn the_mean_and_each_unit_are_told_from_when_to_when() {
    let two = csv("time,event\n0,10\n", &["--set", "phases=0.4:0.9"]);
    let expected = "unit,from,to,weight\nmean,0.400,0.900,5\nmean,0.900,,10\n0,0.400,,10\n\
                    1,0.900,,10\n";
    assert_eq!(two, expected);
    let late = csv("-1,slice\n-0.2,reload\n0,weight,20\n", &[]);
    assert!(late.contains("\nmean,4.400,,20\n"), "{late}");
}

#[test]
fn other_routers_have_their_own_mechanism() {
    let writes = "0,10\n0.5,20\n1.0,30\n";
    let quick = ["--kind", "traefik", "--set", "units=1", "--set", "watch=0s"];
    let traefik = csv(writes, &[&quick[..], &["--set", "build=0s"]].concat());
    let expected = "unit,from,to,weight\nmean,0.000,2.000,10\nmean,2.000,,30\n0,0.000,2.000,10\n\
                    0,2.000,,30\n";
    assert_eq!(traefik, expected);
}

#[test]
fn mistakes_are_told_all_at_once_with_their_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "writes.csv", "0,10\n1,soon\nx,5\n-1,20\n");
    let output = coalmine(&["router", "--writes", &file])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    for part in [
        "`soon` is no event",
        "`x` is no time",
        "before the line above",
        ":2:1",
        ":4:1",
    ] {
        assert!(errors.contains(part), "{part} in {errors}");
    }
}

#[test]
fn an_unknown_router_is_told_its_nearest() {
    let output = coalmine(&["router", "--kind", "istoi", "--writes", "-"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("did you mean `istio`?"), "{errors}");
}
