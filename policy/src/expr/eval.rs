//! Evaluation: a walk over the tree with a meter.

mod operator;
mod predicate;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Error;
use super::ast::{Binary, Child, Function, Kind, Node, Pointer, Unary};
use super::builtins::{fetch, parse_float};
use super::error::Meter;
use super::value::{Value, to_int};

/// Evaluates a checked condition.
pub(super) fn evaluate(root: &Node, strict: &[usize], result: &Value) -> Result<Value, Error> {
    let mut machine = Machine {
        result,
        strict,
        variables: Vec::new(),
        scopes: Vec::new(),
        meter: Meter::new(),
    };
    machine.eval(root)
}

struct Machine<'a> {
    result: &'a Value,
    /// The equalities of two integers or of two strings.
    strict: &'a [usize],
    variables: Vec<(Arc<str>, Value)>,
    scopes: Vec<Scope>,
    meter: Meter,
}

/// What `#`, `#index` and `#acc` stand for.
struct Scope {
    item: Value,
    index: usize,
    accumulator: Value,
}

impl Machine<'_> {
    fn eval(&mut self, node: &Node) -> Result<Value, Error> {
        self.meter.charge(node.at, 1)?;
        let value = match &node.kind {
            Kind::Nil => Value::Nil,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::Int(*value),
            Kind::Float(value) => Value::Float(*value),
            Kind::Text(text) => Value::Text(text.clone()),
            Kind::Name(name) => self.name(node.at, name)?,
            Kind::Pointer(pointer) => self.pointer(node.at, *pointer)?,
            Kind::Unary(operator, operand) => unary(*operator, &self.eval(operand)?)?,
            Kind::Binary(operator, left, right) => self.binary(node.at, *operator, left, right)?,
            Kind::Member(..) | Kind::Chain(_) => self.chain(node)?.unwrap_or(Value::Nil),
            Kind::Slice(base, from, to) => self.slice(base, from.as_ref(), to.as_ref())?,
            Kind::Call(function, arguments) => self.call(*function, arguments)?,
            Kind::Builtin(which, arguments) if which.takes_predicate() => {
                self.predicate(*which, arguments)?
            }
            Kind::Builtin(which, arguments) => {
                let values = self.all(arguments)?;
                which.call(&values, &mut self.meter)?
            }
            Kind::Let(name, value, body) => {
                let value = self.eval(value)?;
                self.variables.push((name.clone(), value));
                let value = self.eval(body);
                self.variables.pop();
                value?
            }
            Kind::Sequence(nodes) => self.all(nodes)?.pop().unwrap_or(Value::Nil),
            Kind::Conditional(condition, yes, no) => {
                let branch = if truth(&self.eval(condition)?)? {
                    yes
                } else {
                    no
                };
                self.eval(branch)?
            }
            Kind::List(items) => {
                self.meter.grow(items.len())?;
                Value::list(self.all(items)?)?
            }
            Kind::Map(pairs) => self.map(pairs)?,
        };
        Ok(value)
    }

    fn all(&mut self, nodes: &[Child]) -> Result<Vec<Value>, Error> {
        nodes.iter().map(|node| self.eval(node)).collect()
    }

    fn map(&mut self, pairs: &[(Child, Child)]) -> Result<Value, Error> {
        let mut entries = BTreeMap::new();
        for (key, value) in pairs {
            let Value::Text(key) = self.eval(key)? else {
                return Err(Error::at(key.at, "a map key must be a string"));
            };
            let value = self.eval(value)?;
            entries.insert(key.as_ref().to_owned(), value);
        }
        Value::map(entries)
    }

    fn name(&self, at: usize, name: &str) -> Result<Value, Error> {
        let mut variables = self.variables.iter().rev();
        if let Some((_, value)) = variables.find(|(known, _)| known.as_ref() == name) {
            return Ok(value.clone());
        }
        if name == "result" {
            return Ok(self.result.clone());
        }
        Err(Error::at(at, format!("unknown name {name}")))
    }

    fn pointer(&self, at: usize, pointer: Pointer) -> Result<Value, Error> {
        let scope = self.scopes.last();
        let scope = scope.ok_or_else(|| Error::at(at, "# outside a predicate"))?;
        Ok(match pointer {
            Pointer::Item => scope.item.clone(),
            Pointer::Index => Value::Int(scope.index as i64),
            Pointer::Accumulator => scope.accumulator.clone(),
        })
    }

    fn binary(
        &mut self,
        at: usize,
        operator: Binary,
        left: &Node,
        right: &Node,
    ) -> Result<Value, Error> {
        match operator {
            Binary::Or | Binary::And => {
                let known = operator == Binary::Or;
                if truth(&self.eval(left)?)? == known {
                    return Ok(Value::Bool(known));
                }
                Ok(Value::Bool(truth(&self.eval(right)?)?))
            }
            Binary::Coalesce => match self.eval(left)? {
                Value::Nil => self.eval(right),
                value => Ok(value),
            },
            Binary::In => self.member_of(left, right),
            _ => {
                let (a, b) = (self.eval(left)?, self.eval(right)?);
                let equality = matches!(operator, Binary::Equal | Binary::NotEqual);
                if equality && self.strict.contains(&at) && !same_kind(&a, &b) {
                    // compiler.go equalBinaryNode: OpEqualInt and OpEqualString take nothing else.
                    let (a, b) = (a.go_type(), b.go_type());
                    let message = format!("interface conversion: interface {{}} is {a} and {b}");
                    return Err(Error::at(at, message));
                }
                operator::apply(operator, &a, &b, &mut self.meter)
            }
        }
    }

    /// `in`, with what the optimizer makes of literals.
    fn member_of(&mut self, left: &Node, right: &Node) -> Result<Value, Error> {
        let needle = self.eval(left)?;
        match (&right.kind, &needle) {
            // in_range.go: no list is made.
            (Kind::Binary(Binary::Range, from, to), Value::Int(value)) => {
                if let (Kind::Int(from), Kind::Int(to)) = (&from.kind, &to.kind) {
                    return Ok(Value::Bool((from..=to).contains(&value)));
                }
            }
            // in_array.go: literal strings become the keys of a map.
            (Kind::List(items), _) if !items.is_empty() => {
                let texts = items.iter().map(|item| match &item.kind {
                    Kind::Text(text) => Some(text.as_ref()),
                    _ => None,
                });
                if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
                    return match &needle {
                        Value::Text(text) => Ok(Value::Bool(texts.contains(&text.as_ref()))),
                        Value::Nil => Ok(Value::Bool(texts.contains(&""))),
                        other => {
                            let of = other.go_type();
                            let message =
                                format!("value of type {of} is not assignable to type string");
                            Err(Error::at(left.at, message))
                        }
                    };
                }
            }
            _ => {}
        }
        let list = self.eval(right)?;
        operator::apply(Binary::In, &needle, &list, &mut self.meter)
    }

    /// A member; `None` when a `?.` stopped the chain.
    fn chain(&mut self, node: &Node) -> Result<Option<Value>, Error> {
        match &node.kind {
            Kind::Chain(inner) => Ok(Some(self.chain(inner)?.unwrap_or(Value::Nil))),
            Kind::Member(base, property, optional) => {
                let Some(base) = self.chain(base)? else {
                    return Ok(None);
                };
                if *optional && matches!(base, Value::Nil) {
                    return Ok(None);
                }
                let property_value = self.eval(property)?;
                member(node.at, &base, &property_value).map(Some)
            }
            _ => self.eval(node).map(Some),
        }
    }

    fn slice(
        &mut self,
        base: &Node,
        from: Option<&Child>,
        to: Option<&Child>,
    ) -> Result<Value, Error> {
        let base_value = self.eval(base)?;
        let from = from.map(|node| self.eval(node)).transpose()?;
        let to = to.map(|node| self.eval(node)).transpose()?;
        operator::slice(base.at, &base_value, from.as_ref(), to.as_ref())
    }

    fn call(&mut self, function: Function, arguments: &[Child]) -> Result<Value, Error> {
        let values = self.all(arguments)?;
        let nil = matches!(self.result, Value::Nil);
        match (function, &values[..]) {
            // evaluate.go:247: both look at the whole result, whatever they are given.
            (Function::IsNil, _) => Ok(Value::Bool(nil)),
            (Function::Default, [_, default]) if nil => Ok(default.clone()),
            (Function::Default, _) => Ok(self.result.clone()),
            (Function::IsNaN | Function::IsInf, [value]) => {
                // An integer panics; literals have been made floats.
                let Value::Float(number) = *value else {
                    return Err(unsupported(function, value));
                };
                Ok(Value::Bool(match function {
                    Function::IsNaN => number.is_nan(),
                    _ => number.is_infinite(),
                }))
            }
            (Function::AsInt, [value]) => as_int(value),
            (Function::AsFloat, [Value::Text(text)]) => parse_float(text).map(Value::Float),
            (Function::AsFloat, [value]) => {
                let number = value.number();
                number
                    .map(Value::Float)
                    .ok_or_else(|| unsupported(function, value))
            }
            _ => Err(Error::at(0, "wrong number of arguments")),
        }
    }
}

fn as_int(value: &Value) -> Result<Value, Error> {
    match value {
        Value::Int(value) => Ok(Value::Int(*value)),
        Value::Float(value) => Ok(Value::Int(to_int(*value))),
        Value::Text(text) => text.parse().map(Value::Int).map_err(|_| {
            let message = format!("strconv.ParseInt: parsing {text:?}: invalid syntax");
            Error::at(0, message)
        }),
        _ => Err(unsupported(Function::AsInt, value)),
    }
}

const fn same_kind(a: &Value, b: &Value) -> bool {
    matches!(
        (a, b),
        (Value::Int(_), Value::Int(_)) | (Value::Text(_), Value::Text(_))
    )
}

fn unsupported(function: Function, value: &Value) -> Error {
    let message = format!("{}() not supported on {}", function.name(), value.go_type());
    Error::at(0, message)
}

fn unary(operator: Unary, operand: &Value) -> Result<Value, Error> {
    Ok(match (operator, operand) {
        (Unary::Not, Value::Bool(value)) => Value::Bool(!value),
        // compiler.go: `+` emits nothing.
        (Unary::Plus, _) => operand.clone(),
        (Unary::Minus, Value::Int(value)) => Value::Int(value.wrapping_neg()),
        (Unary::Minus, Value::Float(value)) => Value::Float(-value),
        _ => {
            let message = format!("invalid operation on {}", operand.go_type());
            return Err(Error::at(0, message));
        }
    })
}

fn truth(value: &Value) -> Result<bool, Error> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => {
            let message = format!("{} is no bool", other.go_type());
            Err(Error::at(0, message))
        }
    }
}

/// `runtime.Fetch`: out of range is an error, a missing key is nil.
fn member(at: usize, base: &Value, property: &Value) -> Result<Value, Error> {
    if let Some(value) = fetch(base, property) {
        return Ok(value);
    }
    match (base, property) {
        (Value::Map(_), Value::Text(_)) => Ok(Value::Nil),
        (Value::Groups(map), _) if property.is_key() => Ok(map.zero.clone()),
        (Value::List(list), Value::Int(index)) => {
            let len = list.items.len();
            let message = format!("index out of range: {index} (array length is {len})");
            Err(Error::at(at, message))
        }
        _ => {
            let message = format!(
                "cannot fetch {} from {}",
                property.printed(),
                base.go_type()
            );
            Err(Error::at(at, message))
        }
    }
}
