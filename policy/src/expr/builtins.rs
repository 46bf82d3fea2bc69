//! The built-in functions: names, arity, and where each is evaluated.

mod collection;
mod encode;
mod number;
mod text;

use super::Error;
use super::error::Meter;
use super::value::Value;

macro_rules! builtins {
    ($($name:literal $variant:ident $least:literal $most:literal;)*) => {
        /// A built-in function of expr.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Builtin { $($variant,)* }

        impl Builtin {
            pub(super) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Least and most arguments.
            pub(super) const fn arity(self) -> (usize, usize) {
                match self { $(Self::$variant => ($least, $most),)* }
            }
        }
    };
}

builtins! {
    "all" All 2 2; "none" NoneOf 2 2; "any" Any 2 2; "one" One 2 2;
    "filter" Filter 2 2; "map" Map 2 2; "count" Count 1 2; "sum" Sum 1 2;
    "find" Find 2 2; "findIndex" FindIndex 2 2; "findLast" FindLast 2 2;
    "findLastIndex" FindLastIndex 2 2; "sortBy" SortBy 2 3; "reduce" Reduce 2 3;
    "groupBy" GroupBy 2 2;
    // Not to be written: `filter(…)[0]` and `filter(…)[-1]` after optimization.
    "filter()[0]" FilterFirst 2 2; "filter()[-1]" FilterLast 2 2;
    "len" Len 1 1; "type" Type 1 1; "abs" Abs 1 1; "ceil" Ceil 1 1; "floor" Floor 1 1;
    "round" Round 1 1; "int" Int 1 1; "float" Float 1 1; "string" Text 1 1;
    "trim" Trim 1 2; "trimPrefix" TrimPrefix 1 2; "trimSuffix" TrimSuffix 1 2;
    "upper" Upper 1 1; "lower" Lower 1 1; "split" Split 2 3; "splitAfter" SplitAfter 2 3;
    "replace" Replace 3 4; "repeat" Repeat 2 2; "join" Join 1 2; "indexOf" IndexOf 2 2;
    "lastIndexOf" LastIndexOf 2 2; "hasPrefix" HasPrefix 2 2; "hasSuffix" HasSuffix 2 2;
    "max" Max 1 1000; "min" Min 1 1000; "mean" Mean 1 1000; "median" Median 1 1000;
    "first" First 1 1; "last" Last 1 1; "get" Get 2 2; "take" Take 2 2; "keys" Keys 1 1;
    "values" Values 1 1; "toPairs" ToPairs 1 1; "fromPairs" FromPairs 1 1;
    "reverse" Reverse 1 1; "uniq" Uniq 1 1; "concat" Concat 1 1000; "flatten" Flatten 1 1;
    "sort" Sort 1 2;
    "toJSON" ToJson 1 1; "fromJSON" FromJson 1 1;
    "toBase64" ToBase64 1 1; "fromBase64" FromBase64 1 1;
    "bitand" BitAnd 2 2; "bitor" BitOr 2 2; "bitxor" BitXor 2 2; "bitnand" BitNand 2 2;
    "bitshl" BitShl 2 2; "bitshr" BitShr 2 2; "bitushr" BitUshr 2 2; "bitnot" BitNot 1 1;
}

impl Builtin {
    /// Those whose second argument is evaluated once an element.
    pub(super) const fn takes_predicate(self) -> bool {
        use Builtin::{
            All, Any, Count, Filter, FilterFirst, FilterLast, Find, FindIndex, FindLast,
            FindLastIndex, GroupBy, Map, NoneOf, One, Reduce, SortBy, Sum,
        };
        matches!(
            self,
            All | NoneOf
                | Any
                | One
                | Filter
                | FilterFirst
                | FilterLast
                | GroupBy
                | Map
                | Count
                | Sum
                | Find
                | FindIndex
                | FindLast
                | FindLastIndex
                | SortBy
                | Reduce
        )
    }

    /// Names that expr has and coalmine refuses: they need a clock, or values that only clocks give.
    pub(super) fn is_refused(name: &str) -> bool {
        ["now", "date", "duration", "timezone"].contains(&name)
    }

    /// Evaluates a built-in without a predicate. The number of arguments has been checked.
    pub(super) fn call(self, arguments: &[Value], meter: &mut Meter) -> Result<Value, Error> {
        use Builtin as B;
        meter.charge(0, arguments.iter().map(Value::size).sum())?;
        match self {
            B::Abs | B::Ceil | B::Floor | B::Round | B::Int | B::Float => {
                number::convert(self, &arguments[0])
            }
            B::Max | B::Min => number::extreme(self, arguments),
            B::Mean | B::Median => number::average(self, arguments),
            B::BitNot => number::bits(self, &arguments[0], &Value::Int(0)),
            B::BitAnd | B::BitOr | B::BitXor | B::BitNand | B::BitShl | B::BitShr | B::BitUshr => {
                number::bits(self, &arguments[0], &arguments[1])
            }
            B::Text
            | B::Trim
            | B::TrimPrefix
            | B::TrimSuffix
            | B::Upper
            | B::Lower
            | B::Split
            | B::SplitAfter
            | B::Replace
            | B::Repeat
            | B::Join
            | B::IndexOf
            | B::LastIndexOf
            | B::HasPrefix
            | B::HasSuffix => text::call(self, arguments, meter),
            B::ToJson | B::FromJson | B::ToBase64 | B::FromBase64 => {
                encode::call(self, &arguments[0], meter)
            }
            _ => collection::call(self, arguments, meter),
        }
    }

    /// The error of an argument that fits at compile time but not at run time.
    fn refuse(self, argument: &Value) -> Error {
        let message = format!(
            "invalid argument for {} (type {})",
            self.name(),
            argument.go_type()
        );
        Error::at(0, message)
    }
}

pub(super) use collection::{descending, fetch, position, slot, sort};
pub(super) use number::parse_float;
