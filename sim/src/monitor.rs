//! The simulated Prometheus of one replication: scrapes targets, keeps series, answers queries.
//!
//! Scrapes are caught up with when somebody asks, so nothing is drawn that no query can see.

use coalmine_policy::{MetricAnswer, MetricQuery, Time};
use coalmine_promql::{RangeSeries, Store, Value};

use crate::cluster::Cluster;
use crate::conditions::TRIED;
use crate::counts::{Counts, Sheet};
use crate::draw::{Categories, binomial, uniform};
use crate::exposition::{Answers, Class, Quantity, Target};
use crate::flow::{BY_ROUTER, Flow, Part, Portion, Watched};
use crate::load::Loaded;
use crate::split::Cohort;
use crate::stage::{Panel, Stage};
use crate::stream::{Purpose, Stream, Streams};

/// How long what is in service at the start has been counting: long enough for `rate` never to
/// extrapolate to a counter's zero.
const PAST_S: f64 = 6.0 * 3600.0;

/// The Prometheus of one replication.
#[derive(Debug)]
pub struct Monitor<'a> {
    stage: &'a Stage<'a>,
    store: Store,
    tallies: Vec<Tally>,
    /// Share of requests in each latency bucket, by treatment.
    bucket_shares: Vec<Categories>,
    /// Request fidelity: scrapes to make up for, by time, panel and number.
    due: Vec<(f64, usize, i64)>,
}

/// What a panel has counted, and how far it was scraped.
#[derive(Debug)]
struct Tally {
    stream: Stream,
    streams: Streams,
    offset_s: f64,
    /// The number of the next scrape; scrapes are at `offset + number * interval`.
    next: i64,
    counted_to_s: f64,
    begun: bool,
    ended: bool,
    /// How often the target's process has died and was started again.
    stint: usize,
    sheet: Sheet,
    /// Request fidelity: what the target had counted before the requests that are played.
    past: Sheet,
}

impl<'a> Monitor<'a> {
    /// A Prometheus without samples; [`Monitor::reset`] makes it ready.
    #[must_use]
    pub fn new(stage: &'a Stage<'a>, streams: &Streams) -> Self {
        let bounds = &stage.scenario.scrape.buckets_s;
        let shares = |treatment: &crate::fault::Treatment| {
            let slower = |bound: f64| treatment.behaviour.latency.slower_than(bound);
            let mut above = 1.0;
            let mut shares: Vec<f64> = Vec::with_capacity(bounds.len() + 1);
            for bound in bounds {
                let beyond = slower(*bound);
                shares.push(above - beyond);
                above = beyond;
            }
            shares.push(above);
            Categories::new(shares)
        };
        let scenario = stage.scenario;
        let blank = Sheet::new(scenario.routes.len(), scenario.business.len());
        let panels = stage.panels.iter();
        let tallies = panels.map(|panel| Tally::new(panel, blank.clone(), streams));
        Self {
            store: stage.series.clone(),
            tallies: tallies.collect(),
            bucket_shares: stage.behaviours.all().iter().map(shares).collect(),
            due: Vec::new(),
            stage,
        }
    }

    /// Begins another replication, keeping the memory.
    pub fn reset(&mut self, streams: &Streams) {
        self.store.clear_samples();
        let interval_s = self.interval_s();
        for (tally, panel) in self.tallies.iter_mut().zip(&self.stage.panels) {
            tally.reset(panel, streams, interval_s);
        }
    }

    fn interval_s(&self) -> f64 {
        self.stage.scenario.scrape.interval.as_secs_f64()
    }

    /// Answers a query at an instant. `flow` must know the split up to it.
    pub fn answer(
        &mut self,
        asked: &MetricQuery,
        now: Time,
        flow: &mut Flow<'_>,
        cluster: &Cluster,
    ) -> MetricAnswer {
        let Some(index) = self.stage.question(&asked.text) else {
            return MetricAnswer::Error(format!("not among the policy's queries: {}", asked.text));
        };
        if cluster.exceeds(self.stage.pods_created) {
            // Never silently: their requests would be missing from every answer.
            let why = "more pods were made than coalmine foresaw; please report this";
            return MetricAnswer::Error(why.to_owned());
        }
        self.scrape(now.as_secs_f64(), flow, cluster);
        let question = &self.stage.questions[index];
        let start_ms = self.stage.scenario.start_ms();
        let at_ms = start_ms + now.millis();
        let rows = |rows: Vec<RangeSeries>| {
            MetricAnswer::Matrix(rows.into_iter().map(|row| row.values).collect())
        };
        if let Some(range) = asked.range {
            let step_ms = (range.step.nanos() / 1_000_000) as i64;
            let bounds = (
                start_ms + range.start.millis(),
                start_ms + range.end.millis(),
                step_ms,
            );
            return match question.plan.range(&question.query, &self.store, bounds) {
                Ok(series) => rows(series),
                Err(error) => MetricAnswer::Error(error.to_string()),
            };
        }
        match question.plan.instant(&question.query, &self.store, at_ms) {
            Ok(Value::Vector(samples)) => {
                MetricAnswer::Vector(samples.iter().map(|sample| sample.value).collect())
            }
            Ok(Value::Scalar(value)) => MetricAnswer::Scalar(value),
            Ok(Value::Matrix(series)) => rows(series),
            Ok(Value::String(text)) => MetricAnswer::Text(text),
            Err(error) => MetricAnswer::Error(error.to_string()),
        }
    }

    /// The series as scraped so far.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Makes up for all scrapes until an instant.
    pub(crate) fn scrape(&mut self, now_s: f64, flow: &mut Flow<'_>, cluster: &Cluster) {
        if flow.each.is_some() {
            self.scrape_in_order(now_s, flow, cluster);
            return;
        }
        let interval_s = self.interval_s();
        let context = Scraping {
            stage: self.stage,
            bucket_shares: &self.bucket_shares,
            interval_s,
            now_s,
            needed_s: now_s - self.stage.reach_s,
        };
        for (tally, panel) in self.tallies.iter_mut().zip(&self.stage.panels) {
            let life = |stint| Life::of(panel, cluster, self.stage.lead_s, stint);
            while let Some(now) = life(tally.stint) {
                let next = now.is_outage.then(|| life(tally.stint + 1)).flatten();
                let again_s = next.map_or(f64::INFINITY, |next| next.from_s);
                let now = (&now, again_s);
                if !tally.catch_up(panel, now, &context, flow, &mut self.store) {
                    break;
                }
            }
        }
    }

    /// Request fidelity: the scrapes of all targets in time order, each after the requests before
    /// it.
    fn scrape_in_order(&mut self, now_s: f64, flow: &mut Flow<'_>, cluster: &Cluster) {
        let context = Scraping {
            stage: self.stage,
            bucket_shares: &self.bucket_shares,
            interval_s: self.interval_s(),
            now_s,
            needed_s: now_s - self.stage.reach_s,
        };
        self.due.clear();
        for (index, (tally, panel)) in self.tallies.iter_mut().zip(&self.stage.panels).enumerate() {
            if let Some(life) = Life::of(panel, cluster, self.stage.lead_s, tally.stint) {
                let due = tally.due(&life, &context);
                let due = due.map(|number| (tally.at_s(number, context.interval_s), index, number));
                self.due.extend(due);
            }
        }
        self.due
            .sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (at_s, index, number) in &self.due {
            let (tally, panel) = (&mut self.tallies[*index], &self.stage.panels[*index]);
            let life = |stint| Life::of(panel, cluster, self.stage.lead_s, stint);
            let at_ms = context.at_ms(*at_s);
            tally.next = number + 1;
            while let Some(life) = life(tally.stint).filter(|_| !tally.ended) {
                if *at_s > life.to_s {
                    let next = Life::of(panel, cluster, self.stage.lead_s, tally.stint + 1);
                    if next.is_none_or(|next| *at_s < next.from_s) {
                        tally.mark_stale(panel, at_ms, &mut self.store);
                    }
                    tally.end(&life);
                    continue;
                }
                if *at_s >= life.from_s {
                    flow.play_each(*at_s, cluster);
                    tally.read(panel, flow);
                    let scrape = (*number, *at_s);
                    tally.receive(panel, scrape, &context, &mut self.store);
                }
                break;
            }
        }
        flow.play_each(now_s, cluster);
    }
}

/// What catching up needs to know.
struct Scraping<'a> {
    stage: &'a Stage<'a>,
    bucket_shares: &'a [Categories],
    interval_s: f64,
    now_s: f64,
    /// Scrapes before this are out of every query's reach.
    needed_s: f64,
}

impl Scraping<'_> {
    /// A scrape's instant on Prometheus' axis.
    fn at_ms(&self, at_s: f64) -> i64 {
        self.stage.scenario.start_ms() + (at_s * 1_000.0).floor() as i64
    }
}

/// What becomes of a scrape.
enum Reception {
    Answered,
    /// The target did not answer in time.
    Failed,
    /// Prometheus was away.
    NotAsked,
}

/// From when to when a target can be scraped, and whose requests it counts.
struct Life {
    from_s: f64,
    to_s: f64,
    /// Whether the process is started again after that.
    is_outage: bool,
    cohorts: [Option<(Cohort, Part)>; 3],
}

impl Life {
    fn of(panel: &Panel, cluster: &Cluster, lead_s: f64, stint: usize) -> Option<Self> {
        match (panel.target, panel.class) {
            (Target::Pod { workload, ordinal }, _) => {
                let (stint, cohort) = cluster.stint((workload, ordinal), stint)?;
                let at_rest = stint.from == Time::ZERO;
                Some(Self {
                    from_s: if at_rest {
                        -lead_s
                    } else {
                        stint.from.as_secs_f64()
                    },
                    to_s: stint.to.map_or(f64::INFINITY, Time::as_secs_f64),
                    is_outage: stint.is_outage,
                    cohorts: [Some((cohort, Part::OnePod(stint.pod.rank))), None, None],
                })
            }
            (Target::Ingress(_), Class::Routed(cohorts)) => {
                let mut watched = [None; 3];
                for (slot, cohort) in watched.iter_mut().zip(cohorts) {
                    *slot = Some((*cohort, Part::OneIngress));
                }
                Some(Self {
                    from_s: -lead_s,
                    to_s: f64::INFINITY,
                    is_outage: false,
                    cohorts: watched,
                })
            }
            (Target::Ingress(_), Class::Own) => None,
        }
    }
}

impl Tally {
    fn new(panel: &Panel, blank: Sheet, streams: &Streams) -> Self {
        Self {
            stream: streams.get(Purpose::Tally(panel.id)),
            streams: *streams,
            offset_s: 0.0,
            next: 0,
            counted_to_s: 0.0,
            begun: false,
            ended: false,
            stint: 0,
            past: blank.clone(),
            sheet: blank,
        }
    }

    fn reset(&mut self, panel: &Panel, streams: &Streams, interval_s: f64) {
        self.stream = streams.get(Purpose::Tally(panel.id));
        self.streams = *streams;
        let mut phase = streams.get(Purpose::ScrapeOffset(panel.target.id()));
        self.offset_s = uniform(&mut phase) * interval_s;
        (self.begun, self.ended, self.stint) = (false, false, 0);
        self.sheet.clear();
    }

    /// The number of the first scrape at or after an instant.
    fn number_from(&self, at_s: f64, interval_s: f64) -> i64 {
        ((at_s - self.offset_s) / interval_s).ceil() as i64
    }

    fn begin(&mut self, life: &Life, scraping: &Scraping<'_>) {
        self.begun = true;
        self.counted_to_s = life.from_s;
        self.next = self.number_from(life.from_s, scraping.interval_s);
        if life.from_s < 0.0 {
            self.inherit(life, scraping);
        }
    }

    /// What a target that was there before the window had counted already.
    fn inherit(&mut self, life: &Life, scraping: &Scraping<'_>) {
        let scenario = scraping.stage.scenario;
        // Nothing was routed to a canary before, and no new pod was there.
        let share: f64 = life
            .cohorts
            .iter()
            .flatten()
            .filter(|(cohort, _)| *cohort == Cohort::PrimaryOld)
            .map(|(_, part)| match part {
                Part::OnePod(_) => 1.0 / f64::from(scraping.stage.replicas),
                Part::OneIngress => 1.0 / f64::from(scenario.scrape.ingress_replicas.max(1)),
            })
            .sum();
        let requests = scenario.traffic.rate(life.from_s) * PAST_S * share;
        let behaviours = &scraping.stage.behaviours;
        let kinds = scenario.route_kinds();
        for index in 0..scenario.routes.len().max(1) {
            let pair = self.sheet.route_mut(index as u16);
            let route = scenario.routes.get(index);
            let of_route = |times: f64| kinds.iter().position(|kind| *kind == times);
            let kind = route.and_then(|route| of_route(route.latency_times));
            let mask = behaviours.of_kind(kind.unwrap_or(0));
            let requests = requests * route.map_or(1.0, |route| route.share);
            let old = behaviours.get(mask).behaviour;
            let shares = scraping.bucket_shares[mask].shares();
            for (counts, part) in [
                (&mut pair.failed, old.error_share),
                (&mut pair.good, 1.0 - old.error_share),
            ] {
                counts.requests = (requests * part).round() as u64;
                counts.seconds = requests * part * old.latency.mean_s();
                counts.buckets.clear();
                let each = shares
                    .iter()
                    .map(|share| (requests * part * share).round() as u64);
                counts.buckets.extend(each);
            }
            let answered = pair.good.requests as f64;
            for (step, count) in scenario.business.iter().zip(&mut self.sheet.completed) {
                if step.is_of(index as u16) {
                    *count += (answered * step.completion).round() as u64;
                }
            }
        }
    }

    /// Makes up for the scrapes of one stint, when the target answers again from an instant on;
    /// whether the next one is to follow.
    fn catch_up(
        &mut self,
        panel: &Panel,
        (life, again_s): (&Life, f64),
        scraping: &Scraping<'_>,
        flow: &mut Flow<'_>,
        store: &mut Store,
    ) -> bool {
        if self.ended {
            return false;
        }
        if !self.begun {
            self.begin(life, scraping);
        }
        // Scrapes that nobody can look at any more are skipped, not their requests.
        let first_seen = self.number_from(scraping.needed_s, scraping.interval_s);
        self.next = self.next.max(first_seen);
        loop {
            let at_s = self.at_s(self.next, scraping.interval_s);
            if at_s > scraping.now_s {
                return false;
            }
            let at_ms = scraping.at_ms(at_s);
            self.count(panel, life, at_s.min(life.to_s), scraping, flow);
            if at_s > life.to_s {
                if at_s < again_s {
                    self.mark_stale(panel, at_ms, store);
                }
                self.end(life);
                return !self.ended;
            }
            self.receive(panel, (self.next, at_s), scraping, store);
            self.next += 1;
        }
    }

    /// When a scrape happens.
    fn at_s(&self, number: i64, interval_s: f64) -> f64 {
        self.offset_s + number as f64 * interval_s
    }

    /// The numbers of the scrapes to make up for.
    fn due(&mut self, life: &Life, scraping: &Scraping<'_>) -> std::ops::Range<i64> {
        if self.ended {
            return 0..0;
        }
        if !self.begun {
            self.begin(life, scraping);
            self.past.clone_from(&self.sheet);
        }
        let first_seen = self.number_from(scraping.needed_s, scraping.interval_s);
        let mut to = self.number_from(scraping.now_s, scraping.interval_s);
        if self.at_s(to, scraping.interval_s) <= scraping.now_s {
            to += 1;
        }
        self.next.max(first_seen)..to
    }

    /// Reads the counters of the requests played so far.
    fn read(&mut self, panel: &Panel, flow: &Flow<'_>) {
        self.sheet.clone_from(&self.past);
        if let Some(each) = &flow.each {
            each.read(panel.target, panel.class, &mut self.sheet);
        }
    }

    /// Draws what was counted since the last time.
    fn count(
        &mut self,
        panel: &Panel,
        life: &Life,
        to_s: f64,
        scraping: &Scraping<'_>,
        flow: &mut Flow<'_>,
    ) {
        let span = (self.counted_to_s, to_s);
        if span.1 <= span.0 {
            return;
        }
        self.counted_to_s = to_s;
        let Self { stream, sheet, .. } = self;
        for (cohort, part) in life.cohorts.iter().flatten() {
            let watched = Watched {
                cohort: *cohort,
                part: *part,
            };
            flow.draw(
                panel.family,
                watched,
                span,
                stream,
                |portion, loaded, stream| {
                    record((portion, loaded), panel, scraping, sheet, stream);
                },
            );
        }
    }

    /// What becomes of a scrape. A policy does not change it, nor does who else is scraped.
    fn reception(
        &self,
        panel: &Panel,
        (number, at_s): (i64, f64),
        scraping: &Scraping<'_>,
    ) -> Reception {
        let scrape = &scraping.stage.scenario.scrape;
        if scrape.gaps_s.iter().any(|(a, b)| (*a..*b).contains(&at_s)) {
            return Reception::NotAsked;
        }
        if scrape.missed_share > 0.0 {
            let purpose = Purpose::MissedScrape(panel.target.id(), number);
            if uniform(&mut self.streams.get(purpose)) < scrape.missed_share {
                return Reception::Failed;
            }
        }
        Reception::Answered
    }

    /// Takes in what a scrape of the target brings.
    fn receive(
        &self,
        panel: &Panel,
        (number, at_s): (i64, f64),
        scraping: &Scraping<'_>,
        store: &mut Store,
    ) {
        let at_ms = scraping.at_ms(at_s);
        match self.reception(panel, (number, at_s), scraping) {
            Reception::Answered => self.expose(panel, at_ms, store),
            // Prometheus scrape/scrape.go: a failed scrape ends every series of the target.
            Reception::Failed => self.mark_stale(panel, at_ms, store),
            Reception::NotAsked => {}
        }
    }

    /// A scrape: every series that has ever counted something gets a sample.
    fn expose(&self, panel: &Panel, at_ms: i64, store: &mut Store) {
        let mut running = Running::default();
        for (id, route, quantity) in &panel.series {
            if let Quantity::Bucket(answers, last) = *quantity {
                if let Some(count) = running.up_to(last, (*route, answers), &self.sheet) {
                    store.append(*id, at_ms, count);
                }
                continue;
            }
            if let Some(value) = self.value(*route, *quantity) {
                store.append(*id, at_ms, value);
            }
        }
    }

    /// The target is gone, or its process has died.
    fn end(&mut self, life: &Life) {
        if life.is_outage {
            // The next process begins to count at zero.
            self.stint += 1;
            self.begun = false;
            self.sheet.clear();
            self.past.clear();
        } else {
            self.ended = true;
        }
    }

    fn mark_stale(&self, panel: &Panel, at_ms: i64, store: &mut Store) {
        for (id, route, quantity) in &panel.series {
            if self.value(*route, *quantity).is_some() {
                store.append_stale(*id, at_ms);
            }
        }
    }

    /// What a series shows. Client libraries make a labelled series when it first counts; one without
    /// labels is there from the beginning.
    fn value(&self, route: Option<u16>, quantity: Quantity) -> Option<f64> {
        if let Quantity::Completed(step) = quantity {
            return Some(self.sheet.completed[step] as f64);
        }
        self.sheet.sum(route, |pair| {
            let (one, other) = match quantity.answers() {
                Answers::Good => (&pair.good, None),
                Answers::Failed => (&pair.failed, None),
                Answers::All => (&pair.good, Some(&pair.failed)),
            };
            let requests = one.requests + other.map_or(0, |counts| counts.requests);
            let of = |counts: &Counts| match quantity {
                Quantity::SecondsSum(_) => counts.seconds,
                Quantity::MillisSum(_) => counts.seconds * 1_000.0,
                Quantity::Bucket(_, last) => {
                    counts.buckets.iter().take(last + 1).sum::<u64>() as f64
                }
                Quantity::Requests(_) | Quantity::Completed(_) => counts.requests as f64,
            };
            (requests > 0).then(|| of(one) + other.map_or(0.0, of))
        })
    }
}

/// Cumulative buckets one after another: each adds to the one before.
#[derive(Default)]
struct Running {
    of: Option<(Option<u16>, Answers)>,
    next: usize,
    requests: u64,
    count: u64,
}

impl Running {
    /// What the buckets up to one have counted; `None` before any has.
    fn up_to(&mut self, last: usize, of: (Option<u16>, Answers), sheet: &Sheet) -> Option<f64> {
        if self.of != Some(of) || last + 1 < self.next {
            *self = Self {
                of: Some(of),
                requests: sheet.count(of, |one| one.requests),
                ..Self::default()
            };
        }
        if self.requests == 0 {
            return None;
        }
        let from = std::mem::replace(&mut self.next, last + 1);
        self.count += sheet.count(of, |one| {
            let there = one.buckets.len();
            one.buckets[from.min(there)..(last + 1).min(there)]
                .iter()
                .sum()
        });
        Some(self.count as f64)
    }
}

/// Adds a portion to what a target has counted.
fn record(
    (portion, loaded): (Portion, Option<&Loaded>),
    panel: &Panel,
    scraping: &Scraping<'_>,
    sheet: &mut Sheet,
    stream: &mut Stream,
) {
    let portion = Portion {
        mask: portion.mask & !TRIED,
        ..portion
    };
    let answered = portion.requests - portion.failed;
    let pair = sheet.route_mut(portion.route);
    if portion.mask & BY_ROUTER != 0 {
        // Nobody was asked: no time to speak of.
        let buckets = scraping.bucket_shares[0].shares().len();
        pair.failed.add_quick(portion.requests, buckets);
        return;
    }
    let kept = if let Some(loaded) = loaded {
        let bounds = &scraping.stage.scenario.scrape.buckets_s[..];
        let wanted = (panel.sums, panel.buckets.then_some(bounds));
        loaded.count((&mut pair.good, answered, false), wanted, stream);
        loaded.count((&mut pair.failed, portion.failed, true), wanted, stream);
        loaded.treatment.kept[0]
    } else {
        let treatment = scraping.stage.behaviours.get(portion.mask);
        let latency = &treatment.behaviour.latency;
        let shares = &scraping.bucket_shares[portion.mask];
        for (counts, requests) in [
            (&mut pair.good, answered),
            (&mut pair.failed, portion.failed),
        ] {
            counts.requests += requests;
            if requests == 0 {
                continue;
            }
            if panel.sums {
                counts.seconds += latency.draw_sum_s(requests, stream);
            }
            if panel.buckets {
                counts.add_buckets(requests, shares, stream);
            }
        }
        treatment.kept[0]
    };
    if panel.completions {
        let steps = scraping.stage.scenario.business.iter();
        for (step, count) in steps.zip(&mut sheet.completed) {
            if step.is_of(portion.route) {
                let share = step.completion * kept;
                *count += binomial(answered, share, stream);
            }
        }
    }
}

pub use crate::counts::BUCKETS_MAX;
