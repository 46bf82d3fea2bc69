//! The built-ins that evaluate a predicate for every element.

use super::super::Error;
use super::super::ast::{Child, Node};
use super::super::builtins::{Builtin, descending, sort};
use super::super::value::Value;
use super::operator;
use super::{Machine, Scope, truth};
use crate::expr::ast::Binary;

impl Machine<'_> {
    pub(super) fn predicate(
        &mut self,
        which: Builtin,
        arguments: &[Child],
    ) -> Result<Value, Error> {
        use Builtin as B;
        let list = match self.eval(&arguments[0])? {
            Value::List(list) => list,
            other => {
                let (name, of) = (which.name(), other.go_type());
                let message = format!("builtin {name} takes only array (got {of})");
                return Err(Error::at(arguments[0].at, message));
            }
        };
        let items = &list.items;
        let test = arguments.get(1).map(AsRef::as_ref);
        match which {
            B::All => Ok(Value::Bool(self.first(items, test, false)?.is_none())),
            B::NoneOf => Ok(Value::Bool(self.first(items, test, true)?.is_none())),
            B::Any => Ok(Value::Bool(self.first(items, test, true)?.is_some())),
            B::One => Ok(Value::Bool(self.matching(items, test)?.len() == 1)),
            B::Count => Ok(Value::Int(self.matching(items, test)?.len() as i64)),
            B::Filter => Value::list(self.matching(items, test)?),
            B::Find => {
                let found = self.first(items, test, true)?;
                Ok(found.map_or(Value::Nil, |index| items[index].clone()))
            }
            B::FindIndex => Ok(place(self.first(items, test, true)?)),
            B::FindLast => {
                let found = self.last(items, test)?;
                Ok(found.map_or(Value::Nil, |index| items[index].clone()))
            }
            B::FindLastIndex => Ok(place(self.last(items, test)?)),
            B::Map => Value::list(self.mapped(items, test)?),
            B::Sum => {
                let values = self.mapped(items, test)?;
                let mut total = Value::Int(0);
                for value in values {
                    total = operator::apply(Binary::Add, &total, &value, &mut self.meter)?;
                }
                Ok(total)
            }
            B::SortBy => self.sorted(items, test, arguments.get(2)),
            _ => self.reduced(items, test, arguments.get(2)),
        }
    }

    /// Evaluates the predicate for one element; without one it is the element itself.
    fn test(
        &mut self,
        (index, item): (usize, &Value),
        test: Option<&Node>,
        accumulator: Value,
    ) -> Result<Value, Error> {
        let Some(test) = test else {
            return Ok(item.clone());
        };
        self.scopes.push(Scope {
            item: item.clone(),
            index,
            accumulator,
        });
        let value = self.eval(test);
        self.scopes.pop();
        value
    }

    fn first(
        &mut self,
        items: &[Value],
        test: Option<&Node>,
        wanted: bool,
    ) -> Result<Option<usize>, Error> {
        for (index, item) in items.iter().enumerate() {
            if truth(&self.test((index, item), test, Value::Nil)?)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn last(&mut self, items: &[Value], test: Option<&Node>) -> Result<Option<usize>, Error> {
        for (index, item) in items.iter().enumerate().rev() {
            if truth(&self.test((index, item), test, Value::Nil)?)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn matching(&mut self, items: &[Value], test: Option<&Node>) -> Result<Vec<Value>, Error> {
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if truth(&self.test((index, item), test, Value::Nil)?)? {
                kept.push(item.clone());
            }
        }
        Ok(kept)
    }

    fn mapped(&mut self, items: &[Value], test: Option<&Node>) -> Result<Vec<Value>, Error> {
        let items = items.iter().enumerate();
        items
            .map(|item| self.test(item, test, Value::Nil))
            .collect()
    }

    fn sorted(
        &mut self,
        items: &[Value],
        test: Option<&Node>,
        order: Option<&Child>,
    ) -> Result<Value, Error> {
        let order = order.map(|order| self.eval(order)).transpose()?;
        let keys = self.mapped(items, test)?;
        let mut pairs: Vec<_> = keys.into_iter().zip(items).collect();
        sort(&mut pairs, descending(order.as_ref())?, |(key, _)| key)?;
        Value::list(pairs.into_iter().map(|(_, item)| item.clone()).collect())
    }

    /// Without a start the first element is it, and the walk begins at the second.
    fn reduced(
        &mut self,
        items: &[Value],
        test: Option<&Node>,
        start: Option<&Child>,
    ) -> Result<Value, Error> {
        let mut rest = items.iter().enumerate();
        let mut accumulator = match start {
            Some(start) => self.eval(start)?,
            None => match rest.next() {
                Some((_, first)) => first.clone(),
                None => return Err(Error::at(0, "reduce of empty array with no initial value")),
            },
        };
        for item in rest {
            accumulator = self.test(item, test, accumulator)?;
        }
        Ok(accumulator)
    }
}

fn place(found: Option<usize>) -> Value {
    Value::Int(found.map_or(-1, |at| at as i64))
}
