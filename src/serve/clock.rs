//! Whose time it is.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Relates the world's time to the clients'.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The run is over; clients speak of the world's time.
    Finished {
        /// The scenario's end.
        end_ms: i64,
    },
    /// The run goes on; clients speak of the wall clock, which met the world's start when the
    /// server was started.
    Running {
        /// The scenario's start and end.
        span_ms: (i64, i64),
        /// Simulated seconds a second.
        speed: f64,
        /// The start on the wall clock.
        wall_ms: i64,
        /// The start on a clock that nobody sets.
        began: Instant,
    },
}

impl Clock {
    /// A clock that starts now, or one that has run out.
    pub(crate) fn new(span_ms: (i64, i64), speed: Option<f64>) -> Self {
        let Some(speed) = speed else {
            return Self::Finished { end_ms: span_ms.1 };
        };
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall_ms = wall.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0));
        Self::Running {
            span_ms,
            speed,
            wall_ms,
            began: Instant::now(),
        }
    }

    /// The world's time.
    pub(crate) fn now_ms(&self) -> i64 {
        match self {
            Self::Finished { end_ms } => *end_ms,
            Self::Running {
                span_ms,
                speed,
                began,
                ..
            } => {
                let passed_ms = began.elapsed().as_secs_f64() * 1_000.0 * speed;
                span_ms.1.min(span_ms.0.saturating_add(passed_ms as i64))
            }
        }
    }

    /// The world's time at a client's time.
    pub(crate) fn to_world(&self, client_ms: i64) -> i64 {
        match self {
            Self::Finished { .. } => client_ms,
            Self::Running {
                span_ms,
                speed,
                wall_ms,
                ..
            } => span_ms.0 + ((client_ms - wall_ms) as f64 * speed).round() as i64,
        }
    }

    /// A client's time at the world's time.
    pub(crate) fn to_client(&self, world_ms: i64) -> i64 {
        match self {
            Self::Finished { .. } => world_ms,
            Self::Running {
                span_ms,
                speed,
                wall_ms,
                ..
            } => wall_ms + ((world_ms - span_ms.0) as f64 / speed).round() as i64,
        }
    }

    /// A step between a client's times, in the world's milliseconds.
    pub(crate) fn step_to_world(&self, step_ms: i64) -> i64 {
        match self {
            Self::Finished { .. } => step_ms,
            Self::Running { speed, .. } => ((step_ms as f64 * speed).round() as i64).max(1),
        }
    }

    /// Whether more is to come.
    pub(crate) const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_clock_maps_there_and_back() {
        let clock = Clock::Running {
            span_ms: (5_000, 65_000),
            speed: 10.0,
            wall_ms: 1_000_000,
            began: Instant::now(),
        };
        assert_eq!(clock.to_world(1_000_000), 5_000);
        assert_eq!(clock.to_world(1_001_000), 15_000);
        assert_eq!(clock.to_client(15_000), 1_001_000);
        assert_eq!(clock.step_to_world(1_500), 15_000);
        assert!((5_000..=65_000).contains(&clock.now_ms()));
    }
}
