//! Which series the simulated targets could expose, and what each of them counts.

mod apisix;
mod app;
mod envoy;
mod experiment;
mod family;
mod istio;
mod linkerd;
mod nginx;
mod osm;
mod skipper;
mod traefik;

use coalmine_promql::Labels;

use crate::experiment::ExperimentPods;
use crate::service::{Business, Route};
use crate::split::Cohort;
use crate::subject::{Front, Names, Topology};

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A replica of the ingress controller: sees requests on their way, whichever pod answers.
    Ingress(u32),
    /// A pod of a workload (its index in the world) by ordinal.
    Pod {
        /// The workload.
        workload: usize,
        /// The pod.
        ordinal: u32,
    },
}

impl Target {
    /// Names the target's random streams.
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            Self::Ingress(replica) => replica,
            Self::Pod { workload, ordinal } => ((workload as u32 + 1) << 16) | ordinal,
        }
    }
}

/// A set of requests that a target counts separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Those that a pod answers, whichever cohort it is in.
    Own,
    /// Those routed to one of these cohorts.
    Routed(&'static [Cohort]),
}

/// Requests routed to the canary backend.
pub const TO_CANARY: Class = Class::Routed(&[Cohort::Canary]);
/// Requests routed to the stable backend.
pub const TO_STABLE: Class = Class::Routed(&[Cohort::PrimaryNew, Cohort::PrimaryOld]);
/// Requests where nothing is routed by weight.
pub const TO_ALL: Class = Class::Routed(&[Cohort::Canary, Cohort::PrimaryNew, Cohort::PrimaryOld]);

/// The port of the services, in the labels that carry one.
const PORT: u32 = 80;

/// Which answers a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Status 200.
    Good,
    /// Status 500.
    Failed,
    /// Both.
    All,
}

/// What a series shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Requests so far.
    Requests(Answers),
    /// Seconds they took together.
    SecondsSum(Answers),
    /// The same in milliseconds.
    MillisSum(Answers),
    /// Requests at most as slow as the bucket with this index; the index past the last bound is +Inf.
    Bucket(Answers, usize),
    /// Completions so far of the step of the business with this index.
    Completed(usize),
}

impl Quantity {
    /// Which answers it counts.
    #[must_use]
    pub const fn answers(self) -> Answers {
        match self {
            Self::Requests(answers)
            | Self::SecondsSum(answers)
            | Self::MillisSum(answers)
            | Self::Bucket(answers, _) => answers,
            Self::Completed(_) => Answers::Good,
        }
    }
}

/// A series that could exist.
#[derive(Clone, Debug)]
pub struct Potential {
    /// Its labels, name included.
    pub labels: Labels,
    /// The target that exposes it.
    pub target: Target,
    /// The requests it counts.
    pub class: Class,
    /// Of which route, by its index; of all when `None`.
    pub route: Option<u16>,
    /// What it shows of them.
    pub quantity: Quantity,
    /// Families share arrivals; counts of different families are not disjoint.
    pub family: usize,
}

/// The frame of an exposition.
pub struct Frame<'a> {
    /// Names for labels.
    pub names: &'a Names,
    /// The workloads.
    pub topology: &'a Topology,
    /// What stands in front of the pods.
    pub front: Front,
    /// Pods that each workload may have in one rollout, one after another.
    pub pods_created: [u32; 2],
    /// What experiment steps may bring about.
    pub experiments: &'a [ExperimentPods],
    /// Replicas of the ingress controller.
    pub ingress_replicas: u32,
    /// Histogram bounds in seconds.
    pub buckets_s: &'a [f64],
    /// Whether the latency histograms of the application carry a status label.
    pub latency_by_status: bool,
    /// The paths that users ask for; nobody tells them apart when there are none.
    pub routes: &'a [Route],
    /// What answered requests complete.
    pub business: &'a [Business],
}

impl Frame<'_> {
    /// The routes with their paths; one without a name when nobody tells them apart.
    fn paths(&self) -> impl Iterator<Item = (Option<u16>, Option<&str>)> {
        let each = self.routes.iter().zip(0_u16..);
        let each = each.map(|(route, index)| (Some(index), Some(route.path.as_str())));
        let none = self.routes.is_empty().then_some((None, None));
        each.chain(none)
    }
}

/// Every series that the world could expose.
#[must_use]
pub fn potential(frame: &Frame<'_>) -> Vec<Potential> {
    let mut all = match frame.front {
        Front::Nginx | Front::Service => nginx::series(frame),
        Front::Gateway => Vec::new(),
        Front::Istio => istio::series(frame),
        Front::Linkerd => linkerd::series(frame),
        Front::Traefik => traefik::series(frame),
        Front::Skipper => skipper::series(frame),
        Front::Apisix => apisix::series(frame),
        Front::Osm => osm::series(frame),
        Front::Contour | Front::AppMesh | Front::Gloo | Front::Kuma | Front::Knative => {
            envoy::series(frame)
        }
    };
    all.extend(app::series(frame));
    all
}

/// A bucket's bound as Prometheus 3 writes it at scrape: `1.0`, never `1`.
fn bound_text(bounds_s: &[f64], index: usize) -> String {
    bounds_s
        .get(index)
        .map_or_else(|| "+Inf".to_owned(), |bound| format!("{bound:?}"))
}

/// The series of one histogram.
fn histogram(
    base: &str,
    labels: &[(&str, String)],
    answers: Answers,
    bounds_s: &[f64],
    mut push: impl FnMut(Labels, Quantity),
) {
    let named = |suffix: &str, extra: Option<String>| {
        let own = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let name = ("__name__".to_owned(), format!("{base}_{suffix}"));
        let le = extra.map(|le| ("le".to_owned(), le));
        Labels::new(own.chain([name]).chain(le))
    };
    push(named("count", None), Quantity::Requests(answers));
    push(named("sum", None), Quantity::SecondsSum(answers));
    for index in 0..=bounds_s.len() {
        let le = bound_text(bounds_s, index);
        push(named("bucket", Some(le)), Quantity::Bucket(answers, index));
    }
}
