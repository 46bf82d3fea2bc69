//! Where values lie, and which of them are written down.

use coalmine_policy::Span;

use crate::human;

/// A value with its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where.
    pub at: f64,
    /// What is written there.
    pub label: String,
}

/// One direction of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit.
    pub title: String,
    /// The first value.
    pub low: f64,
    /// The last.
    pub high: f64,
    /// Equal distances are equal factors.
    pub is_log: bool,
    /// What is written.
    pub ticks: Vec<Tick>,
}

impl Axis {
    fn new(title: &str, (low, high): (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        let inside = |at: f64| (low..=high).contains(&at);
        Self {
            title: title.to_owned(),
            low,
            // A plot of no width would divide by nothing.
            high: if high > low { high } else { low + 1.0 },
            is_log: false,
            ticks: ticks
                .into_iter()
                .filter(|(at, _)| inside(*at))
                .map(|(at, label)| Tick { at, label })
                .collect(),
        }
    }

    /// Shares from 0 to 100 %.
    #[must_use]
    pub fn share(title: &str) -> Self {
        let tick = |quarter: u32| {
            let at = f64::from(quarter) / 4.0;
            (at, format!("{:.0} %", at * 100.0))
        };
        Self::new(title, (0.0, 1.0), (0..=4).map(tick).collect())
    }

    /// Seconds since the start, up to these, in steps that clocks have.
    #[must_use]
    pub fn time(title: &str, seconds: f64) -> Self {
        const STEPS: [u32; 13] = [
            10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
        ];
        let fits = |step: &u32| seconds / f64::from(*step) <= 6.0;
        let longest = (seconds / 6.0).ceil().max(1.0);
        let step = STEPS.into_iter().find(fits).map_or(longest, f64::from);
        let count = (seconds / step).floor() as u32;
        let ticks = (0..=count.min(12)).map(|index| {
            let at = f64::from(index) * step;
            (at, duration(at))
        });
        Self::new(title, (0.0, seconds), ticks.collect())
    }

    /// Times of day, from midnight to midnight, in minutes.
    #[must_use]
    pub fn day(title: &str) -> Self {
        let tick = |index: u32| {
            let hour = index * 6;
            (f64::from(hour * 60), format!("{:02}:00", hour % 24))
        };
        Self::new(title, (0.0, 24.0 * 60.0), (0..=4).map(tick).collect())
    }

    /// Amounts from zero to a little more than the largest.
    #[must_use]
    pub fn amount(title: &str, largest: f64) -> Self {
        Self::between(title, 0.0, largest)
    }

    /// Values from the lowest to the highest and a little beyond, in round steps.
    #[must_use]
    pub fn between(title: &str, low: f64, high: f64) -> Self {
        let low = if low.is_finite() { low } else { 0.0 };
        let extent = if high > low {
            high - low
        } else {
            high.abs().max(1.0)
        };
        let step = round_step(extent / 4.0);
        let first = (low / step + 1e-9).floor() * step;
        let last = (low + extent) / step;
        let count = ((last - 1e-9).ceil() - first / step).clamp(1.0, 12.0) as u32;
        let at = |index: u32| first + f64::from(index) * step;
        let ticks = (0..=count).map(|index| (at(index), short(at(index), step)));
        Self::new(title, (first, at(count)), ticks.collect())
    }

    /// Positive values between these, by factors, with labels at 1, 2 and 5 times powers of ten.
    #[must_use]
    pub fn log(title: &str, low: f64, high: f64, label: impl Fn(f64) -> String) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        let high = high.max(low * 1.01);
        let decades = (high / low).log10();
        let digits: &[f64] = match decades {
            d if d > 3.2 => &[1.0],
            d if d > 1.8 => &[1.0, 3.0],
            _ => &[1.0, 2.0, 5.0],
        };
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let all = (first..=last).flat_map(|power| {
            let ten = 10_f64.powi(power);
            digits.iter().map(move |digit| digit * ten)
        });
        let ticks = all.map(|at| (at, label(at))).collect();
        Self {
            is_log: true,
            ..Self::new(title, (low, high), ticks)
        }
    }

    /// No ticks and no title: a direction that only arranges things.
    #[must_use]
    pub fn plain(low: f64, high: f64) -> Self {
        Self::new("", (low, high), Vec::new())
    }

    /// Where a value lies, in the units of [`Axis::ends`].
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        if self.is_log { value.ln() } else { value }
    }

    /// Where it begins and ends.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.place(self.low), self.place(self.high))
    }
}

/// Seconds as `0`, `30 s`, `5 min`, `1 h 30`.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole % 3600 / 60, whole % 60) {
        (0, 0, 0) => "0".to_owned(),
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (h, 0, 0) => format!("{h} h"),
        (h, m, 0) if h > 0 => format!("{h} h {m:02}"),
        _ => Span::from_secs(whole).to_string(),
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_step(at_least: f64) -> f64 {
    let ten = 10_f64.powf(at_least.max(1e-12).log10().floor());
    let digits = [1.0, 2.0, 5.0, 10.0];
    let fits = digits
        .into_iter()
        .find(|digit| digit * ten >= at_least * (1.0 - 1e-9));
    fits.unwrap_or(10.0) * ten
}

/// A value as short as its step allows: `1.5k`, `200`, `0.05`.
fn short(value: f64, step: f64) -> String {
    let (scaled, step, unit) = match value.abs().max(step) {
        most if most >= 1e6 => (value / 1e6, step / 1e6, "M"),
        most if most >= 10_000.0 => (value / 1e3, step / 1e3, "k"),
        _ => (value, step, ""),
    };
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (-step.log10()).ceil().clamp(0.0, 6.0) as usize;
    if decimals == 0 && unit.is_empty() && value >= 0.0 {
        return human::count(value.round() as u64);
    }
    format!("{scaled:.decimals$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_numbers_that_people_use() {
        let hour = Axis::time("", 3600.0);
        assert_eq!(
            labels(&hour),
            ["0", "10 min", "20 min", "30 min", "40 min", "50 min", "1 h"]
        );
        let long = Axis::time("", 3.0 * 86_400.0);
        assert!(labels(&long).len() <= 13, "{long:?}");
        assert_eq!(
            labels(&Axis::amount("", 164_893.0)),
            ["0", "50k", "100k", "150k", "200k"]
        );
        assert_eq!(
            labels(&Axis::between("", 97.57, 99.0)),
            ["97.5", "98.0", "98.5", "99.0"]
        );
        assert_eq!(labels(&Axis::amount("", 0.0)), ["0", "0.5", "1.0"]);
        let log = Axis::log("", 0.0025, 0.5, |x| format!("{:.1}", x * 100.0));
        assert_eq!(labels(&log), ["0.3", "1.0", "3.0", "10.0", "30.0"]);
    }

    #[test]
    fn odd_extents_are_axes_too() {
        for axis in [
            Axis::time("", 0.0),
            Axis::amount("", -1.0),
            Axis::between("", 5.0, 5.0),
            Axis::between("", f64::NAN, 1.0),
            Axis::log("", 0.0, 0.0, |x| x.to_string()),
            Axis::plain(0.0, 0.0),
        ] {
            let (low, high) = axis.ends();
            assert!(high > low, "{axis:?}");
        }
    }
}
