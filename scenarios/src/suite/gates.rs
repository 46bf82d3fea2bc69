//! `spec.gates`: what policies must keep, and where.

use coalmine_policy::source::{Diagnostics, Kind};

use super::{Said, said};
use crate::read::form::Form;

const HELP: &str =
    "write for example `missed<2%`, or `{require: detect-p95<5m, scenario: steady/*}`";

/// One requirement and what it is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// `missed<2%`.
    pub require: Said,
    /// Policies whose label is like this; all where absent.
    pub policy: Option<Said>,
    /// Each scenario whose name is like this; the mix of all where absent.
    pub scenario: Option<Said>,
}

pub(super) fn read(spec: &mut Form<'_>, found: &mut Diagnostics) -> Vec<Gate> {
    let items = spec.list("gates", found).unwrap_or_default();
    let mut gates = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("spec.gates[{index}]");
        if !matches!(item.kind, Kind::Map(_)) {
            let require = said(spec, &path, item, found);
            gates.extend(require.map(|require| Gate {
                require,
                policy: None,
                scenario: None,
            }));
            continue;
        }
        let mut form = spec.item(&path, item, found);
        form.require("require", HELP, found);
        let mut text = |name| {
            let node = form.node(name)?;
            said(spec, &format!("{path}.{name}"), node, found)
        };
        let (require, policy, scenario) = (text("require"), text("policy"), text("scenario"));
        form.close(found);
        gates.extend(require.map(|require| Gate {
            require,
            policy,
            scenario,
        }));
    }
    gates
}

/// Whether `*` in the pattern can stand for what the name has there.
#[must_use]
pub fn is_like(name: &str, pattern: &str) -> bool {
    crate::catalogue::is_like(name, pattern)
}
