//! Passes that Argo's own Experiment controller made over random Experiments.

use serde::Deserialize;

use super::super::analysis::Phase;
use super::super::resolve::Analysis;
use super::super::template::{Arg, ArgValue, Place};
use super::status::{Code, TemplateStatus};
use super::templates::Set;
use super::*;

/// One Experiment a line, pass by pass: what was seen, and what the status was afterwards.
const WALKS: &str = include_str!("recorded.jsonl");

#[derive(Deserialize)]
struct Walk {
    /// The templates' sizes.
    replicas: Option<Vec<u32>>,
    /// The analyses: `r` is required, `m` has no AnalysisTemplate, `u` an argument that stands for
    /// nothing, `o` is ordinary.
    kinds: Option<Vec<String>>,
    duration: String,
    /// In seconds.
    deadline: u64,
    /// In seconds.
    delay: u64,
    steps: Vec<Pass>,
}

#[derive(Deserialize)]
struct Pass {
    at: i64,
    /// Created and available, by template.
    pods: Option<Vec<(u32, u32)>>,
    /// `phase|message` of the AnalysisRuns.
    runs: Option<Vec<String>>,
    #[serde(default)]
    end: bool,
    #[serde(default)]
    phase: String,
    #[serde(default)]
    message: String,
    available: Option<u64>,
    /// `status second message`.
    templates: Option<Vec<String>>,
    /// `phase created message`.
    analyses: Option<Vec<String>>,
    /// The ReplicaSets' sizes; -1: there is none.
    sizes: Option<Vec<i64>>,
    #[serde(default)]
    terminated: Vec<bool>,
    wake: Option<i64>,
}

#[test]
fn every_pass_comes_to_what_argo_made_of_it() {
    let (mut passes, mut walks) = (0, 0);
    for (number, line) in WALKS.lines().enumerate() {
        let walk: Walk = serde_json::from_str(line).expect("a walk");
        walks += 1;
        let mut experiment = experiment(&walk);
        for (index, pass) in walk.steps.iter().enumerate() {
            passes += 1;
            let place = format!("line {}, pass {index}", number + 1);
            replay(&mut experiment, pass, &place);
        }
    }
    assert!(walks >= 60 && passes >= 500, "{walks} {passes}");
}

fn experiment(walk: &Walk) -> Experiment {
    let templates = walk.replicas.iter().flatten().enumerate();
    let templates = templates.map(|(index, replicas)| ExperimentTemplate {
        name: format!("t{index}"),
        spec_ref: SpecRef::Canary,
        replicas: *replicas,
        labels: Default::default(),
        annotations: Default::default(),
        served: true,
        refused: None,
    });
    let analyses = walk.kinds.iter().flatten().enumerate();
    let analyses = analyses.map(|(index, kind)| ExperimentAnalysis {
        name: format!("a{index}"),
        required: kind.starts_with('r'),
        args: match kind.as_str() {
            "u" => vec![Arg {
                name: "x".to_owned(),
                value: Some(ArgValue::Text("{{nothing}}".to_owned())),
                place: Place::default(),
            }],
            _ => Vec::new(),
        },
        source: match kind.ends_with('m') {
            true => {
                Source::Missing("analysistemplate.argoproj.io \"missing\" not found".to_owned())
            }
            false => {
                let empty = Analysis::new(Vec::new(), Vec::new(), Vec::new(), Vec::new());
                Source::Merged(Arc::new(empty))
            }
        },
    });
    let step = ExperimentStep {
        templates: templates.collect(),
        analyses: analyses.collect(),
        duration: ExperimentDuration::new(&walk.duration),
        scale_down_delay: Span::from_secs(walk.delay),
        invalid: None,
    };
    let revisions = (Template::new("v1"), Template::new("v2"));
    let deadline = Span::from_secs(walk.deadline);
    Experiment::new(("e".to_owned(), 0), Arc::new(step), revisions, deadline)
}

fn replay(experiment: &mut Experiment, pass: &Pass, place: &str) {
    let now = Time::ZERO + Span::from_millis(pass.at as u64);
    for (template, (created, available)) in pass.pods.iter().flatten().enumerate() {
        let mut state = WorkloadState::settled(Template::new("v2"), *created);
        (state.ready, state.available) = (*available, *available);
        experiment.observe(template, Some(&state), true);
    }
    for (run, text) in experiment.runs.iter_mut().zip(pass.runs.iter().flatten()) {
        let (phase, message) = text.split_once('|').expect("phase|message");
        if let Some(run) = run {
            run.force(phase_of(phase), message);
        }
    }
    experiment.terminate |= pass.end;
    experiment.reconcile(now, &mut |_, _| {});
    let status = &experiment.status;
    let head = (word(status.phase), status.message.as_str());
    assert_eq!(
        head,
        (pass.phase.as_str(), pass.message.as_str()),
        "{place}"
    );
    let available = pass.available.map(Time::from_secs);
    assert_eq!(status.available_at, available, "{place}");
    let templates: Vec<_> = status.templates.iter().map(printed).collect();
    assert_eq!(
        templates,
        *pass.templates.as_deref().unwrap_or_default(),
        "{place}"
    );
    let analyses = status.analyses.iter();
    let analyses: Vec<_> = analyses
        .map(|a| format!("{} {} {}", word(a.phase), a.created, a.message))
        .collect();
    assert_eq!(
        analyses,
        *pass.analyses.as_deref().unwrap_or_default(),
        "{place}"
    );
    let size = |set: &Option<Set>| set.as_ref().map_or(-1, |set| i64::from(set.spec));
    let sizes: Vec<_> = experiment.sets.iter().map(size).collect();
    assert_eq!(sizes, *pass.sizes.as_deref().unwrap_or_default(), "{place}");
    let runs = experiment.runs.iter();
    let terminated: Vec<_> = runs
        .map(|r| r.as_ref().is_some_and(Run::is_terminated))
        .collect();
    assert_eq!(terminated, pass.terminated, "{place}");
    // Argo's queue is never ahead by more than the second that the API keeps.
    if let Some(wake) = pass.wake.filter(|wake| *wake > pass.at + 1000) {
        let mine = experiment.wakes().min().map(Time::millis);
        assert!(
            mine.is_some_and(|mine| mine <= wake + 1),
            "{place}: {mine:?} {wake}"
        );
    }
}

fn printed(status: &Option<TemplateStatus>) -> String {
    let Some(status) = status else {
        return String::new();
    };
    let code = match status.code {
        None => "",
        Some(Code::Successful) => "Successful",
        Some(Code::Running) => "Running",
        Some(Code::Progressing) => "Progressing",
        Some(Code::Error) => "Error",
        Some(Code::Failed) => "Failed",
    };
    let second = |at: Time| (at.nanos() / 1_000_000_000).to_string();
    let second = status.last_transition.map_or("-1".to_owned(), second);
    format!("{code} {second} {}", status.message)
}

fn word(phase: Option<Phase>) -> &'static str {
    phase.map_or("", Phase::as_str)
}

fn phase_of(word: &str) -> Option<Phase> {
    match word {
        "" => None,
        "Running" => Some(Phase::Running),
        "Successful" => Some(Phase::Successful),
        "Failed" => Some(Phase::Failed),
        "Error" => Some(Phase::Error),
        "Inconclusive" => Some(Phase::Inconclusive),
        _ => panic!("no phase of a run: {word}"),
    }
}
