//! `spec.users` and `spec.retries`: who sends the requests.
//!
//! ```yaml
//! users:
//!   matching: 10%           # share of requests that satisfy a policy's header and cookie rules
//!   requestsPerSession: 8   # mean; session lengths are geometric
//!   thinkTime: {median: 20s, p99: 2m}   # from one request of a session to the next
//!   sticky: true            # a session stays where the router sent its first request; when absent,
//!                           # as the manifest has it (sessionAffinity, affinity: cookie)
//! retries:                  # clients that repeat what failed
//!   share: 30%              # of the failures
//!   max: 2                  # repeats of one request
//!   backoff: 1s             # from the failure to the next attempt
//! ```

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::scenario::{Retries, Sessions, Users};

use super::form::Form;
use super::service;

/// More repeats than this in a row are no client's default.
const REPEATS_MAX: u32 = 20;
/// A session of more requests than this is no person's.
const REQUESTS_MAX: f64 = 1e6;

pub(super) fn read(mut form: Form<'_>, found: &mut Diagnostics) -> (Users, Option<Sessions>) {
    let usual = Users::default();
    let matching = form.share("matching", found).unwrap_or(usual.matching);
    let has_sessions =
        ["requestsPerSession", "thinkTime", "sticky"].map(|name| form.node(name).is_some());
    let usual = Sessions::default();
    let requests = form.up_to("requestsPerSession", REQUESTS_MAX, found);
    if requests.is_some_and(|requests| requests < 1.0) {
        let help = "it is the mean number of requests of a session: 1 or more";
        form.refuse("requestsPerSession", "is below 1", help, found);
    }
    let sessions = Sessions {
        requests: requests.unwrap_or(usual.requests),
        think: service::latency(&mut form, "thinkTime", found).unwrap_or(usual.think),
        sticky: form.fields.boolean("sticky", found).or(usual.sticky),
    };
    form.close(found);
    let any = has_sessions.contains(&true);
    (Users { matching }, any.then_some(sessions))
}

pub(super) fn read_retries(mut form: Form<'_>, found: &mut Diagnostics) -> Option<Retries> {
    let help = "write for example `{share: 30%, max: 2, backoff: 1s}`";
    form.require("share", help, found);
    let share = form.share("share", found);
    let max = form.count("max", REPEATS_MAX, found).unwrap_or(1);
    let backoff = form.duration("backoff", found);
    form.close(found);
    Some(Retries {
        share: share?,
        max: u8::try_from(max).unwrap_or(u8::MAX),
        backoff: backoff.unwrap_or(Span::from_secs(1)),
    })
}
