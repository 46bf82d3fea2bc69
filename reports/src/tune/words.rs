//! What a search found, in sentences.

use super::compare::{Axis, Difference};
use super::report::{Report, Row};
use crate::gate::{Measure, Outcome, Reading};
use crate::human::{self, NOTHING};

impl Axis {
    /// Its name in tables.
    #[must_use]
    pub const fn head(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::FalseRollback => "false\nrollback",
            Self::Harm => "hurt\nusers",
            Self::Duration => "duration,\nminutes",
        }
    }

    /// A value with its interval, as short as can be: the head says what it is.
    #[must_use]
    pub fn cell(self, reading: Option<&Reading>) -> String {
        let Some(reading) = reading else {
            return NOTHING.to_owned();
        };
        let ends = reading.low.zip(reading.high);
        let (low, high) = ends.unwrap_or((reading.value, reading.value));
        match self {
            Self::Missed | Self::FalseRollback => human::share(reading.value, (low, high)),
            Self::Harm => {
                let say = |x: f64| Axis::Harm.measure().say(x.max(0.0));
                format!("{} ({}–{})", say(reading.value), say(low), say(high))
            }
            Self::Duration => {
                let minutes = |x: f64| format!("{:.1}", x / 60.0);
                format!(
                    "{} ({}–{})",
                    minutes(reading.value),
                    minutes(low),
                    minutes(high)
                )
            }
        }
    }

    /// More or less than today, in a phrase.
    fn more_or_less(self, difference: &Difference) -> String {
        let Difference {
            value, low, high, ..
        } = *difference;
        match self {
            Self::Missed | Self::FalseRollback => {
                let (low, high) = human::outwards((low, high));
                let what = if self == Self::Missed {
                    "missed"
                } else {
                    "false rollbacks"
                };
                format!(
                    "{what} {:+.1} points ({low:+.1}…{high:+.1})",
                    value * 100.0 + 0.0
                )
            }
            Self::Harm => {
                let say = |x: f64| signed(x, |x| Axis::Harm.measure().say(x));
                format!(
                    "users hurt by a bad release {} ({}…{})",
                    say(value),
                    say(low),
                    say(high)
                )
            }
            Self::Duration => {
                let say = |x: f64| format!("{:+.1}", x / 60.0 + 0.0);
                format!(
                    "duration {} minutes ({}…{})",
                    say(value),
                    say(low),
                    say(high)
                )
            }
        }
    }
}

fn signed(x: f64, say: impl Fn(f64) -> String) -> String {
    let sign = if x < 0.0 { "-" } else { "+" };
    format!("{sign}{}", say(x.abs()))
}

/// A measure in a sentence.
fn called(measure: Measure) -> &'static str {
    match measure {
        Measure::Duration => "duration",
        Measure::HurtUsers(_) => "number of users hurt",
        Measure::Hurt(_) => "number of requests hurt",
        _ => measure.name(),
    }
}

impl Report<'_> {
    /// What was run, in a line.
    #[must_use]
    pub fn headline(&self) -> String {
        let study = &self.found.confirmed.study;
        format!(
            "tune {} · seed {} · {} · {} · {} rollouts{}",
            self.policy,
            study.seed,
            human::counted(self.knobs.len(), "knob", "knobs"),
            human::counted(study.scenarios.len(), "scenario", "scenarios"),
            human::count(self.found.rollouts),
            study.fidelity.remark(),
        )
    }

    /// What to do and why, sentence by sentence.
    #[must_use]
    pub fn verdict(&self, rows: &[Row<'_>]) -> Vec<String> {
        let mut said = Vec::new();
        match self.recommended(rows) {
            Some(row) => {
                said.push(self.recommendation(row));
                said.extend(self.against(row));
                said.extend(self.others(row, rows));
            }
            None => {
                said.push(self.shortfall(rows));
                said.extend(self.blocks.iter().cloned());
            }
        }
        said
    }

    fn recommendation(&self, row: &Row<'_>) -> String {
        let what = called(self.goal.minimise);
        let value = self.minimised(row);
        let best = format!("the smallest {what} ({value}) of the points that were confirmed");
        if row.policy == 0 {
            return match self.goal.is_relative() {
                true => format!(
                    "Keep today's values: no other point has a smaller {what} beyond the noise and is in \
                     nothing else worse ({value} today)."
                ),
                false => format!(
                    "Keep today's values: they keep {}, with {best} and do.",
                    self.limits(row)
                ),
            };
        }
        let changes = row
            .point
            .map_or_else(String::new, |point| self.changes_text(point));
        let why = match self.goal.is_relative() {
            true => format!(
                "in nothing is it worse than today's beyond the noise, and it has {best} of which that is true"
            ),
            false => format!("it keeps {}, with {best} and do", self.limits(row)),
        };
        format!("Recommended: {}: {changes}. Why: {why}.", row.label)
    }

    fn minimised(&self, row: &Row<'_>) -> String {
        let measure = self.goal.minimise;
        let reading = super::goal::reading(measure, &self.found.confirmed, row.policy);
        reading.map_or(NOTHING.to_owned(), |reading| reading.say(measure))
    }

    /// Each requirement with what was found.
    fn limits(&self, row: &Row<'_>) -> String {
        let all = self.goal.requirements.iter().zip(&row.judged);
        let told = all.map(
            |(one, judged)| match judged.and_then(|judged| judged.reading) {
                Some(reading) => format!("{one} ({})", reading.say(one.measure)),
                None => one.to_string(),
            },
        );
        told.collect::<Vec<_>>().join(" and ")
    }

    /// What it costs against today's.
    fn against(&self, row: &Row<'_>) -> Option<String> {
        let against = row.against_today.as_ref()?;
        let told: Vec<String> = Axis::ALL
            .iter()
            .zip(against)
            .filter_map(|(axis, difference)| Some(axis.more_or_less(difference.as_ref()?)))
            .collect();
        let n = against.iter().flatten().map(|d| d.n).max()?;
        let told = told.join(", ");
        Some(format!(
            "Against today's, on the same {} rollouts: {told} (95 % intervals of the paired differences).",
            human::count(n)
        ))
    }

    /// Why not the others.
    fn others(&self, row: &Row<'_>, rows: &[Row<'_>]) -> Vec<String> {
        let minimise = Axis::of(self.goal.minimise);
        let at = minimise.and_then(|axis| Axis::ALL.iter().position(|other| *other == axis));
        let value = |row: &Row<'_>| row.readings[at?].map(|reading| reading.value);
        let own = value(row);
        let better = rows.iter().filter(|other| {
            other.policy != row.policy
                && value(other)
                    .zip(own)
                    .is_some_and(|(theirs, own)| theirs < own)
        });
        let told = better.filter_map(|other| {
            let broken = self.goal.requirements.iter().zip(&other.judged);
            let broken = broken.filter_map(|(one, judged)| {
                let judged = judged.filter(|judged| judged.outcome != Outcome::Met)?;
                let how = match judged.outcome {
                    Outcome::Breached => "breaks",
                    _ => "is not shown to keep",
                };
                let reading = judged.reading?;
                Some(format!("{how} {one}: {}", reading.say(one.measure)))
            });
            let broken: Vec<_> = broken.collect();
            let why = match broken.is_empty() {
                true if self.goal.is_relative() => self.worse_than_today(other)?,
                true => return None,
                false => broken.join("; "),
            };
            Some(format!(
                "{} has a smaller {} but {why}.",
                other.label,
                called(self.goal.minimise)
            ))
        });
        told.collect()
    }

    fn worse_than_today(&self, row: &Row<'_>) -> Option<String> {
        let against = row.against_today.as_ref()?;
        let worse = Axis::ALL
            .iter()
            .zip(against)
            .filter_map(|(axis, difference)| {
                let difference = difference
                    .as_ref()
                    .filter(|difference| difference.low > 0.0)?;
                Some(axis.more_or_less(difference))
            });
        let worse: Vec<_> = worse.collect();
        (!worse.is_empty()).then(|| format!("is worse than today's: {}", worse.join(", ")))
    }

    /// That nothing keeps the limits, and what is nearest.
    fn shortfall(&self, rows: &[Row<'_>]) -> String {
        if self.goal.is_relative() {
            return "No point of these ranges is better than today's policy in what is minimised and worse \
                    in nothing, beyond the noise."
                .to_owned();
        }
        let limits: Vec<_> = self
            .goal
            .requirements
            .iter()
            .map(ToString::to_string)
            .collect();
        let limits = limits.join(" and ");
        let Some(row) = self.nearest(rows) else {
            return format!("No point was confirmed, so none is shown to keep {limits}.");
        };
        let changes = match row.point {
            Some(point) if row.policy > 0 => format!(" ({})", self.changes_text(point)),
            _ => String::new(),
        };
        let told = self
            .goal
            .requirements
            .iter()
            .zip(&row.judged)
            .map(|(one, judged)| {
                let Some(judged) = judged else {
                    return format!("{one} cannot be judged: no scenario tells");
                };
                let reading = judged
                    .reading
                    .map_or(NOTHING.to_owned(), |r| r.say(one.measure));
                let cure = judged
                    .cure()
                    .map_or(String::new(), |cure| format!(" ({cure})"));
                format!("{one} is {}, {reading}{cure}", judged.outcome.word())
            });
        let told: Vec<_> = told.collect();
        let is_breached = row.keeps() == Some(false);
        let verb = if is_breached {
            "keeps"
        } else {
            "is shown to keep"
        };
        format!(
            "No point of these ranges {verb} {limits}. The nearest is {}{changes}: {}.",
            row.label,
            told.join("; ")
        )
    }

    /// How the search went.
    #[must_use]
    pub fn effort(&self) -> String {
        let fates = self.fates();
        let tried = human::count(self.found.tried.len() as u64);
        // Today's may be no point of the ranges, and is tried all the same.
        let today = self.found.tried.first();
        let beside = today.is_some_and(|today| today.point.0.iter().any(Option::is_none));
        let of = match self.points {
            Some(points) => format!(
                " of {}",
                human::count((points + usize::from(beside)) as u64)
            ),
            None => String::new(),
        };
        let mut parts = Vec::new();
        for (count, what) in [
            (fates.breaks, "break a limit beyond doubt"),
            (fates.dominated, "are surely worse than another"),
            (fates.behind, "fell behind"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if let Some(why) = &fates.why {
            parts.push(format!("{} are refused ({why})", fates.refused));
        }
        let parts = if parts.is_empty() {
            String::new()
        } else {
            format!(": {}", parts.join(", "))
        };
        format!("{tried}{of} points were tried{parts}.")
    }
}
