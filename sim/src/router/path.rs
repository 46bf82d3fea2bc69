//! The data path of a router by hand: objects are written, pods come and go, requests are asked for,
//! and what each would meet comes out, unit by unit.

mod rules;
mod tries;

use std::collections::BTreeMap;

use rand::RngExt;

pub use rules::{Affinity, Asked, Canary, Path as RulePath, Rules};
pub use tries::{Health, Outcome, Tries};

use super::{Api, Change, EmptyCanary, Router, RouterConfig, Spread, Table};
use crate::stream::Stream;

/// Who a router hands a request to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// Nobody: it answers 503 itself.
    Nobody,
    /// The main backend.
    Stable,
    /// A canary by its name.
    Canary(String),
}

/// Whether a method may be repeated once the request was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET and the like.
    #[default]
    Idempotent,
    /// POST, LOCK, PATCH.
    NonIdempotent,
}

/// A request to try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// What to call it.
    pub text: String,
    /// Its method.
    pub method: Method,
    /// What rules see of it.
    pub asked: Asked,
    /// The session whose affinity cookie it carries and keeps.
    pub session: Option<String>,
    /// The keep-alive connection it comes on.
    pub connection: Option<String>,
    /// How long it lasts once it is answered; infinite for a stream.
    pub lasts_s: f64,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// The Ingress objects are these from now on.
    Rules(Rules),
    /// Backends have so many endpoints in the API from now on.
    Endpoints(BTreeMap<Backend, u32>),
    /// Pods of a backend fail so from now on; the API does not say so.
    Health(Backend, Health),
    /// The affinity cookie of a session names a backend.
    Session(String, Backend),
    /// A keep-alive connection is with a pod of a backend.
    Connection(String, Backend),
    /// Anything else that a router watches.
    Api(Api),
    /// A request.
    Request(Request),
}

/// The mean over all units from an instant on, for a request that no rule decides on.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Seconds.
    pub from_s: f64,
    /// Share of requests by who answers them; what a client gets as 5xx is told apart.
    pub canary: f64,
    /// The same of the main backend.
    pub stable: f64,
    /// Those of the canary's that end in a 5xx of the router.
    pub canary_5xx: f64,
    /// All others that do.
    pub stable_5xx: f64,
}

/// What a request met.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// When it was asked.
    pub at_s: f64,
    /// What it is called.
    pub text: String,
    /// What became of it in which share of cases, over all units.
    pub outcome: Outcome,
    /// When it ended: a stream ends 240 s after its worker was told to finish.
    pub ends_s: f64,
}

/// All that was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Changes of units' weights.
    pub changes: Vec<Change>,
    /// Changes of what requests meet.
    pub shares: Vec<Shares>,
    /// Requests.
    pub met: Vec<Met>,
}

/// The API's objects and the pods, with every version a unit may still know.
#[derive(Debug)]
struct Objects {
    rules: Vec<Rules>,
    endpoints: Vec<BTreeMap<Backend, u32>>,
    health: BTreeMap<Backend, Health>,
    config: RouterConfig,
}

/// Plays events, given in order of time, and watches on for so long.
#[must_use]
pub fn play(config: &RouterConfig, stream: Stream, events: &[(f64, Event)], rest_s: f64) -> Seen {
    let mut luck = stream.clone();
    let mut router = Router::new(config, stream);
    let mut objects = Objects {
        rules: vec![Rules {
            canaries: vec![Canary {
                name: "canary".to_owned(),
                ..Canary::default()
            }],
            ..Rules::default()
        }],
        endpoints: vec![BTreeMap::new()],
        health: BTreeMap::new(),
        config: config.clone(),
    };
    let mut seen = Seen::default();
    let mut sessions: BTreeMap<String, Backend> = BTreeMap::new();
    let mut connections: BTreeMap<String, Backend> = BTreeMap::new();
    let mut asked: Vec<(usize, f64)> = Vec::new();
    let mut last_s = 0.0;
    for (at_s, event) in events {
        objects.advance(&mut router, *at_s, &mut seen);
        last_s = *at_s;
        match event {
            Event::Rules(rules) => objects.write(&mut router, *at_s, rules),
            Event::Endpoints(known) => {
                objects.endpoints.push(known.clone());
                let generation = objects.endpoints.len() as u32 - 1;
                router.event(*at_s, Api::Slices(generation));
            }
            Event::Health(backend, health) => {
                objects.health.insert(backend.clone(), *health);
            }
            Event::Session(name, backend) => {
                sessions.insert(name.clone(), backend.clone());
            }
            Event::Connection(name, backend) => {
                connections.insert(name.clone(), backend.clone());
            }
            Event::Api(api) => router.event(*at_s, *api),
            Event::Request(request) => {
                let of_session = |name: &String| sessions.get(name).cloned();
                let mut request = request.clone();
                if let Some(affine) = request.session.as_ref().and_then(of_session) {
                    request.asked.affine = Some(affine);
                }
                let connection = request.connection.as_ref().and_then(|c| connections.get(c));
                let rows = objects.meet_all(&request, connection, router.tables());
                let drawn = draw(&rows, luck.random());
                if let (Some(name), Some(drawn)) = (&request.session, &drawn)
                    && objects.sets_cookie(&request.asked, drawn)
                {
                    sessions.insert(name.clone(), drawn.clone());
                }
                if let (Some(name), Some(drawn)) = (&request.connection, drawn) {
                    connections.insert(name.clone(), drawn);
                }
                for (unit, outcome) in rows {
                    asked.push((unit, *at_s));
                    let ends_s = at_s + outcome.waited_s + request.lasts_s;
                    seen.met.push(Met {
                        at_s: *at_s,
                        text: request.text.clone(),
                        outcome,
                        ends_s,
                    });
                }
            }
        }
        objects.note(*at_s, &router, &mut seen.shares);
    }
    objects.advance(&mut router, last_s + rest_s, &mut seen);
    let quits: Vec<_> = router.quits().collect();
    for (met, (unit, at_s)) in seen.met.iter_mut().zip(asked) {
        let later = quits
            .iter()
            .filter(|(of, quit)| *of == unit && *quit > at_s);
        let first = later.map(|(_, quit)| *quit).min_by(f64::total_cmp);
        if let Some(quit_s) = first {
            met.ends_s = met.ends_s.min(quit_s + WORKER_SHUTDOWN_S);
        }
    }
    merge(&mut seen.met);
    seen
}

/// `worker-shutdown-timeout` (config.go:846).
const WORKER_SHUTDOWN_S: f64 = 240.0;

/// Endpoints of a backend of which nothing was said.
pub const USUAL_PODS: u32 = 2;

/// Who is chosen at this luck.
fn draw(rows: &[(usize, Outcome)], luck: f64) -> Option<Backend> {
    let mut below = 0.0;
    let mut found = rows.iter().find(|(_, outcome)| {
        below += outcome.share;
        luck < below
    });
    found = found.or_else(|| rows.last());
    found.map(|(_, outcome)| outcome.backend.clone())
}

/// Units in which a request fares alike are one row.
fn merge(met: &mut Vec<Met>) {
    let mut merged: Vec<Met> = Vec::new();
    for one in met.drain(..) {
        let alike = |known: &&mut Met| {
            let plain = |met: &Met| Outcome {
                share: 0.0,
                ..met.outcome.clone()
            };
            (known.at_s, &known.text, known.ends_s) == (one.at_s, &one.text, one.ends_s)
                && plain(known) == plain(&one)
        };
        match merged.iter_mut().find(alike) {
            Some(known) => known.outcome.share += one.outcome.share,
            None => merged.push(one),
        }
    }
    *met = merged;
}

impl Objects {
    /// The Ingress objects as they are now.
    fn write(&mut self, router: &mut Router, at_s: f64, rules: &Rules) {
        // ingress-nginx does not compare the total (types_equals.go:246-264).
        let with_total = !matches!(self.config, RouterConfig::IngressNginx(_));
        let mut alike = self.rules.iter();
        let known = alike.position(|earlier| earlier.is_same(rules, with_total));
        let compared = known.unwrap_or(self.rules.len()) as f64;
        let share = rules.attached().map_or(0.0, Canary::share);
        self.rules.push(rules.clone());
        let rules = self.rules.len() as u32 - 1;
        let written = Api::Ingress {
            share,
            compared,
            rules,
        };
        router.event(at_s, written);
    }

    /// Lets the router go on.
    fn advance(&self, router: &mut Router, to_s: f64, seen: &mut Seen) {
        let Seen {
            changes, shares, ..
        } = seen;
        let mut known: Vec<f64> = router.tables().iter().map(|table| table.share()).collect();
        router.follow(to_s, |change, tables| {
            if known[change.unit] != change.unit_share {
                known[change.unit] = change.unit_share;
                changes.push(change);
            }
            push(self.shares(change.at_s, tables), shares);
        });
    }

    fn note(&self, at_s: f64, router: &Router, into: &mut Vec<Shares>) {
        push(self.shares(at_s, router.tables()), into);
    }

    fn shares(&self, from_s: f64, tables: &[Table]) -> Shares {
        let mut shares = Shares {
            from_s,
            canary: 0.0,
            stable: 0.0,
            canary_5xx: 0.0,
            stable_5xx: 0.0,
        };
        for (_, outcome) in self.meet_all(&Request::default(), None, tables) {
            let of = match (&outcome.backend, outcome.status) {
                (Backend::Canary(_), 200) => &mut shares.canary,
                (Backend::Canary(_), _) => &mut shares.canary_5xx,
                (Backend::Stable, 200) => &mut shares.stable,
                _ => &mut shares.stable_5xx,
            };
            *of += outcome.share;
        }
        shares
    }

    /// What a request meets in each unit; the shares of all add up to 1.
    fn meet_all(
        &self,
        request: &Request,
        connection: Option<&Backend>,
        tables: &[Table],
    ) -> Vec<(usize, Outcome)> {
        let part = 1.0 / tables.len() as f64;
        let mut rows = Vec::new();
        for (unit, table) in tables.iter().enumerate() {
            let mut outcomes = Vec::new();
            self.meet(request, connection, (table, part), &mut outcomes);
            rows.extend(outcomes.into_iter().map(|outcome| (unit, outcome)));
        }
        rows
    }

    fn meet(
        &self,
        request: &Request,
        connection: Option<&Backend>,
        (table, part): (&Table, f64),
        into: &mut Vec<Outcome>,
    ) {
        let rules = &self.rules[(table.rules as usize).min(self.rules.len() - 1)];
        let slices = &self.endpoints[(table.seen as usize).min(self.endpoints.len() - 1)];
        let endpoints = |backend: &Backend| match backend {
            Backend::Canary(_) if !table.endpoints => 0,
            _ => slices.get(backend).copied().unwrap_or(USUAL_PODS),
        };
        let upstream = self.config.upstream();
        let chosen = match (&self.config, connection) {
            (_, Some(kept)) if endpoints(kept) > 0 => vec![(kept.clone(), 1.0)],
            (RouterConfig::IngressNginx(_), _) => rules.choose(&request.asked, endpoints),
            _ => {
                let canary = rules
                    .canaries
                    .first()
                    .map_or("canary", |canary| &canary.name);
                let canary = Backend::Canary(canary.to_owned());
                let share = match upstream.spread {
                    Spread::Weights => table.weight,
                    Spread::Connections => {
                        let (new, old) = (endpoints(&canary), endpoints(&Backend::Stable));
                        f64::from(new) / f64::from((new + old).max(1))
                    }
                };
                let to_stable = upstream.empty_canary == EmptyCanary::ToStable;
                match endpoints(&canary) {
                    0 if to_stable => vec![(Backend::Stable, 1.0)],
                    _ => rules::split(canary, share),
                }
            }
        };
        let tries = self.tries();
        for (backend, share) in chosen {
            let share = share * part;
            let known = endpoints(&backend);
            if backend == Backend::Nobody || known == 0 {
                let nobody = Outcome {
                    share,
                    backend: match backend {
                        Backend::Stable => Backend::Nobody,
                        other => other,
                    },
                    status: 503,
                    attempts: 0,
                    waited_s: 0.0,
                };
                tries::add(nobody, into);
                continue;
            }
            let health = self.health.get(&backend).copied().unwrap_or_default();
            let how = (request.method, tries.among(known));
            tries::outcomes((&backend, share), known, health, how, into);
        }
    }

    fn tries(&self) -> Tries {
        let is_nginx = matches!(self.config, RouterConfig::IngressNginx(_));
        Tries {
            most: self.config.upstream().tries,
            read_timeout_s: READ_TIMEOUT_S,
            after_timeout: is_nginx,
        }
    }

    /// Whether an answer sets the session's affinity cookie anew. A balanced one always names some
    /// pod, so it stays as it is when another backend helps out (sticky.lua:173-199).
    fn sets_cookie(&self, asked: &Asked, drawn: &Backend) -> bool {
        let rules = self.rules.last();
        let legacy = rules
            .and_then(Rules::attached)
            .is_some_and(|canary| canary.legacy && matches!(drawn, Backend::Canary(_)));
        match rules.and_then(|rules| rules.affinity) {
            _ if *drawn == Backend::Nobody || legacy => false,
            None => false,
            Some(Affinity::Balanced) => asked.affine.is_none(),
            Some(Affinity::Persistent) => asked.affine.as_ref() != Some(drawn),
        }
    }
}

/// `proxy-read-timeout` (config.go:858-868).
const READ_TIMEOUT_S: f64 = 60.0;

/// Adds what requests meet, if it is another thing.
fn push(shares: Shares, into: &mut Vec<Shares>) {
    let plain = |shares: &Shares| Shares {
        from_s: 0.0,
        ..shares.clone()
    };
    if into.last().is_some_and(|last| last.from_s == shares.from_s) {
        into.pop();
    }
    if into.last().is_none_or(|last| plain(last) != plain(&shares)) {
        into.push(shares);
    }
}
