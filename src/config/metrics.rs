//! `[metrics]`: figures for Prometheus.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// A file for node_exporter's textfile collector (`*.prom`), written after each night.
    pub textfile: Option<PathBuf>,
}
