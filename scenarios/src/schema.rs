//! The JSON Schema of scenario files: what editors complete, explain and underline.
//!
//! [`mod@crate::read`] decides what a scenario file may say; this says the same in another language.
//! Each module here stands beside the reader's module of the same name: **who adds a key to a reader
//! adds it to the table of the same name here, and to a sample in `tests/schema`**. The test of that
//! name asks the reader for all keys it knows, in every mapping of the samples, and compares.
//!
//! The schema is the wider of the two. It does not hold what depends on other values (order of
//! times, a percentile above its median), nor upper limits; and since a file may extend another,
//! only items of lists have keys that must be there.

mod arrivals;
mod fault;
mod hooks;
mod metrics;
mod prometheus;
mod router;
mod routes;
mod service;
mod traffic;
mod users;
mod value;

use coalmine_policy::baseline::API_VERSION;
use serde_json::{Value, json};

use value::{above, any, duration, item, object, text};

/// The schema (draft 2020-12) of one document of kind `Scenario`.
#[must_use]
pub fn scenario() -> Value {
    let mut document = item(
        &["apiVersion", "kind", "metadata", "spec"],
        [
            (
                "apiVersion",
                json!({"const": API_VERSION}),
                "Whose format this is.",
            ),
            (
                "kind",
                json!({"const": crate::read::KIND}),
                "Which of its formats.",
            ),
            ("metadata", metadata(), "What it is called."),
            ("spec", spec(), "The world."),
        ],
    );
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["title"] = json!("coalmine scenario");
    document["description"] = json!("A world in which canary rollouts are tried.");
    document["$defs"] = definitions();
    document
}

fn definitions() -> Value {
    let mut all = value::definitions();
    if let Value::Object(all) = &mut all {
        all.insert("curve".to_owned(), traffic::curve());
    }
    all
}

fn metadata() -> Value {
    item(
        &["name"],
        [
            (
                "name",
                json!({"type": "string", "pattern": "\\S"}),
                "`traffic/fault`: both names appear in reports.",
            ),
            (
                "labels",
                any(),
                "Words for people and for `coalmine scenarios`: `suite`.",
            ),
            ("annotations", any(), "Words for people."),
        ],
    )
}

fn spec() -> Value {
    let mut spec = object([
        (
            "extends",
            text(),
            "What this is a variant of: a name of the catalogue or a file (`./base.yaml`, \
             `./base.yaml#name`). Mappings merge deeply, lists and single values replace, null takes \
             away.",
        ),
        ("reason", text(), "Why the scenario exists, one paragraph."),
        (
            "title",
            text(),
            "One line for reports; the name when absent.",
        ),
        (
            "start",
            json!({
                "type": ["string", "null"],
                "pattern": "^\\d{4}-\\d{1,2}-\\d{1,2}T\\d{1,2}:\\d{1,2}(:\\d{1,2})?$",
            }),
            "Local time at which the release becomes visible: 2026-03-02T09:05.",
        ),
        (
            "timeZone",
            text(),
            "IANA name, such as Asia/Kolkata; UTC when absent.",
        ),
        (
            "horizon",
            duration(),
            "How long the world is watched, a week at most.",
        ),
        (
            "weight",
            above(0),
            "How often releases of this kind come, relative to the others that are bad, or good, alike; \
             1 when absent. Measures over a mix of releases use it.",
        ),
        (
            "traffic",
            traffic::curves(),
            "Curves that are added up, in requests per second.",
        ),
        (
            "arrivals",
            arrivals::schema(),
            "How irregular requests come; Poisson when absent.",
        ),
        (
            "service",
            service::schema(),
            "The service that is rolled out.",
        ),
        (
            "routes",
            routes::schema(),
            "What users ask for; without any, nobody tells paths apart.",
        ),
        (
            "business",
            routes::business(),
            "What answered requests complete, by name: orders, payments.",
        ),
        (
            "fault",
            fault::schema(),
            "What is wrong with the new version; leave out for a healthy release.",
        ),
        (
            "users",
            users::schema(),
            "Who the users are; with any key but `matching` they have sessions.",
        ),
        (
            "retries",
            users::retries(),
            "Clients that repeat what failed; none when absent.",
        ),
        ("hooks", hooks::schema(), "What webhooks answer."),
        (
            "metrics",
            metrics::schema(),
            "What metrics answer that Prometheus does not.",
        ),
        (
            "router",
            router::schema(),
            "How weights reach the data path.",
        ),
        (
            "prometheus",
            prometheus::schema(),
            "How Prometheus sees the service.",
        ),
    ]);
    spec["type"] = json!("object");
    spec["anyOf"] = json!([
        {"required": ["extends"]},
        {"required": ["start", "horizon", "traffic"]},
    ]);
    spec
}
