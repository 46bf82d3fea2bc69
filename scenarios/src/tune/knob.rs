//! A knob: places that turn together, and the values they may have.

use super::field::Type;
use super::find::{self, Lost, Place};
use super::values::{self, Value};
use super::{Address, Workbench, edit};

/// What may be turned.
#[derive(Clone, Debug)]
pub struct Knob {
    /// Its name in reports: the address.
    pub label: String,
    /// Where its value stands; several where they turn together.
    pub places: Vec<Place>,
    /// The values it may have, growing.
    pub values: Vec<Value>,
    /// Which of them holds today; `None` where another one does, or different ones do.
    pub today: Option<usize>,
}

impl Knob {
    /// Reads `ADDRESS=VALUES` or `ADDRESS+ADDRESS=VALUES`.
    ///
    /// # Errors
    /// What is wrong with it, and a cure.
    pub fn parse(bench: &Workbench, text: &str) -> Result<Self, (String, String)> {
        let plain = |cause: String| (cause, String::new());
        let Some((typed, wanted)) = text.split_once('=') else {
            let cause = format!("{text:?} has no values");
            return Err((
                cause,
                "write for example `analysis.threshold=1..10`".to_owned(),
            ));
        };
        let mut places = Vec::new();
        for one in typed.split('+') {
            let address = Address::parse(one).map_err(plain)?;
            places.extend(find::find(bench, &address)?);
        }
        let label = typed.trim().to_owned();
        let of = one_type(bench, &places, &label)?;
        let today = today(&places);
        let hint = today.or_else(|| places.iter().find_map(|place| place.today));
        let values =
            values::parse(wanted, of, hint).map_err(|why| plain(format!("{label}: {why}")))?;
        Self::new(bench, label, places, values)
    }

    /// A knob whose edits are known to change nothing else.
    pub(super) fn new(
        bench: &Workbench,
        label: String,
        places: Vec<Place>,
        values: Vec<Value>,
    ) -> Result<Self, Lost> {
        let now = today(&places);
        let knob = Self {
            today: now.and_then(|now| values.iter().position(|value| same(*value, now))),
            label,
            places,
            values,
        };
        for value in [knob.values.first(), knob.values.last()]
            .into_iter()
            .flatten()
        {
            let changes = [(&knob, *value)];
            let edited = edit::edited(bench, &changes)?;
            edit::check(bench, &edited, &changes)?;
        }
        Ok(knob)
    }

    /// What holds today, for people.
    #[must_use]
    pub fn today_text(&self) -> String {
        let is_written =
            |place: &Place| place.today.map_or("not set".to_owned(), |v| v.to_string());
        let mut all: Vec<String> = Vec::new();
        for text in self.places.iter().map(is_written) {
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all.join("/")
    }
}

pub(super) fn same(a: Value, b: Value) -> bool {
    (a.number() - b.number()).abs() < 1e-12
}

/// What holds in all of the places, if that is one value.
fn today(places: &[Place]) -> Option<Value> {
    let first = places.first()?.today?;
    let alike = |place: &Place| place.today.is_some_and(|value| same(value, first));
    places.iter().all(alike).then_some(first)
}

fn one_type(bench: &Workbench, places: &[Place], label: &str) -> Result<Type, Lost> {
    let first = places.first().map_or(Type::Whole, |place| place.of);
    match places.iter().find(|place| place.of != first) {
        None => Ok(first),
        Some(other) => {
            let line = bench.line(other);
            Err((
                format!("{label}: the value at line {line} is of another type than the first"),
                "give it a `--vary` of its own".to_owned(),
            ))
        }
    }
}
