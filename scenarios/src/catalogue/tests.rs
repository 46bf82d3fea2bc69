use coalmine_policy::Span;
use coalmine_sim::fault::{Condition, Version};

use super::*;

fn scenarios() -> Vec<Scenario> {
    names()
        .map(|name| find(name).expect("is in the catalogue"))
        .collect()
}

#[test]
fn every_file_reads_without_complaint_and_is_named_by_its_path() {
    for file in files() {
        let mut diagnostics = Diagnostics::new();
        let scenarios = crate::read(&file.source(), &mut NoFiles, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!(scenarios.len(), 1, "{}", file.file);
        let scenario = &scenarios[0];
        assert_eq!(&*scenario.name, file.label);
        let named = scenario
            .fault_name
            .as_deref()
            .or(scenario.lookalike_name.as_deref());
        // Beyond the default suite a good release needs no other name for what makes it look bad.
        let in_default = about(file).suite == DEFAULT_SUITE;
        let (traffic, last) = file.label.split_once('/').expect("has two parts");
        assert_eq!(scenario.traffic_name, traffic);
        if in_default || named.is_some() {
            assert_eq!(named.unwrap_or("healthy"), last);
        }
        assert_eq!(scenario.faults.is_empty(), named.is_none());
    }
}

#[test]
fn every_file_has_a_suite_and_a_reason_of_its_own() {
    let mut reasons = std::collections::BTreeSet::new();
    for file in files() {
        let About { suite, reason } = about(file);
        assert!(!suite.is_empty(), "{}", file.file);
        assert!(reason.len() > 150, "{}: {reason}", file.file);
        assert!(!reason.contains('\n'), "{}: one paragraph", file.file);
        assert!(reasons.insert(reason), "{}", file.file);
        // A fault says which real incidents it stands for.
        let has_fault = file.text.contains("\n  fault:\n");
        assert_eq!(
            has_fault,
            file.text.contains("\n    incident: "),
            "{}",
            file.file
        );
        assert!(
            file.text.lines().all(|line| line.chars().count() <= 100),
            "{}",
            file.file
        );
    }
}

#[test]
fn no_file_on_disk_is_forgotten() {
    let catalogue = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let entries = |path: &std::path::Path| {
        let entries = std::fs::read_dir(path).expect("reads");
        entries
            .map(|entry| entry.expect("reads").path())
            .collect::<Vec<_>>()
    };
    let files = entries(&catalogue).into_iter().flat_map(|f| entries(&f));
    let label = |path: std::path::PathBuf| {
        let path = path.with_extension("");
        let path = path.strip_prefix(&catalogue).expect("is inside");
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let mut on_disk: Vec<_> = files.map(label).collect();
    let mut embedded: Vec<_> = names().map(str::to_owned).collect();
    on_disk.sort();
    embedded.sort();
    assert_eq!(on_disk, embedded);
}

#[test]
fn traffic_is_as_promised() {
    let traffic = |name: &str| find(name).expect("is there").traffic;
    let near = |value: f64, expected: f64| {
        assert!(
            (value - expected).abs() < 1e-6 * expected,
            "{value}, not {expected}"
        );
    };
    near(traffic("steady/healthy").integral(0.0, 3600.0), 720_000.0);
    near(traffic("off-peak/healthy").integral(0.0, 3600.0), 1_800.0);
    // Half a rise of 10 s, then the integral of the decay with a time constant of 400 s.
    let market = traffic("market-open/healthy");
    near(market.rate(599.0), 200.0);
    near(market.rate(610.0), 2_000.0);
    near(
        market.rate(610.0 + 1200.0),
        200.0 + 1800.0 * (-3.0_f64).exp(),
    );
    let burst = 1800.0 * (5.0 + 400.0 * (1.0 - (-3.0_f64).exp()));
    near(market.integral(0.0, 1810.0), 200.0 * 1810.0 + burst);
    // The top at 20:30 is 100 minutes after the start; 19:00 is two deviations before it.
    let dinner = traffic("dinner-peak/healthy");
    near(dinner.rate(6_000.0), 1_000.0);
    near(dinner.rate(600.0), 100.0 + 900.0 * (-2.0_f64).exp());
    let bell = |from, to| dinner.integral(from, to) - 100.0 * (to - from);
    let inside = bell(600.0, 11_400.0) / bell(-40_000.0, 50_000.0);
    assert!((inside - 0.954_499_7).abs() < 1e-6, "{inside}");
}

/// The fault must hide at 200 requests a second, however they are split, and show at the spike.
#[test]
fn overload_shows_at_the_opening_and_never_before() {
    let scenario = find("market-open/overload-only").expect("is there");
    let behaviours = scenario.behaviours();
    let shows = |total: f64, pods: f64| {
        let mask = behaviours.mask(Version::New, &Condition::settled(total / pods), usize::MAX);
        behaviours.get(mask).is_release_fault
    };
    let pods = f64::from(scenario.service.pods);
    // Half the traffic on a full canary, everything on one pod more, everything while a quarter of
    // the pods is replaced.
    let splits = [(0.5, pods), (1.0, pods + 1.0), (1.0, pods * 0.75)];
    for (share, pods) in splits {
        assert!(!shows(200.0 * share, pods));
        assert!(shows(2_000.0 * share, pods));
    }
    // The first step of a Flagger canary, a tenth, stays hidden even at the spike.
    assert!(!shows(2_000.0 * 0.1, pods));
}

#[test]
fn every_world_outlasts_a_rollout_of_forty_minutes() {
    assert!(scenarios().iter().all(|s| s.horizon >= Span::from_mins(60)));
    let starts: Vec<_> = scenarios().iter().map(|s| s.start.to_string()).collect();
    assert!(starts.contains(&"2026-03-02T09:05:00+05:30[Asia/Kolkata]".to_owned()));
}

#[test]
fn only_the_default_suite_is_called_otherwise_than_its_folder() {
    for file in files() {
        let suite = about(file).suite;
        let folder = file.label.split_once('/').map(|(folder, _)| folder);
        assert!(
            suite == DEFAULT_SUITE || folder == Some(&*suite),
            "{}",
            file.label
        );
    }
    let all: Vec<_> = suite(DEFAULT_SUITE).map(|file| file.label).collect();
    let first: Vec<_> = names().take(20).collect();
    assert_eq!(all, first);
    assert!(files().len() >= 30, "{}", files().len());
}

#[test]
fn names_select_one_a_traffic_or_a_fault() {
    let count = |name| matching(name).len();
    assert_eq!(count("market-open/slow"), 1);
    assert_eq!(count("market-open"), 5);
    assert_eq!(count("healthy"), 4);
    assert_eq!(count("market"), 0);
    assert_eq!(count(DEFAULT_SUITE), 20);
    assert_eq!(count("*"), files().len());
    assert_eq!(count("*-open/*"), 5);
    assert_eq!(count("*/errors-*"), 9);
    assert_eq!(count("*open"), 0);
    assert_eq!(count("incidents"), count("incidents/*"));
    assert!(count("incidents") >= 7);
}
