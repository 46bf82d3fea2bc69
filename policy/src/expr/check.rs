//! The static check against the type of `result` (expr's `checker/checker.go`).
//!
//! It looks at every branch, so a mistyped one is an error even where evaluation would skip it.

mod builtin;
mod operator;

use std::sync::Arc;

use super::Error;
use super::ast::{Binary, Child, Function, Kind, Node, Pointer, Unary};
use super::builtins::Builtin;
use super::error::Meter;
use super::types::Type;

/// The type of a condition for a result of this type.
pub(super) fn check(root: &Node, result: &Type) -> Result<Checked, Error> {
    let mut checker = Checker {
        result,
        variables: Vec::new(),
        scopes: Vec::new(),
        strict: Vec::new(),
        meter: Meter::new(),
    };
    let of = checker.visit(root)?;
    Ok(Checked {
        of,
        strict: checker.strict,
    })
}

/// A condition that passes for one type of result.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) of: Type,
    /// Where two integers or two strings are held equal: at run time nothing else will do.
    pub(super) strict: Vec<usize>,
}

struct Checker<'a> {
    result: &'a Type,
    variables: Vec<(Arc<str>, Type)>,
    /// The collections whose elements `#` stands for, and whose predicate it is.
    scopes: Vec<(Type, Builtin)>,
    strict: Vec<usize>,
    meter: Meter,
}

impl Checker<'_> {
    fn visit(&mut self, node: &Node) -> Result<Type, Error> {
        self.meter.charge(node.at, 10)?;
        Ok(match &node.kind {
            Kind::Nil => Type::Nil,
            Kind::Bool(_) => Type::Bool,
            Kind::Int(_) => Type::Int,
            Kind::Float(_) => Type::Float,
            Kind::Text(_) => Type::Text,
            Kind::Name(name) => self.name(node.at, name)?,
            Kind::Pointer(pointer) => self.pointer(node.at, *pointer)?,
            Kind::Unary(operator, operand) => self.unary(node.at, *operator, operand)?,
            Kind::Binary(operator, left, right) => {
                let (a, b) = (self.visit(left)?, self.visit(right)?);
                let equality = matches!(operator, Binary::Equal | Binary::NotEqual);
                if equality && a == b && matches!(a, Type::Int | Type::Text) {
                    self.strict.push(node.at);
                }
                operator::check(node.at, *operator, &a, &b, right)?
            }
            Kind::Member(base, property, _) => self.member(base, property)?,
            Kind::Chain(inner) => self.visit(inner)?,
            Kind::Slice(base, from, to) => {
                let base_type = self.visit(base)?;
                for bound in from.iter().chain(to) {
                    let bound_type = self.visit(bound)?;
                    if !matches!(bound_type, Type::Int | Type::Any) {
                        let message = format!("non-integer slice index {bound_type}");
                        return Err(Error::at(bound.at, message));
                    }
                }
                if !matches!(base_type, Type::Any | Type::Text | Type::List(_)) {
                    return Err(Error::at(node.at, format!("cannot slice {base_type}")));
                }
                base_type
            }
            Kind::Call(function, arguments) => self.call(node.at, *function, arguments)?,
            Kind::Builtin(which, arguments) => self.builtin(node.at, *which, arguments)?,
            Kind::Let(name, value, body) => self.variable(node.at, name, value, body)?,
            Kind::Sequence(nodes) => self.all(nodes)?.pop().unwrap_or(Type::Any),
            Kind::Conditional(condition, yes, no) => self.conditional(condition, yes, no)?,
            Kind::List(items) => list_of(self.all(items)?),
            Kind::Map(pairs) => {
                for (key, value) in pairs {
                    self.visit(key)?;
                    self.visit(value)?;
                }
                Type::Map
            }
        })
    }

    fn all(&mut self, nodes: &[Child]) -> Result<Vec<Type>, Error> {
        nodes.iter().map(|node| self.visit(node)).collect()
    }

    fn name(&self, at: usize, name: &str) -> Result<Type, Error> {
        let mut variables = self.variables.iter().rev();
        if let Some((_, known)) = variables.find(|(known, _)| known.as_ref() == name) {
            return Ok(known.clone());
        }
        if name == "result" {
            return Ok(self.result.clone());
        }
        let help = "a condition sees only `result` (and asInt, asFloat, isNaN, isInf, isNil, \
                    default); write arguments as `{{args.name}}`";
        Err(Error::at(at, format!("unknown name {name}")).help(help))
    }

    fn pointer(&self, at: usize, pointer: Pointer) -> Result<Type, Error> {
        let Some((collection, of)) = self.scopes.last() else {
            return Err(Error::at(
                at,
                "cannot use pointer accessor outside predicate",
            ));
        };
        match pointer {
            Pointer::Item => Ok(collection.element()),
            // checker.go: the other predicates do not know it.
            Pointer::Index if matches!(of, Builtin::Map | Builtin::Reduce) => Ok(Type::Int),
            Pointer::Index => Err(Error::at(at, "unknown pointer #index")),
            Pointer::Accumulator if *of == Builtin::Reduce => Ok(Type::Any),
            Pointer::Accumulator => Err(Error::at(at, "unknown pointer #acc")),
        }
    }

    fn unary(&mut self, at: usize, operator: Unary, operand: &Node) -> Result<Type, Error> {
        let of = self.visit(operand)?;
        match (operator, &of) {
            (Unary::Not, Type::Bool | Type::Any) => Ok(Type::Bool),
            (Unary::Plus | Unary::Minus, Type::Int | Type::Float | Type::Any) => Ok(of),
            _ => {
                let symbol = match operator {
                    Unary::Not => "!",
                    Unary::Plus => "+",
                    Unary::Minus => "-",
                };
                let message = format!("invalid operation: {symbol} (mismatched type {of})");
                Err(Error::at(at, message))
            }
        }
    }

    fn member(&mut self, base: &Node, property: &Node) -> Result<Type, Error> {
        let base_type = self.visit(base)?;
        let property_type = self.visit(property)?;
        match (&base_type, &property_type) {
            (Type::Any, _) => Ok(Type::Any),
            (Type::Map, Type::Text | Type::Any) => Ok(Type::Any),
            (Type::Groups(of), _) => Ok((**of).clone()),
            (Type::List(of), Type::Int | Type::Any) => Ok((**of).clone()),
            (Type::List(_), _) if !matches!(property.kind, Kind::Text(_)) => {
                let message = format!(
                    "array elements can only be selected using an integer (got {property_type})"
                );
                Err(Error::at(property.at, message))
            }
            _ => {
                let message = match &property.kind {
                    Kind::Text(name) => format!("type {base_type} has no field {name}"),
                    _ => format!("type {base_type}[{property_type}] is undefined"),
                };
                Err(hinted(Error::at(property.at, message), &base_type))
            }
        }
    }

    fn variable(
        &mut self,
        at: usize,
        name: &Arc<str>,
        value: &Node,
        body: &Node,
    ) -> Result<Type, Error> {
        let taken = name.as_ref() == "result"
            || Function::named(name).is_some()
            || Builtin::named(name).is_some()
            || self.variables.iter().any(|(known, _)| known == name);
        if taken {
            return Err(Error::at(at, format!("cannot redeclare {name}")));
        }
        let value = self.visit(value)?;
        self.variables.push((name.clone(), value));
        let body = self.visit(body);
        self.variables.pop();
        body
    }

    fn conditional(&mut self, condition: &Node, yes: &Node, no: &Node) -> Result<Type, Error> {
        let test = self.visit(condition)?;
        if !matches!(test, Type::Bool | Type::Any) {
            let message = format!("non-bool expression (type {test}) used as condition");
            return Err(Error::at(condition.at, message));
        }
        let (a, b) = (self.visit(yes)?, self.visit(no)?);
        Ok(match (a, b) {
            (Type::Nil, b) => b,
            (a, Type::Nil) => a,
            (a, b) if a == b => a,
            (Type::List(_), Type::List(_)) => Type::list(Type::Any),
            _ => Type::Any,
        })
    }

    fn call(&mut self, at: usize, function: Function, args: &[Child]) -> Result<Type, Error> {
        let types = self.all(args)?;
        let wanted = if function == Function::Default { 2 } else { 1 };
        if types.len() != wanted {
            let few = if types.len() < wanted {
                "not enough"
            } else {
                "too many"
            };
            let message = format!("{few} arguments to call {}", function.name());
            return Err(Error::at(at, message));
        }
        match function {
            Function::IsNaN | Function::IsInf => {
                if !matches!(types[0], Type::Int | Type::Float | Type::Any) {
                    let message = format!(
                        "cannot use {} as argument (type float64) to call {}",
                        types[0],
                        function.name()
                    );
                    return Err(hinted(Error::at(args[0].at, message), &types[0]));
                }
                Ok(Type::Bool)
            }
            Function::AsInt => Ok(Type::Int),
            Function::AsFloat => Ok(Type::Float),
            Function::IsNil => Ok(Type::Bool),
            Function::Default => Ok(Type::Any),
        }
    }
}

/// A literal list has an element type only when all items share it.
fn list_of(types: Vec<Type>) -> Type {
    let mut types = types.into_iter();
    match types.next() {
        Some(first) if types.all(|other| other == first) => Type::list(first),
        _ => Type::list(Type::Any),
    }
}

/// The usual cause of a type error: a vector taken for a number or the reverse.
fn hinted(error: Error, of: &Type) -> Error {
    match of {
        Type::List(_) => {
            error.help("the result is a list (a vector): write `result[0]`, or `all(result, …)`")
        }
        Type::Float => error.help("the result is one number (a scalar): write `result`"),
        _ => error,
    }
}
