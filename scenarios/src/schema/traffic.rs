//! As `read::traffic`.

use serde_json::{Value, json};

use super::value::{curve as any_curve, duration, instant, item, object, rate, text};

/// What is added up, or multiplied.
pub(super) fn curves() -> Value {
    json!({"type": ["array", "null"], "items": any_curve(), "minItems": 1})
}

/// One curve: a mapping with one key.
pub(super) fn curve() -> Value {
    let bell = || {
        object([
            ("rps", rate(), "Its height."),
            (
                "from",
                instant(),
                "Where its middle 95 % begin; or give `at` and `width`.",
            ),
            ("to", instant(), "Where its middle 95 % end."),
            ("at", instant(), "Its middle; or give `from` and `to`."),
            ("width", duration(), "Its standard deviation."),
        ])
    };
    let mut curve = object([
        (
            "constant",
            object([("rps", rate(), "Requests per second.")]),
            "The same for ever.",
        ),
        (
            "burst",
            burst(),
            "A rise, a plateau and an exponential decay.",
        ),
        ("bell", bell(), "A Gaussian."),
        (
            "table",
            table(),
            "Straight lines between points; level outside.",
        ),
        (
            "diurnal",
            object([
                ("low", rate(), "Twelve hours from the peak."),
                ("high", rate(), "At the peak."),
                ("peak", instant(), "When it is highest."),
            ]),
            "A cosine of 24 hours.",
        ),
        (
            "ramp",
            object([
                ("from", instant(), "Where the line begins."),
                ("to", instant(), "Where it ends."),
                ("start", rate(), "The rate before; 0 when absent."),
                ("end", rate(), "The rate after."),
            ]),
            "A straight line, level outside.",
        ),
        (
            "step",
            object([
                ("at", instant(), "When it jumps."),
                ("rps", rate(), "The rate from then on."),
                ("before", rate(), "The rate before; 0 when absent."),
                ("until", instant(), "When it jumps back."),
            ]),
            "A jump.",
        ),
        (
            "marketOpen",
            market_open(),
            "A burst at 09:15: rise 10s, decay 6m40s.",
        ),
        ("dinnerPeak", bell(), "A bell from 19:00 to 22:00."),
        (
            "flashSale",
            burst(),
            "A burst: rise 30s, hold 10m, decay 5m.",
        ),
        (
            "weekly",
            weekly(),
            "A rate or factor for each day of the week; 1 when absent.",
        ),
        (
            "csv",
            recorded(
                "Lines of `time,rps`: times of day (every day), seconds after the start, or \
                      RFC 3339.",
            ),
            "Measured traffic from a CSV file.",
        ),
        (
            "prometheus",
            recorded("The JSON that `/api/v1/query_range` answered; series are added up."),
            "Measured traffic from Prometheus.",
        ),
        ("sum", curves(), "Curves that are added up."),
        (
            "product",
            curves(),
            "Curves that are multiplied: a rate and factors.",
        ),
    ]);
    curve["type"] = json!("object");
    curve["minProperties"] = json!(1);
    curve["maxProperties"] = json!(1);
    curve
}

fn burst() -> Value {
    object([
        ("at", instant(), "When the rise begins."),
        ("rps", rate(), "Its height."),
        (
            "rise",
            duration(),
            "How long the rise takes; `0s` for a step.",
        ),
        ("hold", duration(), "How long it stays there."),
        (
            "decay",
            duration(),
            "How long it then takes to fall to 1/e.",
        ),
    ])
}

fn market_open() -> Value {
    object([
        ("at", instant(), "When the rise begins; 09:15 when absent."),
        ("rps", rate(), "Its height."),
        ("rise", duration(), "How long the rise takes."),
        (
            "decay",
            duration(),
            "How long it then takes to fall to 1/e.",
        ),
    ])
}

fn table() -> Value {
    let point = item(
        &["at", "rps"],
        [
            ("at", instant(), "When."),
            ("rps", rate(), "Requests per second."),
        ],
    );
    let points = json!({"type": ["array", "null"], "items": point, "minItems": 1});
    object([("points", points, "In order of time.")])
}

fn weekly() -> Value {
    object([
        ("mon", rate(), "Monday."),
        ("tue", rate(), "Tuesday."),
        ("wed", rate(), "Wednesday."),
        ("thu", rate(), "Thursday."),
        ("fri", rate(), "Friday."),
        ("sat", rate(), "Saturday."),
        ("sun", rate(), "Sunday."),
    ])
}

fn recorded(file: &str) -> Value {
    object([
        ("file", text(), file),
        (
            "at",
            instant(),
            "Where the first sample goes, instead of its own time.",
        ),
    ])
}
