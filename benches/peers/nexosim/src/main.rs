//! The canary model of `benches/requests` on nexosim, one thread (its fastest mode for it): an
//! ingress that sends each request to one of 5 + 5 pods. Prints CPU nanoseconds a request.

use std::collections::VecDeque;
use std::fs::read_to_string;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSinkReader, Output, SinkState, event_queue};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

const RPS: f64 = 1_000.0;
const PODS: usize = 5;
const SERVERS: u32 = 8;
const MEAN_S: f64 = 0.025;
const SIGMA: f64 = 0.8;
const ERROR_SHARE: f64 = 0.002;
const BUCKETS_S: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

fn seconds(time: MonotonicTime) -> f64 {
    time.duration_since(MonotonicTime::EPOCH).as_secs_f64()
}

#[derive(Serialize, Deserialize)]
struct Ingress {
    pods: Vec<Output<f64>>,
    stream: Xoshiro256PlusPlus,
    length_s: f64,
}

#[Model]
impl Ingress {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.next(cx);
    }

    fn next(&mut self, cx: &Context<Self>) {
        let gap: f64 = Exp1.sample(&mut self.stream);
        let gap = Duration::from_nanos((gap / RPS * 1e9) as u64 + 1);
        cx.schedule_event(gap, schedulable!(Self::arrival), ())
            .expect("in the future");
    }

    #[nexosim(schedulable)]
    async fn arrival(&mut self, _: (), cx: &Context<Self>) {
        let now = seconds(cx.time());
        if now >= self.length_s {
            return;
        }
        self.next(cx);
        let share = 0.05 * (1.0 + (now / 270.0).floor()).min(10.0);
        let is_canary = self.stream.random::<f64>() < share;
        let pod = self.stream.random_range(0..PODS) + if is_canary { PODS } else { 0 };
        self.pods[pod].send(now).await;
    }
}

#[derive(Serialize, Deserialize)]
struct Pod {
    told: Output<(u64, f64)>,
    stream: Xoshiro256PlusPlus,
    busy: u32,
    waiting: VecDeque<f64>,
    buckets: Vec<u64>,
    seconds: f64,
    failed: u64,
}

#[Model]
impl Pod {
    fn request(&mut self, arrived_s: f64, cx: &Context<Self>) {
        if self.busy == SERVERS {
            self.waiting.push_back(arrived_s);
            return;
        }
        self.busy += 1;
        self.serve(arrived_s, cx);
    }

    fn serve(&mut self, arrived_s: f64, cx: &Context<Self>) {
        let z: f64 = StandardNormal.sample(&mut self.stream);
        let mu = MEAN_S.ln() - SIGMA * SIGMA / 2.0;
        let work = Duration::from_nanos(((mu + SIGMA * z).exp() * 1e9) as u64 + 1);
        cx.schedule_event(work, schedulable!(Self::done), arrived_s)
            .expect("in the future");
    }

    #[nexosim(schedulable)]
    fn done(&mut self, arrived_s: f64, cx: &Context<Self>) {
        let latency_s = seconds(cx.time()) - arrived_s;
        self.seconds += latency_s;
        self.buckets[BUCKETS_S.partition_point(|bound| *bound < latency_s)] += 1;
        self.failed += u64::from(self.stream.random::<f64>() < ERROR_SHARE);
        match self.waiting.pop_front() {
            Some(arrived_s) => self.serve(arrived_s, cx),
            None => self.busy -= 1,
        }
    }

    async fn tell(&mut self) {
        let told = (self.buckets.iter().sum(), self.seconds);
        self.told.send(told).await;
    }
}

/// Nanoseconds that this process's threads have been on a processor, by clock ticks of 10 ms.
fn cpu_ns() -> f64 {
    let stat = read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap_or(0.0) + fields[12].parse::<f64>().unwrap_or(0.0);
    ticks * 1e7
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let length_s: f64 = std::env::args().nth(1).map_or(Ok(300.0), |text| text.parse())?;
    let mut bench = SimInit::with_num_threads(1);
    let (sink, mut told) = event_queue(SinkState::Enabled);
    let mut ingress = Ingress {
        pods: Vec::new(),
        stream: Xoshiro256PlusPlus::seed_from_u64(1),
        length_s,
    };
    let mut tells = Vec::new();
    for number in 0..2 * PODS {
        let mut pod = Pod {
            told: Output::default(),
            stream: Xoshiro256PlusPlus::seed_from_u64(100 + number as u64),
            busy: 0,
            waiting: VecDeque::new(),
            buckets: vec![0; BUCKETS_S.len() + 1],
            seconds: 0.0,
            failed: 0,
        };
        let mailbox = Mailbox::new();
        pod.told.connect_sink(sink.clone());
        let mut output = Output::default();
        output.connect(Pod::request, &mailbox);
        ingress.pods.push(output);
        let tell = nexosim::ports::EventSource::new()
            .connect(Pod::tell, &mailbox)
            .register(&mut bench);
        tells.push(tell);
        bench = bench.add_model(pod, mailbox, &format!("pod {number}"));
    }
    bench = bench.add_model(ingress, Mailbox::new(), "ingress");
    let mut simulation = bench.init(MonotonicTime::EPOCH)?;
    let before = cpu_ns();
    simulation.step_until(Duration::from_secs_f64(length_s + 10.0))?;
    let spent = cpu_ns() - before;
    let (mut count, mut sum) = (0, 0.0);
    for tell in &tells {
        simulation.process_event(tell, ())?;
        while let Some((requests, seconds)) = told.try_read() {
            count += requests;
            sum += seconds;
        }
    }
    println!(
        "nexosim 1.0.0: {:.0} ns a request; mean latency {:.3} ms",
        spent / count as f64,
        1e3 * sum / count as f64
    );
    Ok(())
}
