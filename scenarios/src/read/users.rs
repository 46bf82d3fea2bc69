//! `spec.users` and `spec.retries`: who sends the requests.
//!
//! ```yaml
//! users:
//!   matching: 10%           # share of requests that satisfy a policy's header and cookie rules
//!   requestsPerSession: 8   # mean; session lengths are geometric
//!   thinkTime: {median: 20s, p99: 2m}   # from one request of a session to the next
//!   sticky: true            # a session stays where the router sent its first request; when absent,
//!                           # as the manifest has it (sessionAffinity, affinity: cookie)
//!   keepAlive: {lifetime: 60s, connections: 100}   # clients that dial the Service themselves and keep
//!                           # what they have dialled: kube-proxy chooses the pod of a connection
//! retries:                  # clients that repeat what failed
//!   share: 30%              # of the failures
//!   max: 2                  # repeats of one request
//!   backoff: 1s             # from the failure to the next attempt
//! ```

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::scenario::{KeepAlive, Retries, Sessions, Users};

use super::form::Form;
use super::service;

/// More repeats than this in a row are no client's default.
const REPEATS_MAX: u32 = 20;
/// A session of more requests than this is no person's.
const REQUESTS_MAX: f64 = 1e6;

/// More connections than these are as good as any number.
const CONNECTIONS_MAX: u32 = 10_000;
/// Connections that are dialled anew in a second; each is simulated.
const DIALS_MAX: f64 = 1000.0;

/// What a scenario says of its users.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) users: Users,
    pub(super) sessions: Option<Sessions>,
    pub(super) keep_alive: Option<KeepAlive>,
}

pub(super) fn read(mut form: Form<'_>, found: &mut Diagnostics) -> Said {
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
    let keep_alive = keep_alive(&mut form, found);
    form.close(found);
    let any = has_sessions.contains(&true);
    Said {
        users: Users { matching },
        sessions: any.then_some(sessions),
        keep_alive,
    }
}

/// How clients keep their connections; each request has its own when absent.
fn keep_alive(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<KeepAlive> {
    let mut kept = form.form("keepAlive", found)?;
    let help = "write for example `{lifetime: 60s, connections: 100}`";
    kept.require("lifetime", help, found);
    let lifetime = kept.some_time("lifetime", found);
    let connections = kept.count("connections", CONNECTIONS_MAX, found);
    let connections = connections.unwrap_or(KeepAlive::CONNECTIONS);
    let dials = |lifetime: Span| f64::from(connections) / lifetime.as_secs_f64();
    if lifetime.is_some_and(|lifetime| dials(lifetime) > DIALS_MAX) {
        let why =
            format!("lets {connections} connections dial more than {DIALS_MAX} times a second");
        let help = "write a longer one, or fewer connections";
        kept.refuse("lifetime", &why, help, found);
    }
    kept.close(found);
    Some(KeepAlive {
        lifetime: lifetime?,
        connections,
    })
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
