//! The yardstick: what one writes in an afternoon, an enum of events in a `BinaryHeap`.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use coalmine_sim::stream::{Purpose, Seed, Streams};
use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal};

use crate::Played;
use crate::model::{BUCKETS_S, ERROR_SHARE, LENGTH_S, MEAN_S, PODS, RPS, SERVERS, SIGMA, share};

#[derive(Clone, Copy)]
enum What {
    Arrival,
    Done { pod: usize, arrived_s: f64 },
}

struct Event {
    at_s: f64,
    sequence: u64,
    what: What,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = other.at_s.total_cmp(&self.at_s);
        by_time.then(other.sequence.cmp(&self.sequence))
    }
}

#[derive(Default)]
struct Pod {
    busy: u32,
    waiting: VecDeque<f64>,
    buckets: [u64; BUCKETS_S.len() + 1],
    seconds: f64,
    failed: u64,
}

pub(crate) fn play(round: u64) -> Played {
    let mut stream = Streams::new(Seed(round), "heap", 0).get(Purpose::Harm);
    let mut pods: Vec<Pod> = (0..2 * PODS).map(|_| Pod::default()).collect();
    let (mut heap, mut sequence) = (BinaryHeap::new(), 0);
    let mut note = |heap: &mut BinaryHeap<Event>, at_s: f64, what: What| {
        sequence += 1;
        heap.push(Event {
            at_s,
            sequence,
            what,
        });
    };
    let mu = MEAN_S.ln() - SIGMA * SIGMA / 2.0;
    note(&mut heap, 0.0, What::Arrival);
    let mut requests = 0;
    while let Some(Event { at_s, what, .. }) = heap.pop() {
        match what {
            What::Arrival if at_s >= LENGTH_S => {}
            What::Arrival => {
                requests += 1;
                let gap: f64 = Exp1.sample(&mut stream);
                note(&mut heap, at_s + gap / RPS, What::Arrival);
                let is_canary = stream.random::<f64>() < share(at_s);
                let pod = stream.random_range(0..PODS) + if is_canary { PODS } else { 0 };
                let pod = pod as usize;
                if pods[pod].busy == SERVERS {
                    pods[pod].waiting.push_back(at_s);
                    continue;
                }
                pods[pod].busy += 1;
                let z: f64 = StandardNormal.sample(&mut stream);
                let done_s = at_s + (mu + SIGMA * z).exp();
                let arrived_s = at_s;
                note(&mut heap, done_s, What::Done { pod, arrived_s });
            }
            What::Done { pod, arrived_s } => {
                let here = &mut pods[pod];
                let seconds = at_s - arrived_s;
                here.seconds += seconds;
                here.buckets[BUCKETS_S.partition_point(|bound| *bound < seconds)] += 1;
                here.failed += u64::from(stream.random::<f64>() < ERROR_SHARE);
                match here.waiting.pop_front() {
                    None => here.busy -= 1,
                    Some(arrived_s) => {
                        let z: f64 = StandardNormal.sample(&mut stream);
                        let done_s = at_s + (mu + SIGMA * z).exp();
                        note(&mut heap, done_s, What::Done { pod, arrived_s });
                    }
                }
            }
        }
    }
    let counted: u64 = pods.iter().flat_map(|pod| pod.buckets).sum();
    assert_eq!(counted, requests);
    Played {
        requests,
        failed: pods.iter().map(|pod| pod.failed).sum(),
        mean_latency_s: pods.iter().map(|pod| pod.seconds).sum::<f64>() / requests as f64,
    }
}
