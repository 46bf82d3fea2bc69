//! Baselines to hold a canary against: a plain rolling update, with or without a person who looks
//! at it.
//!
//! ```yaml
//! apiVersion: coalmine.dev/v1alpha1
//! kind: Baseline
//! metadata: {name: checkout-api, namespace: production}
//! spec:
//!   looks:                # leave out for a rolling update that nobody watches
//!     interval: 10m       # a look at the dashboard every ten minutes
//!     count: 3            # after the third good look the person goes home
//!     reaction: 1m        # from seeing to typing the rollback
//!     checks:
//!       - {name: error share, query: "…PromQL…", max: 0.05}
//! ```

mod read;
mod run;

pub use read::{Baseline, Check, Looks, read};
pub use run::Run;

/// The `apiVersion` of coalmine's own kinds.
pub const API_VERSION: &str = "coalmine.dev/v1alpha1";
