//! The syntax tree.

use std::sync::Arc;

use super::builtins::Builtin;

/// A node with its place. Children are shared because chained comparisons use one operand twice.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Byte offset in the condition.
    pub(super) at: usize,
    /// Longest path to a leaf: what recursion over the tree will cost.
    pub(super) depth: usize,
    pub(super) kind: Kind,
}

pub(super) type Child = Arc<Node>;

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    /// A variable or a name of the environment.
    Name(Arc<str>),
    /// `#`, `#index`, `#acc`.
    Pointer(Pointer),
    Unary(Unary, Child),
    Binary(Binary, Child, Child),
    /// `base.name`, `base[property]`; the flag: `?.`.
    Member(Child, Child, bool),
    /// Where a `?.` inside stops on nil.
    Chain(Child),
    Slice(Child, Option<Child>, Option<Child>),
    /// A function of the environment.
    Call(Function, Vec<Child>),
    /// A built-in; predicates are plain nodes.
    Builtin(Builtin, Vec<Child>),
    Let(Arc<str>, Child, Child),
    Sequence(Vec<Child>),
    Conditional(Child, Child, Child),
    List(Vec<Child>),
    Map(Vec<(Child, Child)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pointer {
    Item,
    Index,
    Accumulator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Plus,
    Minus,
}

/// What Argo adds to the environment (`evaluate.go:119`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    AsInt,
    AsFloat,
    IsNaN,
    IsInf,
    IsNil,
    Default,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "asInt" => Self::AsInt,
            "asFloat" => Self::AsFloat,
            "isNaN" => Self::IsNaN,
            "isInf" => Self::IsInf,
            "isNil" => Self::IsNil,
            "default" => Self::Default,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AsInt => "asInt",
            Self::AsFloat => "asFloat",
            Self::IsNaN => "isNaN",
            Self::IsInf => "isInf",
            Self::IsNil => "isNil",
            Self::Default => "default",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    GreaterEqual,
    LessEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Coalesce,
}

impl Binary {
    /// The operator, its precedence and whether it groups to the right (`operator.go`).
    pub(super) fn named(text: &str) -> Option<(Self, u16, bool)> {
        Some(match text {
            "or" | "||" => (Self::Or, 10, false),
            "and" | "&&" => (Self::And, 15, false),
            "==" => (Self::Equal, 20, false),
            "!=" => (Self::NotEqual, 20, false),
            "<" => (Self::Less, 20, false),
            ">" => (Self::Greater, 20, false),
            ">=" => (Self::GreaterEqual, 20, false),
            "<=" => (Self::LessEqual, 20, false),
            "in" => (Self::In, 20, false),
            "matches" => (Self::Matches, 20, false),
            "contains" => (Self::Contains, 20, false),
            "startsWith" => (Self::StartsWith, 20, false),
            "endsWith" => (Self::EndsWith, 20, false),
            ".." => (Self::Range, 25, false),
            "+" => (Self::Add, 30, false),
            "-" => (Self::Subtract, 30, false),
            "*" => (Self::Multiply, 60, false),
            "/" => (Self::Divide, 60, false),
            "%" => (Self::Remainder, 60, false),
            "**" | "^" => (Self::Power, 100, true),
            "??" => (Self::Coalesce, 500, false),
            _ => return None,
        })
    }

    pub(super) const fn is_ordering(self) -> bool {
        matches!(
            self,
            Self::Less | Self::Greater | Self::GreaterEqual | Self::LessEqual
        )
    }

    pub(super) const fn takes_not(self) -> bool {
        matches!(
            self,
            Self::In | Self::Matches | Self::Contains | Self::StartsWith | Self::EndsWith
        )
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::LessEqual => "<=",
            Self::In => "in",
            Self::Matches => "matches",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Range => "..",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "**",
            Self::Coalesce => "??",
        }
    }
}

impl Kind {
    /// The same node over other children.
    pub(super) fn map_children<E>(
        &self,
        of: &mut dyn FnMut(&Node) -> Result<Child, E>,
    ) -> Result<Self, E> {
        let mut new = self.clone();
        match &mut new {
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Name(_)
            | Self::Pointer(_) => {}
            Self::Unary(_, a) | Self::Chain(a) => *a = of(a)?,
            Self::Binary(_, a, b) | Self::Member(a, b, _) | Self::Let(_, a, b) => {
                *a = of(a)?;
                *b = of(b)?;
            }
            Self::Slice(a, from, to) => {
                *a = of(a)?;
                for bound in from.iter_mut().chain(to) {
                    *bound = of(bound)?;
                }
            }
            Self::Conditional(a, b, c) => {
                for child in [a, b, c] {
                    *child = of(child)?;
                }
            }
            Self::Call(_, list)
            | Self::Builtin(_, list)
            | Self::Sequence(list)
            | Self::List(list) => {
                for child in list {
                    *child = of(child)?;
                }
            }
            Self::Map(pairs) => {
                for (key, value) in pairs {
                    *key = of(key)?;
                    *value = of(value)?;
                }
            }
        }
        Ok(new)
    }

    pub(super) fn each_child(&self, visit: &mut dyn FnMut(&Node)) {
        match self {
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Name(_)
            | Self::Pointer(_) => {}
            Self::Unary(_, a) | Self::Chain(a) => visit(a),
            Self::Binary(_, a, b) | Self::Member(a, b, _) | Self::Let(_, a, b) => {
                visit(a);
                visit(b);
            }
            Self::Slice(a, from, to) => {
                visit(a);
                from.iter().chain(to).for_each(|node| visit(node));
            }
            Self::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|node| visit(node)),
            Self::Call(_, list)
            | Self::Builtin(_, list)
            | Self::Sequence(list)
            | Self::List(list) => list.iter().for_each(|node| visit(node)),
            Self::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
        }
    }
}
