//! `spec.hooks`: who answers webhooks.
//!
//! ```yaml
//! hooks:                    # the last entry that fits and has begun answers
//!   - {type: confirm-promotion, status: 403}              # closed …
//!   - {type: confirm-promotion, status: 200, after: 20m}  # … and opened 20 minutes after the start
//!   - {name: load-test, delay: 2s, load: 50}  # 50 requests a second to the canary's pods
//! ```
//!
//! Without an entry, gates answer 200 and rollback hooks 403, at once, and load tests send nothing.

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::hook::{HookScript, HookSelector};

use super::form::Form;

/// The types whose answers matter; `event` hooks are never waited for.
pub(crate) const TYPES: [&str; 7] = [
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
    "rollback",
];
const HELP: &str = "write for example `{type: confirm-promotion, status: 403}`";
const STATUSES: std::ops::RangeInclusive<u32> = 100..=599;
const STATUS_MAX: u32 = *STATUSES.end();
/// What a single load generator can send.
const LOAD_MAX: f64 = 1e6;

pub(super) fn read(spec: &mut Form<'_>, found: &mut Diagnostics) -> Vec<HookScript> {
    let mut hooks = Vec::new();
    for (index, item) in spec
        .list("hooks", found)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let mut form = spec.item(&format!("spec.hooks[{index}]"), item, found);
        hooks.extend(read_hook(&mut form, found));
        form.close(found);
    }
    hooks
}

fn read_hook(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<HookScript> {
    let hook = read_selector(form, found);
    let status = form.count("status", STATUS_MAX, found);
    if let Some(low) = status.filter(|status| !STATUSES.contains(status)) {
        form.refuse("status", &format!("is {low}, no HTTP status"), HELP, found);
    }
    let after = form.duration("after", found).unwrap_or(Span::ZERO);
    let delay = form.duration("delay", found).unwrap_or(Span::ZERO);
    let load_rps = form.rate("load", LOAD_MAX, found).unwrap_or(0.0);
    Some(HookScript {
        hook: hook?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        after,
        delay,
        load_rps,
    })
}

fn read_selector(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<HookSelector> {
    let name = form.string("name", found);
    let kind = form.string("type", found);
    if name.is_some() == kind.is_some() {
        let message = "a hook entry needs either `type` or `name`".to_owned();
        form.error(form.fields.position(), message, HELP, found);
        return None;
    }
    let Some(kind) = kind else {
        return name.map(|name| HookSelector::Name(name.to_owned()));
    };
    if !TYPES.contains(&kind) {
        let help = match crate::nearest(kind, TYPES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", TYPES.join(", ")),
        };
        form.refuse(
            "type",
            &format!("is {kind:?}, no type of hook that is answered"),
            &help,
            found,
        );
        return None;
    }
    Some(HookSelector::Type(kind.to_owned()))
}
