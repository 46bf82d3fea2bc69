//! PromQL over in-memory series, as Prometheus 3 answers it.
