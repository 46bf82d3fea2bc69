//! From text to a requirement.

use std::fmt;
use std::str::FromStr;

use coalmine_policy::source::parse_go_duration;
use coalmine_scenarios::nearest;

use super::{Bound, Measure, Requirement, Unit};

/// Why a text is no requirement: cause and cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub cause: String,
    /// What to write instead.
    pub cure: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause, self.cure)
    }
}

impl std::error::Error for ParseError {}

fn error<T>(cause: String, cure: impl Into<String>) -> Result<T, ParseError> {
    let cure = cure.into();
    Err(ParseError { cause, cure })
}

const FORM: &str = "write a measure, `<` or `>`, and a limit, for example `missed<1%`, \
                    `detect-p95<5m`, `hurt-users<50` or `mcc>0.8`";

impl FromStr for Requirement {
    type Err = ParseError;

    /// Reads `MEASURE<LIMIT` or `MEASURE>LIMIT`. `<=` and `>=` mean the same: no interval tells them
    /// apart.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let Some(at) = text.find(['<', '>', '=', '≤', '≥']) else {
            return error(format!("`{text}` has no limit"), FORM);
        };
        let (name, rest) = text.split_at(at);
        let bounds = [
            ("<=", Bound::Below),
            ("≤", Bound::Below),
            ("<", Bound::Below),
            (">=", Bound::Above),
            ("≥", Bound::Above),
            (">", Bound::Above),
        ];
        let found = bounds.iter().find_map(|(sign, bound)| {
            let limit = rest.strip_prefix(sign)?;
            Some((*bound, limit.trim()))
        });
        let Some((bound, limit)) = found else {
            let cause = format!("`{text}`: what is estimated never equals a limit");
            return error(cause, FORM);
        };
        let measure = name.trim().parse::<Measure>()?;
        let name = measure.name();
        if bound != measure.good() {
            let good = measure.good().sign();
            let cause = format!("`{text}` would ask for a bad policy");
            return error(cause, format!("write `{name}{good}{limit}`"));
        }
        let limit = measure.limit(limit)?;
        Ok(Self {
            measure,
            bound,
            limit,
        })
    }
}

impl FromStr for Measure {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        if let Some(measure) = Self::named(name) {
            return Ok(measure);
        }
        if name.is_empty() {
            return error("no measure is named".to_owned(), FORM);
        }
        let cause = format!("no measure is named `{name}`");
        let typed = name.replace('_', "-").to_lowercase();
        // `detect` has two: both are told.
        let begin = format!("{typed}-");
        let longer: Vec<_> = Self::names().filter(|n| n.starts_with(&begin)).collect();
        if !longer.is_empty() {
            return error(cause, format!("there is `{}`", longer.join("`, `")));
        }
        match nearest(&typed, Self::names()) {
            Some(near) => error(cause, format!("did you mean `{near}`?")),
            None => {
                let names: Vec<_> = Self::names().collect();
                error(cause, format!("there are {}", names.join(", ")))
            }
        }
    }
}

impl Bound {
    /// As it is written.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Below => '<',
            Self::Above => '>',
        }
    }
}

impl Measure {
    fn limit(self, text: &str) -> Result<f64, ParseError> {
        let name = self.name();
        let sign = self.good().sign();
        let wrong = |what: &str, example: &str| {
            let cause = if text.is_empty() {
                format!("`{name}{sign}` has no limit")
            } else {
                format!("`{text}` is no limit for `{name}`, which is {what}")
            };
            error(cause, format!("write for example `{name}{sign}{example}`"))
        };
        let plain = |text: &str| {
            let number = text.replace([',', '_'], "").parse::<f64>().ok();
            number.filter(|number| number.is_finite())
        };
        match self.unit() {
            Unit::Share => {
                let share = match text.strip_suffix('%') {
                    Some(percent) => plain(percent.trim_end()).map(|percent| percent / 100.0),
                    None => plain(text),
                };
                // At the ends no number of runs could show it.
                match share.filter(|share| *share > 0.0 && *share < 1.0) {
                    Some(share) => Ok(share),
                    None => wrong("a share above 0 and below 100 %", "1%"),
                }
            }
            Unit::Time => match parse_go_duration(text) {
                Ok(span) if span.nanos() > 0 => Ok(span.as_secs_f64()),
                _ => wrong("a time", "5m"),
            },
            Unit::Count => match plain(text).filter(|count| *count > 0.0) {
                Some(count) => Ok(count),
                None => wrong("a number above 0", "50"),
            },
            Unit::Correlation => match plain(text).filter(|x| *x > -1.0 && *x < 1.0) {
                Some(number) => Ok(number),
                None => wrong("a number between -1 and 1", "0.8"),
            },
            Unit::Money => match plain(text).filter(|cost| *cost > 0.0) {
                Some(cost) => Ok(cost),
                None => wrong("an amount above 0 at your prices", "20"),
            },
        }
    }
}
