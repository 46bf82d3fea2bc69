//! Kubernetes' int-or-string, and limits made of it.

use std::fmt;
use std::num::{IntErrorKind, ParseIntError};

use serde::{Deserialize, Serialize};

/// A field that holds an integer or a string; strings exist so that `"{{args.count}}"` works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A text, read as a decimal number or as 0.
    Text(String),
}

impl IntOrString {
    /// Kubernetes' `IntValue`: text that does not parse is 0, a number too large the largest
    /// (`strconv.Atoi` gives it beside its error, which `IntValue` drops).
    #[must_use]
    pub fn int_value(&self) -> i64 {
        match self {
            Self::Int(value) => *value,
            // strconv.Atoi takes a plus sign; so does Rust.
            Self::Text(text) => {
                text.parse()
                    .unwrap_or_else(|error: ParseIntError| match error.kind() {
                        IntErrorKind::PosOverflow => i64::MAX,
                        IntErrorKind::NegOverflow => i64::MIN,
                        _ => 0,
                    })
            }
        }
    }

    /// `GetValueFromIntOrPercent`: a number as it is, a percentage of `total` rounded up or down.
    ///
    /// Argo reads *any* string as a percentage, with or without `%` (the spec's §3.4); `None` when
    /// it is no number.
    #[must_use]
    pub fn of_total(&self, total: u32, round_up: bool) -> Option<u32> {
        match self {
            Self::Int(value) => u32::try_from((*value).max(0)).ok(),
            Self::Text(text) => {
                let percent: f64 =
                    text.strip_suffix('%').unwrap_or(text).parse::<i64>().ok()? as f64;
                let exact = percent * f64::from(total) / 100.0;
                let rounded = if round_up {
                    exact.ceil()
                } else {
                    exact.floor()
                };
                Some(rounded.max(0.0) as u32)
            }
        }
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_number_or_zero_and_always_a_percentage() {
        let text = |text: &str| IntOrString::Text(text.to_owned());
        assert_eq!(text("3").int_value(), 3);
        assert_eq!(text("abc").int_value(), 0);
        assert_eq!(text("+3").int_value(), 3);
        assert_eq!(text(" 3").int_value(), 0);
        assert_eq!(text("99999999999999999999").int_value(), i64::MAX);
        assert_eq!(text("25%").of_total(10, true), Some(3));
        assert_eq!(text("25%").of_total(10, false), Some(2));
        assert_eq!(text("5").of_total(10, true), Some(1));
        assert_eq!(IntOrString::Int(5).of_total(10, true), Some(5));
        assert_eq!(text("x").of_total(10, true), None);
    }
}
