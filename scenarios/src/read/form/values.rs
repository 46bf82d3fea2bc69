//! Values with a unit or within bounds.

use coalmine_policy::Span;
use coalmine_policy::source::{Diagnostics, Kind, parse_go_duration};

use super::Form;

/// What may follow a number. Bare numbers stay valid: they are in the base unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Nothing.
    None,
    /// Hundredths.
    Percent,
    /// Requests per second.
    Rps,
}

impl Unit {
    /// The number in front of the unit, in the base unit. Digits only: `inf%` and `1e3rps` are more
    /// likely slips than meant.
    fn parse(self, text: &str) -> Option<f64> {
        let (suffix, exponent) = match self {
            Self::None => return None,
            Self::Percent => ("%", "e-2"),
            Self::Rps => ("rps", ""),
        };
        let digits = text.trim().strip_suffix(suffix)?.trim_end();
        let plain = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        if !digits.chars().all(plain) {
            return None;
        }
        // With the exponent in the text `0.1%` is the very number 0.001, rounded once.
        format!("{digits}{exponent}").parse().ok()
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::None => "a number",
            Self::Percent => "a share",
            Self::Rps => "a rate",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::None => "write a number",
            Self::Percent => "write `2%` or 0.02",
            Self::Rps => "write `200rps` or 200, requests per second",
        }
    }
}

impl<'a> Form<'a> {
    /// A number within `ok`, bare or as text with `unit` behind it.
    fn number(
        &mut self,
        name: &'static str,
        unit: Unit,
        ok: fn(f64) -> bool,
        complaint: &str,
        help: &str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        let (value, shown) = match &self.node(name)?.kind {
            Kind::Str(text) if unit != Unit::None => match unit.parse(text) {
                Some(value) => (value, text.clone()),
                None => {
                    let complaint = format!("is {text:?}, not {}", unit.wanted());
                    self.refuse(name, &complaint, unit.example(), found);
                    return None;
                }
            },
            _ => {
                let value = self.fields.float(name, found)?;
                (value, value.to_string())
            }
        };
        if ok(value) && value.is_finite() {
            return Some(value);
        }
        self.refuse(name, &format!("is {shown}, {complaint}"), help, found);
        None
    }

    /// A share from 0 to 1, or from `0%` to `100%`.
    pub(crate) fn share(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<f64> {
        let ok = |x| (0.0..=1.0).contains(&x);
        let complaint = "not a share from 0 to 1";
        let help = Unit::Percent.example();
        self.number(name, Unit::Percent, ok, complaint, help, found)
    }

    /// A loss, as what it is: `-2%` or -0.02. The share that is lost.
    pub(crate) fn loss(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<f64> {
        let ok = |x| (-1.0..0.0).contains(&x);
        let complaint = "no loss";
        let help = "write `-2%` when 2 % of the completions are lost";
        let change = self.number(name, Unit::Percent, ok, complaint, help, found)?;
        Some(-change)
    }

    /// Requests per second from zero to `max`: `200rps` or 200.
    pub(crate) fn rate(
        &mut self,
        name: &'static str,
        max: f64,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        let (complaint, help) = ("below zero", "write zero or more");
        let value = self.number(name, Unit::Rps, |x| x >= 0.0, complaint, help, found)?;
        self.at_most(name, value, max, found)
    }

    /// A number of zero or more.
    pub(crate) fn not_negative(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        self.number(
            name,
            Unit::None,
            |x| x >= 0.0,
            "below zero",
            "write zero or more",
            found,
        )
    }

    /// A number from zero to `max`.
    pub(crate) fn up_to(
        &mut self,
        name: &'static str,
        max: f64,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        let value = self.not_negative(name, found)?;
        self.at_most(name, value, max, found)
    }

    fn at_most(
        &mut self,
        name: &'static str,
        value: f64,
        max: f64,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        if value > max {
            let help = format!("at most {max:e} can be simulated");
            self.refuse(name, &format!("is {value:e}, too large"), &help, found);
            return None;
        }
        Some(value)
    }

    /// A number above zero.
    pub(crate) fn positive(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<f64> {
        self.number(
            name,
            Unit::None,
            |x| x > 0.0,
            "not above zero",
            "write more than zero",
            found,
        )
    }

    /// A whole number from 1 to `max`.
    pub(crate) fn count(
        &mut self,
        name: &'static str,
        max: u32,
        found: &mut Diagnostics,
    ) -> Option<u32> {
        self.whole(name, (1, max), found)
    }

    /// A whole number within bounds.
    pub(crate) fn whole(
        &mut self,
        name: &'static str,
        (min, max): (u32, u32),
        found: &mut Diagnostics,
    ) -> Option<u32> {
        self.note(name);
        let value = self.fields.int(name, found)?;
        let whole = u32::try_from(value).ok();
        let whole = whole.filter(|n| (min..=max).contains(n));
        if whole.is_none() {
            let complaint = format!("is {value}, not a number from {min} to {max}");
            self.refuse(name, &complaint, "", found);
        }
        whole
    }

    /// The text of a time; a bare number is told its missing unit.
    pub(crate) fn time_text(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<&'a str> {
        let number = match self.node(name)?.kind {
            Kind::Int(value) => Some(value.to_string()),
            Kind::Float(value) => Some(value.to_string()),
            _ => None,
        };
        if let Some(number) = number {
            let help = format!("write `{number}s` if seconds are meant");
            self.refuse(name, &format!("is {number}, without a unit"), &help, found);
            return None;
        }
        self.fields.string(name, found)
    }

    /// A Go duration.
    pub(crate) fn duration(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<Span> {
        let text = self.time_text(name, found)?;
        match parse_go_duration(text) {
            Ok(span) => Some(span),
            Err(error) => {
                let help = "durations are Go's: `30s`, `5m`, `1h30m`";
                self.refuse(name, &format!("is no duration: {error}"), help, found);
                None
            }
        }
    }

    /// A Go duration above zero.
    pub(crate) fn some_time(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<Span> {
        let span = self.duration(name, found)?;
        if span == Span::ZERO {
            self.refuse(
                name,
                "must be longer than zero",
                "write for example `10s`",
                found,
            );
            return None;
        }
        Some(span)
    }
}
