//! `coalmine.lock.json`: how every replication ended when somebody last said that it was good so.
//!
//! The file is made to be committed: sorted, a line for each fact, nothing of the machine or the hour
//! in it. Equal studies give equal bytes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Blocks, Ends, Recorder};
use crate::document;
use crate::gate::Measure;
use crate::marks::Marks;
use crate::summary::{Cell, Summary};

/// The version of the file's form; it grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// A baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lock {
    /// The version of the file's form.
    pub format: u32,
    /// The version of coalmine that recorded it.
    pub coalmine: String,
    /// What that coalmine's simulator does: a digest of reference rollouts. Another one means that
    /// numbers may differ although no policy does.
    pub simulator: String,
    /// The root of all random numbers.
    pub seed: u64,
    /// The scenarios by name.
    pub scenarios: BTreeMap<String, World>,
    /// The policies by label.
    pub policies: BTreeMap<String, Kept>,
}

/// A scenario of a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct World {
    /// What reference rollouts come to in it: a digest. Only scenarios in which they come to the same
    /// are compared.
    pub behaviour: String,
    /// A digest of the text that it stands in.
    pub text: String,
}

/// A policy of a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// A digest of what its object, and the parts that it may use, say.
    pub says: String,
    /// Whether its controller refused it; then nothing was run.
    pub refused: bool,
    /// Its measures over the mix of releases, as requirements name them.
    pub mix: BTreeMap<String, f64>,
    /// Its rollouts by scenario.
    pub scenarios: BTreeMap<String, KeptCell>,
}

/// One scenario under one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptCell {
    /// Replications.
    pub n: u64,
    /// Its measures, as requirements name them: shares from 0 to 1, times in seconds.
    pub measures: BTreeMap<String, f64>,
    /// Which replications were promoted: `none`, `all`, `only 3 17`, `all but 3 17`, or `base64` and a
    /// bit for each, the first in the lowest bit of the first byte.
    pub promoted: String,
    /// Which were rolled back, likewise. The others got stuck.
    pub rolled_back: String,
    /// Requests hurt, summed over blocks of replications of the smallest power of two that makes 32
    /// blocks or fewer; `0*3` stands for `0 0 0`.
    pub hurt: String,
    /// Users hurt, likewise.
    pub hurt_users: String,
    /// Milliseconds until the decision or to the horizon, likewise.
    pub duration_ms: String,
}

/// What a study is identified by, beside its outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Today {
    /// A digest of what the simulator does.
    pub simulator: String,
    /// The scenarios, in the study's order.
    pub worlds: Vec<World>,
    /// Digests of what the policies say, in the study's order.
    pub says: Vec<String>,
}

/// Why a file is no baseline: cause and cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockError {
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub cure: String,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cause, self.cure)
    }
}

const ANEW: &str = "record it anew: `coalmine check --update`";

impl Lock {
    /// That of a study.
    #[must_use]
    pub fn new(summary: &Summary, recorder: &Recorder, today: &Today) -> Self {
        let study = &summary.study;
        let names = study.scenarios.iter().map(|scenario| &scenario.name);
        let policies = study.policies.iter().enumerate().map(|(index, policy)| {
            let own = recorder.cells.iter();
            let own = own.filter(|(policy, _, ends)| *policy == index && !ends.is_empty());
            let cells = own.filter_map(|(policy, scenario, ends)| {
                let name = study.scenarios.get(*scenario)?.name.clone();
                let mut cells = summary.cells.iter();
                let cell = cells.find(|c| (c.policy, c.scenario) == (*policy, *scenario))?;
                Some((name, KeptCell::new(cell, ends)))
            });
            let kept = Kept {
                says: today.says.get(index).cloned().unwrap_or_default(),
                refused: policy.invalid.is_some(),
                mix: measures(|measure| {
                    let reading = measure.over_mix(summary, index, &summary.mix);
                    reading.map(|reading| reading.value)
                }),
                scenarios: cells.collect(),
            };
            (policy.label.clone(), kept)
        });
        Self {
            format: FORMAT,
            coalmine: env!("CARGO_PKG_VERSION").to_owned(),
            simulator: today.simulator.clone(),
            seed: study.seed,
            scenarios: names.cloned().zip(today.worlds.iter().cloned()).collect(),
            policies: policies.collect(),
        }
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never, as long as the numbers are numbers.
    pub fn to_bytes(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        document::write(self, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let error = |cause: String, cure: &str| LockError {
            cause,
            cure: cure.to_owned(),
        };
        if text.contains("\n<<<<<<< ") || text.starts_with("<<<<<<< ") {
            let cause = "has conflict markers of a merge".to_owned();
            return Err(error(
                cause,
                "resolve to either side, then `coalmine check --update`",
            ));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|why| error(format!("is no JSON: {why}"), ANEW))?;
        match value.get("format").and_then(Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => {
                let cause = format!("has format {format}, and this coalmine reads {FORMAT}");
                let cure = if format > u64::from(FORMAT) {
                    "use the coalmine that recorded it, or record it anew: `coalmine check --update`"
                } else {
                    ANEW
                };
                return Err(error(cause, cure));
            }
            None => return Err(error("is no baseline: it has no `format`".to_owned(), ANEW)),
        }
        let lock: Self = serde_json::from_value(value)
            .map_err(|why| error(format!("is no baseline: {why}"), ANEW))?;
        for (label, kept) in &lock.policies {
            for (scenario, cell) in &kept.scenarios {
                if cell.ends().is_none() {
                    let cause = format!("its rollouts of {label} in {scenario} are garbled");
                    return Err(error(cause, ANEW));
                }
            }
        }
        Ok(lock)
    }

    /// The JSON Schema of the file.
    #[must_use]
    pub fn schema() -> Value {
        document::schema::<Self>()
    }
}

/// All that are there, to six digits: more would only make other bytes of equal numbers.
fn measures(value: impl Fn(Measure) -> Option<f64>) -> BTreeMap<String, f64> {
    let all = Measure::names().filter_map(|name| {
        let value = value(Measure::named(name)?)?;
        let rounded = format!("{value:.5e}").parse().ok()?;
        Some((name.to_owned(), rounded))
    });
    all.collect()
}

impl KeptCell {
    fn new(cell: &Cell, ends: &Ends) -> Self {
        Self {
            n: cell.n,
            measures: measures(|measure| measure.in_cell(cell).map(|reading| reading.value)),
            promoted: ends.promoted.to_text(),
            rolled_back: ends.rolled_back.to_text(),
            hurt: ends.hurt.to_text(),
            hurt_users: ends.hurt_users.to_text(),
            duration_ms: ends.duration_ms.to_text(),
        }
    }

    /// How its replications ended; `None` where the texts are not of so many.
    #[must_use]
    pub fn ends(&self) -> Option<Ends> {
        // No study has more (`--max-runs`); what claims so would only cost memory.
        let len = usize::try_from(self.n).ok().filter(|n| *n <= 10_000_000)?;
        let marks = |text: &str| Marks::from_text(text, len);
        let blocks = |text: &str| Blocks::from_text(text, self.n);
        Some(Ends {
            promoted: marks(&self.promoted)?,
            rolled_back: marks(&self.rolled_back)?,
            hurt: blocks(&self.hurt)?,
            hurt_users: blocks(&self.hurt_users)?,
            duration_ms: blocks(&self.duration_ms)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::recorded;

    fn lock() -> Lock {
        let (summary, recorder, today) = recorded();
        Lock::new(&summary, &recorder, &today)
    }

    #[test]
    fn a_baseline_survives_its_file_and_equal_studies_give_equal_bytes() {
        let lock = lock();
        let bytes = lock.to_bytes().expect("can be written");
        let text = String::from_utf8(bytes).expect("is UTF-8");
        assert_eq!(Lock::parse(&text).as_ref(), Ok(&lock));
        assert_eq!(
            text,
            String::from_utf8(super::tests::lock().to_bytes().expect("can")).expect("is")
        );
        assert!(text.lines().all(|line| line.len() < 500), "{text}");
        let (_, recorder, _) = recorded();
        let ends = lock.policies["careful"].scenarios["steady/errors-2"].ends();
        let (_, _, now) = recorder
            .cells
            .iter()
            .find(|c| (c.0, c.1) == (0, 1))
            .expect("ran");
        assert_eq!(ends.as_ref(), Some(now));
    }

    #[test]
    fn a_small_baseline_reads_well() {
        insta::assert_snapshot!(String::from_utf8(lock().to_bytes().expect("can")).expect("is"));
    }

    #[test]
    fn what_is_no_baseline_says_why() {
        let text = String::from_utf8(lock().to_bytes().expect("can")).expect("is");
        let all = lock().policies["careful"].scenarios["steady/errors-2"]
            .duration_ms
            .clone();
        for (text, words) in [
            ("".to_owned(), "is no JSON"),
            ("{}".to_owned(), "has no `format`"),
            ("{\"format\": 1}".to_owned(), "missing field"),
            (
                text.replace("\"format\": 1", "\"format\": 9"),
                "has format 9",
            ),
            (
                text.replace(&all, "1 2"),
                "of careful in steady/errors-2 are garbled",
            ),
            (format!("<<<<<<< HEAD\n{text}"), "conflict markers"),
        ] {
            let told = Lock::parse(&text).expect_err(words).to_string();
            assert!(told.contains(words) && told.contains("--update"), "{told}");
        }
    }
}
