//! A Rollout's status and what hangs on it, as a recording writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use coalmine_policy::Call;
use coalmine_policy::argo::Controller;
use serde_json::Value;

use super::world::Pods;

/// A controller's whole state, as it is serialised.
pub(super) struct Status(Value);

impl Status {
    pub(super) fn of(controller: &Controller) -> Self {
        Self(serde_json::to_value(controller).expect("a controller can be written"))
    }

    fn word(&self, name: &str) -> &str {
        self.0[name].as_str().expect(name)
    }

    fn is_set(&self, name: &str) -> bool {
        match &self.0[name] {
            Value::Bool(set) => *set,
            value => !value.is_null(),
        }
    }

    fn canary(&self) -> &Value {
        &self.0["rollout"]["canary"]
    }

    /// The call that a run waits for.
    pub(super) fn open_call(&self, background: bool) -> Option<Call> {
        let asked = self.0["asked"].as_array().expect("asked");
        let about = match background {
            true => "BackgroundMetric",
            false => "StepMetric",
        };
        let open = asked.iter().find(|asked| asked[1].get(about).is_some())?;
        open[0].as_u64().map(Call)
    }

    /// The call that a run waits for which is to end.
    pub(super) fn terminated_call(&self) -> Option<Call> {
        [("step_run", false), ("background", true)]
            .into_iter()
            .filter(|(run, _)| self.0[run]["run"]["terminate"] == true)
            .find_map(|(_, background)| self.open_call(background))
    }

    pub(super) fn text(&self, sets: &BTreeMap<String, Pods>) -> String {
        let mut text = String::new();
        self.write(&mut text, sets).expect("text takes everything");
        text
    }

    fn write(&self, text: &mut String, sets: &BTreeMap<String, Pods>) -> std::fmt::Result {
        let steps = self.canary()["steps"].as_array().map_or(0, Vec::len);
        match steps {
            0 => write!(text, "step=-")?,
            _ => write!(text, "step={}", self.0["step"])?,
        }
        let (stable, current) = (self.word("stable"), self.word("current"));
        write!(text, " stable={stable} current={current}")?;
        let flags = [
            ("abort", "aborted_at"),
            ("full", "promote_full"),
            ("cpause", "controller_pause"),
            ("paused", "user_paused"),
            ("checkpoint", "checkpoint"),
        ];
        for (name, _) in flags.iter().filter(|(_, field)| self.is_set(field)) {
            write!(text, " {name}")?;
        }
        for pause in self.0["pauses"].as_array().expect("pauses") {
            let reason = pause["reason"].as_str().expect("a reason");
            write!(text, " {reason}@{}", seconds(&pause["since"]))?;
        }
        for (name, pods) in sets {
            self.write_set(text, name, *pods)?;
        }
        self.write_services(text)?;
        self.write_runs(text)?;
        write!(text, " {}", self.word("phase"))
    }

    fn write_set(&self, text: &mut String, name: &str, pods: Pods) -> std::fmt::Result {
        let Pods {
            spec,
            created,
            available,
        } = pods;
        write!(text, " {name}={spec}/{created}/{available}")?;
        let mut known = self.0["sets"].as_array().expect("sets").iter();
        let set = known.find(|set| set["template"] == name);
        let deadline = set.map(|set| &set["deadline"]);
        match deadline.filter(|at| spec > 0 && !at.is_null()) {
            Some(at) => write!(text, "@{}", seconds(at)),
            None => Ok(()),
        }
    }

    /// Services that the manifest does not name, or that select by no hash, are `-`.
    fn write_services(&self, text: &mut String) -> std::fmt::Result {
        let named = |there: bool, name: &str| match self.word(name) {
            hash if there && !hash.is_empty() => hash.to_owned(),
            _ => "-".to_owned(),
        };
        let blue_green = &self.0["rollout"]["blue_green"];
        if !blue_green.is_null() {
            let preview = named(!blue_green["preview_service"].is_null(), "canary_service");
            let active = named(true, "stable_service");
            return write!(text, " active>{active} preview>{preview}");
        }
        for (role, name) in [("stable", "stable_service"), ("canary", "canary_service")] {
            let to = named(!self.canary()[name].is_null(), name);
            write!(text, " {role}>{to}")?;
        }
        if self.canary()["routing"].is_null() {
            return Ok(());
        }
        let to = named(true, "routed_to");
        write!(text, " weight={}:{to}", self.0["weight"])?;
        let managed = self.0["managed"].as_array().expect("managed");
        let names = managed.iter().filter_map(|route| route["name"].as_str());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        if !names.is_empty() {
            write!(text, " managed={}", names.join(","))?;
        }
        Ok(())
    }

    /// What an aborted or promoted rollout's status still names is of no account.
    fn write_runs(&self, text: &mut String) -> std::fmt::Result {
        if self.is_set("aborted_at") || self.word("stable") == self.word("current") {
            return Ok(());
        }
        let names = match self.is_set("rollout") && self.0["rollout"]["blue_green"].is_null() {
            true => ["step", "background"],
            false => ["pre", "post"],
        };
        for (name, run) in names.into_iter().zip(["step_run", "background"]) {
            if self.is_set(run) {
                let phase = self.0[run]["run"]["phase"].as_str().unwrap_or("Running");
                write!(text, " {name}:{phase}")?;
            }
        }
        Ok(())
    }
}

fn seconds(at: &Value) -> u64 {
    at.as_u64().expect("an instant") / 1_000_000_000
}
