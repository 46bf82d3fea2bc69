//! Go's duration strings, as both controllers read them.

use thiserror::Error;

use crate::Span;

/// Why a text is no Go duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Nothing there.
    #[error("empty duration")]
    Empty,
    /// A number without a unit.
    #[error("missing unit in duration {0:?} (write `30s`, `5m`, `1h30m`)")]
    MissingUnit(String),
    /// A unit that Go does not have.
    #[error("unknown unit {unit:?} in duration {text:?} (Go knows h, m, s, ms, us, ns; not days)")]
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// Anything else.
    #[error("invalid duration {0:?}")]
    Invalid(String),
    /// Below zero, where that makes no sense here.
    #[error("negative duration {0:?}")]
    Negative(String),
    /// More than 292 years.
    #[error("duration {0:?} is out of range")]
    Overflow(String),
}

impl DurationError {
    /// As Go says it, without a cure.
    #[must_use]
    pub fn in_gos_words(&self) -> String {
        match self {
            Self::MissingUnit(text) => format!("time: missing unit in duration {text:?}"),
            Self::UnknownUnit { unit, text } => {
                format!("time: unknown unit {unit:?} in duration {text:?}")
            }
            Self::Empty => "time: invalid duration \"\"".to_owned(),
            Self::Invalid(text) | Self::Negative(text) | Self::Overflow(text) => {
                format!("time: invalid duration {text:?}")
            }
        }
    }
}

/// Parses what Go's `time.ParseDuration` accepts (`1h30m`, `1.5h`, `.5s`, `0`), negatives excepted.
///
/// # Errors
/// As Go's, with the cure in the message; a negative duration is [`DurationError::Negative`].
pub fn parse_go_duration(text: &str) -> Result<Span, DurationError> {
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    let (negative, unsigned) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if unsigned == "0" {
        return Ok(Span::ZERO);
    }
    if unsigned.is_empty() {
        return Err(DurationError::Invalid(text.to_owned()));
    }
    let mut rest = unsigned;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let (part, after) = parse_part(text, rest)?;
        nanos += part;
        rest = after;
    }
    // Go holds durations in an int64.
    let nanos = u64::try_from(nanos).ok().filter(|n| *n <= i64::MAX as u64);
    let Some(nanos) = nanos else {
        return Err(DurationError::Overflow(text.to_owned()));
    };
    if negative && nanos > 0 {
        return Err(DurationError::Negative(text.to_owned()));
    }
    Ok(Span::from_nanos(nanos))
}

/// One `number unit` pair in nanoseconds, and what follows it.
fn parse_part<'a>(text: &str, rest: &'a str) -> Result<(u128, &'a str), DurationError> {
    let number_len = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(rest.len());
    let (number, after) = rest.split_at(number_len);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return Err(DurationError::Invalid(text.to_owned()));
    }
    let unit_len = after
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(after.len());
    let (unit, after) = after.split_at(unit_len);
    let scale: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" => return Err(DurationError::MissingUnit(text.to_owned())),
        _ => {
            return Err(DurationError::UnknownUnit {
                unit: unit.to_owned(),
                text: text.to_owned(),
            });
        }
    };
    let overflow = || DurationError::Overflow(text.to_owned());
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse::<u64>().map_err(|_| overflow())?.into()
    };
    Ok((whole * scale + fraction_of(fraction, scale), after))
}

/// `0.fraction` of `scale`, truncated; digits beyond the 18th cannot matter.
fn fraction_of(fraction: &str, scale: u128) -> u128 {
    let digits = &fraction[..fraction.len().min(18)];
    digits
        .parse::<u128>()
        .map_or(0, |value| value * scale / 10u128.pow(digits.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_parse_as_in_go() {
        let nanos = |text| parse_go_duration(text).map(Span::nanos);
        assert_eq!(nanos("1m30s"), Ok(90_000_000_000));
        assert_eq!(nanos("1.5h"), Ok(5_400_000_000_000));
        assert_eq!(nanos(".5s"), Ok(500_000_000));
        assert_eq!(nanos("+5s"), Ok(5_000_000_000));
        assert_eq!(nanos("0"), Ok(0));
        assert_eq!(nanos("1µs"), Ok(1_000));
        assert_eq!(nanos("1h1h"), Ok(7_200_000_000_000));
    }

    #[test]
    fn what_go_refuses_is_refused_with_its_reason() {
        let error = |text| parse_go_duration(text).expect_err(text);
        assert_eq!(error(""), DurationError::Empty);
        assert_eq!(error("60"), DurationError::MissingUnit("60".into()));
        assert!(matches!(error("1d"), DurationError::UnknownUnit { .. }));
        assert!(matches!(error("1 m"), DurationError::UnknownUnit { .. }));
        assert!(matches!(error(" 1m"), DurationError::Invalid(_)));
        assert!(matches!(error("1.2.3s"), DurationError::Invalid(_)));
        assert!(matches!(error("-1m"), DurationError::Negative(_)));
        assert!(matches!(error("99999999h"), DurationError::Overflow(_)));
        assert!(matches!(error("."), DurationError::Invalid(_)));
        assert!(matches!(error("-"), DurationError::Invalid(_)));
    }
}
