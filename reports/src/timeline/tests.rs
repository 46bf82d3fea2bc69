mod fixture;

use coalmine_policy::Time;
use coalmine_sim::event::Refusal;
use coalmine_sim::timeline::{Entry, What};

use super::*;
use crate::terminal::{Characters, Options};
use fixture::Told;

fn text(told: &Told) -> String {
    render(&told.story(), Options::default(), false)
}

/// The longest line, in characters.
fn widest(text: &str) -> usize {
    text.lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0)
}

#[test]
fn a_bad_release_that_is_rolled_back_is_explained() {
    let text = text(&fixture::caught());
    assert!(widest(&text) <= 100, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_miss_that_the_limit_allows_is_explained() {
    insta::assert_snapshot!(text(&fixture::missed()));
}

#[test]
fn a_miss_before_the_fault_shows_says_what_it_would_have_needed() {
    let text = text(&fixture::latent());
    for part in [
        "The fault met its first request 5m00s after the last look",
        "more than 40 requests a second; those of the new version",
        "served 20 at most until then",
        "5m00s after the promotion",
    ] {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn a_false_alarm_is_explained_by_the_few_requests() {
    insta::assert_snapshot!(text(&fixture::false_alarm()));
}

#[test]
fn a_good_release_that_is_promoted_needs_few_words() {
    insta::assert_snapshot!(text(&fixture::promoted()));
}

#[test]
fn a_stuck_rollout_says_what_it_waits_for() {
    insta::assert_snapshot!(text(&fixture::stuck()));
}

#[test]
fn judgements_follow_release_and_verdict() {
    let of = |told: &Told| explain(&told.story()).judgement;
    assert_eq!(of(&fixture::caught()), Judgement::Caught);
    assert_eq!(of(&fixture::missed()), Judgement::Missed);
    assert_eq!(of(&fixture::false_alarm()), Judgement::FalseRollback);
    assert_eq!(of(&fixture::promoted()), Judgement::Promoted);
    assert_eq!(of(&fixture::stuck()), Judgement::StuckBad);
    let mut early = fixture::caught();
    early.outcome.detect_ns = None;
    assert_eq!(of(&early), Judgement::CaughtUnseen);
    let mut unmet = fixture::missed();
    unmet.outcome.fault_met_ns = None;
    assert_eq!(of(&unmet), Judgement::MissedUnmet);
}

#[test]
fn a_refused_policy_is_told_with_place_and_cure() {
    let refusal = refusal();
    let text = render_refusal(who(), &refusal, Options::default());
    insta::assert_snapshot!(text, @r"
    argo-tutorial is invalid: its controller refuses it.
      InvalidSpec: metric success-rate runs indefinitely
      at rollout.yaml:52
      cure: add `count: 5`
    ");
    let mut json = Vec::new();
    write_refusal_json(who(), &refusal, &mut json).expect("memory takes everything");
    let value: serde_json::Value = serde_json::from_slice(&json).expect("is JSON");
    assert_eq!(value["verdict"], "invalid");
    assert_eq!(value["refusal"]["line"], 52);
}

fn who() -> Who<'static> {
    Who {
        label: "argo-tutorial",
        kind: "Argo Rollout",
        file: "rollout.yaml",
    }
}

fn refusal() -> Refusal {
    Refusal {
        reason: "InvalidSpec: metric success-rate runs indefinitely".to_owned(),
        file: "rollout.yaml".to_owned(),
        line: 52,
        help: "add `count: 5`".to_owned(),
    }
}

#[test]
fn narrow_terminals_without_unicode_or_colour_get_all_of_it() {
    let options = Options {
        width: Some(72),
        characters: Characters::Plain,
        colour: false,
    };
    let text = render(&fixture::caught().story(), options, false);
    assert!(text.is_ascii(), "{text}");
    assert!(widest(&text) <= 72, "{text}");
    assert!(text.contains("10 old, 0 > 10 new"), "{text}");
    let wide = render(&fixture::caught().story(), Options::default(), false);
    let words = |text: &str| text.split_whitespace().count();
    assert_eq!(words(&text), words(&wide));
}

#[test]
fn colours_only_repeat_what_the_text_says() {
    let options = Options {
        colour: true,
        ..Options::default()
    };
    let coloured = render(&fixture::caught().story(), options, false);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = escape.split_once('m').expect("ends").1;
    }
    plain.push_str(rest);
    assert_eq!(plain, text(&fixture::caught()));
    assert_ne!(plain, coloured);
}

#[test]
fn verbose_shows_every_input_and_effect() {
    let told = fixture::with_exchanges();
    insta::assert_snapshot!(render(&told.story(), Options::default(), true));
}

#[test]
fn machines_get_every_entry_as_it_was() {
    let mut told = fixture::false_alarm();
    told.notes.course.truncate(1);
    let mut bytes = Vec::new();
    write_json(&told.story(), &mut bytes).expect("memory takes everything");
    let value: serde_json::Value = serde_json::from_slice(&bytes).expect("is JSON");
    let entries = value["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), told.notes.entries.len());
    for (line, entry) in entries.iter().zip(&told.notes.entries) {
        assert_eq!(line["offset_s"].as_f64(), Some(entry.at.as_secs_f64()));
        let what: What = serde_json::from_value(line.clone()).expect("reads back");
        assert_eq!(what, entry.what);
    }
    insta::assert_snapshot!(String::from_utf8(bytes).expect("JSON is UTF-8"));
}

#[test]
fn midnight_brings_a_new_date() {
    let mut told = fixture::caught();
    told.scenario.start = "2026-03-02T23:50[Asia/Kolkata]"
        .parse()
        .expect("a zoned time");
    let text = text(&told);
    assert!(
        text.contains("\n\nTuesday 3 March 2026\n00:01:12"),
        "{text}"
    );
    assert_eq!(text.matches("Tuesday").count(), 1);
}

#[test]
fn times_beyond_the_calendar_do_not_panic() {
    let mut told = fixture::promoted();
    told.scenario.start = "9999-12-30T09:05[UTC]".parse().expect("a zoned time");
    told.notes.entries.push(Entry {
        at: Time::from_nanos(i64::MAX as u64),
        what: What::Started,
    });
    assert!(text(&told).contains("the new revision is there"));
}

#[test]
fn nothing_at_all_is_told_without_panic() {
    for mut told in [
        fixture::caught(),
        fixture::missed(),
        fixture::stuck(),
        fixture::promoted(),
    ] {
        told.notes.entries.clear();
        told.notes.course.clear();
        told.outcome.decided_ns = None;
        told.outcome.fault_met_ns = None;
        assert!(!text(&told).is_empty());
    }
}
