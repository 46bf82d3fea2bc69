//! `spec.analysis.webhooks`.

use super::report;
use crate::Span;
use crate::flagger::{HookType, Webhook};
use crate::source::{Diagnostics, Fields, parse_go_duration};

/// Flagger webhook.go:60.
const DEFAULT_TIMEOUT: Span = Span::from_secs(10);

/// Every type the schema accepts.
const TYPES: [(&str, HookType); 9] = [
    ("", HookType::Rollout),
    ("confirm-rollout", HookType::ConfirmRollout),
    ("pre-rollout", HookType::PreRollout),
    ("rollout", HookType::Rollout),
    ("confirm-promotion", HookType::ConfirmPromotion),
    ("post-rollout", HookType::PostRollout),
    ("event", HookType::Event),
    ("rollback", HookType::Rollback),
    ("confirm-traffic-increase", HookType::ConfirmTrafficIncrease),
];

pub(super) fn read_webhooks(
    fields: &mut Fields<'_>,
    admission: bool,
    found: &mut Diagnostics,
) -> Vec<Webhook> {
    let hooks = report::items(fields, "webhooks", found);
    hooks
        .into_iter()
        .filter_map(|hook| read_webhook(hook, admission, found))
        .collect()
}

fn read_webhook(
    mut fields: Fields<'_>,
    admission: bool,
    found: &mut Diagnostics,
) -> Option<Webhook> {
    report::require(&mut fields, &["name", "url"], found);
    let name = fields.string("name", found);
    let url = fields.string("url", found);
    let spelling = match fields.node("type") {
        Some(_) => report::word(&mut fields, "type", &TYPES.map(|(word, _)| word), found),
        None => Some(""),
    };
    let timeout_ns = read_timeout(&mut fields, admission, found);
    let retries = fields.int("retries", found).unwrap_or(0);
    for flag in ["muteAlert", "disableTLS"] {
        fields.boolean(flag, found);
    }
    let metadata = report::strings(&mut fields, "metadata", found);
    fields.finish(found);
    let (spelling, hook_type) = TYPES
        .into_iter()
        .find(|(word, _)| Some(*word) == spelling)?;
    Some(Webhook {
        name: name?.into(),
        hook_type,
        spelling: spelling.into(),
        url: url?.into(),
        timeout_ns: timeout_ns?,
        retries: u32::try_from(retries).unwrap_or(0),
        metadata,
    })
}

/// Flagger webhook.go:113: shorter than two characters means the default; what does not parse
/// makes every call fail.
fn read_timeout(fields: &mut Fields<'_>, admission: bool, found: &mut Diagnostics) -> Option<Span> {
    if fields.node("timeout").is_none() {
        return Some(DEFAULT_TIMEOUT);
    }
    let text = report::patterned(fields, "timeout", admission, found)?;
    if text.len() < 2 {
        return Some(DEFAULT_TIMEOUT);
    }
    let parsed = parse_go_duration(text);
    if let Err(error) = &parsed {
        let what = format!("is `{text}` ({error}); every call of the hook would fail");
        report::error(fields, "timeout", &what, "write for example `30s`", found);
    }
    parsed.ok()
}
