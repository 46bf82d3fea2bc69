//! Values that a knob may have: `5m..60m`, `5m..60m by 5m`, `1,2,5,10`.

use std::fmt;

use coalmine_policy::Span;
use coalmine_policy::source::parse_go_duration;

use super::field::Type;

/// More values than these nobody waits for.
const MOST: usize = 200;
/// A range without a step has about so many.
const ABOUT: usize = 9;
/// Whole numbers up to this many are all tried.
const ALL: i64 = 12;

/// Lengths that people write, in seconds.
const LENGTHS: [u64; 31] = [
    1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_200, 1_800, 2_700,
    3_600, 5_400, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400, 172_800, 604_800,
];

/// A value of a knob.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// A length of time.
    Duration(Span),
    /// A whole number.
    Whole(i64),
    /// Any number.
    Number(f64),
}

impl Value {
    /// On the line of numbers: seconds for times.
    #[must_use]
    pub fn number(self) -> f64 {
        match self {
            Self::Duration(span) => span.as_secs_f64(),
            Self::Whole(whole) => whole as f64,
            Self::Number(number) => number,
        }
    }
}

impl fmt::Display for Value {
    /// As a manifest has it: `90s`, `15m`, `2h`; `5`; `0.975`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(span) => f.write_str(&go_text(*span)),
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// A duration as people write it for Go: `90s`, `2m30s`, `1h`.
fn go_text(span: Span) -> String {
    let nanos = span.nanos();
    let parts = [("ms", 1_000_000), ("us", 1_000), ("ns", 1)];
    if !nanos.is_multiple_of(1_000_000_000) {
        let whole = parts.iter().find(|(_, unit)| nanos.is_multiple_of(*unit));
        return whole.map_or(String::new(), |(unit, size)| {
            format!("{}{unit}", nanos / size)
        });
    }
    let secs = nanos / 1_000_000_000;
    let part = |n: u64, unit: &str| {
        if n > 0 {
            format!("{n}{unit}")
        } else {
            String::new()
        }
    };
    match secs {
        0 => "0s".to_owned(),
        1..120 if !secs.is_multiple_of(60) => format!("{secs}s"),
        _ => part(secs / 3600, "h") + &part(secs / 60 % 60, "m") + &part(secs % 60, "s"),
    }
}

/// Reads a range or a list for values of this type, growing and each once.
///
/// # Errors
/// What is wrong with it, with an example of what is right.
pub fn parse(text: &str, of: Type, today: Option<Value>) -> Result<Vec<Value>, String> {
    let one = |text: &str| parse_one(text.trim(), of, today);
    let mut values = match text.split_once("..") {
        None => text.split(',').map(one).collect::<Result<Vec<_>, _>>()?,
        Some((low, rest)) => {
            let (high, step) = match rest.split_once(" by ") {
                Some((high, step)) => (high, Some(one(step)?)),
                None => (rest, None),
            };
            range(one(low)?, one(high)?, step, text)?
        }
    };
    values.sort_by(|a, b| a.number().total_cmp(&b.number()));
    values.dedup();
    if values.len() > MOST {
        return Err(format!(
            "{text:?} are {} values, more than {MOST}: write a longer step, for example `{} by …`",
            values.len(),
            text.split(" by ").next().unwrap_or(text)
        ));
    }
    Ok(values)
}

fn parse_one(text: &str, of: Type, today: Option<Value>) -> Result<Value, String> {
    match of {
        Type::Duration => match parse_go_duration(text) {
            Ok(span) if span > Span::ZERO => Ok(Value::Duration(span)),
            Ok(_) => Err(format!("{text:?} is no time; write for example `5m..60m`")),
            Err(error) => Err(format!(
                "{error}; write for example `5m..60m` or `30s,1m,5m`"
            )),
        },
        Type::Whole => {
            let digits = text.strip_suffix('%').unwrap_or(text);
            let whole = digits.trim_end().parse().ok().filter(|n| *n >= 0);
            let cure =
                || format!("{text:?} is no whole number; write for example `1..10` or `1,2,5`");
            whole.map(Value::Whole).ok_or_else(cure)
        }
        Type::Number | Type::Condition => {
            let (digits, percent) = match text.strip_suffix('%') {
                Some(digits) => (digits.trim_end(), true),
                None => (text, false),
            };
            let number = digits.parse::<f64>().ok().filter(|n| n.is_finite());
            let cure =
                || format!("{text:?} is no number; write for example `0.9..0.99` or `95,99`");
            let number = number.ok_or_else(cure)?;
            // Where shares are written as 0.95, 95 % is that; where as 99, 99 % is 99.
            let is_share = today.is_some_and(|today| today.number().abs() <= 1.0);
            let number = if percent && is_share {
                number / 100.0
            } else {
                number
            };
            Ok(Value::Number(tidy(number)))
        }
    }
}

/// Without the dust of binary fractions.
pub(super) fn tidy(number: f64) -> f64 {
    format!("{number:.9}").parse().unwrap_or(number)
}

fn range(low: Value, high: Value, step: Option<Value>, text: &str) -> Result<Vec<Value>, String> {
    if low.number() > high.number() {
        return Err(format!("{text:?} is empty: it ends before it begins"));
    }
    if let Some(step) = step {
        return stepped(low, high, step, text);
    }
    Ok(match (low, high) {
        (Value::Duration(low), Value::Duration(high)) => durations(low, high),
        (Value::Whole(low), Value::Whole(high)) if high - low < ALL => {
            (low..=high).map(Value::Whole).collect()
        }
        (Value::Whole(low), Value::Whole(high)) => spread(low as f64, high as f64)
            .map(|n| Value::Whole(n.round() as i64))
            .collect(),
        (low, high) => (0..7)
            .map(|k| low.number() + (high.number() - low.number()) * f64::from(k) / 6.0)
            .map(|number| Value::Number(tidy(number)))
            .collect(),
    })
}

fn stepped(low: Value, high: Value, step: Value, text: &str) -> Result<Vec<Value>, String> {
    let (from, to, by) = (low.number(), high.number(), step.number());
    if by <= 0.0 || (to - from) / by > 1e6 {
        return Err(format!("{text:?}: the step {step} leads nowhere"));
    }
    let count = ((to - from) / by + 1e-9).floor() as usize;
    // Counted even where they are too many, so that the message can say how many.
    Ok((0..=count)
        .map(|k| {
            let number = from + by * k as f64;
            match low {
                Value::Duration(_) => Value::Duration(Span::from_secs_f64(number)),
                Value::Whole(_) => Value::Whole(number.round() as i64),
                Value::Number(_) => Value::Number(tidy(number)),
            }
        })
        .collect())
}

/// What people would write between the ends, by factors.
fn durations(low: Span, high: Span) -> Vec<Value> {
    let between = LENGTHS.iter().map(|secs| Span::from_secs(*secs));
    let mut all: Vec<Span> = between.filter(|span| low < *span && *span < high).collect();
    // Those nearest to even factors; a long range has more than one needs.
    if all.len() > ABOUT - 2 {
        let wanted = spread(low.as_secs_f64(), high.as_secs_f64());
        let nearest = wanted.skip(1).take(ABOUT - 2).filter_map(|x| {
            let far = |span: &Span| (span.as_secs_f64() / x).ln().abs();
            all.iter().copied().min_by(|a, b| far(a).total_cmp(&far(b)))
        });
        all = nearest.collect();
        all.dedup();
    }
    all.insert(0, low);
    all.push(high);
    all.into_iter().map(Value::Duration).collect()
}

/// Numbers from `low` to `high` by even factors; evenly from zero.
fn spread(low: f64, high: f64) -> impl Iterator<Item = f64> {
    let last = (ABOUT - 1) as f64;
    (0..ABOUT).map(move |k| {
        let part = k as f64 / last;
        // One is added so that a range may begin with none.
        ((low + 1.0).ln() + ((high + 1.0) / (low + 1.0)).ln() * part).exp() - 1.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, of: Type) -> String {
        match parse(text, of, Some(Value::Number(0.95))) {
            Ok(values) => {
                let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
                texts.join(" ")
            }
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn ranges_have_values_that_people_would_write() {
        use Type::{Condition, Duration, Number, Whole};
        for (text, of, wanted) in [
            ("5m..60m", Duration, "5m 7m 10m 15m 20m 30m 45m 1h"),
            ("5m..60m by 15m", Duration, "5m 20m 35m 50m"),
            ("30s..24h", Duration, "30s 90s 4m 10m 30m 1h30m 3h 8h 24h"),
            ("90s, 1m,90s", Duration, "1m 90s"),
            ("1..10", Whole, "1 2 3 4 5 6 7 8 9 10"),
            ("0..100", Whole, "0 1 2 5 9 17 31 56 100"),
            ("10..50 by 20", Whole, "10 30 50"),
            ("5%,10%", Whole, "5 10"),
            ("0.9..0.99 by 0.03", Number, "0.9 0.93 0.96 0.99"),
            ("90%..96%", Condition, "0.9 0.91 0.92 0.93 0.94 0.95 0.96"),
        ] {
            assert_eq!(told(text, of), wanted, "{text}");
        }
    }

    #[test]
    fn mistakes_come_with_an_example() {
        use Type::{Duration, Number, Whole};
        for (text, of, wanted) in [
            ("5..60", Duration, "missing unit"),
            ("5d..6d", Duration, "not days"),
            ("0s..6m", Duration, "is no time"),
            ("60m..5m", Duration, "ends before it begins"),
            ("1..x", Whole, "no whole number"),
            ("-1..3", Whole, "no whole number"),
            ("1s..1h by 1s", Duration, "3600 values, more than 200"),
            ("1..3 by 0", Whole, "leads nowhere"),
            ("inf", Number, "is no number"),
            ("", Whole, "no whole number"),
        ] {
            assert!(
                told(text, of).contains(wanted),
                "{text}: {}",
                told(text, of)
            );
        }
    }
}
