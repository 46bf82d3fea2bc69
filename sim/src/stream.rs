//! Named random streams: one per (seed, scenario, replication, purpose).
//!
//! A stream depends on its name only, never on the order in which others are drawn from. So a
//! replication sees the same traffic, faults and lags whatever the policy (common random numbers),
//! and any number of threads gives the same bytes.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// The generator behind every result. Named, because `StdRng` may change between releases of
/// `rand`.
pub type Stream = Xoshiro256PlusPlus;

/// The root of all random streams of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Requests that arrive, cell by cell.
    Arrivals,
    /// The controller's phase against the release.
    Controller,
    /// The start-up time of one pod: workload, ordinal.
    Pod(u32, u32),
    /// How long a removed pod still takes connections: workload, ordinal.
    Stop(u32, u32),
    /// Router and its background events.
    Router,
    /// When a target is scraped within the interval.
    ScrapeOffset(u32),
    /// What a target counted of one class of requests.
    Tally(u32),
    /// Requests hurt that no target counted.
    Harm,
    /// When the first request meets the fault.
    FirstFault,
    /// Requests that arrived before the start.
    History,
    /// When the episodes of a fault begin and end.
    Episodes(u32),
    /// Whether a scrape fails: target, number of the scrape.
    MissedScrape(u32, i64),
    /// When the process of a pod dies, and how long it takes to start again: workload, ordinal.
    Crash(u32, u32),
    /// Connections that clients keep: which are dialled when, and to which pod.
    Connections,
    /// Request fidelity: when in its cell each request arrives.
    Instants,
    /// Request fidelity: what each request meets.
    Requests,
    /// Request fidelity: whose request it is.
    Sessions,
    /// Resamples of what was measured; of no replication.
    Bootstrap,
    /// Where a search begins; of no replication.
    Search,
}

impl Purpose {
    const fn code(self) -> u64 {
        match self {
            Self::Arrivals => 1,
            Self::Controller => 2,
            Self::Pod(workload, ordinal) => 3 | (workload as u64) << 8 | (ordinal as u64) << 32,
            Self::Stop(workload, ordinal) => 12 | (workload as u64) << 8 | (ordinal as u64) << 32,
            Self::Router => 4,
            Self::ScrapeOffset(target) => 5 | (target as u64) << 8,
            Self::Tally(tally) => 6 | (tally as u64) << 8,
            Self::Harm => 7,
            Self::FirstFault => 8,
            Self::History => 9,
            Self::Episodes(fault) => 10 | (fault as u64) << 8,
            // A target's id has 24 bits at most; what a scrape's number has beyond 32 is its sign.
            Self::MissedScrape(target, number) => 11 ^ (target as u64) << 8 ^ (number as u64) << 32,
            Self::Crash(workload, ordinal) => 13 | (workload as u64) << 8 | (ordinal as u64) << 32,
            Self::Connections => 14,
            Self::Instants => 64,
            Self::Requests => 65,
            Self::Sessions => 66,
            Self::Bootstrap => 67,
            Self::Search => 68,
        }
    }
}

/// The streams of one replication of one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    base: u64,
}

impl Streams {
    /// The streams of a replication. The scenario is named, not numbered, so that adding one to a
    /// study does not change the others.
    #[must_use]
    pub fn new(seed: Seed, scenario: &str, replication: u32) -> Self {
        let named = mix(mix(seed.0) ^ fnv1a(scenario));
        Self {
            base: mix(named ^ u64::from(replication)),
        }
    }

    /// The stream for a purpose, at its beginning.
    #[must_use]
    pub fn get(&self, purpose: Purpose) -> Stream {
        #[cfg(feature = "record-draws")]
        crate::draw::record::note(crate::draw::record::Draw::Stream);
        let mut state = mix(self.base ^ purpose.code());
        let mut seed = [0; 32];
        for chunk in seed.chunks_exact_mut(8) {
            state = state.wrapping_add(GOLDEN_GAMMA);
            chunk.copy_from_slice(&mix(state).to_le_bytes());
        }
        Stream::from_seed(seed)
    }
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function (Steele, Lea, Flood 2014), which is a bijection on 64 bits.
pub(crate) const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(GOLDEN_GAMMA);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a, 64 bits.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn streams_depend_on_every_part_of_their_name() {
        let first = |seed, scenario: &str, replication, purpose| {
            Streams::new(Seed(seed), scenario, replication)
                .get(purpose)
                .next_u64()
        };
        let base = first(1, "a", 0, Purpose::Arrivals);
        assert_eq!(base, first(1, "a", 0, Purpose::Arrivals));
        assert_ne!(base, first(2, "a", 0, Purpose::Arrivals));
        assert_ne!(base, first(1, "b", 0, Purpose::Arrivals));
        assert_ne!(base, first(1, "a", 1, Purpose::Arrivals));
        assert_ne!(base, first(1, "a", 0, Purpose::Router));
        let pods = [(0, 1), (1, 0), (1, 1)].map(|(w, o)| first(1, "a", 0, Purpose::Pod(w, o)));
        assert!(pods[0] != pods[1] && pods[1] != pods[2]);
    }
}
