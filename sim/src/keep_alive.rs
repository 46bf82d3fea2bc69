//! Clients that keep their connections to a Service: kube-proxy chooses a pod when a connection is
//! dialled, and all its requests go there until it is closed or the pod is gone (router notes §5.6).
//!
//! So the share of a canary follows its share of the pods with the connections' lifetime. Lifetimes are
//! exponential: at any moment every connection is as likely to be dialled anew, which makes one Poisson
//! process of all of them. Its instants and choices come from one stream, whoever asks and when: both
//! fidelities see the same connections.

use coalmine_policy::Span;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::draw::exponential;
use crate::split::Cohort;
use crate::stream::Stream;

/// How clients keep connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepAlive {
    /// How long a connection is kept, on average.
    pub lifetime: Span,
    /// Connections of all clients together; requests spread over them evenly.
    pub connections: u32,
}

impl KeepAlive {
    /// Connections when nothing else is said.
    pub const CONNECTIONS: u32 = 100;
}

/// A pod by the index of its workload and its ordinal.
pub type Name = (usize, u32);

/// Where a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The pod.
    pub pod: Name,
    /// The cohort it serves in.
    pub cohort: Cohort,
}

/// The connections of one replication.
#[derive(Clone, Debug)]
pub struct Connections {
    kept: KeepAlive,
    stream: Stream,
    /// None before the first pods are known, and while there are none.
    ends: Vec<End>,
    /// Connections by cohort.
    counts: [u32; 3],
    /// Pods that take connections, in the order of their names.
    pods: Vec<End>,
    /// Up to when they are known.
    now_s: f64,
    /// When the next one is dialled anew.
    next_s: f64,
}

/// The longest interval that is told as one.
const STEP_MAX_S: f64 = 15.0;
/// Steps in a lifetime.
const STEPS: f64 = 4.0;

impl Connections {
    /// No connection yet.
    #[must_use]
    pub fn new(kept: KeepAlive, stream: Stream) -> Self {
        let mut new = Self {
            kept,
            stream,
            ends: Vec::new(),
            counts: [0; 3],
            pods: Vec::new(),
            now_s: 0.0,
            next_s: 0.0,
        };
        new.next_s = new.gap_s();
        new
    }

    /// Until the next connection is dialled anew.
    fn gap_s(&mut self) -> f64 {
        let rate = f64::from(self.kept.connections) / self.kept.lifetime.as_secs_f64();
        exponential(&mut self.stream) / rate
    }

    /// One of `len`, by a draw (Lemire's multiplication).
    fn pick(&mut self, len: usize) -> usize {
        (((self.stream.next_u64() >> 32) * len as u64) >> 32) as usize
    }

    fn dial(&mut self, connection: usize) {
        let to = self.pick(self.pods.len());
        let end = self.pods[to];
        self.counts[end.cohort as usize] += 1;
        let before = std::mem::replace(&mut self.ends[connection], end);
        self.counts[before.cohort as usize] -= 1;
    }

    /// Lets connections end and be dialled anew until an instant.
    pub fn advance(&mut self, to_s: f64) {
        while self.next_s < to_s {
            if !self.ends.is_empty() {
                let connection = self.pick(self.ends.len());
                self.dial(connection);
            }
            self.next_s += self.gap_s();
        }
        self.now_s = self.now_s.max(to_s);
    }

    /// From an instant on these pods take connections. Those to other pods are dialled anew at once.
    pub fn meet(&mut self, now_s: f64, pods: impl Iterator<Item = End>) {
        self.advance(now_s);
        let known = std::mem::take(&mut self.pods);
        self.pods.extend(pods);
        self.pods.sort_unstable_by_key(|end| end.pod);
        if self.pods.is_empty() {
            self.ends.clear();
            self.counts = [0; 3];
            return;
        }
        if self.ends.is_empty() {
            self.ends = vec![self.pods[0]; self.kept.connections as usize];
            self.counts[self.pods[0].cohort as usize] = self.kept.connections;
            (0..self.ends.len()).for_each(|connection| self.dial(connection));
            return;
        }
        let is_there = |end: &End| {
            self.pods
                .binary_search_by_key(&end.pod, |pod| pod.pod)
                .is_ok()
        };
        if known.iter().all(is_there) {
            return;
        }
        let lost = self
            .ends
            .iter()
            .enumerate()
            .filter(|(_, end)| !is_there(end));
        let lost: Vec<usize> = lost.map(|(connection, _)| connection).collect();
        lost.into_iter()
            .for_each(|connection| self.dial(connection));
    }

    /// Up to when connections are known.
    #[must_use]
    pub const fn now_s(&self) -> f64 {
        self.now_s
    }

    /// The part of the requests that each cohort gets, if any does.
    #[must_use]
    pub fn shares(&self) -> Option<[f64; 3]> {
        let all = f64::from(self.kept.connections);
        let share = |count| f64::from(count) / all;
        (!self.ends.is_empty()).then(|| self.counts.map(share))
    }

    /// Whether the shares of cohorts change while pods do not.
    #[must_use]
    pub fn are_moving(&self) -> bool {
        let first = self.pods.first().map(|end| end.cohort);
        self.pods.iter().any(|end| Some(end.cohort) != first)
    }

    /// The mean shares of a step that ends at an instant at the latest, and when it began; none when
    /// they are known until then.
    pub fn step(&mut self, until_s: f64) -> Option<(f64, [f64; 3])> {
        let from_s = self.now_s;
        let step_s = (self.kept.lifetime.as_secs_f64() / STEPS).clamp(1.0, STEP_MAX_S);
        let to_s = (from_s + step_s).min(until_s);
        if to_s <= from_s || self.ends.is_empty() {
            return None;
        }
        let mut sums = [0.0; 3];
        let mut at_s = from_s;
        while at_s < to_s {
            let next_s = self.next_s.min(to_s);
            for (sum, count) in sums.iter_mut().zip(self.counts) {
                *sum += f64::from(count) * (next_s - at_s);
            }
            at_s = next_s;
            // What happens just then comes after it.
            self.advance(at_s.next_up().min(to_s));
        }
        let all = f64::from(self.kept.connections) * (to_s - from_s);
        Some((from_s, sums.map(|sum| sum / all)))
    }

    /// Where the requests on one of the connections go, by 32 random bits.
    #[must_use]
    pub fn end(&self, bits: u64) -> Option<End> {
        let connection = ((bits * self.ends.len() as u64) >> 32) as usize;
        self.ends.get(connection).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed, Streams};

    fn pods(old: u32, new: u32) -> impl Iterator<Item = End> {
        let end = |workload, ordinal, cohort| End {
            pod: (workload, ordinal),
            cohort,
        };
        let old = (0..old).map(move |ordinal| end(0, ordinal, Cohort::PrimaryOld));
        old.chain((0..new).map(move |ordinal| end(1, ordinal, Cohort::Canary)))
    }

    fn connections(connections: u32, seed: u64) -> Connections {
        let kept = KeepAlive {
            lifetime: Span::from_mins(1),
            connections,
        };
        let streams = Streams::new(Seed(seed), "connections", 0);
        Connections::new(kept, streams.get(Purpose::Connections))
    }

    /// Case 40 of the router notes, and what comes after it.
    #[test]
    fn a_connection_stays_until_it_is_closed_or_its_pod_is_gone() {
        let mut one = connections(1, 3);
        one.meet(0.0, pods(2, 0));
        assert_eq!(one.shares(), Some([0.0, 0.0, 1.0]));
        let closed_s = one.next_s;
        one.meet(closed_s / 2.0, pods(2, 2));
        one.advance(closed_s);
        assert_eq!(one.shares(), Some([0.0, 0.0, 1.0]));
        one.meet(closed_s, pods(0, 2));
        assert_eq!(one.shares(), Some([1.0, 0.0, 0.0]));
        assert!(!one.are_moving());
        one.meet(closed_s, pods(0, 0));
        assert_eq!((one.shares(), one.end(7)), (None, None));
    }

    /// New pods get the share s of n that is theirs as 1 - exp(-t / lifetime).
    #[test]
    fn the_share_follows_the_pods_with_the_lifetime() {
        let mut all = connections(20_000, 1);
        all.meet(100.0, pods(6, 0));
        all.meet(100.0, pods(6, 4));
        let mut steps = 0;
        while let Some((from_s, share)) = all.step(400.0) {
            let to_s = all.now_s();
            // The mean over the step.
            let left = |at_s: f64| (-(at_s - 100.0) / 60.0_f64).exp();
            let mean = 60.0 * (left(from_s) - left(to_s)) / (to_s - from_s);
            let exact = 0.4 * (1.0 - mean);
            assert!(
                (share[0] - exact).abs() < 0.015,
                "{from_s}: {share:?} {exact}"
            );
            assert!((share.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            steps += 1;
        }
        assert_eq!((steps, all.now_s()), (20, 400.0));
        // Their connections are dialled again at once, most of them to others of their kind.
        let before = all.shares().expect("there are pods")[0];
        all.meet(400.0, pods(6, 3));
        let after = all.shares().expect("there are pods")[0];
        let exact = before * (0.75 + 0.25 / 3.0);
        assert!((after - exact).abs() < 0.015, "{after} {exact}");
    }

    /// Whoever asks at other times sees the same connections.
    #[test]
    fn looks_change_nothing() {
        let (mut often, mut seldom) = (connections(50, 2), connections(50, 2));
        often.meet(0.0, pods(5, 0));
        seldom.meet(0.0, pods(5, 0));
        for second in 0..300 {
            often.advance(f64::from(second));
            if second == 200 {
                while often.step(200.5).is_some() {}
                often.meet(200.5, pods(4, 3));
            }
        }
        seldom.meet(200.5, pods(4, 3));
        seldom.advance(299.0);
        assert_eq!(often.ends, seldom.ends);
        assert_eq!(often.counts.iter().sum::<u32>(), 50);
        assert!(often.ends.iter().any(|end| end.cohort == Cohort::Canary));
    }
}
