//! Many small changes that belong together become one line.

use coalmine_policy::{Span, Time};
use coalmine_sim::timeline::{Entry, What};

/// Changes further apart than this are told apart: longer than the wait for a sync of
/// ingress-nginx, and for the next of a few pods that start together.
const GAP: Span = Span::from_secs(10);

/// One line of the story.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) at: Time,
    pub(super) told: Told<'a>,
}

/// What the line tells.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told<'a> {
    /// An entry as it is.
    One(&'a What),
    /// The share of the traffic that reaches the new revision, before and after so long.
    Share { from: f64, to: f64, over: Span },
    /// Ready pods (old, new), before and after so long; the state before the first is unknown.
    Pods {
        from: Option<(u32, u32)>,
        to: (u32, u32),
        over: Span,
    },
}

/// A change that goes on.
#[derive(Clone, Copy)]
struct Run<T> {
    /// Index of its line.
    line: usize,
    from: T,
    started: Time,
    last: Time,
}

/// The lines, in order of their first change. A run ends with a pause, or when the controller or
/// anybody else does something.
pub(super) fn merged(entries: &[Entry]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let (mut shares, mut pods) = (None::<Run<f64>>, None::<Run<Option<(u32, u32)>>>);
    let (mut share, mut ready) = (0.0, None);
    for Entry { at, what } in entries {
        let at = *at;
        match what {
            What::WeightEffective(to) => {
                let run = proceed(shares, at, share, lines.len());
                let told = Told::Share {
                    from: run.from,
                    to: *to,
                    over: at.since(run.started),
                };
                put(&mut lines, run.line, run.started, told);
                (shares, share) = (Some(run), *to);
            }
            What::PodsReady { old, new } => {
                let run = proceed(pods, at, ready, lines.len());
                let to = (*old, *new);
                let told = Told::Pods {
                    from: run.from,
                    to,
                    over: at.since(run.started),
                };
                put(&mut lines, run.line, run.started, told);
                (pods, ready) = (Some(run), Some(to));
            }
            _ => {
                (shares, pods) = (None, None);
                lines.push(Line {
                    at,
                    told: Told::One(what),
                });
            }
        }
    }
    lines
}

/// The run that a change at `at` belongs to: the present one, or a new one.
fn proceed<T: Copy>(run: Option<Run<T>>, at: Time, from: T, next_line: usize) -> Run<T> {
    match run.filter(|run| at.since(run.last) <= GAP) {
        Some(run) => Run { last: at, ..run },
        None => Run {
            line: next_line,
            from,
            started: at,
            last: at,
        },
    }
}

fn put<'a>(lines: &mut Vec<Line<'a>>, index: usize, at: Time, told: Told<'a>) {
    let line = Line { at, told };
    match lines.get_mut(index) {
        Some(slot) => *slot = line,
        None => lines.push(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(secs: u64, what: What) -> Entry {
        Entry {
            at: Time::from_secs(secs),
            what,
        }
    }

    #[test]
    fn small_steps_merge_across_pods_until_a_pause_or_a_deed() {
        let pods = |old, new| What::PodsReady { old, new };
        let entries = [
            entry(1, What::WeightEffective(0.05)),
            entry(1, pods(10, 1)),
            entry(3, What::WeightEffective(0.1)),
            entry(30, What::WeightEffective(0.2)),
            entry(31, What::FaultMet),
            entry(32, What::WeightEffective(0.3)),
        ];
        let lines = merged(&entries);
        let share = |from, to, secs| Told::Share {
            from,
            to,
            over: Span::from_secs(secs),
        };
        let expected = [
            (1, share(0.0, 0.1, 2)),
            (
                1,
                Told::Pods {
                    from: None,
                    to: (10, 1),
                    over: Span::ZERO,
                },
            ),
            (30, share(0.1, 0.2, 0)),
            (31, Told::One(&What::FaultMet)),
            (32, share(0.2, 0.3, 0)),
        ];
        let expected = expected.map(|(secs, told)| Line {
            at: Time::from_secs(secs),
            told,
        });
        assert_eq!(lines, expected);
    }
}
