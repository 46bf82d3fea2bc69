//! The pages of `report`, `power` and `when`, opened in a browser.

mod browser;

use std::path::Path;

use serde_json::{Value, json};

use crate::{coalmine, stdout};
use browser::Browser;

const FLAGGER: &str = "scenarios/policies/flagger/ten-minutes.yaml";
const ARGO: &str = "scenarios/policies/argo/repaired.yaml";
const REFUSED: &str = "scenarios/policies/argo/tutorial.yaml";

/// A page with everything.
fn report() -> String {
    let mut arguments = vec!["report", "-q", "--runs", "20", "--out", "-"];
    for file in [FLAGGER, ARGO, REFUSED] {
        arguments.extend(["-f", file]);
    }
    for scenario in [
        "steady/healthy",
        "market-open/overload-only",
        "off-peak/errors-20",
    ] {
        arguments.extend(["--scenario", scenario]);
    }
    stdout(&arguments)
}

/// The page of a policy that Argo refuses, as a file; nothing is printed then.
fn refused() -> String {
    let folder = tempfile::tempdir().expect("makes a folder");
    let path = folder.path().join("refused.html");
    let mut arguments = vec!["run", "-f", REFUSED, "--scenario", "steady/healthy"];
    arguments.extend(["--format", "html", "--out", path.to_str().expect("is text")]);
    let output = coalmine(&arguments).output().expect("runs");
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
    let page = std::fs::read_to_string(path).expect("was written");
    for part in [
        "metric success-rate which runs indefinitely",
        "tutorial.yaml:",
        "add",
    ] {
        assert!(page.contains(part), "{part}");
    }
    page
}

/// What must hold of any page at any width, in light and dark.
fn check(browser: &Browser, page: &str, images: usize) {
    for (width, is_dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
        let seen = browser.measure(page, width, is_dark);
        let case = format!("{width} px, dark: {is_dark}: {seen:#}");
        assert_eq!(seen["width"], json!(width), "{case}");
        assert_eq!(seen["dark"], json!(is_dark), "{case}");
        let scroll = seen["scroll"].as_u64().expect("a number");
        assert!(
            scroll <= u64::from(width),
            "wider than the window at {case}"
        );
        for none in ["requests", "wide", "overlapping", "outside", "repeated"] {
            assert_eq!(seen[none], json!([]), "{none} at {case}");
        }
        assert_eq!(seen["nameless"], json!(0), "{case}");
        assert!(seen["images"].as_u64() >= Some(images as u64), "{case}");
        assert_eq!(seen["images"], seen["figures"], "{case}");
        assert_eq!(seen["tables"], seen["figures"], "no numbers at {case}");
        if images > 0 {
            check_drawings(&seen, &case);
        }
        assert!(
            seen["textContrast"].as_f64() >= Some(4.5),
            "faint text at {case}"
        );
    }
}

/// That pictures can be read.
fn check_drawings(seen: &Value, case: &str) {
    assert!(
        seen["smallest"].as_f64() >= Some(8.5),
        "small text at {case}"
    );
    assert!(
        seen["lineContrast"].as_f64() >= Some(3.0),
        "faint lines at {case}"
    );
}

#[test]
fn pages_fit_in_light_and_dark_and_ask_nobody_for_anything() {
    let Some(browser) = Browser::found() else {
        return;
    };
    let power = [
        "power", "-q", "-f", FLAGGER, "--runs", "10", "--format", "html",
    ];
    let day = [
        "when", "-q", "-f", FLAGGER, "--runs", "10", "--format", "html",
    ];
    let one = [
        "run",
        "-f",
        FLAGGER,
        "--scenario",
        "market-open/overload-only",
        "--format",
        "html",
    ];
    let folder = tempfile::tempdir().expect("makes a folder");
    let pages = [
        (report(), 16),
        (stdout(&power), 2),
        (stdout(&day), 1),
        (stdout(&one), 1),
        (refused(), 0),
    ];
    for (page, images) in pages {
        let path = folder.path().join("page.html");
        std::fs::write(&path, &page).expect("writes");
        let seen = browser.open(&path, false);
        assert!(seen.document.contains("</main>"));
        assert_eq!(seen.console, Vec::<String>::new());
        check(&browser, &page, images);
    }
}

#[test]
fn what_the_pages_must_not_do_would_be_seen() {
    let Some(browser) = Browser::found() else {
        return;
    };
    let page = "<!DOCTYPE html><html><head><meta http-equiv=Content-Security-Policy \
                content=\"default-src 'none'; style-src 'unsafe-inline'\"></head><body>\
                <img src=http://example.invalid/a.png><div style='width:900px'>wide</div>\
                <svg class=chart viewBox='0 0 400 100'><text>one</text><text x=4>two</text></svg>\
                </body></html>";
    let folder = tempfile::tempdir().expect("makes a folder");
    let path = folder.path().join("bad.html");
    std::fs::write(&path, page).expect("writes");
    let console = browser.open(&path, false).console;
    assert!(
        console.iter().any(|line| line.contains("example.invalid")),
        "{console:?}"
    );
    let seen = browser.measure(page, 390, false);
    assert!(seen["scroll"].as_u64() > Some(390), "{seen:#}");
    assert_eq!(seen["nameless"], json!(2), "{seen:#}");
    assert_eq!(seen["overlapping"], json!(["one / two"]), "{seen:#}");
    assert_eq!(seen["wide"].as_array().map(Vec::len), Some(1), "{seen:#}");
}

#[test]
fn a_page_is_whole_the_same_each_time_and_in_its_file() {
    let page = report();
    assert_eq!(page, report());
    for part in [
        "Policies",
        "Scenarios",
        "How rollouts ended",
        "Harm against duration",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for part in [
        "How long new revisions live",
        "How large a fault must be",
        "When to start",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for outside in ["src=", "url(", "@import", "<script", "<link", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let folder = tempfile::tempdir().expect("makes a folder");
    let file = folder.path().join("new/page.html");
    let name = file.to_str().expect("is UTF-8");
    let arguments = ["report", "-q", "--runs", "2", "-f", FLAGGER, "--out", name];
    let told = stdout(&[&arguments[..], &["--scenario", "steady/healthy"]].concat());
    assert_eq!(told.trim(), name);
    let written = std::fs::read_to_string(Path::new(name)).expect("is there");
    assert!(written.starts_with("<!DOCTYPE html>") && written.ends_with("</html>"));
}

#[test]
fn score_writes_its_page_among_the_others() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let name = folder.path().to_str().expect("is UTF-8");
    let score = [
        "score",
        "-q",
        "--runs",
        "5",
        "-f",
        FLAGGER,
        "--scenario",
        "steady/healthy",
    ];
    let page = stdout(&[&score[..], &["--format", "html", "--out", name]].concat());
    let written = std::fs::read_to_string(folder.path().join("score.html")).expect("is there");
    assert_eq!(page, written);
}

#[test]
fn a_page_that_cannot_be_written_is_bad_input() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let file = crate::write(folder.path(), "file", "");
    let out = format!("{file}/page.html");
    let mut refused = coalmine(&["report", "-q", "--runs", "1", "-f", FLAGGER, "--out", &out]);
    let refused = refused.output().expect("runs");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is in the way"));
}
