//! Values at run time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Error;
use super::types::Type;

/// Lists and maps may be nested so deep; keeps every walk over a value shallow.
const MAX_NESTING: u16 = 64;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    List(Arc<List>),
    Map(Arc<Map>),
    /// `map[interface {}]…`, in the order of insertion: Go's own order is random.
    Groups(Arc<Groups>),
}

#[derive(Debug)]
pub(super) struct List {
    pub(super) items: Vec<Value>,
    nesting: u16,
}

#[derive(Debug)]
pub(super) struct Map {
    pub(super) entries: BTreeMap<String, Value>,
    nesting: u16,
}

#[derive(Debug)]
pub(super) struct Groups {
    pub(super) entries: Vec<(Value, Value)>,
    /// What a missing key gives: of `groupBy` an empty list, of `fromPairs` nil.
    pub(super) zero: Value,
    nesting: u16,
}

impl Groups {
    pub(super) fn get(&self, key: &Value) -> Option<&Value> {
        let mut entries = self.entries.iter();
        entries
            .find(|(known, _)| known.same_key(key))
            .map(|(_, value)| value)
    }
}

impl Value {
    pub(super) fn floats(values: impl Iterator<Item = f64>) -> Self {
        Self::List(Arc::new(List {
            items: values.map(Self::Float).collect(),
            nesting: 1,
        }))
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(items: Vec<Self>) -> Result<Self, Error> {
        let nesting = nesting_of(items.iter())?;
        Ok(Self::List(Arc::new(List { items, nesting })))
    }

    pub(super) fn map(entries: BTreeMap<String, Self>) -> Result<Self, Error> {
        let nesting = nesting_of(entries.values())?;
        Ok(Self::Map(Arc::new(Map { entries, nesting })))
    }

    pub(super) fn groups(entries: Vec<(Self, Self)>, zero: Self) -> Result<Self, Error> {
        let all = entries.iter().flat_map(|(key, value)| [key, value]);
        let nesting = nesting_of(all)?;
        Ok(Self::Groups(Arc::new(Groups {
            entries,
            zero,
            nesting,
        })))
    }

    /// Whether Go can hash it.
    pub(super) const fn is_key(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_) | Self::Groups(_))
    }

    /// Equality of map keys: of type and value, so NaN is never found.
    pub(super) fn same_key(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(_), Self::Float(_)) | (Self::Float(_), Self::Int(_)) => false,
            _ => self.is_key() && self.equals(other),
        }
    }

    pub(super) fn from_json(json: &serde_json::Value) -> Result<Self, Error> {
        use serde_json::Value as Json;
        Ok(match json {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(*value),
            // Go's decoder makes every number a float64.
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::text(text),
            Json::Array(items) => {
                let items = items.iter().map(Self::from_json);
                Self::list(items.collect::<Result<_, _>>()?)?
            }
            Json::Object(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, v)| Ok((key.clone(), Self::from_json(v)?)));
                Self::map(entries.collect::<Result<_, Error>>()?)?
            }
        })
    }

    /// The type that expr sees by reflection.
    pub(super) fn shape(&self) -> Type {
        match self {
            Self::Nil => Type::Nil,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Float(_) => Type::Float,
            Self::Text(_) => Type::Text,
            Self::List(_) => Type::list(Type::Any),
            Self::Map(_) => Type::Map,
            Self::Groups(_) => Type::groups(Type::Any),
        }
    }

    /// The Go type's name, for messages.
    pub(super) fn go_type(&self) -> String {
        self.shape().to_string()
    }

    /// The number as a float, if it is one.
    pub(super) const fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// expr's `Equal`: numbers by value, everything else by type and content.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.items.len() == b.items.len()
                    && a.items.iter().zip(&b.items).all(|(a, b)| a.equals(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.entries.len() == b.entries.len()
                    && a.entries
                        .iter()
                        .zip(&b.entries)
                        .all(|((ka, a), (kb, b))| ka == kb && a.equals(b))
            }
            (Self::Groups(a), Self::Groups(b)) => {
                a.entries.len() == b.entries.len()
                    && a.entries
                        .iter()
                        .all(|(key, a)| b.get(key).is_some_and(|b| a.equals(b)))
            }
            _ => matches!((self.number(), other.number()), (Some(a), Some(b)) if a == b),
        }
    }

    /// Go's `%v`.
    pub(super) fn printed(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => print_float(*value),
            Self::Text(text) => text.as_ref().to_owned(),
            Self::List(list) => {
                let items: Vec<_> = list.items.iter().map(Self::printed).collect();
                format!("[{}]", items.join(" "))
            }
            Self::Map(map) => {
                let entries = map.entries.iter();
                let entries: Vec<_> = entries
                    .map(|(key, value)| format!("{key}:{}", value.printed()))
                    .collect();
                format!("map[{}]", entries.join(" "))
            }
            Self::Groups(map) => {
                let entries = map.entries.iter();
                let entries: Vec<_> = entries
                    .map(|(key, value)| format!("{}:{}", key.printed(), value.printed()))
                    .collect();
                format!("map[{}]", entries.join(" "))
            }
        }
    }

    /// Rough size, for the meter.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(list) => list.items.len(),
            Self::Map(map) => map.entries.len(),
            Self::Groups(map) => map.entries.len(),
            _ => 1,
        }
    }

    fn nesting(&self) -> u16 {
        match self {
            Self::List(list) => list.nesting,
            Self::Map(map) => map.nesting,
            Self::Groups(map) => map.nesting,
            _ => 0,
        }
    }
}

fn nesting_of<'a>(values: impl Iterator<Item = &'a Value>) -> Result<u16, Error> {
    let nesting = 1 + values.map(Value::nesting).max().unwrap_or(0);
    if nesting > MAX_NESTING {
        return Err(Error::at(0, "lists are nested too deep"));
    }
    Ok(nesting)
}

/// `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6 on
/// (strconv's `%g` decides by a precision of 6).
pub(crate) fn print_float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = value.abs();
    if value.is_nan() || size == 0.0 || (1e-4..1e6).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Go's conversion of a float64 to int64 on amd64: what does not fit, NaN too, is the least integer.
pub(super) fn to_int(value: f64) -> i64 {
    let limit = 9_223_372_036_854_775_808.0;
    if (-limit..limit).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}
