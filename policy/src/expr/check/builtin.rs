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
        let aggregate = matches!(
            which,
            Builtin::Max | Builtin::Min | Builtin::Mean | Builtin::Median
        );
        for (index, (of, node)) in types.iter().zip(arguments).enumerate() {
            if !takes(which, index, of) {
                let name = which.name();
                let message = format!("invalid argument for {name} (type {of})");
                return Err(hinted(Error::at(node.at, message), of));
            }
            // validation.go: after a list nothing more is looked at.
            if aggregate && matches!(of, Type::Any | Type::List(_)) {
                break;
            }
        }
        if which == Builtin::Get {
            let fits = match &types[..] {
                [Type::List(_), of] => matches!(of, Type::Int | Type::Any),
                [Type::Map, of] => matches!(of, Type::Text | Type::Any | Type::Nil),
                _ => true,
            };
            if !fits {
                let at = arguments.get(1).map_or(at, |node| node.at);
                let message = format!(
                    "cannot use {} to get an element from {}",
                    types[1], types[0]
                );
                return Err(Error::at(at, message));
            }
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
            self.scopes.push((collection.clone(), which));
            let checked = self.visit(test);
            self.scopes.pop();
            out = checked?;
            if out == Type::Nil {
                let message = "predicate should has one input and one output param";
                return Err(Error::at(test.at, message));
            }
            let truthy = !matches!(which, B::Map | B::Sum | B::SortBy | B::Reduce | B::GroupBy);
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
            B::GroupBy => Type::groups(Type::list(collection.element())),
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
        B::Type | B::Text | B::ToJson => true,
        B::Len => list || text || of.is_map(),
        B::Abs | B::Ceil | B::Floor | B::Round => number,
        B::Int | B::Float => number || text,
        B::Max | B::Min | B::Mean | B::Median => number || list,
        B::Keys | B::Values | B::ToPairs => *of == Type::Any || of.is_map(),
        B::Get if index == 0 => list || of.is_map(),
        B::Get => true,
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
        B::Ceil | B::Floor | B::Round | B::Float => Type::Float,
        B::FromJson => Type::Any,
        // builtin.go validateAggregateFunc: of a list nothing more is known.
        B::Max | B::Min | B::Mean | B::Median if types.iter().all(Type::is_number) => first.clone(),
        B::Max | B::Min | B::Mean | B::Median => Type::Any,
        B::HasPrefix | B::HasSuffix => Type::Bool,
        B::Split | B::SplitAfter => Type::list(Type::Text),
        // Go knows the elements of a list that was made here only as `interface {}`.
        B::First | B::Last if *first != Type::list(Type::Float) => Type::Any,
        B::First | B::Last | B::Get => first.element(),
        B::Take => first.clone(),
        B::FromPairs => Type::groups(Type::Any),
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
