//! Outcomes that Argo's own unit tests assert, on Experiments of one template.

use super::super::resolve::Analysis;
use super::*;

fn template() -> ExperimentTemplate {
    ExperimentTemplate {
        name: "bar".to_owned(),
        spec_ref: SpecRef::Canary,
        replicas: 1,
        labels: Default::default(),
        annotations: Default::default(),
        served: true,
        refused: None,
    }
}

/// Analyses by name; those of `required` are required.
fn step(duration: &str, ordinary: &[&str], required: &[&str]) -> ExperimentStep {
    let analysis = |(name, required): (&str, bool)| {
        let empty = Analysis::new(Vec::new(), Vec::new(), Vec::new(), Vec::new());
        ExperimentAnalysis {
            name: name.to_owned(),
            required,
            args: Vec::new(),
            source: Source::Merged(Arc::new(empty)),
        }
    };
    let ordinary = ordinary.iter().map(|name| (*name, false));
    let required = required.iter().map(|name| (*name, true));
    ExperimentStep {
        templates: vec![template()],
        analyses: ordinary.chain(required).map(analysis).collect(),
        duration: ExperimentDuration::new(duration),
        scale_down_delay: Span::from_secs(30),
        invalid: None,
    }
}

/// An Experiment with what happens around it.
struct Lab {
    experiment: Experiment,
    now: Time,
    sizes: Vec<u32>,
}

impl Lab {
    fn new(step: ExperimentStep) -> Self {
        let revisions = (Template::new("v1"), Template::new("v2"));
        let deadline = Span::from_secs(600);
        Self {
            experiment: Experiment::new(("e".to_owned(), 0), Arc::new(step), revisions, deadline),
            now: Time::ZERO,
            sizes: Vec::new(),
        }
    }

    /// Passes until one changes nothing.
    fn settle(&mut self) {
        let Self {
            experiment,
            now,
            sizes,
        } = self;
        for _ in 0..20 {
            if !experiment.reconcile(*now, &mut |_, size| sizes.push(size)) {
                return;
            }
        }
        panic!("it never settles");
    }

    fn at(&mut self, second: u64) {
        self.now = Time::from_secs(second);
        self.settle();
    }

    fn pods(&mut self, count: u32) {
        let state = WorkloadState::settled(Template::new("v2"), count);
        self.experiment.observe(0, Some(&state), false);
        self.settle();
    }

    /// All pods are there, the AnalysisRuns made.
    fn running(step: ExperimentStep) -> Self {
        let mut lab = Self::new(step);
        lab.settle();
        lab.pods(1);
        assert_eq!(lab.experiment.phase(), Some(Phase::Running));
        lab
    }

    fn ends(&mut self, analysis: usize, phase: Phase) {
        let run = self.experiment.run_mut(analysis).expect("made");
        run.force(Some(phase), "so");
        self.settle();
    }

    fn phase(&self) -> Phase {
        self.experiment.phase().expect("reconciled")
    }
}

#[test]
fn it_is_pending_until_all_pods_are_available() {
    let mut lab = Lab::new(step("", &["a"], &[]));
    lab.settle();
    assert_eq!((lab.phase(), lab.sizes.clone()), (Phase::Pending, vec![1]));
    assert!(lab.experiment.run(0).is_none());
    lab.at(3);
    lab.pods(1);
    assert_eq!(lab.phase(), Phase::Running);
    assert_eq!(lab.experiment.available_at(), Some(Time::from_secs(3)));
    assert!(lab.experiment.run(0).is_some());
}

#[test]
fn it_succeeds_strictly_after_its_duration_and_keeps_its_pods_for_a_while() {
    let mut lab = Lab::running(step("60s", &[], &[]));
    assert_eq!(
        lab.experiment.next_wake(),
        Some(Time::from_secs(60) + Span::from_nanos(1))
    );
    lab.at(60);
    assert_eq!(lab.phase(), Phase::Running);
    lab.at(61);
    assert_eq!(
        (lab.phase(), lab.sizes.clone()),
        (Phase::Successful, vec![1])
    );
    assert_eq!(lab.experiment.next_wake(), Some(Time::from_secs(91)));
    lab.at(91);
    assert_eq!(lab.sizes, [1, 0]);
    lab.pods(0);
    assert!(lab.experiment.at_rest());
    assert_eq!(lab.experiment.next_wake(), None);
}

#[test]
fn pods_that_do_not_come_fail_it_strictly_after_the_deadline() {
    let mut lab = Lab::new(step("60s", &[], &[]));
    lab.settle();
    assert_eq!(
        lab.experiment.next_wake(),
        Some(Time::from_secs(600) + Span::from_nanos(1))
    );
    lab.at(600);
    assert_eq!(lab.phase(), Phase::Pending);
    lab.at(601);
    assert_eq!(lab.phase(), Phase::Failed);
    let why = "Template 'bar' exceeded its progressDeadlineSeconds (600)";
    assert_eq!(lab.experiment.message(), why);
}

#[test]
fn a_replica_set_that_cannot_be_made_or_scaled_is_an_error() {
    let mut refused = step("60s", &[], &[]);
    refused.templates[0].refused = Some("invalid".to_owned());
    let mut lab = Lab::new(refused);
    lab.settle();
    assert_eq!(lab.phase(), Phase::Error);
    let why = "Failed to create ReplicaSet for template 'bar': invalid";
    assert_eq!(lab.experiment.message(), why);

    let mut lab = Lab::new(step("60s", &[], &[]));
    lab.settle();
    lab.experiment.scale_failed(0, "no");
    lab.settle();
    assert_eq!(lab.phase(), Phase::Error);
    assert!(
        lab.experiment
            .message()
            .ends_with("desired replica count '1': no")
    );
}

#[test]
fn after_the_templates_the_analyses_decide() {
    use Phase::{Failed, Running, Successful};
    let cases = [
        (Successful, Successful, Successful),
        (Failed, Successful, Failed),
        (Successful, Failed, Failed),
        (Running, Successful, Running),
    ];
    for (first, second, expected) in cases {
        let mut lab = Lab::running(step("60s", &[], &["rate", "latency"]));
        lab.ends(0, Running);
        lab.ends(1, Running);
        lab.at(61);
        assert_eq!(lab.phase(), Running);
        lab.ends(0, first);
        if !lab.experiment.finished() {
            lab.ends(1, second);
        }
        assert_eq!(lab.phase(), expected, "{first:?} {second:?}");
    }
    // A run without a phase is none that would be waited for (helpers.go:59).
    let mut lab = Lab::running(step("60s", &[], &["rate"]));
    lab.at(61);
    assert_eq!(lab.phase(), Successful);
    // Without one that is required, those that still run are not waited for.
    let mut lab = Lab::running(step("60s", &["rate"], &[]));
    lab.ends(0, Running);
    lab.at(61);
    assert_eq!(lab.phase(), Successful);
}

#[test]
fn an_analysis_that_goes_wrong_ends_it_early() {
    for phase in [Phase::Failed, Phase::Error, Phase::Inconclusive] {
        let mut lab = Lab::running(step("5m", &["rate", "latency"], &[]));
        lab.ends(1, Phase::Successful);
        assert_eq!(lab.phase(), Phase::Running);
        lab.ends(0, phase);
        assert_eq!((lab.phase(), lab.experiment.message()), (phase, "so"));
    }
}

#[test]
fn all_required_analyses_end_it_early() {
    let mut lab = Lab::running(step("", &[], &["rate", "latency"]));
    lab.ends(0, Phase::Successful);
    assert_eq!(lab.phase(), Phase::Running);
    lab.ends(1, Phase::Successful);
    assert_eq!(lab.phase(), Phase::Successful);
    assert_eq!(lab.experiment.message(), "Required AnalysisRuns completed");
}

/// experiment.go:497 and :643: an ordinary one that still runs is ended, and what comes of it not
/// looked at. So is the real one's, see `recorded`.
#[test]
fn an_ordinary_analysis_beside_a_required_one_can_keep_it_for_ever() {
    let mut lab = Lab::running(step("", &["rate"], &["latency"]));
    lab.ends(0, Phase::Running);
    lab.ends(1, Phase::Successful);
    assert_eq!(lab.phase(), Phase::Running);
    lab.ends(0, Phase::Successful);
    lab.at(10_000);
    assert_eq!(lab.phase(), Phase::Running);
    assert_eq!(lab.sizes, [1, 0]);
}

#[test]
fn an_invalid_one_stays_without_a_phase() {
    let mut lab = Lab::new(ExperimentStep {
        invalid: Some("two of a name".to_owned()),
        ..step("1m", &[], &[])
    });
    lab.settle();
    assert_eq!(
        (lab.experiment.phase(), lab.experiment.next_wake()),
        (None, None)
    );
}

#[test]
fn pods_have_a_hash_of_their_own() {
    let (v1, v2) = (Template::new("v1"), Template::new("v2"));
    let hash = |template: &ExperimentTemplate| template.hash(&v1, &v2);
    let canary = template();
    let stable = ExperimentTemplate {
        spec_ref: SpecRef::Stable,
        ..template()
    };
    let labelled = ExperimentTemplate {
        labels: [("a".to_owned(), "b".to_owned())].into(),
        ..template()
    };
    let hashes = [
        hash(&canary),
        hash(&stable),
        hash(&labelled),
        v1.clone(),
        v2.clone(),
    ];
    for (index, one) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(one), "{one}");
    }
    assert_eq!(
        hash(&canary),
        hash(&ExperimentTemplate {
            name: "other".to_owned(),
            ..template()
        })
    );
}
