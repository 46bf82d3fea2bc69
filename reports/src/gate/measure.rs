//! What can be required of a policy: the measures of `docs/measures.md` by the names of requirements.

use super::Bound;

/// What a measure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 1, written `1%` or `0.01`.
    Share,
    /// Seconds, written `5m`.
    Time,
    /// Of requests, users, releases.
    Count,
    /// −1 to 1.
    Correlation,
    /// At the user's prices.
    Money,
}

/// Which number stands for the rollouts of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Their mean.
    Mean,
    /// The middle one.
    Median,
    /// The one that 5 % exceed.
    P95,
}

/// A measure of a policy, in a scenario or over a mix of releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Bad releases that were promoted.
    Missed,
    /// Bad releases that were promoted and hurt somebody.
    MissedHarmful,
    /// Good releases that were rolled back.
    FalseRollback,
    /// Good releases that were not promoted.
    HeldBack,
    /// Releases that were neither promoted nor rolled back.
    Stuck,
    /// Bad releases that were not promoted.
    CatchRate,
    /// Good releases that were promoted.
    PassRate,
    /// The mean of the two before.
    BalancedAccuracy,
    /// Matthews' correlation coefficient.
    Mcc,
    /// Releases that are bad and hurt somebody.
    ChangeFailureRate,
    /// Mean time from the first harm to its end.
    Recovery,
    /// Mean time from the start to the decision, or to the horizon where there is none.
    Duration,
    /// Releases that fit into a day.
    ReleasesPerDay,
    /// Mean cost of a release.
    Cost,
    /// Requests hurt in a rollout.
    Hurt(Statistic),
    /// Users hurt in a rollout.
    HurtUsers(Statistic),
    /// Requests that the new revision served; not the mean.
    Exposed(Statistic),
    /// Users some of whose requests it served; not the mean.
    ExposedUsers(Statistic),
    /// From the first request that met the fault to the decision to roll back; not the mean.
    Detect(Statistic),
    /// Until at most 0.1 % of the traffic reaches the new revision; not the mean.
    Mitigate(Statistic),
    /// From the start to the promotion; not the mean.
    Promote(Statistic),
}

use Measure as M;
use Statistic::{Mean, Median, P95};

const ALL: &[(&str, Measure, Unit)] = &[
    ("missed", M::Missed, Unit::Share),
    ("missed-harmful", M::MissedHarmful, Unit::Share),
    ("false-rollback", M::FalseRollback, Unit::Share),
    ("held-back", M::HeldBack, Unit::Share),
    ("stuck", M::Stuck, Unit::Share),
    ("catch-rate", M::CatchRate, Unit::Share),
    ("pass-rate", M::PassRate, Unit::Share),
    ("balanced-accuracy", M::BalancedAccuracy, Unit::Share),
    ("mcc", M::Mcc, Unit::Correlation),
    ("change-failure-rate", M::ChangeFailureRate, Unit::Share),
    ("recovery", M::Recovery, Unit::Time),
    ("duration", M::Duration, Unit::Time),
    ("releases-per-day", M::ReleasesPerDay, Unit::Count),
    ("cost", M::Cost, Unit::Money),
    ("hurt", M::Hurt(Mean), Unit::Count),
    ("hurt-median", M::Hurt(Median), Unit::Count),
    ("hurt-p95", M::Hurt(P95), Unit::Count),
    ("hurt-users", M::HurtUsers(Mean), Unit::Count),
    ("hurt-users-median", M::HurtUsers(Median), Unit::Count),
    ("hurt-users-p95", M::HurtUsers(P95), Unit::Count),
    ("exposed-median", M::Exposed(Median), Unit::Count),
    ("exposed-p95", M::Exposed(P95), Unit::Count),
    ("exposed-users-median", M::ExposedUsers(Median), Unit::Count),
    ("exposed-users-p95", M::ExposedUsers(P95), Unit::Count),
    ("detect-median", M::Detect(Median), Unit::Time),
    ("detect-p95", M::Detect(P95), Unit::Time),
    ("mitigate-median", M::Mitigate(Median), Unit::Time),
    ("mitigate-p95", M::Mitigate(P95), Unit::Time),
    ("promote-median", M::Promote(Median), Unit::Time),
    ("promote-p95", M::Promote(P95), Unit::Time),
];

impl Measure {
    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, ..)| *name)
    }

    /// The measure of this name; `false_rollback`, as in JSON, is `false-rollback` too.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        let found = ALL.iter().find(|(known, ..)| *known == name);
        found.map(|(_, measure, _)| *measure)
    }

    fn entry(self) -> (&'static str, Unit) {
        let found = ALL.iter().find(|(_, measure, _)| *measure == self);
        found.map_or(("?", Unit::Count), |(name, _, unit)| (*name, *unit))
    }

    /// Its name in requirements.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// What it is measured in.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.entry().1
    }

    /// On which side of a limit it is good.
    #[must_use]
    pub const fn good(self) -> Bound {
        match self {
            Self::CatchRate
            | Self::PassRate
            | Self::BalancedAccuracy
            | Self::Mcc
            | Self::ReleasesPerDay => Bound::Above,
            _ => Bound::Below,
        }
    }

    /// Whether it has no meaning in a single scenario.
    #[must_use]
    pub const fn is_of_mix_only(self) -> bool {
        matches!(
            self,
            Self::BalancedAccuracy | Self::Mcc | Self::ReleasesPerDay | Self::Cost
        )
    }

    /// Whether it says something of bad releases only, of good ones only, or of both.
    #[must_use]
    pub const fn is_about(self) -> About {
        match self {
            Self::Missed
            | Self::MissedHarmful
            | Self::CatchRate
            | Self::ChangeFailureRate
            | Self::Recovery
            | Self::Detect(_)
            | Self::Mitigate(_) => About::Bad,
            Self::FalseRollback | Self::HeldBack | Self::PassRate | Self::Promote(_) => About::Good,
            Self::BalancedAccuracy | Self::Mcc => About::BadAndGood,
            _ => About::All,
        }
    }
}

/// Which releases a measure says something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Only bad ones.
    Bad,
    /// Only good ones.
    Good,
    /// Any; over a mix both kinds are needed.
    BadAndGood,
    /// Any.
    All,
}

impl About {
    /// Whether a release of this kind counts.
    #[must_use]
    pub const fn counts(self, is_bad: bool) -> bool {
        match self {
            Self::Bad => is_bad,
            Self::Good => !is_bad,
            Self::BadAndGood | Self::All => true,
        }
    }
}
