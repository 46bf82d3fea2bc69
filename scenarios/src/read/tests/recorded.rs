//! Traffic from files.

use coalmine_sim::traffic::Traffic;

use super::{FRAME, HEAD, Scenario, read_beside};

fn curve(kind: &str, fields: &str, text: &str) -> (Vec<Scenario>, String) {
    let yaml = format!("{HEAD}{FRAME}  traffic: [{kind}: {{file: ./t, {fields}}}]\n");
    read_beside(&yaml, &[("t", text)])
}

fn traffic(kind: &str, fields: &str, text: &str) -> Traffic {
    let (mut scenarios, complaints) = curve(kind, fields, text);
    assert_eq!(complaints, "", "{text}");
    scenarios.pop().expect("one scenario").traffic
}

fn csv(text: &str) -> Traffic {
    traffic("csv", "", text)
}

fn near(found: f64, wanted: f64) {
    let close = (found - wanted).abs() < 1e-6 * wanted.max(1.0);
    assert!(close, "{found}, not {wanted}");
}

fn refused(kind: &str, fields: &str, text: &str) -> Vec<String> {
    let (scenarios, complaints) = curve(kind, fields, text);
    assert!(scenarios.is_empty(), "{text}");
    complaints.lines().map(str::to_owned).collect()
}

/// The start is at 09:05 of the second of March in Asia/Kolkata: 03:35 in UTC.
#[test]
fn every_way_to_write_the_time_gives_the_same_curve() {
    let seconds = csv("time,rps\n0,100\n600,200\n1200,50\n");
    near(seconds.rate(-1.0), 100.0);
    near(seconds.rate(300.0), 150.0);
    near(seconds.rate(9e9), 50.0);
    near(
        seconds.integral(-10.0, 1300.0),
        1000.0 + 90_000.0 + 75_000.0 + 5000.0,
    );
    let unix = 1_772_422_500;
    for text in [
        "2026-03-02T03:35:00Z,100\n2026-03-02T09:15:00+05:30,200\n2026-03-02T03:55:00Z,50\n",
        "TIME, rps\r\n2026-03-02 09:05,100\r\n2026-03-02T09:15, 200\r\n2026-03-02 09:25:00,50\r\n",
        &format!("{unix},100\n{}.0,200\n{},50", unix + 600, unix + 1200),
        "\u{feff}time,rps\n# comment\n\n0,100\n\n6e2,200\n# 7,7\n1200,50\n",
    ] {
        assert_eq!(csv(text), seconds, "{text}");
    }
    let moved = traffic("csv", "at: \"09:15\"", "3,100\n603,200\n1203,50\n");
    near(moved.rate(600.0), 100.0);
    near(moved.rate(1200.0), 200.0);
}

#[test]
fn times_of_day_come_again_every_day() {
    let daily = csv("00:00,10\n09:05,110\n12:00:30,50\n23:00,20\n");
    let day = 86_400.0;
    for at in [-day, 0.0, day, 6.0 * day] {
        near(daily.rate(at), 110.0);
        near(daily.rate(at + 10_530.0), 50.0);
        // Half an hour past eleven, half way to midnight's ten.
        near(daily.rate(at + 51_900.0), 15.0);
    }
    let (first, second) = (daily.integral(0.0, day), daily.integral(day, 2.0 * day));
    near(first, second);
}

/// Berlin has no 02:30 on the 29th of March 2026 and two on the 25th of October.
#[test]
fn days_on_which_clocks_are_set_have_their_own_length() {
    let yaml = |date: &str| {
        format!(
            "{HEAD}  start: {date}T00:00\n  timeZone: Europe/Berlin\n  horizon: 1h\n  \
             traffic: [{{csv: {{file: t}}}}]\n"
        )
    };
    let text = "00:00,0\n02:30,30\n03:00,40\n04:00,50\n";
    for (date, shift) in [
        ("2026-03-29", -3600.0),
        ("2026-10-25", 3600.0),
        ("2026-11-01", 0.0),
    ] {
        let (scenarios, complaints) = read_beside(&yaml(date), &[("t", text)]);
        assert_eq!(complaints, "");
        let traffic = &scenarios[0].traffic;
        near(traffic.rate(4.0 * 3600.0 + shift), 50.0);
        near(traffic.rate(0.0), 0.0);
    }
}

#[test]
fn mistakes_in_a_csv_file_are_told_by_line_all_at_once() {
    let text = "time,rps\n\n# a comment\n09:15,200\n09:10,5\n9h,7\n600,7\n09:20,x\n09:21,-1\n\
                09:22\n09:23,1,2\n09:24,1e9\n09:25,NaN\n";
    let told = refused("csv", "", text);
    let wanted = [
        "t:5:1: error: the time is not later than the one before (a file with times of day",
        "t:6:1: error: \"9h\" is no time (write a time of day (09:15), seconds",
        "t:7:1: error: the time is seconds after the start, and the lines before have a time of day",
        "t:8:7: error: \"x\" is no rate (write a bare number",
        "t:9:7: error: -1 is no rate (write zero or more",
        "t:10:1: error: 1 field in a line (a line is `time,rps`",
        "t:11:1: error: 3 fields in a line",
        "t:12:7: error: 1e9 requests per second are too many (at most 1e8",
        "t:13:7: error: NaN is no rate",
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (told, wanted) in told.iter().zip(wanted) {
        assert!(told.starts_with(wanted), "{told} is not {wanted}");
    }
    let many = refused("csv", "", &"x\n".repeat(50));
    assert_eq!(many.len(), 10);
    assert!(
        many[9].contains("; and 40 more mistakes in this file"),
        "{}",
        many[9]
    );
    for (text, wanted) in [
        ("", "t:0:0: error: no sample (a line is"),
        ("time,rps\n", "t:0:0: error: no sample"),
        ("1772422500000,5\n", "divide by 1000"),
        ("-1e9,5\n", "years before the start"),
        ("0;5\n", "1 field in a line"),
        ("\"0,5\n", "1 field in a line"),
        ("0,5\n1,\n", "t:2:1: error: \"\" is no rate"),
    ] {
        let told = refused("csv", "", text);
        assert!(told[0].contains(wanted), "{told:?} has no {wanted}");
    }
    let too_many: String = (0..=100_000).map(|at| format!("{at},1\n")).collect();
    assert!(refused("csv", "", &too_many)[0].contains("more than 100000 samples"));
}

#[test]
fn a_recording_of_another_day_is_refused_unless_it_is_moved() {
    let text = "2026-02-28T09:00:00+05:30,100\n2026-02-28T10:00:00+05:30,300\n";
    let told = refused("csv", "", text);
    assert_eq!(
        told,
        [
            "a.yaml:8:25: error: `spec.traffic[0].csv.file` holds 2026-02-28T09:00:00 to \
          2026-02-28T10:00:00, and nothing of 2026-03-02T09:05:00 to 2026-03-02T10:05:00 (let `start` be \
          within the recording, or say where its first sample goes: `at: \"09:00\"`)"
        ]
    );
    near(traffic("csv", "at: \"09:00\"", text).rate(1500.0), 200.0);
    let told = refused("csv", "at: \"09:00\"", "09:00,1\n");
    assert!(
        told[0].contains("times of day have their place already"),
        "{told:?}"
    );
}

#[test]
fn a_file_that_is_not_there_is_told_where_it_is_named() {
    let yaml = format!("{HEAD}{FRAME}  traffic: [csv: {{file: no.csv}}, prometheus: {{}}]\n");
    let (scenarios, complaints) = read_beside(&yaml, &[]);
    assert!(scenarios.is_empty());
    let told: Vec<_> = complaints.lines().collect();
    assert_eq!(
        told,
        [
            "a.yaml:8:25: error: `spec.traffic[0].csv.file` cannot be used: no such file: no.csv \
             (the path is seen from the folder of the file that names it)",
            "a.yaml:8:46: error: `spec.traffic[1].prometheus.file` is required (name a file, for \
             example `file: range.json`)"
        ]
    );
}

const ONE: &str = r#"{"metric":{},"values":[[1772422500,"100"],[1772422560,"160"]]}"#;

#[test]
fn a_range_of_prometheus_is_taken_whole_or_in_parts() {
    let result = format!("[{ONE}]");
    let data = format!(r#"{{"resultType":"matrix","result":{result}}}"#);
    let whole = format!(r#"{{"status":"success","data":{data}}}"#);
    for text in [&result, &data, &whole] {
        let curve = traffic("prometheus", "", text);
        near(curve.rate(30.0), 130.0);
        near(curve.rate(-1.0), 100.0);
        near(curve.integral(0.0, 120.0), 130.0 * 60.0 + 160.0 * 60.0);
    }
}

#[test]
fn series_are_added_and_gaps_bridged_with_a_warning() {
    let text = r#"[{"values":[[1772422500,"100"],[1772422560,"NaN"],[1772422620,"100"],[1772422800.001,"1"]]},
        {"values":[[1772422620,"50"],[1772422680,"50"]]}]"#;
    let (scenarios, complaints) = curve("prometheus", "", text);
    assert_eq!(
        complaints,
        "a.yaml:8:32: warning: `t` has 1 NaN sample and 2 steps without a sample (straight lines \
         are drawn across them, and the ends stay level)"
    );
    let traffic = &scenarios[0].traffic;
    near(traffic.rate(60.0), 125.0);
    near(traffic.rate(120.0), 150.0);
    near(traffic.rate(180.0), 50.0);
}

#[test]
fn what_is_no_range_is_refused_with_its_reason() {
    let series = |values: &str| format!(r#"[{{"values":[{values}]}}]"#);
    for (text, wanted) in [
        ("{\"a\":1,\n ]", "t:2:2: error: broken JSON: "),
        (
            r#"{"status":"error","error":"query timed out"}"#,
            "an error: query timed out",
        ),
        (
            r#"{"data":{"resultType":"vector","result":[]}}"#,
            "is a vector, of an instant query",
        ),
        ("{}", "no `data.result` is here"),
        ("7", "no `data.result` is here"),
        ("[]", "the result is empty"),
        (r#"[{"value":[1,"1"]}]"#, "`result[0]` has no `values`"),
        (r#"[{"histograms":[]}]"#, "holds native histograms"),
        (&series(r#"[1772422500,"NaN"]"#), "no sample is a number"),
        (
            &series(r#"[1772422500,"+Inf"]"#),
            "`result[0].values[0]` is inf, no rate",
        ),
        (
            &series(r#"[1772422500,"-1"]"#),
            "`result[0].values[0]` is -1, no rate",
        ),
        (
            &series(r#"[5,"1"],[5,"1"]"#),
            "`result[0].values[1]` is not later",
        ),
        (&series(r#"[5]"#), "`result[0].values[0]` is [5], no pair"),
        (
            &series(r#"[5,"1"]"#),
            "holds 1970-01-01T05:30:05 to 1970-01-01T05:30:05, and nothing of",
        ),
        (&series(r#"[1e300,"1"]"#), "no pair of time and value"),
    ] {
        let told = refused("prometheus", "", text);
        assert!(told[0].contains(wanted), "{told:?} has no {wanted}");
    }
}

/// A damaged file is read as it stands or refused with a reason; it never panics.
#[test]
fn damaged_recordings_are_refused_with_a_reason() {
    let csv = "time,rps\r\n2026-03-02T09:00:00Z,1.5\n\"2026-03-02 15:30\",2e2 # x\n";
    let json =
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{ONE}]}}}}"#);
    for (kind, text) in [("csv", csv), ("prometheus", &*json)] {
        let cut = (0..text.len()).map(|end| text[..end].to_owned());
        let without = (0..text.len()).map(|at| text[..at].to_owned() + &text[at + 1..]);
        let strange = (0..text.len()).map(|at| format!("{}\u{0}é{}", &text[..at], &text[at..]));
        for damaged in cut.chain(without).chain(strange) {
            let (scenarios, complaints) = curve(kind, "", &damaged);
            let fine = scenarios.len() == 1 || complaints.contains("error");
            assert!(fine, "{damaged}: {complaints}");
        }
    }
}
