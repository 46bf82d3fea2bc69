//! What the families of routers and sidecars have in common: a counter and a histogram of latencies,
//! by target and class.

use coalmine_promql::Labels;

use super::{Answers, Class, Frame, Potential, Quantity, TO_CANARY, TO_STABLE, Target, app};

/// A label's name and value.
pub(super) type Label = (&'static str, String);

/// The unit of a histogram's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
}

/// The names of a family's series.
pub(super) struct Shape {
    /// The counter of requests.
    pub(super) counter: &'static str,
    /// The histogram, without suffix.
    pub(super) histogram: &'static str,
    /// The histogram's unit.
    pub(super) unit: Unit,
    /// The label that tells failures apart, with its two values.
    pub(super) outcome: (&'static str, [&'static str; 2]),
    /// Whether the histogram has that label too.
    pub(super) histogram_by_outcome: bool,
}

/// Who counts: its target, the requests, and the labels that say so.
pub(super) struct Place {
    pub(super) target: Target,
    pub(super) class: Class,
    pub(super) labels: Vec<Label>,
}

/// Families of one kind of target share its counts: a router's are its own, a sidecar's are those of
/// the application behind it.
const ROUTERS: usize = 0;

/// A place for each router and each of its two backends; `labels` is told whether it is the canary.
pub(super) fn routers(frame: &Frame<'_>, labels: impl Fn(bool) -> Vec<Label>) -> Vec<Place> {
    let replicas = 0..frame.ingress_replicas;
    let place = |replica, class| {
        let mut labels = labels(class == TO_CANARY);
        labels.push(("instance", format!("10.0.0.{}:9090", replica + 1)));
        let target = Target::Ingress(replica);
        Place {
            target,
            class,
            labels,
        }
    };
    let both = |replica| [TO_CANARY, TO_STABLE].map(|class| place(replica, class));
    replicas.flat_map(both).collect()
}

/// A place for each pod's sidecar; `labels` is told the workload's name and the pod's.
pub(super) fn sidecars(frame: &Frame<'_>, labels: impl Fn(&str, &str) -> Vec<Label>) -> Vec<Place> {
    let place = |pod: app::Pod| {
        let mut labels = labels(&pod.owner, &pod.name);
        labels.push(("pod", pod.name));
        labels.push(("instance", pod.instance));
        Place {
            target: pod.target,
            class: Class::Own,
            labels,
        }
    };
    app::pods(frame).into_iter().map(place).collect()
}

impl Shape {
    /// Every series of the family.
    pub(super) fn series(&self, frame: &Frame<'_>, places: &[Place]) -> Vec<Potential> {
        let mut all = Vec::new();
        for place in places {
            for (answers, value) in [Answers::Good, Answers::Failed]
                .into_iter()
                .zip(self.outcome.1)
            {
                let mut labels = place.labels.clone();
                labels.push((self.outcome.0, value.to_owned()));
                push(
                    place,
                    &labels,
                    self.counter.to_owned(),
                    Quantity::Requests(answers),
                    &mut all,
                );
                if self.histogram_by_outcome {
                    self.histogram(frame, place, &labels, answers, &mut all);
                }
            }
            if !self.histogram_by_outcome {
                self.histogram(frame, place, &place.labels, Answers::All, &mut all);
            }
        }
        all
    }

    fn histogram(
        &self,
        frame: &Frame<'_>,
        place: &Place,
        labels: &[Label],
        answers: Answers,
        all: &mut Vec<Potential>,
    ) {
        let name = |suffix: &str| format!("{}_{suffix}", self.histogram);
        let sum = match self.unit {
            Unit::Seconds => Quantity::SecondsSum(answers),
            Unit::Millis => Quantity::MillisSum(answers),
        };
        push(place, labels, name("sum"), sum, all);
        push(
            place,
            labels,
            name("count"),
            Quantity::Requests(answers),
            all,
        );
        for index in 0..=frame.buckets_s.len() {
            let mut labels = labels.to_vec();
            labels.push(("le", self.bound(frame.buckets_s, index)));
            push(
                place,
                &labels,
                name("bucket"),
                Quantity::Bucket(answers, index),
                all,
            );
        }
    }

    fn bound(&self, bounds_s: &[f64], index: usize) -> String {
        let Some(bound) = bounds_s.get(index) else {
            return "+Inf".to_owned();
        };
        match self.unit {
            Unit::Seconds => format!("{bound:?}"),
            // Rounded to the nanosecond, so that 0.035 s are 35 ms.
            Unit::Millis => format!("{:?}", (bound * 1e9).round() / 1e6),
        }
    }
}

fn push(
    place: &Place,
    labels: &[Label],
    name: String,
    quantity: Quantity,
    all: &mut Vec<Potential>,
) {
    let own = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    all.push(Potential {
        labels: Labels::new(own.chain([("__name__".to_owned(), name)])),
        target: place.target,
        class: place.class,
        // None of these tells paths apart.
        route: None,
        quantity,
        family: match place.target {
            Target::Ingress(_) => ROUTERS,
            Target::Pod { .. } => app::FAMILY,
        },
    });
}
