//! The same model on coalmine's engine, with all that it counts for the policies.

use coalmine_policy::{Replicas, Span, Time, Workload};
use coalmine_sim::cluster::Cluster;
use coalmine_sim::conditions::Conditions;
use coalmine_sim::latency::Latency;
use coalmine_sim::pods::{Crashes, Startup};
use coalmine_sim::request::engine::Engine;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::split::{Segment, Split};
use coalmine_sim::stream::{Seed, Streams};
use coalmine_sim::subject::Topology;
use coalmine_sim::traffic::Traffic;

use crate::Played;
use crate::model::{BUCKETS_S, ERROR_SHARE, LENGTH_S, MEAN_S, PODS, RPS, SERVERS, SIGMA, share};

fn scenario() -> Scenario {
    let mut scenario = coalmine_scenarios::catalogue::find("steady/healthy").expect("is there");
    scenario.horizon = Span::from_secs_f64(LENGTH_S + 60.0);
    scenario.traffic = Traffic {
        terms: vec![coalmine_sim::traffic::Term::Table {
            points: vec![(LENGTH_S, RPS), (LENGTH_S + 0.001, 0.0)],
        }],
    };
    let median = MEAN_S * (-SIGMA * SIGMA / 2.0).exp();
    let p99 = median * (SIGMA * 2.326_347_874_040_841).exp();
    scenario.service.latency = Latency::from_quantiles(median, p99);
    scenario.service.concurrency = Some(SERVERS);
    scenario.service.error_share = ERROR_SHARE;
    scenario.scrape.buckets_s = BUCKETS_S.to_vec();
    scenario
}

pub(crate) fn play(round: u64) -> Played {
    let scenario = scenario();
    let behaviours = scenario.behaviours();
    let streams = Streams::new(Seed(round), "engine", 0);
    let startup = Startup {
        streams: &streams,
        time: Latency::from_quantiles(1e-6, 1e-6),
        pre_stop_s: 0.0,
        crashes: &Crashes::default(),
    };
    let mut cluster = Cluster::at_rest(&Topology::PrimaryAndTarget, PODS);
    cluster.scale(
        Time::ZERO,
        &Workload::Target,
        Replicas::Exactly(PODS),
        &startup,
    );
    let conditions = Conditions::new(&scenario, &behaviours);
    let mut engine = Engine::new(&scenario, &behaviours, 0.0, &streams);
    let mut split = Split::default();
    // The canary's pods are ready at once, but not before the beginning.
    split.push(Segment {
        share: [0.0, 0.0, 1.0],
        pods: [0, 0, PODS],
        ..Segment::default()
    });
    engine.advance(0.001, (&split, &conditions), &cluster);
    let mut at_s = 0.001;
    // Scrapes ask every 15 seconds.
    while at_s < LENGTH_S + 60.0 {
        let canary = share(at_s);
        split.push(Segment {
            from_s: at_s,
            share: [canary, 0.0, 1.0 - canary],
            pods: [PODS, 0, PODS],
            ..Segment::default()
        });
        at_s += 15.0;
        engine.advance(at_s, (&split, &conditions), &cluster);
    }
    let (requests, failed, seconds) = engine.answered();
    assert_eq!(requests, engine.tally().requests);
    Played {
        requests,
        failed,
        mean_latency_s: seconds / requests as f64,
    }
}
