//! What a router does with a request whose pod does not take it.

use serde::{Deserialize, Serialize};

use super::Again;

/// What becomes of the canary's share while the router knows no endpoint of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EmptyCanary {
    /// The main backend serves it, no error (ingress-nginx balancer.lua:211-216).
    ToStable,
    /// Each of its requests is answered 503 (Gateway API, `backendRefs`: "SHOULD be 503").
    Refused,
}

/// What requests are split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spread {
    /// Each request by the weight.
    Weights,
    /// Each connection by the number of endpoints; requests stay on it (kube-proxy).
    Connections,
}

/// How a router treats the backends behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// What becomes of the share of a canary without endpoints.
    pub empty_canary: EmptyCanary,
    /// Whether nobody is served while the main backend has no endpoints, whatever the weight
    /// (ingress-nginx balancer.lua:329-335).
    pub needs_stable: bool,
    /// Endpoints of the chosen backend that are tried one after another, each another one while
    /// there is one, when a connection is refused.
    pub tries: u32,
    /// Which failures make it try again.
    #[serde(default)]
    pub again: Again,
    /// What requests are split by.
    pub spread: Spread,
}

impl Upstream {
    /// ingress-nginx: `proxy_next_upstream error timeout`, three tries, all in the backend once
    /// chosen (config.go:858-868, balancer.lua:283-305).
    pub const INGRESS_NGINX: Self = Self {
        empty_canary: EmptyCanary::ToStable,
        needs_stable: true,
        tries: 3,
        again: Again::NGINX,
        spread: Spread::Weights,
    };

    /// Gateways that repeat nothing unless told to.
    pub const GATEWAY: Self = Self {
        empty_canary: EmptyCanary::Refused,
        needs_stable: false,
        tries: 1,
        again: Again::REFUSED,
        spread: Spread::Weights,
    };

    /// Endpoints that are tried when connections are refused.
    #[must_use]
    pub const fn refused_tries(self) -> u32 {
        if self.again.refused { self.tries } else { 1 }
    }

    /// The probability that every endpoint tried refuses, when `dead` of `known` do: a quiet
    /// worker's ring gives each try the next endpoint, so they are drawn without replacement.
    #[must_use]
    pub fn all_refuse(self, dead: u32, known: u32) -> f64 {
        let tries = self.refused_tries().clamp(1, known.max(1));
        if dead < tries {
            return 0.0;
        }
        let one = |i: u32| f64::from(dead - i) / f64::from(known.max(1) - i);
        (0..tries).map(one).product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The router notes' figures for a quiet worker (§3.5).
    #[test]
    fn dead_endpoints_are_hidden_as_far_as_tries_reach() {
        let nginx = Upstream::INGRESS_NGINX;
        for (dead, known, expected) in [
            (1, 1, 1.0),
            (1, 2, 0.0),
            (1, 3, 0.0),
            (2, 3, 0.0),
            (2, 4, 0.0),
            (3, 5, 0.1),
            (5, 10, 1.0 / 12.0),
            (2, 2, 1.0),
        ] {
            let found = nginx.all_refuse(dead, known);
            assert!(
                (found - expected).abs() < 1e-12,
                "{dead} of {known}: {found}"
            );
        }
        assert_eq!(Upstream::GATEWAY.all_refuse(1, 4), 0.25);
    }
}
