//! A metric's interval as Prometheus reads it: Flagger puts it into range selectors unchecked.

use super::report;
use crate::source::{Diagnostics, Fields};

/// Units in the order that Prometheus wants, in milliseconds (`model/time.go`).
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Warns at the interval when no query with it can be answered.
pub(super) fn warn_of_unusable(fields: &mut Fields<'_>, interval: &str, found: &mut Diagnostics) {
    let Some(fault) = fault(interval) else {
        return;
    };
    let what = format!(
        "is {interval:?}; Prometheus answers the query with an error ({fault}), so the check fails \
         every time"
    );
    report::warn(fields, "interval", &what, "write for example `1m`", found);
}

/// Why a text is no length of a range selector.
fn fault(text: &str) -> Option<&'static str> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds <= 0.0).then_some("duration must be greater than 0");
    }
    let (mut millis, mut rest, mut units) = (0_u64, text, UNITS.as_slice());
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (unit, after) = after.split_at(letters);
        let known = units.iter().position(|(name, _)| *name == unit);
        let (Some(at), false) = (known, number.is_empty()) else {
            return Some("bad number or duration syntax");
        };
        let part = number.parse::<u64>().ok();
        let part = part.and_then(|number| number.checked_mul(units[at].1));
        let sum = part.and_then(|part| part.checked_add(millis));
        // Go holds durations in an int64 of nanoseconds.
        let Some(sum) = sum.filter(|sum| *sum <= i64::MAX as u64 / 1_000_000) else {
            return Some("duration out of range");
        };
        (millis, rest, units) = (sum, after, &units[at + 1..]);
    }
    (millis == 0).then_some("duration must be greater than 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_durations_are_told_from_others() {
        for good in ["1m", "90s", "1h30m", "1m500ms", "290y"]
            .into_iter()
            .chain(["1w2d", "90"])
        {
            assert_eq!(fault(good), None, "{good}");
        }
        for zero in ["0s", "0m", "0m0s"] {
            assert_eq!(fault(zero), Some("duration must be greater than 0"));
        }
        for bad in ["1mx", "m", "1.5m", "1s1m", "1m1m", "1µs", "1m "] {
            assert_eq!(fault(bad), Some("bad number or duration syntax"), "{bad}");
        }
        for absurd in ["99999999999999999999m", "293y"] {
            let wanted = Some("duration out of range");
            assert_eq!(fault(absurd), wanted, "{absurd}");
        }
    }
}
