//! Which backend gets a request: ingress-nginx's order of rules (balancer.lua:194-305), and the
//! plain split of all others.

use regex::Regex;

use super::Backend;

/// An Ingress that marks a canary.
#[derive(Clone, Debug, Default)]
pub struct Canary {
    /// Its name, which is also its Service's.
    pub name: String,
    /// `canary-weight`.
    pub weight: f64,
    /// `canary-weight-total`.
    pub total: f64,
    /// `canary-by-header`.
    pub header: Option<String>,
    /// `canary-by-header-value`.
    pub value: Option<String>,
    /// `canary-by-header-pattern`.
    pub pattern: Option<Regex>,
    /// `canary-by-cookie`.
    pub cookie: Option<String>,
    /// `affinity-canary-behavior: legacy`.
    pub legacy: bool,
    /// Its host.
    pub host: Option<String>,
    /// Its path, with its type.
    pub path: Path,
}

/// A path of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The path.
    pub path: String,
    /// `Exact` or `Prefix`.
    pub kind: String,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            kind: "Prefix".to_owned(),
        }
    }
}

/// How the main Ingress keeps a session on its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// `affinity-mode: balanced`, the default: a cookie always names some pod.
    Balanced,
    /// `affinity-mode: persistent`: a cookie whose pod is unknown is replaced.
    Persistent,
}

/// What the Ingress objects of an application say.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Cookie affinity of the main Ingress.
    pub affinity: Option<Affinity>,
    /// Hosts of the main Ingress, all before the same Service; none means every host.
    pub hosts: Vec<String>,
    /// Path of the main Ingress.
    pub path: Path,
    /// Canaries, oldest first.
    pub canaries: Vec<Canary>,
}

/// A request as rules see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Headers, in any case.
    pub headers: Vec<(String, String)>,
    /// Cookies.
    pub cookies: Vec<(String, String)>,
    /// The backend that the session's affinity cookie names.
    pub affine: Option<Backend>,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(same)
            .map(|(_, value)| value.as_str())
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let same = |(known, _): &&(String, String)| known == name;
        self.cookies
            .iter()
            .find(same)
            .map(|(_, value)| value.as_str())
    }
}

impl Canary {
    /// Sets `canary-by-header-pattern`; false when it is no pattern.
    pub fn set_pattern(&mut self, text: &str) -> bool {
        self.pattern = Regex::new(text).ok();
        self.pattern.is_some()
    }

    /// The canary's share of requests that no rule decides on.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.weight / self.total.max(100.0)).clamp(0.0, 1.0)
    }

    /// What the rules by header and cookie say, if anything.
    fn by_rule(&self, asked: &Asked) -> Option<bool> {
        let header = self.header.as_deref().and_then(|name| asked.header(name));
        if let Some(found) = header {
            match (&self.value, &self.pattern) {
                (Some(value), _) if found == value => return Some(true),
                (Some(_), _) => {}
                (None, Some(pattern)) if pattern.is_match(found) => return Some(true),
                (None, Some(_)) => {}
                (None, None) if found == "always" => return Some(true),
                (None, None) if found == "never" => return Some(false),
                (None, None) => {}
            }
        }
        match self.cookie.as_deref().and_then(|name| asked.cookie(name)) {
            Some("always") => Some(true),
            Some("never") => Some(false),
            _ => None,
        }
    }
}

impl Rules {
    /// Whether a router takes them for the same.
    pub(super) fn is_same(&self, other: &Self, with_total: bool) -> bool {
        let one = |a: &Canary, b: &Canary| {
            let pattern = |canary: &Canary| canary.pattern.as_ref().map(|p| p.as_str().to_owned());
            a.name == b.name
                && a.weight == b.weight
                && (!with_total || a.total == b.total)
                && (&a.header, &a.value, &a.cookie) == (&b.header, &b.value, &b.cookie)
                && pattern(a) == pattern(b)
                && (a.legacy, &a.host, &a.path) == (b.legacy, &b.host, &b.path)
        };
        let mut pairs = self.canaries.iter().zip(&other.canaries);
        (self.affinity, &self.hosts, &self.path) == (other.affinity, &other.hosts, &other.path)
            && self.canaries.len() == other.canaries.len()
            && pairs.all(|(a, b)| one(a, b))
    }

    /// The canary that gets requests: the oldest whose host and path are those of the main Ingress
    /// (controller.go:1610-1715). It is looked at for every host and path of that Service.
    #[must_use]
    pub fn attached(&self) -> Option<&Canary> {
        self.canaries.iter().find(|canary| {
            let mut hosts = self.hosts.iter();
            let host = canary.host.as_ref();
            let same = host.is_none_or(|host| self.hosts.is_empty() || hosts.any(|h| h == host));
            same && canary.path == self.path
        })
    }

    /// ingress-nginx: who gets a request, with the share of cases. `endpoints` are those of a
    /// backend.
    pub(super) fn choose(
        &self,
        asked: &Asked,
        endpoints: impl Fn(&Backend) -> u32,
    ) -> Vec<(Backend, f64)> {
        let sure = |backend: Backend| vec![(backend, 1.0)];
        if endpoints(&Backend::Stable) == 0 {
            return sure(Backend::Nobody);
        }
        let is_affine =
            |backend: &Backend| self.affinity.is_some() && asked.affine.as_ref() == Some(backend);
        if is_affine(&Backend::Stable) {
            return sure(Backend::Stable);
        }
        let Some(canary) = self.attached() else {
            return sure(Backend::Stable);
        };
        let backend = Backend::Canary(canary.name.clone());
        // Of several only the first is looked at, even when it has no endpoints.
        if endpoints(&backend) == 0 {
            return sure(Backend::Stable);
        }
        if !canary.legacy && is_affine(&backend) {
            return sure(backend);
        }
        match canary.by_rule(asked) {
            Some(true) => sure(backend),
            Some(false) => sure(Backend::Stable),
            None => split(backend, canary.share()),
        }
    }
}

/// A canary's share, and the rest.
pub(super) fn split(canary: Backend, share: f64) -> Vec<(Backend, f64)> {
    let parts = [(canary, share), (Backend::Stable, 1.0 - share)];
    parts.into_iter().filter(|(_, part)| *part > 0.0).collect()
}
