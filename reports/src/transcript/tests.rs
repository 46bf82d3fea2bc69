use std::sync::Arc;

use coalmine_policy::baseline::{Baseline, Check, Looks, Run};
use coalmine_policy::{
    Answer, Call, Input, MetricAnswer, Observation, Span, Template, Workload, WorkloadState,
};

use super::*;

/// A person who looks once, after ten minutes.
fn person(max: f64) -> Run {
    let baseline = Baseline {
        name: "shop".to_owned(),
        namespace: "prod".to_owned(),
        looks: Some(Looks {
            interval_ns: Span::from_mins(10),
            count: 1,
            reaction_ns: Span::from_mins(1),
            checks: vec![Check {
                name: "errors".into(),
                query: "sum(rate(errors[1m]))".into(),
                max,
                file: "shop.yaml".into(),
                line_column: (9, 16),
            }],
        }),
    };
    Run::new(Arc::new(baseline), Template::new("old"))
}

fn header() -> Header {
    Header {
        transcript: FORMAT,
        coalmine: "0.1.0".to_owned(),
        policy: Recorded {
            label: "shop".to_owned(),
            kind: "baseline".to_owned(),
            file: "shop.yaml".to_owned(),
        },
        scenario: "steady/errors-20".to_owned(),
        seed: 42,
        replication: 7,
        fidelity: Fidelity::Aggregate,
        start: "2026-03-02T09:05:00+05:30[Asia/Kolkata]".to_owned(),
        first_look_ns: Time::ZERO,
        manifests: vec![Manifest {
            file: "shop.yaml".to_owned(),
            text: "kind: Baseline\n".to_owned(),
        }],
    }
}

/// What goes through the seam until the person has seen this value.
fn exchanges(value: f64) -> Vec<Exchange> {
    let mut run = person(0.05);
    let old = WorkloadState::settled(Template::new("old"), 2);
    let inputs = [
        (
            0,
            Input::Observed(Observation::Workload(Workload::Primary, Some(old))),
        ),
        (
            0,
            Input::Observed(Observation::Template(Template::new("new"))),
        ),
        (600, Input::Tick),
        (
            600,
            Input::Answered {
                call: Call(2),
                answer: Answer::Metric(MetricAnswer::Vector(vec![value, f64::NAN])),
            },
        ),
        (660, Input::Tick),
    ];
    let each = inputs.map(|(secs, input)| Exchange::with(&mut run, Time::from_secs(secs), input));
    each.into()
}

fn text(exchanges: &[Exchange]) -> String {
    let mut bytes = Vec::new();
    write(&header(), exchanges, Verdict::RolledBack, &mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[test]
fn the_format_does_not_change_unseen() {
    insta::assert_snapshot!(text(&exchanges(0.1 + 0.2)));
}

#[test]
fn it_is_read_back_and_replayed_byte_for_byte() {
    let transcript = Transcript::read(&text(&exchanges(0.2))).expect("reads");
    assert_eq!(transcript.header, header());
    assert_eq!(transcript.verdict, Verdict::RolledBack);
    assert_eq!(transcript.inputs(), 5);
    assert_eq!(transcript.replay(&mut person(0.05)), Ok(()));
}

#[test]
fn another_policy_parts_where_it_first_does_something_else() {
    let transcript = Transcript::read(&text(&exchanges(0.2))).expect("reads");
    let parting = transcript
        .replay(&mut person(0.5))
        .expect_err("nobody is alarmed at 0.2");
    assert_eq!((parting.line, parting.input), (5, 4));
    let (recorded, now) = parting.first();
    let told = |effect: Option<&Effect>| format!("{effect:?}");
    assert!(told(recorded).contains("alarming"), "{recorded:?}");
    assert!(told(now).contains("fine"), "{now:?}");
}

#[test]
fn a_tampered_effect_is_found() {
    let whole = text(&exchanges(0.2));
    let tampered = whole.replace("back to template old", "back to template odd");
    assert_ne!(whole, tampered);
    let transcript = Transcript::read(&tampered).expect("reads");
    let parting = transcript.replay(&mut person(0.05));
    assert_eq!(parting.map_err(|parting| parting.input), Err(5));
}

#[test]
fn what_is_no_whole_transcript_is_refused_with_its_line() {
    let whole = text(&exchanges(0.2));
    let lines: Vec<&str> = whole.lines().collect();
    let refused = |text: &str| Transcript::read(text).expect_err("is refused").to_string();
    assert_eq!(
        refused(""),
        "line 1: no line of a transcript: no first line and last line"
    );
    assert!(refused("kind: Canary\nx: y\n").starts_with("line 1: no line of a transcript"));
    let cut = lines[..5].join("\n");
    assert_eq!(
        refused(&cut),
        "line 5: the last line is no `end`: the transcript was cut off"
    );
    let holed = [&lines[..2], &lines[3..]].concat().join("\n");
    assert_eq!(
        refused(&holed),
        "line 6: 4 inputs, and the last line says 5"
    );
    let other = whole.replacen("\"transcript\":1", "\"transcript\":9", 1);
    assert_eq!(
        refused(&other),
        "line 1: format 9 of coalmine 0.1.0; this one reads format 1"
    );
    let broken = whole.replacen("\"input\"", "\"imput\"", 1);
    assert!(refused(&broken).starts_with("line 2: no line of a transcript: "));
}
