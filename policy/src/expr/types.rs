//! Static types: what expr calls natures.

use std::fmt;

/// The type of an expression before it is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Only known at run time (`interface {}`).
    Any,
    Nil,
    Bool,
    Int,
    Float,
    Text,
    List(Box<Self>),
    /// `map[string]interface {}`.
    Map,
    /// `map[interface {}]…`, of `groupBy` and `fromPairs`.
    Groups(Box<Self>),
}

impl Type {
    pub(super) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    pub(super) fn groups(of: Self) -> Self {
        Self::Groups(Box::new(of))
    }

    pub(super) const fn is_map(&self) -> bool {
        matches!(self, Self::Map | Self::Groups(_))
    }

    pub(super) const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// The type of an element; unknown for anything that is no list.
    pub(super) fn element(&self) -> Self {
        match self {
            Self::List(of) | Self::Groups(of) => (**of).clone(),
            _ => Self::Any,
        }
    }

    /// `==` and `!=` compile for these (`nature.go` ComparableTo).
    pub(super) fn comparable_to(&self, other: &Self) -> bool {
        use Type::{Any, List, Nil};
        matches!((self, other), (Any | Nil, _) | (_, Any | Nil))
            || self.is_number() && other.is_number()
            || matches!((self, other), (List(_), List(_)))
            || match (self, other) {
                // Go's types are map[interface {}]interface {} and map[interface {}][]interface {}.
                (Self::Groups(a), Self::Groups(b)) => {
                    matches!(**a, List(_)) == matches!(**b, List(_))
                }
                _ => self == other,
            }
    }
}

impl fmt::Display for Type {
    /// As Go spells them, for messages that read like Argo's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("interface {}"),
            Self::Nil => f.write_str("nil"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float64"),
            Self::Text => f.write_str("string"),
            Self::List(of) => write!(f, "[]{of}"),
            Self::Groups(of) => write!(f, "map[interface {{}}]{of}"),
            Self::Map => f.write_str("map[string]interface {}"),
        }
    }
}
