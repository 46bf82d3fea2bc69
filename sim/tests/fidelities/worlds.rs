//! The worlds in which the fidelities are compared.

use coalmine_policy::{Kept, Span, Stickiness};
use coalmine_sim::arrivals::Pattern;
use coalmine_sim::fault::{Episodes, Fault, Growth, Onset, Scope, Versions};
use coalmine_sim::latency::Latency;
use coalmine_sim::router::path::Method;
use coalmine_sim::router::{Again, IngressNginx, RouterConfig, Upstream};
use coalmine_sim::scenario::{Business, KeepAlive, Retries, Route, Scenario, Sessions, Users};
use coalmine_sim::traffic::{Term, Traffic};

/// A world, and how it is compared.
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    /// An Argo canary, not a rolling update.
    pub(crate) canary: bool,
    /// There is no router before it: its weights are its pods.
    pub(crate) by_replicas: bool,
    /// Whether some replications are rolled back and others are not.
    pub(crate) is_open: bool,
    /// How many times the variance of counts is that of Poisson's.
    pub(crate) spread: f64,
    /// How the router's manifest keeps sessions.
    pub(crate) kept: Option<Stickiness>,
}

impl Case {
    /// Its verdict is open.
    fn open(self) -> Self {
        Self {
            is_open: true,
            ..self
        }
    }

    fn behind_a_router(self) -> Self {
        Self {
            canary: true,
            ..self
        }
    }

    /// What fails comes again, at most twice: its attempts come together.
    fn repeated(mut self, share: f64, max: u8) -> Self {
        self.scenario.retries = Some(Retries {
            share,
            max,
            backoff: Span::from_millis(200),
        });
        self.spread *= 2.0;
        self
    }

    fn by_users(mut self, requests: f64, sticky: bool) -> Self {
        self.scenario.sessions = Some(Sessions {
            requests,
            think: Latency::from_quantiles(12.0, 60.0),
            sticky: Some(sticky),
        });
        if sticky {
            // All requests of a session go to one side: geometric batches.
            self.spread *= 2.0 * requests - 1.0;
        }
        self
    }

    /// Sessions last long for their few requests: the share of the canary lags far behind the weight,
    /// and counts spread little.
    fn who_think_long(mut self) -> Self {
        if let Some(sessions) = &mut self.scenario.sessions {
            sessions.think = Latency::from_quantiles(60.0, 120.0);
        }
        self
    }

    /// Clients keep so many connections to the Service for four minutes.
    fn kept_alive(mut self, connections: u32) -> Self {
        self.scenario.keep_alive = Some(KeepAlive {
            lifetime: Span::from_mins(4),
            connections,
        });
        self
    }

    fn by_replicas(self) -> Self {
        Self {
            canary: true,
            by_replicas: true,
            ..self
        }
    }

    /// Whether clients keep connections.
    pub(crate) fn is_kept(&self) -> bool {
        self.scenario.keep_alive.is_some()
    }

    /// The same world without that.
    pub(crate) fn with_loose_connections(&self) -> Self {
        Self {
            scenario: Scenario {
                keep_alive: None,
                ..self.scenario.clone()
            },
            ..*self
        }
    }

    /// Whether the router keeps sessions on its sides.
    pub(crate) fn is_sticky(&self) -> bool {
        let said = self.scenario.sessions.and_then(|sessions| sessions.sticky);
        self.kept.is_some() || said == Some(true)
    }

    /// The same world without that.
    pub(crate) fn with_loose_sessions(&self) -> Self {
        let loose = |sessions| Sessions {
            sticky: Some(false),
            ..sessions
        };
        Self {
            scenario: Scenario {
                sessions: self.scenario.sessions.map(loose),
                ..self.scenario.clone()
            },
            ..*self
        }
    }

    /// The manifest says how sessions are kept.
    fn kept(mut self, requests: f64, kept: Stickiness) -> Self {
        self = self.by_users(requests, true).behind_a_router();
        if let Some(sessions) = &mut self.scenario.sessions {
            sessions.sticky = None;
        }
        self.kept = Some(kept);
        self
    }

    /// One request in four is for `/checkout`, which takes twice as long; most of its answers complete
    /// an order.
    fn of_a_shop(mut self) -> Self {
        let route = |path: &str, share, latency_times| Route {
            path: path.to_owned(),
            share,
            latency_times,
            method: Default::default(),
        };
        self.scenario.routes = vec![route("/", 0.75, 1.0), route("/checkout", 0.25, 2.0)];
        self.scenario.business = vec![Business {
            name: "orders".to_owned(),
            route: Some(1),
            completion: 0.8,
            counter: "orders_total".to_owned(),
        }];
        self
    }

    /// nginx tries two pods after each of these failures.
    fn tried_again(mut self, again: Again, tries: u32) -> Self {
        let upstream = Upstream {
            tries,
            again,
            ..Upstream::INGRESS_NGINX
        };
        self.scenario.router = RouterConfig::IngressNginx(IngressNginx {
            upstream,
            ..IngressNginx::default()
        });
        self
    }

    fn arriving(mut self, pattern: Pattern) -> Self {
        self.scenario.arrivals = pattern;
        self
    }
}

fn case(name: &str, traffic: Traffic, faults: &[Fault]) -> Case {
    Case {
        scenario: Scenario {
            fault_name: (!faults.is_empty()).then(|| "test".to_owned()),
            faults: faults.to_vec(),
            ..Scenario::ordinary(name, Span::from_mins(20), traffic)
        },
        canary: false,
        by_replicas: false,
        is_open: false,
        spread: 1.0,
        kept: None,
    }
}

const NONE: Fault = Fault {
    error_share: 0.0,
    p99_times: 1.0,
    latency_times: 1.0,
    completion_loss: 0.0,
    crash_every_s: None,
    onset: Onset {
        above_rps_per_pod: None,
        after_requests: None,
        after_age: None,
        from_s: None,
        until_s: None,
    },
    growth: None,
    episodes: None,
    scope: Scope {
        versions: Versions::New,
        route: None,
        pods: None,
        matching_users: false,
        with_new_share: false,
    },
};

fn errors(error_share: f64) -> Fault {
    Fault {
        error_share,
        ..NONE
    }
}

fn slow(p99_times: f64) -> Fault {
    Fault { p99_times, ..NONE }
}

fn above(rps: f64, error_share: f64) -> Fault {
    Fault {
        error_share,
        onset: Onset {
            above_rps_per_pod: Some(rps),
            ..NONE.onset
        },
        ..NONE
    }
}

fn steady() -> Traffic {
    Traffic::constant(5.0)
}

fn busy() -> Traffic {
    Traffic::constant(30.0)
}

fn busy_burst() -> Traffic {
    let mut traffic = burst();
    traffic.terms.extend(busy().terms);
    traffic
}

fn sparse() -> Traffic {
    Traffic::constant(0.3)
}

fn burst() -> Traffic {
    Traffic {
        terms: vec![
            Term::Constant { rps: 2.0 },
            Term::Burst {
                at_s: 307.0,
                rise_s: 3.0,
                hold_s: 0.0,
                rps: 30.0,
                decay_s: 120.0,
            },
        ],
    }
}

fn bell() -> Traffic {
    Traffic {
        terms: vec![Term::Bell {
            at_s: 600.0,
            width_s: 200.0,
            rps: 15.0,
        }],
    }
}

fn ramp() -> Traffic {
    Traffic {
        terms: vec![Term::Table {
            points: vec![(0.0, 0.0), (900.0, 10.0), (1_000.0, 1.0)],
        }],
    }
}

/// Each of the plain ones, and each feature of the world.
pub(crate) fn all() -> Vec<Case> {
    let mut all = plain();
    all.extend(clients());
    all.extend(timed());
    all.extend(scoped());
    all.extend(tried());
    all.extend(kept());
    all.extend(kept_alive());
    all
}

fn plain() -> Vec<Case> {
    vec![
        case("steady/healthy", steady(), &[]),
        case("sparse/healthy", sparse(), &[]),
        case("steady/errors-2", steady(), &[errors(0.02)]),
        case("steady/errors-4", steady(), &[errors(0.045)]).open(),
        case("sparse/errors-2", sparse(), &[errors(0.02)]).open(),
        case("steady/slow-4", steady(), &[slow(4.0)]),
        case("burst/healthy", burst(), &[]),
        case("burst/errors-4", burst(), &[errors(0.045)]).open(),
        case("bell/slow-4", bell(), &[slow(4.0)]),
        case("ramp/errors-4", ramp(), &[errors(0.045)]).open(),
        case("burst/overload", burst(), &[above(0.8, 0.3)]),
        case("steady/overload", steady(), &[above(0.8, 0.3)]),
        case("steady/canary", steady(), &[errors(0.03)])
            .behind_a_router()
            .open(),
    ]
}

/// Who sends the requests, and how they come.
fn clients() -> Vec<Case> {
    // What fails is sent again, and this load makes more of it fail: 0.5 requests a second and pod
    // alone would not.
    let storm = [errors(0.3), above(0.55, 0.3)];
    let irregular = Pattern {
        dispersion: 0.3,
        correlation_cells: 4,
        burst: 3.0,
    };
    vec![
        case("steady/repeats", steady(), &[errors(0.2)]).repeated(0.5, 2),
        case("steady/repeats-4", steady(), &[errors(0.04)])
            .repeated(0.7, 3)
            .open(),
        case("steady/storm", steady(), &storm).repeated(1.0, 1),
        case("steady/sessions", steady(), &[errors(0.1)]).by_users(6.0, false),
        case("burst/sessions", burst(), &[slow(4.0)]).by_users(3.0, false),
        case("busy/sticky", busy(), &[errors(0.06)])
            .by_users(3.0, true)
            .who_think_long()
            .behind_a_router(),
        case("burst/sticky-repeats", busy_burst(), &[errors(0.2)])
            .by_users(3.0, true)
            .who_think_long()
            .repeated(0.6, 2)
            .behind_a_router(),
        case("irregular/errors-4", steady(), &[errors(0.045)])
            .arriving(irregular)
            .open(),
    ]
}

/// Faults that come and go, or grow.
fn timed() -> Vec<Case> {
    let hour = Fault {
        onset: Onset {
            from_s: Some(400.0),
            until_s: Some(700.0),
            ..NONE.onset
        },
        ..errors(0.1)
    };
    let bursts = Fault {
        episodes: Some(Episodes {
            gap_s: 200.0,
            length_s: 40.0,
        }),
        ..errors(0.2)
    };
    let leak = Fault {
        growth: Some(Growth::Age(Span::from_mins(10))),
        ..slow(6.0)
    };
    let worn = Fault {
        onset: Onset {
            after_requests: Some(200),
            ..NONE.onset
        },
        growth: Some(Growth::Requests(400)),
        ..errors(0.1)
    };
    vec![
        case("steady/timed", steady(), &[hour]),
        case("steady/episodes", steady(), &[bursts]).open(),
        case("bell/leak", bell(), &[leak]),
        case("steady/worn", steady(), &[worn]),
    ]
}

/// Faults that not all requests meet, and that not only requests meet.
fn scoped() -> Vec<Case> {
    let only = |error_share, scope| Fault {
        scope,
        ..errors(error_share)
    };
    let checkout = Scope {
        route: Some(1),
        ..NONE.scope
    };
    let bad_pods = Scope {
        pods: Some(2),
        ..NONE.scope
    };
    let matching = Scope {
        matching_users: true,
        ..NONE.scope
    };
    let shared = Scope {
        versions: Versions::Both,
        with_new_share: true,
        ..NONE.scope
    };
    let fewer_orders = Fault {
        completion_loss: 0.1,
        ..NONE
    };
    let crash = Fault {
        crash_every_s: Some(90.0),
        ..NONE
    };
    let mut matched = case("steady/matching", steady(), &[only(0.2, matching)]);
    matched.scenario.users = Users { matching: 0.3 };
    vec![
        case("steady/checkout", steady(), &[only(0.15, checkout)]).of_a_shop(),
        case(
            "steady/checkout-repeats",
            steady(),
            &[only(0.4, checkout), fewer_orders],
        )
        .of_a_shop()
        .by_users(5.0, false)
        .repeated(0.8, 2),
        case("steady/fewer-orders", steady(), &[fewer_orders]).of_a_shop(),
        case("steady/bad-pods", steady(), &[only(0.2, bad_pods)]).behind_a_router(),
        matched.behind_a_router(),
        case("steady/shared", steady(), &[only(0.2, shared)]).behind_a_router(),
        case("bell/crash", bell(), &[crash]).behind_a_router(),
    ]
}

/// What pods fail, the router tries on others.
fn tried() -> Vec<Case> {
    let answers = Again {
        http_500: true,
        ..Again::NGINX
    };
    let bad_pods = Fault {
        scope: Scope {
            pods: Some(2),
            ..NONE.scope
        },
        ..errors(0.6)
    };
    let crash = Fault {
        crash_every_s: Some(60.0),
        ..NONE
    };
    let mut posts = case("steady/tried-posts", steady(), &[errors(0.3)])
        .of_a_shop()
        .repeated(0.5, 2)
        .behind_a_router()
        .tried_again(answers, 2);
    posts.scenario.routes[1].method = Method::NonIdempotent;
    let mut slow = case("steady/tried-crash", steady(), &[crash])
        .behind_a_router()
        .tried_again(Again::NGINX, 3);
    slow.scenario.service.latency = Latency::from_quantiles(0.4, 3.0);
    vec![
        case("steady/tried", steady(), &[errors(0.4)])
            .tried_again(answers, 3)
            .behind_a_router(),
        // Old pods help out new ones: one Service has them all.
        case("burst/tried-rolling", burst(), &[errors(0.5)]).tried_again(answers, 2),
        case("steady/tried-bad-pods", steady(), &[bad_pods])
            .behind_a_router()
            .tried_again(answers, 2),
        posts,
        slow,
    ]
}

/// Sessions that routers keep as manifests say: Flagger's cookies, nginx' affinity.
fn kept() -> Vec<Case> {
    let flagger = Stickiness {
        main: Kept::No,
        canary: Kept::For(Span::from_secs(86_400)),
        ends_at_zero: true,
    };
    let with_primary = Stickiness {
        main: Kept::For(Span::from_mins(1)),
        ..flagger
    };
    let legacy = Stickiness {
        canary: Kept::No,
        ..Stickiness::BOTH
    };
    vec![
        case("steady/flagger-cookie", steady(), &[errors(0.1)]).kept(6.0, flagger),
        case("busy/primary-cookie", busy(), &[errors(0.1)]).kept(6.0, with_primary),
        case("busy/nginx-legacy", busy(), &[errors(0.1)]).kept(6.0, legacy),
        case("busy/nginx-legacy-repeats", busy(), &[errors(0.1)])
            .kept(6.0, legacy)
            .repeated(0.5, 1),
    ]
}

/// Clients that keep their connections before kube-proxy.
fn kept_alive() -> Vec<Case> {
    let crash = Fault {
        crash_every_s: Some(240.0),
        ..NONE
    };
    vec![
        case("steady/kept-alive", steady(), &[errors(0.025)])
            .by_replicas()
            .kept_alive(60)
            .open(),
        case("burst/kept-alive-rolling", burst(), &[slow(4.0)]).kept_alive(12),
        case("steady/kept-alive-repeats", steady(), &[errors(0.2)])
            .by_replicas()
            .kept_alive(30)
            .repeated(0.5, 2),
        case("bell/kept-alive-crash", bell(), &[crash])
            .by_replicas()
            .kept_alive(100),
    ]
}
