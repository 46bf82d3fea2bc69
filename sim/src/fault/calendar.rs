//! Which faults the clock allows: onsets and ends at a time of day, and episodes.

use super::Fault;
use crate::draw;
use crate::stream::{Purpose, Stream, Streams};

/// All faults.
const ALL: usize = usize::MAX;

/// The faults that the clock allows, as a step function of time; one bit each.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    /// From when on which are allowed, in order of time. Empty when the clock decides nothing.
    steps: Vec<(f64, usize)>,
    /// Instants at which one fault begins or ends, before they are put in order.
    edges: Vec<(f64, usize)>,
}

impl Calendar {
    /// Draws the calendar of a replication that ends at `end_s`.
    pub fn reset(&mut self, faults: &[Fault], end_s: f64, streams: &Streams) {
        self.steps.clear();
        if !faults.iter().any(Fault::is_timed) {
            return;
        }
        self.edges.clear();
        let mut allowed = 0;
        for (bit, fault) in faults.iter().enumerate() {
            if fault.is_timed() {
                self.draw(bit, fault, end_s, streams);
            } else {
                allowed |= 1 << bit;
            }
        }
        self.edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.steps.push((f64::NEG_INFINITY, allowed));
        for (at_s, bit) in &self.edges {
            allowed ^= bit;
            self.steps.push((*at_s, allowed));
        }
    }

    /// The edges of one fault: an even number of them, a beginning before every end.
    fn draw(&mut self, bit: usize, fault: &Fault, end_s: f64, streams: &Streams) {
        let from_s = fault.onset.from_s.unwrap_or(f64::NEG_INFINITY);
        let until_s = fault.onset.until_s.unwrap_or(f64::INFINITY);
        let mut allow = |a: f64, b: f64| {
            if a < b {
                self.edges.extend([(a, 1 << bit), (b, 1 << bit)]);
            }
        };
        let Some(episodes) = fault.episodes else {
            allow(from_s, until_s);
            return;
        };
        let mut stream = streams.get(Purpose::Episodes(bit as u32));
        let mut at_s = from_s.max(0.0);
        let last_s = until_s.min(end_s);
        loop {
            at_s += exponential(episodes.gap_s, &mut stream);
            if at_s >= last_s {
                return;
            }
            let end_s = at_s + exponential(episodes.length_s, &mut stream);
            allow(at_s, end_s.min(until_s));
            at_s = end_s;
        }
    }

    /// Whether the clock decides nothing.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.steps.is_empty()
    }

    /// Calls `each` with the pieces of an interval in which the same faults are allowed, and with those.
    pub fn each_between(
        &self,
        (from_s, to_s): (f64, f64),
        mut each: impl FnMut((f64, f64), usize),
    ) {
        if self.steps.is_empty() {
            each((from_s, to_s), ALL);
            return;
        }
        let first = self.steps.partition_point(|(at_s, _)| *at_s <= from_s);
        let tail = &self.steps[first.saturating_sub(1)..];
        for (index, (at_s, allowed)) in tail.iter().enumerate() {
            let end_s = tail.get(index + 1).map_or(f64::INFINITY, |next| next.0);
            let span = (at_s.max(from_s), end_s.min(to_s));
            if span.0 >= to_s {
                return;
            }
            // Two faults may switch at one instant.
            if span.0 < span.1 {
                each(span, *allowed);
            }
        }
    }
}

fn exponential(mean: f64, stream: &mut Stream) -> f64 {
    mean * draw::exponential(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Episodes, Onset};
    use crate::stream::Seed;

    fn calendar(faults: &[Fault], replication: u32) -> Calendar {
        let mut calendar = Calendar::default();
        let streams = Streams::new(Seed(5), "calendar", replication);
        calendar.reset(faults, 3600.0, &streams);
        calendar
    }

    fn between(calendar: &Calendar, from_s: f64, to_s: f64) -> Vec<(f64, f64, usize)> {
        let mut pieces = Vec::new();
        calendar.each_between((from_s, to_s), |(a, b), allowed| {
            pieces.push((a, b, allowed));
        });
        pieces
    }

    fn between_times(from_s: f64, until_s: f64) -> Fault {
        Fault {
            error_share: 0.1,
            onset: Onset {
                from_s: Some(from_s),
                until_s: Some(until_s),
                ..Onset::default()
            },
            ..Fault::default()
        }
    }

    #[test]
    fn without_timed_faults_there_is_one_piece_with_all() {
        let pieces = between(&calendar(&[Fault::default()], 0), 3.0, 18.0);
        assert_eq!(pieces, [(3.0, 18.0, ALL)]);
    }

    #[test]
    fn faults_that_overlap_are_cut_at_every_edge() {
        let faults = [
            between_times(10.0, 30.0),
            Fault::default(),
            between_times(20.0, 30.0),
        ];
        let pieces = between(&calendar(&faults, 0), 0.0, 40.0);
        let expected = [
            (0.0, 10.0, 0b010),
            (10.0, 20.0, 0b011),
            (20.0, 30.0, 0b111),
            (30.0, 40.0, 0b010),
        ];
        assert_eq!(pieces, expected);
        let inside = between(&calendar(&faults, 0), 12.0, 13.0);
        assert_eq!(inside, [(12.0, 13.0, 0b011)]);
    }

    #[test]
    fn episodes_take_their_share_of_the_time() {
        let fault = Fault {
            episodes: Some(Episodes {
                gap_s: 90.0,
                length_s: 30.0,
            }),
            ..between_times(600.0, 3600.0)
        };
        let (mut inside, mut count) = (0.0, 0);
        for replication in 0..400 {
            let calendar = calendar(&[fault], replication);
            assert!(
                between(&calendar, 0.0, 600.0)
                    .into_iter()
                    .all(|(.., allowed)| allowed == 0)
            );
            for (a, b, _) in between(&calendar, 0.0, 3600.0)
                .into_iter()
                .filter(|piece| piece.2 == 1)
            {
                inside += b - a;
                count += 1;
            }
        }
        // An alternating renewal process that begins with a gap: P(on at t) = 1/4 (1 - e^(-t/22.5)),
        // so the mean time on in 3,000 s is 750 - 5.625. Per replication its standard deviation is
        // about 180 s: 9 s for the mean of 400.
        let mean = inside / 400.0;
        assert!((mean - 744.4).abs() < 36.0, "{mean}");
        assert!((f64::from(count) / 400.0 - 25.0).abs() < 1.5, "{count}");
    }
}
