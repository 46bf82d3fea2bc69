//! One effect: its size, its onset, its episodes, its scope.

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::fault::{Episodes, Fault, Growth, Onset, Scope, Versions};

use super::HELP;
use crate::read::clock::Clock;
use crate::read::form::Form;

/// Shorter gaps and episodes than this are no episodes but a rate.
const EPISODE_MIN: Span = Span::from_secs(1);

/// More requests than this no pod serves in a rollout.
const REQUESTS_MAX: u32 = 1_000_000_000;

pub(super) fn read(mut form: Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Fault {
    let sizes = ["errorShare", "p99Times", "latencyTimes"];
    if sizes
        .map(|size| form.node(size))
        .iter()
        .all(Option::is_none)
    {
        let message = "an effect needs `errorShare`, `p99Times` or `latencyTimes`".to_owned();
        form.error(form.fields.position(), message, HELP, found);
    }
    let slower = "write 3 for a 99th percentile three times as long";
    let p99_times = factor(&mut form, "p99Times", slower, found);
    let slower = "write 3 for latencies three times as long";
    let fault = Fault {
        error_share: form.share("errorShare", found).unwrap_or(0.0),
        p99_times,
        latency_times: factor(&mut form, "latencyTimes", slower, found),
        onset: onset(&mut form, clock, found),
        growth: growth(&mut form, found),
        episodes: episodes(&mut form, found),
        scope: scope(&mut form, found),
        ..Fault::default()
    };
    form.close(found);
    fault
}

/// A factor above 1; 1 when absent.
fn factor(form: &mut Form<'_>, name: &'static str, help: &str, found: &mut Diagnostics) -> f64 {
    let times = form.positive(name, found);
    if times.is_some_and(|times| times <= 1.0) {
        form.refuse(name, "must be above 1 to slow anything down", help, found);
    }
    times.unwrap_or(1.0)
}

fn onset(form: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Onset {
    let onset = Onset {
        above_rps_per_pod: form.rate("aboveRpsPerPod", f64::INFINITY, found),
        from_s: some_instant(form, clock, "from", found),
        until_s: some_instant(form, clock, "until", found),
        after_age: form.some_time("afterAge", found),
        after_requests: form
            .count("afterRequests", REQUESTS_MAX, found)
            .map(u64::from),
    };
    if let (Some(from_s), Some(until_s)) = (onset.from_s, onset.until_s)
        && from_s >= until_s
    {
        let help = "what lies past midnight is written as a duration after the start";
        form.refuse("until", "is not after `from`", help, found);
    }
    onset
}

/// `{age: 10m}` or `{requests: 50000}`.
fn growth(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Growth> {
    let mut over = form.form("growsOver", found)?;
    let age = over.some_time("age", found).map(Growth::Age);
    let requests = over.count("requests", REQUESTS_MAX, found);
    let requests = requests.map(|count| Growth::Requests(u64::from(count)));
    if over.node("age").is_some() == over.node("requests").is_some() {
        let help = "for example `growsOver: {age: 10m}`";
        let message = "a fault grows over either `age` or `requests`".to_owned();
        over.error(over.fields.position(), message, help, found);
    }
    over.close(found);
    age.or(requests)
}

fn some_instant(
    form: &mut Form<'_>,
    clock: &Clock,
    name: &'static str,
    found: &mut Diagnostics,
) -> Option<f64> {
    form.node(name)?;
    clock.instant(form, name, found)
}

fn episodes(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Episodes> {
    let mut pair = form.form("episodes", found)?;
    let help = "write both, for example `{every: 5m, for: 20s}`: means of exponential times";
    pair.require("every", help, found);
    pair.require("for", help, found);
    let times = ["every", "for"].map(|name| {
        let time = pair.some_time(name, found)?;
        if time < EPISODE_MIN {
            pair.refuse(name, &format!("is {time}, below a second"), help, found);
        }
        Some(time.as_secs_f64())
    });
    pair.close(found);
    let [gap_s, length_s] = times;
    Some(Episodes {
        gap_s: gap_s?,
        length_s: length_s?,
    })
}

fn scope(form: &mut Form<'_>, found: &mut Diagnostics) -> Scope {
    let Some(mut form) = form.form("scope", found) else {
        return Scope::default();
    };
    let versions = match form.string("version", found) {
        None | Some("new") => Versions::New,
        Some("old") => Versions::Old,
        Some("both") => Versions::Both,
        Some(other) => {
            let help = "write `new`, `old` or `both`";
            form.refuse("version", &format!("is {other:?}, no version"), help, found);
            Versions::New
        }
    };
    form.close(found);
    Scope {
        versions,
        ..Scope::default()
    }
}
