//! The format of the recorded cases.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) provider: String,
    pub(super) analysis: Value,
    #[serde(default)]
    pub(super) service: Option<Value>,
    pub(super) ticks: Vec<Tick>,
}

/// What is in force during a tick, and what was read after it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tick {
    pub(super) tick: usize,
    #[serde(default)]
    pub(super) given: Option<String>,
    pub(super) target_template: String,
    pub(super) canary_deployment: String,
    pub(super) primary_deployment: String,
    #[serde(default)]
    pub(super) metrics: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) hooks: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    pub(super) suspend: bool,
    #[serde(default)]
    pub(super) skip_analysis: bool,
    #[serde(default)]
    pub(super) set_routes_fails: bool,

    pub(super) phase: String,
    pub(super) status_canary_weight: i64,
    pub(super) failed_checks: i64,
    pub(super) iterations: i64,
    pub(super) router_primary: i64,
    pub(super) router_canary: i64,
    pub(super) mirrored: bool,
    #[serde(default)]
    calls: Option<Vec<String>>,

    /// Inputs that no visible case has.
    #[serde(flatten)]
    pub(super) others: BTreeMap<String, Value>,
}

impl Tick {
    pub(super) fn calls(&self) -> &[String] {
        self.calls.as_deref().unwrap_or_default()
    }
}
