//! The built-ins that evaluate a predicate for every element.

use super::super::Error;
use super::super::ast::{Child, Kind, Node};
use super::super::builtins::{Builtin, descending, slot, sort};
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
            B::One => {
                let matching = self.matching(items, test, usize::MAX)?;
                Ok(Value::Bool(matching.len() == 1))
            }
            B::Count => {
                // The optimizer's threshold.
                let enough = arguments.get(2).and_then(|node| match node.kind {
                    Kind::Int(enough) => usize::try_from(enough).ok(),
                    _ => None,
                });
                let matching = self.matching(items, test, enough.unwrap_or(usize::MAX))?;
                Ok(Value::Int(matching.len() as i64))
            }
            B::Filter => {
                let kept = self.matching(items, test, usize::MAX)?;
                self.meter.grow(kept.len())?;
                Value::list(kept)
            }
            B::FilterFirst | B::FilterLast => {
                let found = if which == B::FilterFirst {
                    self.first(items, test, true)?
                } else {
                    self.last(items, test)?
                };
                let found = found.map(|index| items[index].clone());
                found.ok_or_else(|| Error::at(arguments[0].at, "reflect: slice index out of range"))
            }
            B::GroupBy => self.grouped(items, test),
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
            B::Map => {
                let mapped = self.mapped(items, test)?;
                self.meter.grow(mapped.len())?;
                Value::list(mapped)
            }
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

    fn matching(
        &mut self,
        items: &[Value],
        test: Option<&Node>,
        enough: usize,
    ) -> Result<Vec<Value>, Error> {
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if truth(&self.test((index, item), test, Value::Nil)?)? {
                kept.push(item.clone());
                if kept.len() == enough {
                    break;
                }
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

    fn grouped(&mut self, items: &[Value], test: Option<&Node>) -> Result<Value, Error> {
        let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let key = self.test((index, item), test, Value::Nil)?;
            self.meter.charge(0, groups.len())?;
            slot(&mut groups, &key, Vec::new())?.push(item.clone());
        }
        let groups = groups
            .into_iter()
            .map(|(key, items)| Ok((key, Value::list(items)?)));
        Value::groups(
            groups.collect::<Result<_, Error>>()?,
            Value::list(Vec::new())?,
        )
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
        self.meter.grow(pairs.len())?;
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

/// expr's documentation promises -1; its code gives nil.
fn place(found: Option<usize>) -> Value {
    found.map_or(Value::Nil, |at| Value::Int(at as i64))
}
