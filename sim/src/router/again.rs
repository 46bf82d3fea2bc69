//! Which failed tries a router makes again on another pod: nginx' `proxy_next_upstream` and its like.

use serde::{Deserialize, Serialize};

/// What failed a try at a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// It answered 500.
    Answer,
    /// It answered 503 because all its places were taken.
    Full,
    /// It answered 504 because its own time was over.
    Late,
    /// Its process ended before it answered.
    Lost,
}

/// The classes of failures that are tried again.
///
/// Refused connections and lost answers are `error`; answers are passed on unless their status is
/// named (nginx ngx_http_upstream.c:4599-4755).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Again {
    /// A connection that was refused, before anything was sent.
    pub refused: bool,
    /// An answer that broke off before it began.
    pub lost: bool,
    /// A pod that took the request and did not answer in time.
    pub timeout: bool,
    /// An answer with the status 500.
    pub http_500: bool,
    /// An answer with the status 503.
    pub http_503: bool,
    /// An answer with the status 504.
    pub http_504: bool,
    /// Requests that may change something (POST, PATCH, LOCK), too.
    pub non_idempotent: bool,
}

impl Default for Again {
    fn default() -> Self {
        Self::NGINX
    }
}

impl Again {
    /// Nothing.
    pub const NONE: Self = Self {
        refused: false,
        lost: false,
        timeout: false,
        http_500: false,
        http_503: false,
        http_504: false,
        non_idempotent: false,
    };

    /// What cannot have reached a pod: Envoy's `connect-failure`.
    pub const REFUSED: Self = Self {
        refused: true,
        ..Self::NONE
    };

    /// nginx' `error timeout` (ingress-nginx config.go:858-868).
    pub const NGINX: Self = Self {
        refused: true,
        lost: true,
        timeout: true,
        ..Self::NONE
    };

    /// Whether a try that failed so is made again; `idempotent` says whether the request may be sent
    /// twice (ngx_http_upstream.c:4687-4691).
    #[must_use]
    pub const fn covers(&self, cause: Cause, idempotent: bool) -> bool {
        let is_named = match cause {
            Cause::Answer => self.http_500,
            Cause::Full => self.http_503,
            Cause::Late => self.http_504,
            Cause::Lost => self.lost,
        };
        is_named && (idempotent || self.non_idempotent)
    }

    /// Whether any answer of a pod is tried again.
    #[must_use]
    pub const fn covers_answers(&self) -> bool {
        self.http_500 || self.http_503 || self.http_504
    }
}
