//! Requests of one cohort that meet different things: by route, by pod, by user.

use crate::fault::{Behaviours, Fault};
use crate::scenario::Scenario;
use crate::split::{Cohort, Segment};

/// Whose requests are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Whose {
    /// The cohort that serves them.
    pub cohort: Cohort,
    /// One pod's only, by its rank among those of its workload and version.
    pub rank: Option<u32>,
    /// Who sends them.
    pub sender: Sender,
}

/// Who sends requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Users.
    User,
    /// The router, copies of users' requests.
    Mirror,
    /// A load test; it satisfies nobody's match rules.
    LoadTest,
}

/// What a part of the requests meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Met {
    /// The treatment.
    pub mask: usize,
    /// The route, by its index; 0 where there are none.
    pub route: u16,
    /// Which part of the requests.
    pub share: f64,
}

impl Met {
    /// All requests meet one treatment.
    pub(crate) const fn all(mask: usize) -> Self {
        Self {
            mask,
            route: 0,
            share: 1.0,
        }
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its route.
    pub route: u16,
    /// The rank of the pod that serves it.
    pub rank: u32,
    /// Whether its user satisfies the policy's match rules.
    pub is_matching: bool,
}

/// A part of a cohort's requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stratum {
    /// The faults that it can meet, one bit each; `None` for those that are lost with a process.
    pub(super) faults: Option<usize>,
    pub(super) kind: usize,
    pub(super) route: u16,
    pub(super) share: f64,
}

/// How the requests of a cohort differ: independently by route, by pod and by user.
#[derive(Debug)]
pub(super) struct Strata {
    routes: Vec<ByRoute>,
    pods: Vec<ByPod>,
    /// Faults that only matching users meet, and the share of those users.
    matching: Option<(usize, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct ByRoute {
    share: f64,
    kind: usize,
    faults: usize,
}

/// Pods with ranks from one to before another.
#[derive(Clone, Copy, Debug)]
struct ByPod {
    from: u32,
    to: u32,
    faults: usize,
}

impl ByPod {
    fn has(&self, rank: u32) -> bool {
        (self.from..self.to).contains(&rank)
    }

    /// How many of these are in a set of ranks.
    fn count(&self, ranks: u32) -> u32 {
        let below = |rank: u32| 1_u32.checked_shl(rank).map_or(u32::MAX, |bit| bit - 1);
        (ranks & below(self.to) & !below(self.from)).count_ones()
    }
}

impl Strata {
    /// Those of a scenario; `None` when all requests of a cohort are alike.
    pub(super) fn new(scenario: &Scenario, behaviours: &Behaviours) -> Option<Self> {
        let faults = behaviours.faults();
        let tells_apart = |fault: &Fault| {
            let scope = &fault.scope;
            scope.route.is_some() || scope.pods.is_some() || scope.matching_users
        };
        let alike = scenario.routes.is_empty() && !behaviours.crash();
        if alike && !faults.iter().any(tells_apart) {
            return None;
        }
        let matching = bits(faults, |fault| fault.scope.matching_users);
        Some(Self {
            routes: routes(scenario, faults),
            pods: pods(faults),
            matching: (matching != 0).then_some((matching, scenario.users.matching)),
        })
    }

    /// Calls `each` with the parts of some requests.
    pub(super) fn each(&self, whose: Whose, segment: &Segment, mut each: impl FnMut(Stratum)) {
        let index = whose.cohort as usize;
        let pods = f64::from(segment.pods[index].max(1));
        let dead = match whose.rank {
            Some(_) => 0.0,
            None => (f64::from(segment.dead[index]) / pods).min(1.0),
        };
        let mut left = 1.0 - dead;
        for group in &self.pods {
            let share = match whose.rank {
                Some(rank) => f64::from(u8::from(group.has(rank))),
                None if group.to == u32::MAX => left,
                None => f64::from(group.count(segment.ranks[index])) / pods,
            };
            let share = share.min(left);
            if share > 0.0 {
                left -= share;
                self.by_user(whose, segment, (group.faults, share), &mut each);
            }
        }
        if dead > 0.0 {
            self.by_route((None, dead), &mut each);
        }
    }

    fn by_user(
        &self,
        whose: Whose,
        segment: &Segment,
        (faults, share): (usize, f64),
        each: &mut impl FnMut(Stratum),
    ) {
        let Some((matching, users)) = self.matching else {
            self.by_route((Some(faults), share), each);
            return;
        };
        let of_users = match (whose.sender, whose.cohort) {
            (Sender::LoadTest, _) => 0.0,
            (Sender::Mirror, _) => users,
            (Sender::User, cohort) => matching_share(cohort, users, segment),
        };
        for (faults, part) in [(faults, of_users), (faults & !matching, 1.0 - of_users)] {
            if part > 0.0 {
                self.by_route((Some(faults), share * part), each);
            }
        }
    }

    fn by_route(&self, (faults, share): (Option<usize>, f64), each: &mut impl FnMut(Stratum)) {
        for (index, route) in self.routes.iter().enumerate() {
            each(Stratum {
                faults: faults.map(|faults| faults & route.faults),
                kind: route.kind,
                route: index as u16,
                share: share * route.share,
            });
        }
    }

    /// Calls `each` with the pods of a cohort that have the same faults, and how many they are; those
    /// whose process is dead have none.
    pub(super) fn each_pods(
        &self,
        cohort: Cohort,
        segment: &Segment,
        mut each: impl FnMut(Option<usize>, u32),
    ) {
        let index = cohort as usize;
        let dead = segment.dead[index].min(segment.pods[index]);
        let mut left = segment.pods[index].max(1) - dead;
        for group in &self.pods {
            let pods = match group.to {
                u32::MAX => left,
                _ => group.count(segment.ranks[index]).min(left),
            };
            left -= pods;
            if pods > 0 {
                each(Some(group.faults), pods);
            }
        }
        if dead > 0 {
            each(None, dead);
        }
    }

    /// The faults that a pod can have.
    pub(super) fn faults_of(&self, rank: u32) -> usize {
        let group = self.pods.iter().find(|group| group.has(rank));
        group.map_or(usize::MAX, |group| group.faults)
    }

    /// The faults that only matching users meet, and the share of those users.
    pub(super) const fn matching(&self) -> Option<(usize, f64)> {
        self.matching
    }

    /// The faults of a route, its kind, and its share.
    pub(super) fn route(&self, route: u16) -> (usize, usize, f64) {
        let route = &self.routes[usize::from(route).min(self.routes.len() - 1)];
        (route.faults, route.kind, route.share)
    }

    /// The faults that one request can meet, and its kind.
    pub(super) fn of(&self, request: &Request) -> (usize, usize) {
        let route = &self.routes[usize::from(request.route).min(self.routes.len() - 1)];
        let mut faults = route.faults;
        if let Some(group) = self.pods.iter().find(|group| group.has(request.rank)) {
            faults &= group.faults;
        }
        if let Some((matching, _)) = self.matching.filter(|_| !request.is_matching) {
            faults &= !matching;
        }
        (faults, route.kind)
    }
}

/// The share of a cohort's users whom the policy's rules match, when so many of all do.
#[must_use]
pub fn matching_share(cohort: Cohort, users: f64, segment: &Segment) -> f64 {
    let canary = segment.share[Cohort::Canary as usize];
    let share = match cohort {
        Cohort::Canary => segment.matching / canary.max(1e-12),
        Cohort::PrimaryNew | Cohort::PrimaryOld => {
            (users - segment.matching) / (1.0 - canary).max(1e-12)
        }
    };
    share.clamp(0.0, 1.0)
}

/// The faults that a request meets, one bit each.
fn bits(faults: &[Fault], meets: impl Fn(&Fault) -> bool) -> usize {
    let met = faults.iter().enumerate().filter(|(_, fault)| meets(fault));
    met.map(|(bit, _)| 1 << bit).sum()
}

fn routes(scenario: &Scenario, faults: &[Fault]) -> Vec<ByRoute> {
    let kinds = scenario.route_kinds();
    let by_route = |(index, route): (usize, &crate::scenario::Route)| ByRoute {
        share: route.share,
        kind: kinds
            .iter()
            .position(|times| *times == route.latency_times)
            .unwrap_or(0),
        faults: bits(faults, |fault| {
            fault.scope.route.is_none_or(|only| only == index)
        }),
    };
    let mut routes: Vec<_> = scenario.routes.iter().enumerate().map(by_route).collect();
    if routes.is_empty() {
        routes.push(ByRoute {
            share: 1.0,
            kind: 0,
            faults: bits(faults, |fault| fault.scope.route.is_none()),
        });
    }
    routes
}

/// Ranges of ranks that meet the same faults, from the first pods on; the last range is open.
fn pods(faults: &[Fault]) -> Vec<ByPod> {
    let mut ends: Vec<u32> = faults.iter().filter_map(|fault| fault.scope.pods).collect();
    ends.push(u32::MAX);
    ends.sort_unstable();
    ends.dedup();
    let mut from = 0;
    let group = |to| {
        let group = ByPod {
            from,
            to,
            faults: bits(faults, |fault| {
                fault.scope.pods.is_none_or(|bad| from < bad)
            }),
        };
        from = to;
        group
    };
    ends.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use coalmine_policy::Span;

    use super::*;
    use crate::fault::Scope;
    use crate::scenario::{Route, Users};
    use crate::traffic::Traffic;

    fn fault(scope: Scope) -> Fault {
        Fault {
            error_share: 0.5,
            scope,
            ..Fault::default()
        }
    }

    fn parts(strata: &Strata, whose: Whose, segment: &Segment) -> Vec<(Option<usize>, u16, f64)> {
        let mut parts = Vec::new();
        strata.each(whose, segment, |part| {
            parts.push((part.faults, part.route, part.share));
        });
        parts
    }

    fn strata(scopes: &[Scope], routes: &[f64]) -> Option<Strata> {
        let route = |(index, share): (usize, &f64)| Route {
            path: format!("/{index}"),
            share: *share,
            latency_times: 1.0,
            method: Default::default(),
        };
        let scenario = Scenario {
            faults: scopes.iter().map(|scope| fault(*scope)).collect(),
            routes: routes.iter().enumerate().map(route).collect(),
            users: Users { matching: 0.1 },
            ..Scenario::ordinary("t", Span::from_mins(1), Traffic::constant(1.0))
        };
        Strata::new(&scenario, &scenario.behaviours())
    }

    const CANARY: Whose = Whose {
        cohort: Cohort::Canary,
        rank: None,
        sender: Sender::User,
    };

    #[test]
    fn requests_are_alike_unless_a_scenario_tells_them_apart() {
        assert!(strata(&[Scope::default()], &[]).is_none());
        assert!(strata(&[], &[0.5, 0.5]).is_some());
    }

    #[test]
    fn bad_pods_take_their_part_and_one_pod_is_bad_or_not() {
        let bad = |pods| Scope {
            pods: Some(pods),
            ..Scope::default()
        };
        let strata = strata(&[bad(1), bad(3)], &[]).expect("tells pods apart");
        let segment = Segment {
            pods: [4, 0, 0],
            // The second of the bad ones is not ready.
            ranks: [0b11101, 0, 0],
            share: [0.2, 0.0, 0.8],
            ..Segment::default()
        };
        let expected = [
            (Some(0b11), 0, 0.25),
            (Some(0b10), 0, 0.25),
            (Some(0), 0, 0.5),
        ];
        assert_eq!(parts(&strata, CANARY, &segment), expected);
        for (rank, faults) in [(0, 0b11), (1, 0b10), (2, 0b10), (3, 0), (40, 0)] {
            let whose = Whose {
                rank: Some(rank),
                ..CANARY
            };
            assert_eq!(parts(&strata, whose, &segment), [(Some(faults), 0, 1.0)]);
        }
    }

    #[test]
    fn parts_of_routes_users_and_dead_pods_multiply() {
        let scopes = [
            Scope {
                route: Some(1),
                ..Scope::default()
            },
            Scope {
                matching_users: true,
                ..Scope::default()
            },
        ];
        let strata = strata(&scopes, &[0.75, 0.25]).expect("tells requests apart");
        let segment = Segment {
            pods: [4, 0, 4],
            dead: [1, 0, 0],
            share: [0.1, 0.0, 0.9],
            matching: 0.05,
            ..Segment::default()
        };
        let expected = [
            (Some(0b10), 0, 0.28125),
            (Some(0b11), 1, 0.09375),
            (Some(0b00), 0, 0.28125),
            (Some(0b01), 1, 0.09375),
            (None, 0, 0.1875),
            (None, 1, 0.0625),
        ];
        assert_eq!(parts(&strata, CANARY, &segment), expected);
        // Half of the matching users are the canary's: the others are a share of 0.05 / 0.9.
        let old = Whose {
            cohort: Cohort::PrimaryOld,
            ..CANARY
        };
        let of_old = parts(&strata, old, &segment);
        let matching: f64 = of_old
            .iter()
            .filter(|part| part.0.is_some_and(|faults| faults & 0b10 != 0))
            .map(|part| part.2)
            .sum();
        assert!((matching - 0.05 / 0.9).abs() < 1e-12);
        assert!((of_old.iter().map(|part| part.2).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
