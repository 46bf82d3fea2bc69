//! The JSON Schema of suite files.

use coalmine_policy::baseline::API_VERSION;
use serde_json::{Value, json};

use super::{COMPARED, KIND};

/// The schema, draft 2020-12.
#[must_use]
pub fn schema() -> Value {
    let text = |about: &str| json!({"type": "string", "minLength": 1, "description": about});
    let share = |about: &str| json!({"type": ["string", "number"], "description": format!("{about}; `2%` or 0.02")});
    let price = |about: &str| json!({"type": "number", "minimum": 0, "description": about});
    let whole = |about: &str| json!({"type": "integer", "minimum": 1, "description": about});
    let object = |properties: Value| json!({"type": "object", "additionalProperties": false, "properties": properties});
    let mut scenario = object(json!({
        "name": text("a name or pattern of the catalogue, or a file as seen from the suite"),
        "weight": {"type": "number", "exclusiveMinimum": 0, "description": "how often such releases come"},
    }));
    scenario["required"] = json!(["name"]);
    let mut gate = object(json!({
        "require": text("`missed<2%`"),
        "policy": text("policies whose label is like this; all where absent"),
        "scenario": text("each scenario whose name is like this; the mix of all where absent"),
    }));
    gate["required"] = json!(["require"]);
    let either = |other: Value| json!({"anyOf": [{"type": "string", "minLength": 1}, other]});
    let spec = object(json!({
        "policies": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": "files, folders and patterns, as seen from this file",
        },
        "scenarios": {
            "type": "array",
            "items": either(scenario),
            "description": "as `--scenario` of `score`; the suite `default` where absent",
        },
        "seed": {"type": "integer", "minimum": 0, "description": "the root of all random numbers"},
        "runs": whole("replications of each scenario under each policy"),
        "precision": share("run on until intervals are as narrow as this"),
        "maxRuns": whole("the budget of a precision"),
        "badShare": share("of releases that are bad"),
        "prices": object(json!({
            "minute": price("of rollout"),
            "hurtRequest": price("a request that fared worse"),
            "hurtUser": price("a user some of whose requests did"),
            "falseAlarm": price("a good release held back"),
        })),
        "gates": {
            "type": "array",
            "items": either(gate),
            "description": "what policies must keep",
        },
        "baseline": object(json!({
            "file": text("the lock file, as seen from this file"),
            "notWorse": {
                "type": "array",
                "items": {"enum": COMPARED},
                "description": "what is compared with the baseline; nothing where empty",
            },
            "familyError": share("the chance of blaming any policy that is no worse"),
        })),
    }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A suite of coalmine check",
        "type": "object",
        "additionalProperties": false,
        "required": ["apiVersion", "kind", "spec"],
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": KIND},
            "metadata": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "name": {"type": "string"},
                    "labels": {"type": "object"},
                    "annotations": {"type": "object"},
                },
            },
            "spec": spec,
        },
    })
}
