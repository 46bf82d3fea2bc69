//! Any effects together: the expected share of errors is that of independent ones.

use coalmine_sim::conditions::{Conditions, Piece, Sender, Whose};
use coalmine_sim::fault::{Onset, Scope, Version, Versions};
use coalmine_sim::scenario::{Route, Users};
use coalmine_sim::split::{Cohort, Segment, Split};
use proptest::prelude::*;

use super::*;

const PODS: u32 = 5;

fn route(share: f64, latency_times: f64) -> Route {
    Route {
        path: format!("/{share}"),
        share,
        latency_times,
        method: Default::default(),
    }
}

fn scope() -> impl Strategy<Value = Scope> {
    let versions = prop_oneof![
        Just(Versions::New),
        Just(Versions::Old),
        Just(Versions::Both)
    ];
    let parts = (
        versions,
        proptest::option::of(0..3_usize),
        proptest::option::of(1..7_u32),
        any::<bool>(),
        proptest::bool::weighted(0.2),
    );
    parts.prop_map(
        |(versions, route, pods, matching_users, with_new_share)| Scope {
            versions: if with_new_share {
                Versions::Both
            } else {
                versions
            },
            route,
            pods,
            matching_users,
            with_new_share,
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    let above = proptest::option::of(0.0..4.0_f64);
    (0.0..1.0_f64, above, scope()).prop_map(|(error_share, above, scope)| Fault {
        error_share,
        onset: Onset {
            above_rps_per_pod: above,
            ..Onset::default()
        },
        scope,
        ..Fault::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_expected_share_of_errors_is_that_of_independent_effects(
        faults in proptest::collection::vec(fault(), 0..4),
        has_routes in any::<bool>(),
        new_share in 0..=10_u32,
        users in 0.01..0.9_f64,
        which in 0..2_usize,
    ) {
        let routes = [route(0.5, 1.0), route(0.3, 2.0), route(0.2, 1.0)];
        // One fault that grows with the share is what the table holds besides others.
        let shared = faults.iter().filter(|fault| fault.scope.with_new_share).count();
        prop_assume!(shared <= 1);
        let mut scenario = scenario(20.0, None);
        scenario.routes = if has_routes { routes.to_vec() } else { Vec::new() };
        scenario.users = Users { matching: users };
        scenario.faults = faults;
        if !has_routes {
            scenario.faults.retain(|fault| fault.scope.route.is_none());
        }
        let new_share = f64::from(new_share) / 10.0;
        // Users who match go where all go.
        let segment = Segment {
            share: [new_share, 0.0, 1.0 - new_share],
            pods: [PODS, 0, PODS],
            ranks: [(1 << PODS) - 1, 0, (1 << PODS) - 1],
            matching: users * new_share,
            ..Segment::default()
        };
        let cohort = [Cohort::Canary, Cohort::PrimaryOld][which];
        let behaviours = scenario.behaviours();
        let conditions = Conditions::new(&scenario, &behaviours);
        let piece = Piece { span: (0.0, 15.0), segment: &segment, allowed: usize::MAX };
        let whose = Whose { cohort, rank: None, sender: Sender::User };
        let (mut found, mut whole) = (0.0, 0.0);
        conditions.each(whose, 20.0, &piece, &Split::default(), |met| {
            found += met.share * behaviours.get(met.mask).behaviour.error_share;
            whole += met.share;
        });
        // A cohort without users has none who match.
        let empty = segment.share[cohort as usize] == 0.0;
        let expected = closed_form(&scenario, cohort, &segment, if empty { 0.0 } else { users });
        if !empty {
            prop_assert!((whole - 1.0).abs() < 1e-9);
            prop_assert!((found - expected).abs() < 1e-9, "{} for {}", found, expected);
        }
    }
}

/// Every kind of request by itself: it succeeds when it survives each effect that meets it.
fn closed_form(scenario: &Scenario, cohort: Cohort, segment: &Segment, users: f64) -> f64 {
    let shares: Vec<f64> = match &scenario.routes[..] {
        [] => vec![1.0],
        routes => routes.iter().map(|route| route.share).collect(),
    };
    let version = cohort.version();
    let load = segment.rps_per_pod(cohort, 20.0);
    let survives = |fault: &Fault, route: usize, rank: u32, matching: bool| {
        let Scope {
            versions,
            route: only,
            pods,
            matching_users,
            with_new_share,
        } = fault.scope;
        let version_has_it = match versions {
            Versions::New => version == Version::New,
            Versions::Old => version == Version::Old,
            Versions::Both => true,
        };
        let meets = version_has_it
            && only.is_none_or(|only| only == route)
            && pods.is_none_or(|bad| rank < bad)
            && (matching || !matching_users)
            && fault
                .onset
                .above_rps_per_pod
                .is_none_or(|limit| load > limit);
        let size = if with_new_share {
            segment.new_share()
        } else {
            1.0
        };
        if meets {
            1.0 - fault.error_share * size
        } else {
            1.0
        }
    };
    let mut failed = 0.0;
    for (route, share) in shares.iter().enumerate() {
        for rank in 0..PODS {
            for (matching, part) in [(true, users), (false, 1.0 - users)] {
                let all = scenario.faults.iter();
                let good: f64 = all
                    .map(|fault| survives(fault, route, rank, matching))
                    .product();
                let good = good * (1.0 - scenario.service.error_share);
                failed += share * part / f64::from(PODS) * (1.0 - good);
            }
        }
    }
    failed
}
