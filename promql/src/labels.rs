//! Label sets.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::METRIC_NAME;

/// A sorted label set; cheap to clone. Empty values are never kept: a missing label is an empty
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// A label set from pairs in any order; a later pair replaces an earlier one of the same name.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut list: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (name, value) in pairs {
            let name = name.as_ref();
            list.retain(|(n, _)| &**n != name);
            if !value.as_ref().is_empty() {
                list.push((name.into(), value.as_ref().into()));
            }
        }
        list.sort();
        Self(list.into())
    }

    /// The value, or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, _)| &**n == name);
        found.map_or("", |(_, value)| value)
    }

    /// All pairs in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the labels that `keep` accepts.
    pub(crate) fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        let mut kept = Vec::with_capacity(self.0.len());
        kept.extend(self.0.iter().filter(|(name, _)| keep(name)).cloned());
        Self(kept.into())
    }

    /// Whether both have the same labels as far as `counts` accepts their names.
    pub(crate) fn same_where(&self, other: &Self, counts: impl Fn(&str) -> bool) -> bool {
        let (mine, others) = (self.0.iter(), other.0.iter());
        mine.filter(|(name, _)| counts(name))
            .eq(others.filter(|(name, _)| counts(name)))
    }

    /// The same with every text taken from `known`, or put there: equal ones are then found equal at
    /// once.
    pub(crate) fn interned(&self, known: &mut HashSet<Arc<str>>) -> Self {
        let mut one = |text: &Arc<str>| match known.get(text) {
            Some(known) => known.clone(),
            None => {
                known.insert(text.clone());
                text.clone()
            }
        };
        let pairs = self.0.iter();
        Self(pairs.map(|(name, value)| (one(name), one(value))).collect())
    }

    /// Without the metric name.
    pub(crate) fn without_name(&self) -> Self {
        self.filtered(|name| name != METRIC_NAME)
    }

    /// With one label set, or removed when the value is empty.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        Self::new(self.iter().chain([(name, value)]))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(METRIC_NAME))?;
        let rest = self.iter().filter(|(name, _)| *name != METRIC_NAME);
        let pairs: Vec<_> = rest
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        write!(f, "{{{}}}", pairs.join(", "))
    }
}
