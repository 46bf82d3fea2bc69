use coalmine_policy::{Decision, Record, Span, Weight};
use coalmine_sim::outcome::Verdict;

use super::*;

fn entries() -> Vec<Entry> {
    let decided = |decision, rule: &'static str, detail: &str| {
        What::Record(Record::Decided {
            decision,
            rule: rule.into(),
            detail: detail.to_owned(),
        })
    };
    let measured = What::Record(Record::Measured {
        reading: None,
        limits: Default::default(),
        counts: Vec::new(),
        metric: "request-success-rate".to_owned(),
        value: "79.8".to_owned(),
        outcome: "failed".into(),
        detail: ">= 99, failed checks 1 of 5".to_owned(),
    });
    let phase = What::Record(Record::Phase {
        from: "Initialized".into(),
        to: "Progressing".into(),
    });
    let story = [
        (0, What::Started),
        (72_000, phase),
        (
            72_000,
            decided(
                Decision::Start,
                "Flagger scheduler.go:270",
                "scaling up the canary",
            ),
        ),
        (90_500, What::PodsReady { old: 10, new: 1 }),
        (95_000, What::PodsReady { old: 10, new: 9 }),
        (99_000, What::PodsReady { old: 10, new: 10 }),
        (
            192_000,
            decided(
                Decision::Advance(Weight::percent(10)),
                "Flagger scheduler.go:430",
                "",
            ),
        ),
        (192_000, What::WeightWritten(Weight::percent(10))),
        (192_900, What::WeightEffective(0.0125)),
        (193_100, What::WeightEffective(0.05)),
        (196_300, What::WeightEffective(0.1)),
        (196_400, What::FaultMet),
        (312_000, measured),
        (600_000, What::TrafficRate(1234.4)),
        (
            912_000,
            decided(
                Decision::RollBack,
                "Flagger scheduler.go:342",
                "5 failed checks",
            ),
        ),
        (913_000, What::WeightEffective(0.0)),
        (3_600_000, What::Ended(Verdict::RolledBack)),
    ];
    let entry = |(millis, what)| Entry {
        at: Time::ZERO + Span::from_millis(millis),
        what,
    };
    story.into_iter().map(entry).collect()
}

fn told(start: &str, json: bool) -> String {
    told_of(&entries(), start, json)
}

fn told_of(entries: &[Entry], start: &str, json: bool) -> String {
    let story = Story {
        policy: "flagger-tutorial",
        scenario: "market-open/errors-20",
        title: "20 % errors, 200 rps, times ten at 09:15",
        seed: 42,
        replication: 7,
        fidelity: coalmine_sim::fidelity::Fidelity::Aggregate,
        start: &start.parse().expect("a zoned time"),
        entries,
    };
    let mut bytes = Vec::new();
    let written = if json {
        write_json_lines(&story, &mut bytes)
    } else {
        write_text(&story, &mut bytes)
    };
    written.expect("memory takes everything");
    String::from_utf8(bytes).expect("text is UTF-8")
}

#[test]
fn a_rollout_reads_as_a_story() {
    insta::assert_snapshot!(told("2026-03-02T09:05[Asia/Kolkata]", false));
}

#[test]
fn midnight_brings_a_new_date() {
    let text = told("2026-03-02T23:50[Asia/Kolkata]", false);
    assert!(
        text.contains("\nTuesday 3 March 2026\n00:00:00    +10m00s  rate"),
        "{text}"
    );
    assert_eq!(text.matches("Tuesday").count(), 1);
}

#[test]
fn machines_get_every_entry_as_it_was() {
    let text = told("2026-03-02T09:05[Asia/Kolkata]", true);
    assert_eq!(text.lines().count(), entries().len());
    for (line, entry) in text.lines().zip(entries()) {
        let value: serde_json::Value = serde_json::from_str(line).expect("is JSON");
        assert_eq!(value["offset_s"].as_f64(), Some(entry.at.as_secs_f64()));
        let what: What = serde_json::from_value(value).expect("reads back");
        assert_eq!(what, entry.what);
    }
    insta::assert_snapshot!(text.lines().take(4).collect::<Vec<_>>().join("\n"));
}

#[test]
fn long_lines_go_on_indented_and_values_are_short() {
    let entries = [
        What::Record(Record::Note("word ".repeat(40).trim_end().to_owned())),
        What::Record(Record::Measured {
            reading: None,
            limits: Default::default(),
            counts: Vec::new(),
            metric: "success-rate".to_owned(),
            value: "0.98765432109".to_owned(),
            outcome: "failed".into(),
            detail: String::new(),
        }),
    ];
    let entries = entries.map(|what| Entry {
        at: Time::ZERO,
        what,
    });
    let text = told_of(&entries, "2026-03-02T09:05[Asia/Kolkata]", false);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(110), "{text}");
    assert!(text.contains(&format!("\n{:35}word", "")), "{text}");
    assert!(text.contains("success-rate = 0.987654: failed\n"), "{text}");
    let json = told_of(&entries, "2026-03-02T09:05[Asia/Kolkata]", true);
    assert!(json.contains("0.98765432109"), "{json}");
}

#[test]
fn times_beyond_the_calendar_do_not_panic() {
    let entries = [Entry {
        at: Time::from_nanos(i64::MAX as u64),
        what: What::Started,
    }];
    let start = "9999-12-30T09:05[UTC]".parse().expect("a zoned time");
    let story = Story {
        policy: "p",
        scenario: "s",
        title: "t",
        seed: 1,
        replication: 0,
        fidelity: coalmine_sim::fidelity::Fidelity::Aggregate,
        start: &start,
        entries: &entries,
    };
    let mut bytes = Vec::new();
    assert!(write_text(&story, &mut bytes).is_ok());
    assert!(!bytes.is_empty());
}
