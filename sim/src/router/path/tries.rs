//! What a request meets behind a router that has chosen a backend: endpoints tried one after
//! another (router notes §3; nginx ngx_http_upstream.c:4599-4755).

use super::{Backend, Method};

/// What some of the pods behind a backend do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// So many refuse connections.
    pub refuse: u32,
    /// So many take a request and never answer.
    pub hang: u32,
}

/// What became of a request, and in which share of cases.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The share.
    pub share: f64,
    /// Who was chosen; none when nobody is there.
    pub backend: Backend,
    /// The status the client gets.
    pub status: u16,
    /// Endpoints that were tried.
    pub attempts: u32,
    /// Seconds spent waiting for pods that never answer.
    pub waited_s: f64,
}

/// How a router tries again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tries {
    /// In all.
    pub most: u32,
    /// Seconds after which a pod that took the request counts as failed.
    pub read_timeout_s: f64,
    /// Whether another one is tried then, if the method allows to repeat what was sent.
    pub after_timeout: bool,
}

impl Tries {
    /// Without a limit each endpoint is tried once.
    pub(super) fn among(self, endpoints: u32) -> Self {
        let most = match self.most {
            u32::MAX => endpoints,
            most => most,
        };
        Self { most, ..self }
    }
}

/// Every way a request can go behind a backend with so many endpoints, the first of which refuse or
/// hang as `health` says: each try another endpoint, and round again when all were tried.
pub(super) fn outcomes(
    (backend, share): (&Backend, f64),
    endpoints: u32,
    health: Health,
    (method, tries): (Method, Tries),
    into: &mut Vec<Outcome>,
) {
    let refuse = health.refuse.min(endpoints);
    let hang = health.hang.min(endpoints - refuse);
    let ring = [refuse, hang, endpoints - refuse - hang];
    let walk = Walk {
        backend,
        ring,
        method,
        tries,
    };
    walk.on(ring, (share, 0, 0.0), into);
}

struct Walk<'a> {
    backend: &'a Backend,
    /// Endpoints that refuse, hang, and answer.
    ring: [u32; 3],
    method: Method,
    tries: Tries,
}

impl Walk<'_> {
    fn on(
        &self,
        left: [u32; 3],
        (share, attempts, waited_s): (f64, u32, f64),
        into: &mut Vec<Outcome>,
    ) {
        let left = if left == [0; 3] { self.ring } else { left };
        let all = f64::from(left.iter().sum::<u32>());
        let attempts = attempts + 1;
        for (kind, count) in left.into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let share = share * f64::from(count) / all;
            let mut rest = left;
            rest[kind] -= 1;
            let (status, waited_s) = match kind {
                0 => (502, waited_s),
                1 => (504, waited_s + self.tries.read_timeout_s),
                _ => (200, waited_s),
            };
            let again = match kind {
                // Nothing was sent yet, whatever the method.
                0 => true,
                1 => self.tries.after_timeout && self.method == Method::Idempotent,
                _ => false,
            };
            if again && attempts < self.tries.most {
                self.on(rest, (share, attempts, waited_s), into);
            } else {
                add(
                    Outcome {
                        share,
                        backend: self.backend.clone(),
                        status,
                        attempts,
                        waited_s,
                    },
                    into,
                );
            }
        }
    }
}

/// Adds an outcome, together with its like.
pub(super) fn add(outcome: Outcome, into: &mut Vec<Outcome>) {
    let key = |o: &Outcome| {
        (
            o.backend.clone(),
            o.status,
            o.attempts,
            o.waited_s.to_bits(),
        )
    };
    match into.iter_mut().find(|known| key(known) == key(&outcome)) {
        Some(known) => known.share += outcome.share,
        None => into.push(outcome),
    }
}
