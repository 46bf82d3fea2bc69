//! Whom an effect meets.

use coalmine_policy::source::{Diagnostics, Kind};
use coalmine_sim::fault::{PODS_MAX, Scope, Versions};
use coalmine_sim::scenario::Route;

use crate::read::form::Form;
use crate::read::routes;

pub(super) fn read(form: &mut Form<'_>, known: &[Route], found: &mut Diagnostics) -> Scope {
    let Some(mut form) = form.form("scope", found) else {
        return Scope::default();
    };
    let versions = versions(&mut form, found);
    let with_new_share = with_new_share(&mut form, versions, found);
    let scope = Scope {
        versions: if with_new_share {
            Versions::Both
        } else {
            versions.unwrap_or_default()
        },
        route: routes::find(&mut form, "route", known, found),
        pods: form.count("pods", PODS_MAX, found),
        matching_users: matching(&mut form, found),
        with_new_share,
    };
    form.close(found);
    scope
}

fn versions(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Versions> {
    match form.string("version", found)? {
        "new" => Some(Versions::New),
        "old" => Some(Versions::Old),
        "both" => Some(Versions::Both),
        other => {
            let help = "write `new`, `old` or `both`";
            form.refuse("version", &format!("is {other:?}, no version"), help, found);
            None
        }
    }
}

fn with_new_share(
    form: &mut Form<'_>,
    versions: Option<Versions>,
    found: &mut Diagnostics,
) -> bool {
    let with = match form.node("withNewShare").map(|node| &node.kind) {
        None => false,
        Some(Kind::Bool(value)) => *value,
        Some(_) => {
            let help = "`true` for a shared dependency that the release wears out";
            form.refuse("withNewShare", "is neither true nor false", help, found);
            false
        }
    };
    if with && versions.is_some_and(|versions| versions != Versions::Both) {
        let help = "leave `version` out";
        let complaint = "meets both versions: what they share is worn out";
        form.refuse("withNewShare", complaint, help, found);
    }
    with
}

fn matching(form: &mut Form<'_>, found: &mut Diagnostics) -> bool {
    match form.string("cohort", found) {
        None => false,
        Some("matching") => true,
        Some(other) => {
            let help = "write `matching`, the users who satisfy the policy's match rules";
            form.refuse("cohort", &format!("is {other:?}, no cohort"), help, found);
            false
        }
    }
}
