//! The specification's deterministic cases, lag quantiles and properties.

use super::*;
use crate::stream::{Purpose, Seed, Streams};

mod cases;
mod lags;
mod properties;

fn stream(trial: u32) -> Stream {
    Streams::new(Seed(5), "router", trial).get(Purpose::Router)
}

fn det() -> IngressNginx {
    IngressNginx::default().deterministic()
}

/// Every change until a minute and a half after the last event.
fn changes(config: &RouterConfig, events: &[(f64, Api)], trial: u32) -> Vec<Change> {
    let mut router = Router::new(config, stream(trial));
    let mut changes = Vec::new();
    let mut end_s = 0.0;
    for (at_s, api) in events {
        router.advance(*at_s, |change| changes.push(change));
        router.event(*at_s, *api);
        end_s = *at_s;
    }
    router.advance(end_s + 90.0, |change| changes.push(change));
    changes
}

fn weights(writes: &[(f64, f64)]) -> Vec<(f64, Api)> {
    writes
        .iter()
        .map(|(at, w)| (*at, Api::Weight(*w)))
        .collect()
}
