//! How many requests the routes of a policy send to the canary.

use coalmine_policy::{RouteRule, Routes, Weight};

use crate::scenario::Users;

/// The share of all requests that the canary answers: of the users whom a rule captures what the
/// rule takes, of the others the weight.
#[must_use]
pub fn canary_share(routes: &Routes, users: Users) -> f64 {
    let weight = routes.canary.share();
    captured_share(routes, users).map_or(weight, |captured| {
        captured + (1.0 - users.matching) * weight
    })
}

/// The share of all requests that come from users who satisfy the policy's rules and that the canary
/// answers for it; `None` without rules, when such users go where all go.
#[must_use]
pub fn captured_share(routes: &Routes, users: Users) -> Option<f64> {
    let rules = routes
        .rules
        .iter()
        .filter(|rule| !rule.mirror && can_match(rule));
    let taken = rules.map(|rule| rule.share.share()).reduce(f64::max);
    taken.map(|taken| users.matching * taken)
}

/// The share of all requests that the canary gets a copy of.
#[must_use]
pub fn mirrored_share(routes: &Routes, users: Users) -> f64 {
    if routes.mirrored {
        return routes.mirror.map_or(1.0, Weight::share);
    }
    // Argo's setMirrorRoute: requests differ in their headers only, so a rule without any takes all.
    let copied = |rule: &RouteRule| match rule.headers.is_empty() {
        true => rule.share.share(),
        false => users.matching * rule.share.share(),
    };
    let rules = routes.rules.iter();
    let rules = rules.filter(|rule| rule.mirror && can_match(rule));
    rules.map(copied).fold(0.0, f64::max)
}

/// The policy's reader marks conditions that no simulated request satisfies (query parameters,
/// source labels) with a header whose name has a space in it.
fn can_match(rule: &RouteRule) -> bool {
    rule.headers.keys().all(|name| !name.contains(' '))
}

#[cfg(test)]
mod tests {
    use coalmine_policy::HeaderMatch;

    use super::*;

    fn rule(header: &str, share: u32) -> RouteRule {
        RouteRule {
            name: String::new(),
            headers: [(header.to_owned(), HeaderMatch::Present)].into(),
            mirror: false,
            share: Weight::percent(share),
        }
    }

    #[test]
    fn a_rule_takes_its_share_of_who_matches_and_the_weight_the_rest() {
        let users = Users { matching: 0.2 };
        let share = |canary, rules| {
            let routes = Routes {
                rules,
                ..Routes::weighted(Weight::percent(canary))
            };
            (canary_share(&routes, users) * 1000.0).round() / 1000.0
        };
        assert_eq!(share(30, vec![]), 0.3);
        assert_eq!(share(0, vec![rule("cookie", 100)]), 0.2);
        assert_eq!(share(0, vec![rule("cookie", 50), rule("a", 25)]), 0.1);
        assert_eq!(share(50, vec![rule("cookie", 100)]), 0.6);
        assert_eq!(share(0, vec![rule("no queryParams", 100)]), 0.0);
    }

    #[test]
    fn without_a_percentage_everything_is_mirrored() {
        let users = Users { matching: 0.2 };
        let mut routes = Routes::weighted(Weight::ZERO);
        assert_eq!(mirrored_share(&routes, users), 0.0);
        routes.mirrored = true;
        assert_eq!(mirrored_share(&routes, users), 1.0);
        routes.mirror = Some(Weight::percent(25));
        assert_eq!(mirrored_share(&routes, users), 0.25);
    }

    #[test]
    fn a_mirror_rule_copies_what_matches_and_routes_nothing() {
        let users = Users { matching: 0.2 };
        let mut copying = rule("cookie", 50);
        copying.mirror = true;
        let mut routes = Routes {
            rules: vec![copying.clone()],
            ..Routes::weighted(Weight::ZERO)
        };
        assert_eq!(mirrored_share(&routes, users), 0.1);
        assert_eq!(canary_share(&routes, users), 0.0);
        routes.rules[0].headers.clear();
        assert_eq!(mirrored_share(&routes, users), 0.5);
    }
}
