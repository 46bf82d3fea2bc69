//! Which types a built-in takes and gives.

use super::super::Error;
use super::super::ast::Child;
use super::super::builtins::Builtin;
use super::super::types::Type;
use super::{Checker, hinted};

impl Checker<'_> {
    pub(super) fn builtin(
        &mut self,
        at: usize,
        which: Builtin,
        arguments: &[Child],
    ) -> Result<Type, Error> {
        let (least, most) = which.arity();
        if !(least..=most).contains(&arguments.len()) {
            let (name, got) = (which.name(), arguments.len());
            let message = format!("invalid number of arguments for {name} (got {got})");
            return Err(Error::at(at, message));
        }
        if which.takes_predicate() {
            return self.predicate(which, arguments);
        }
        let types = self.all(arguments)?;
        for (index, (of, node)) in types.iter().zip(arguments).enumerate() {
            if !takes(which, index, of) {
                let name = which.name();
                let message = format!("invalid argument for {name} (type {of})");
                return Err(hinted(Error::at(node.at, message), of));
            }
        }
        if let (Builtin::Get, [Type::List(_), Type::Text]) = (which, &types[..]) {
            let at = arguments.get(1).map_or(at, |node| node.at);
            return Err(Error::at(at, "non-integer slice index string"));
        }
        Ok(gives(which, &types))
    }

    fn predicate(&mut self, which: Builtin, arguments: &[Child]) -> Result<Type, Error> {
        use Builtin as B;
        let collection = self.visit(&arguments[0])?;
        if !matches!(collection, Type::List(_) | Type::Any) {
            let name = which.name();
            let message = format!("builtin {name} takes only array (got {collection})");
            return Err(hinted(Error::at(arguments[0].at, message), &collection));
        }
        let mut out = collection.element();
        if let Some(test) = arguments.get(1) {
            self.scopes.push((collection.clone(), which == B::Reduce));
            let checked = self.visit(test);
            self.scopes.pop();
            out = checked?;
            let truthy = !matches!(which, B::Map | B::Sum | B::SortBy | B::Reduce);
            if truthy && !matches!(out, Type::Bool | Type::Any) {
                let message = format!("predicate should return boolean (got {out})");
                return Err(Error::at(test.at, message));
            }
        }
        if let Some(third) = arguments.get(2) {
            let of = self.visit(third)?;
            if which == B::SortBy && !matches!(of, Type::Text | Type::Any) {
                let message = format!("sortBy order argument must be a string (got {of})");
                return Err(Error::at(third.at, message));
            }
        }
        Ok(match which {
            B::All | B::NoneOf | B::Any | B::One => Type::Bool,
            B::Count | B::FindIndex | B::FindLastIndex => Type::Int,
            B::Filter => Type::list(collection.element()),
            B::Map => Type::list(out),
            B::Find | B::FindLast => collection.element(),
            B::SortBy => collection,
            _ => out,
        })
    }
}

fn takes(which: Builtin, index: usize, of: &Type) -> bool {
    use Builtin as B;
    let list = matches!(of, Type::Any | Type::List(_));
    let number = matches!(of, Type::Any | Type::Int | Type::Float);
    let text = matches!(of, Type::Any | Type::Text);
    let int = matches!(of, Type::Any | Type::Int);
    match which {
        B::Type | B::Text => true,
        B::Len => list || text || *of == Type::Map,
        B::Abs | B::Ceil | B::Floor | B::Round => number,
        B::Int | B::Float => number || text,
        B::Max | B::Min | B::Mean | B::Median => number || list,
        B::Keys | B::Values | B::ToPairs => matches!(of, Type::Any | Type::Map),
        B::Get if index == 0 => list || *of == Type::Map,
        B::Get => int || text,
        B::Take | B::Repeat | B::Split | B::SplitAfter | B::Replace => {
            let count = match which {
                B::Take | B::Repeat => 1,
                B::Replace => 3,
                _ => 2,
            };
            let subject = if which == B::Take { list } else { text };
            if index == count { int } else { subject }
        }
        B::Join | B::Sort if index == 0 => list,
        B::First | B::Last | B::FromPairs | B::Reverse | B::Uniq | B::Concat | B::Flatten => list,
        B::BitAnd
        | B::BitOr
        | B::BitXor
        | B::BitNand
        | B::BitShl
        | B::BitShr
        | B::BitUshr
        | B::BitNot => int,
        _ => text,
    }
}

fn gives(which: Builtin, types: &[Type]) -> Type {
    use Builtin as B;
    let first = types.first().unwrap_or(&Type::Any);
    match which {
        B::Len | B::Int | B::IndexOf | B::LastIndexOf => Type::Int,
        B::Abs => first.clone(),
        B::Ceil | B::Floor | B::Round | B::Float | B::Mean | B::Median => Type::Float,
        // builtin.go validateAggregateFunc: of a list nothing more is known.
        B::Max | B::Min if types.iter().all(Type::is_number) => first.clone(),
        B::Max | B::Min => Type::Any,
        B::HasPrefix | B::HasSuffix => Type::Bool,
        B::Split | B::SplitAfter => Type::list(Type::Text),
        B::First | B::Last | B::Get => first.element(),
        B::Take => first.clone(),
        B::FromPairs => Type::Map,
        B::Keys
        | B::Values
        | B::ToPairs
        | B::Reverse
        | B::Uniq
        | B::Concat
        | B::Flatten
        | B::Sort => Type::list(Type::Any),
        B::BitAnd
        | B::BitOr
        | B::BitXor
        | B::BitNand
        | B::BitShl
        | B::BitShr
        | B::BitUshr
        | B::BitNot => Type::Int,
        _ => Type::Text,
    }
}
