//! Time as the engines see it: integer nanoseconds on the world's own axis.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since the world's epoch (the scenario's start in the simulator, 1970
/// live).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Time(u64);

/// A length of time in nanoseconds; never negative.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Time {
    /// The world's epoch.
    pub const ZERO: Self = Self(0);
    /// The end of time; arithmetic saturates here.
    pub const MAX: Self = Self(u64::MAX);

    /// An instant from nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// An instant from whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down: Prometheus' resolution.
    #[must_use]
    pub const fn millis(self) -> i64 {
        (self.0 / 1_000_000) as i64
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// The instant cut to whole seconds, as the Kubernetes API stores timestamps (`metav1.Time`).
    #[must_use]
    pub const fn truncated_to_second(self) -> Self {
        Self(self.0 - self.0 % NANOS_PER_SECOND)
    }

    /// The time since `earlier`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length from nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length from milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A length from whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// A length from whole minutes.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self::from_secs(mins.saturating_mul(60))
    }

    /// A length from fractional seconds; negative and NaN become zero.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        // `as` saturates and sends NaN to zero.
        Self((secs * NANOS_PER_SECOND as f64).round() as u64)
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Span {
    /// Writes `1h02m03s`, dropping leading zero units and showing milliseconds below one second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 && self.0 < NANOS_PER_SECOND {
            return write!(f, "{}ms", self.0 / 1_000_000);
        }
        let secs = self.0.saturating_add(NANOS_PER_SECOND / 2) / NANOS_PER_SECOND;
        let (hours, mins, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
        match (hours, mins) {
            (0, 0) => write!(f, "{secs}s"),
            (0, _) => write!(f, "{mins}m{secs:02}s"),
            _ => write!(f, "{hours}h{mins:02}m{secs:02}s"),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Time::MAX + Span::from_secs(1), Time::MAX);
        assert_eq!(Time::ZERO - Span::from_secs(1), Time::ZERO);
        assert_eq!(Time::ZERO.since(Time::from_secs(3)), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
    }

    #[test]
    fn spans_read_like_go_durations() {
        assert_eq!(Span::from_millis(250).to_string(), "250ms");
        assert_eq!(Span::from_secs(62).to_string(), "1m02s");
        assert_eq!(Span::from_secs(3723).to_string(), "1h02m03s");
    }

    #[test]
    fn the_end_of_time_can_be_written() {
        assert_eq!(Time::MAX.to_string(), "5124095h34m33s");
    }

    #[test]
    fn kubernetes_timestamps_lose_their_fraction() {
        let time = Time::from_nanos(5_999_999_999);
        assert_eq!(time.truncated_to_second(), Time::from_secs(5));
    }
}
