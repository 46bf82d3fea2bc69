//! Values with a unit or within bounds.

use coalmine_policy::Span;
use coalmine_policy::source::{Diagnostics, Kind, parse_go_duration};

use super::Form;

impl<'a> Form<'a> {
    /// A number within `ok`.
    fn number(
        &mut self,
        name: &'static str,
        ok: fn(f64) -> bool,
        complaint: &str,
        help: &str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        self.note(name);
        let value = self.fields.float(name, found)?;
        if ok(value) && value.is_finite() {
            return Some(value);
        }
        let complaint = format!("is {value}, {complaint}");
        self.refuse(name, &complaint, help, found);
        None
    }

    /// A share from 0 to 1.
    pub(in crate::read) fn share(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        let ok = |x| (0.0..=1.0).contains(&x);
        let help = "shares are plain numbers: write 0.02 for 2 %";
        self.number(name, ok, "not a share from 0 to 1", help, found)
    }

    /// A number of zero or more.
    pub(in crate::read) fn not_negative(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        self.number(
            name,
            |x| x >= 0.0,
            "below zero",
            "write zero or more",
            found,
        )
    }

    /// A number from zero to `max`.
    pub(in crate::read) fn up_to(
        &mut self,
        name: &'static str,
        max: f64,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        let value = self.not_negative(name, found)?;
        if value > max {
            let help = format!("at most {max:e} can be simulated");
            self.refuse(name, &format!("is {value:e}, too large"), &help, found);
            return None;
        }
        Some(value)
    }

    /// A number above zero.
    pub(in crate::read) fn positive(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        self.number(
            name,
            |x| x > 0.0,
            "not above zero",
            "write more than zero",
            found,
        )
    }

    /// A whole number from 1 to `max`.
    pub(in crate::read) fn count(
        &mut self,
        name: &'static str,
        max: u32,
        found: &mut Diagnostics,
    ) -> Option<u32> {
        self.note(name);
        let value = self.fields.int(name, found)?;
        let count = u32::try_from(value).ok().filter(|n| (1..=max).contains(n));
        if count.is_none() {
            let complaint = format!("is {value}, not a number from 1 to {max}");
            self.refuse(name, &complaint, "", found);
        }
        count
    }

    /// The text of a time; a bare number is told its missing unit.
    pub(in crate::read) fn time_text(
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
    pub(in crate::read) fn duration(
        &mut self,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<Span> {
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
    pub(in crate::read) fn some_time(
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
