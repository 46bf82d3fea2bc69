//! Curves by the names people give them, each lowered to a term of the simulator.

use coalmine_policy::source::Diagnostics;
use coalmine_sim::traffic::Term;
use jiff::ToSpan;
use jiff::civil::Time;

use super::{BELL_DEVIATIONS, RPS_MAX, bell, rate};
use crate::read::clock::Clock;
use crate::read::form::Form;

const DAY_S: f64 = 86_400.0;

/// Days before and after the start for which a weekly pattern is laid out: two of the longest
/// horizons.
const WEEKLY_DAYS: i64 = 14;

/// Weekdays from Monday on.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `{low, high, peak}`: a cosine of a day, highest at `peak` and lowest twelve hours from it.
pub(super) fn diurnal(
    curve: &mut Form<'_>,
    clock: &Clock,
    found: &mut Diagnostics,
) -> Option<Term> {
    let help = "write for example `{low: 100rps, high: 400rps, peak: \"20:00\"}`";
    curve.require("low", help, found);
    curve.require("high", help, found);
    let (low, high) = (
        curve.rate("low", RPS_MAX, found),
        curve.rate("high", RPS_MAX, found),
    );
    let peak = clock.instant(curve, "peak", found);
    let (low, high) = (low?, high?);
    if high < low {
        curve.refuse("high", "is below `low`", help, found);
        return None;
    }
    Some(Term::Wave {
        peak_s: peak?,
        period_s: DAY_S,
        low,
        high,
    })
}

/// `{from, to, start, end}`: a straight line between two instants, level outside.
pub(super) fn ramp(curve: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Option<Term> {
    let help = "write for example `{from: \"09:00\", to: \"09:30\", start: 0rps, end: 200rps}`";
    curve.require("end", help, found);
    let (from, to) = (
        clock.instant(curve, "from", found),
        clock.instant(curve, "to", found),
    );
    let start = curve.rate("start", RPS_MAX, found).unwrap_or(0.0);
    let end = curve.rate("end", RPS_MAX, found);
    let (from, to) = (from?, to?);
    if to <= from {
        let help = "past midnight, write both as durations; for a jump write `step`";
        curve.refuse("to", "is not later than `from`", help, found);
        return None;
    }
    Some(Term::Table {
        points: vec![(from, start), (to, end?)],
    })
}

/// `{at, rps, before, until}`: a jump, back to `before` at `until` when that is given.
pub(super) fn step(curve: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Option<Term> {
    let at = clock.instant(curve, "at", found);
    let rps = rate(curve, found);
    let before = curve.rate("before", RPS_MAX, found).unwrap_or(0.0);
    let until = match curve.node("until") {
        Some(_) => Some(clock.instant(curve, "until", found)?),
        None => None,
    };
    let at = at?;
    if until.is_some_and(|until| until <= at) {
        let help = "past midnight, write both as durations after the start";
        curve.refuse("until", "is not later than `at`", help, found);
        return None;
    }
    let mut points = vec![(at, rps?)];
    points.extend(until.map(|until| (until, before)));
    Some(Term::Steps { before, points })
}

/// An instant that has a usual value.
fn usual_instant(
    curve: &mut Form<'_>,
    (name, usual): (&'static str, Time),
    clock: &Clock,
    found: &mut Diagnostics,
) -> Option<f64> {
    match curve.node(name) {
        Some(_) => clock.instant(curve, name, found),
        None => clock.seconds_to(usual),
    }
}

/// Seconds of a duration that has a usual value.
fn usual_s(curve: &mut Form<'_>, name: &'static str, usual_s: f64, found: &mut Diagnostics) -> f64 {
    let given = curve.some_time(name, found);
    given.map_or(usual_s, coalmine_policy::Span::as_secs_f64)
}

/// `{rps}`: everybody at once at 09:15, and 5 % left after twenty minutes; all of it can be set.
pub(super) fn market_open(
    curve: &mut Form<'_>,
    clock: &Clock,
    found: &mut Diagnostics,
) -> Option<Term> {
    let rps = rate(curve, found);
    let at = usual_instant(curve, ("at", Time::constant(9, 15, 0, 0)), clock, found);
    let rise_s = usual_s(curve, "rise", 10.0, found);
    let decay_s = usual_s(curve, "decay", 400.0, found);
    Some(Term::Burst {
        at_s: at?,
        rise_s,
        hold_s: 0.0,
        rps: rps?,
        decay_s,
    })
}

/// `{rps}`: a bell from 19:00 to 22:00, unless the fields of `bell` say otherwise.
pub(super) fn dinner_peak(
    curve: &mut Form<'_>,
    clock: &Clock,
    found: &mut Diagnostics,
) -> Option<Term> {
    let placed = ["from", "to", "at", "width"].map(|name| curve.node(name).is_some());
    if placed.contains(&true) {
        return bell(curve, clock, found);
    }
    let rps = rate(curve, found);
    let from = clock.seconds_to(Time::constant(19, 0, 0, 0))?;
    let to = clock.seconds_to(Time::constant(22, 0, 0, 0))?;
    Some(Term::Bell {
        at_s: f64::midpoint(from, to),
        width_s: (to - from) / BELL_DEVIATIONS,
        rps: rps?,
    })
}

/// `{at, rps}`: within 30 s to the height, ten minutes there, and gone with a time constant of
/// five minutes; `rise`, `hold` and `decay` can be set.
pub(super) fn flash_sale(
    curve: &mut Form<'_>,
    clock: &Clock,
    found: &mut Diagnostics,
) -> Option<Term> {
    let at = clock.instant(curve, "at", found);
    let rps = rate(curve, found);
    let rise_s = usual_s(curve, "rise", 30.0, found);
    let hold_s = usual_s(curve, "hold", 600.0, found);
    let decay_s = usual_s(curve, "decay", 300.0, found);
    Some(Term::Burst {
        at_s: at?,
        rise_s,
        hold_s,
        rps: rps?,
        decay_s,
    })
}

/// `{mon: 1, …, sun: 0.6}`: a rate or factor for each weekday, 1 where none is given; days begin
/// at midnight of the scenario's zone, be they 23, 24 or 25 hours long.
pub(super) fn weekly(curve: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Option<Term> {
    let rates = DAYS.map(|day| curve.rate(day, RPS_MAX, found).unwrap_or(1.0));
    let today = clock.start.date();
    let mut points = Vec::new();
    for offset in -WEEKLY_DAYS..=WEEKLY_DAYS {
        let date = today.checked_add(offset.days()).ok()?;
        let midnight = date.to_zoned(clock.start.time_zone().clone()).ok()?;
        let day = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        points.push((clock.seconds_until(&midnight), rates[day]));
    }
    let before = points.first()?.1;
    Some(Term::Steps { before, points })
}
