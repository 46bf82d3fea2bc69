//! Numbers with their intervals and their n, as cells of tables.

use coalmine_policy::Span;
use maud::{Markup, html};

use crate::human::{self, NOTHING};
use crate::interval::{Estimate, Rate};
use crate::mix::Measure;

/// A rate with its interval below it, and n where the row does not say it.
pub(super) fn rate(rate: Option<Rate>, with_n: bool) -> Markup {
    html! {
        @match rate {
            None => (NOTHING),
            Some(rate) => {
                (human::percent(rate.share))
                small {
                    (human::interval(&rate))
                    @if with_n { " of " (human::count(rate.n)) }
                }
            }
        }
    }
}

/// A quantile with its interval below it, open where there are too few observations, and n where it
/// is not that of the row.
pub(super) fn quantile(
    estimate: Option<Estimate>,
    n_of_row: u64,
    text: impl Fn(u64) -> String,
) -> Markup {
    html! {
        @match estimate {
            None => (NOTHING),
            Some(estimate) => {
                (text(estimate.value))
                small {
                    (human::ends(&estimate, &text))
                    @if estimate.n != n_of_row { " of " (human::count(estimate.n)) }
                }
            }
        }
    }
}

/// A measure with its interval below it.
pub(super) fn measure(measure: Option<Measure>, text: impl Fn(f64) -> String) -> Markup {
    html! {
        @match measure {
            None => (NOTHING),
            Some(measure) => {
                (text(measure.value))
                // A dash before a minus cannot be read.
                @let to = if measure.low < 0.0 { " to " } else { "–" };
                small { (text(measure.low)) (to) (text(measure.high)) }
            }
        }
    }
}

/// A measure that is a share.
pub(super) fn share(measure: Option<Measure>) -> Markup {
    html! {
        @match measure {
            None => (NOTHING),
            Some(measure) => {
                (human::percent(measure.value))
                small { (human::between((measure.low, measure.high))) }
            }
        }
    }
}

/// A sentence that was made for terminals: what is between backquotes is code, and a number keeps its
/// percent sign.
pub(super) fn prose(text: &str) -> Markup {
    let text = text.replace(" %", "\u{a0}%");
    let parts = text.split('`').enumerate();
    html! {
        @for (index, part) in parts {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Nanoseconds as `2m05s`.
pub(super) fn time(nanos: u64) -> String {
    Span::from_nanos(nanos).to_string()
}

/// A rate in one line, with its n.
pub(super) fn told(rate: &Rate) -> String {
    format!("{} of {}", human::rate(rate), human::count(rate.n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_code_and_no_markup_of_its_own() {
        assert_eq!(
            prose("5 % of <b>, see `a<b`").into_string(),
            "5\u{a0}% of &lt;b&gt;, see <code>a&lt;b</code>"
        );
    }

    #[test]
    fn every_number_has_its_interval_and_its_n() {
        let rate_of = |count, n| rate(Rate::wilson(count, n), true).into_string();
        assert_eq!(rate_of(5, 100), "5.0 %<small>2.1–11.2 of 100</small>");
        assert_eq!(rate_of(0, 0), "–");
        let few = Estimate {
            value: 120,
            low: Some(7),
            high: None,
            n: 9,
        };
        let told = |n| quantile(Some(few), n, human::count).into_string();
        assert_eq!(told(9), "120<small>7–?</small>");
        assert_eq!(told(10), "120<small>7–? of 9</small>");
    }
}
