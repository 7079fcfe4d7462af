//! The configuration, `rentree.toml`: one file of types per concern, unknown keys refused with their place.
//!
//! Paths are relative to the configuration file: [`Config::load`] makes them absolute.

mod audit;
mod axis;
mod credentials;
mod directory;
mod identity;
mod indicators;
mod letters;
mod lifecycle;
mod limits;
mod metrics;
mod notify;
mod policy;
mod retention;
mod rollout;
mod roster;
mod serve;
mod source;
mod store;
mod window;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

pub use audit::AuditConfig;
pub use axis::{Axis, Beyond, GlobalLimits, GroupAxis, Limit, PartialLimit, PeopleAxis};
pub use credentials::{Argon2Config, CredentialsConfig, LevelCredentials, Mode, ProfileCredentials, Style};
pub use directory::{CaseChanges, DialectConfig, DirectoryConfig, DirectoryKind, Drift, PasswordScheme, SiretMissing};
pub use identity::{AdultRole, IdentityConfig};
pub use indicators::IndicatorsConfig;
pub use letters::{Layout, LayoutOf, LettersConfig, Order, SchoolLetters};
pub use lifecycle::LifecycleConfig;
pub use limits::{LimitsConfig, YearConfig};
pub use metrics::MetricsConfig;
pub use notify::{Audience, NotifyConfig, NotifyTo, Security, Smtp, WebAddress};
pub use policy::{OfAge, PolicyConfig};
pub use retention::RetentionConfig;
pub use rollout::{RolloutConfig, RolloutSchool};
pub use roster::{LoginRule, NamingConfig, RelativeStanding, RosterConfig};
pub use serve::{Schedule, ServeConfig};
pub use source::{SchoolConfig, SourceConfig, SourceKind};
pub use store::StoreConfig;
pub use window::WriteWindow;

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub store: StoreConfig,
    #[serde(default, rename = "source")]
    pub sources: Vec<SourceConfig>,
    pub directory: DirectoryConfig,
    #[serde(default)]
    pub roster: RosterConfig,
    #[serde(default)]
    pub identity: IdentityConfig,
    #[serde(default)]
    pub policy: PolicyConfig,
    #[serde(default)]
    pub naming: NamingConfig,
    #[serde(default)]
    pub credentials: CredentialsConfig,
    #[serde(default)]
    pub letters: LettersConfig,
    #[serde(default)]
    pub limits: LimitsConfig,
    #[serde(default)]
    pub lifecycle: LifecycleConfig,
    #[serde(default)]
    pub year: YearConfig,
    #[serde(default)]
    pub retention: RetentionConfig,
    #[serde(default)]
    pub audit: AuditConfig,
    #[serde(default)]
    pub notify: NotifyConfig,
    #[serde(default)]
    pub metrics: MetricsConfig,
    #[serde(default)]
    pub indicators: IndicatorsConfig,
    #[serde(default)]
    pub serve: ServeConfig,
    #[serde(default)]
    pub rollout: RolloutConfig,
    /// Where the file is; paths were made absolute against its folder.
    #[serde(skip)]
    pub path: PathBuf,
    /// SHA-256 of the file's text, in hexadecimal: a plan is bound to it.
    #[serde(skip)]
    pub digest: String,
}

/// Why a configuration cannot be used, with the place in the file.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}")]
    #[diagnostic(help("`rentree init` writes a commented one; `--config` names another"))]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration {path} is not valid: {message}")]
    Parse {
        path: PathBuf,
        message: String,
        #[source_code]
        text: std::sync::Arc<NamedSource<String>>,
        #[label("here")]
        span: Option<SourceSpan>,
    },
    #[error("the configuration {path} is not valid: {message}")]
    Value { path: PathBuf, message: String },
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, holds an unknown key, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read = |source| ConfigError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(read)?;
        let absolute = std::path::absolute(path).map_err(read)?;
        Self::parse(&text, &absolute)
    }

    /// Parses `text` as the file at `path` (absolute).
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|e| ConfigError::Parse {
            path: path.to_owned(),
            message: match limits::renamed(e.message()) {
                Some(now) => now.to_owned(),
                None => e.message().to_owned(),
            },
            span: e.span().map(SourceSpan::from),
            text: std::sync::Arc::new(NamedSource::new(path.display().to_string(), text.to_owned())),
        })?;
        path.clone_into(&mut config.path);
        config.digest = Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        let folder = path.parent().unwrap_or_else(|| Path::new("/")).to_owned();
        config.resolve(&folder);
        config.check().map_err(|message| ConfigError::Value { path: path.to_owned(), message })?;
        Ok(config)
    }

    /// The configuration as it is on a day: without the schools that do not take part yet.
    #[must_use]
    pub fn on(mut self, today: Date) -> Self {
        self.roster.absent = self.rollout.absent(today);
        self.roster.classes = self.rollout.classes(today);
        self
    }

    /// The folder of the configuration file.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new("/"))
    }

    fn resolve(&mut self, folder: &Path) {
        for source in &mut self.sources {
            source.path = folder.join(&source.path);
        }
        self.directory.resolve(folder);
        self.letters.resolve(folder);
        self.audit.resolve(folder);
        self.notify.resolve(folder);
        if let Some(path) = &mut self.metrics.textfile {
            *path = folder.join(&*path);
        }
        self.store.resolve(folder);
    }

    fn check(&self) -> Result<(), String> {
        self.store.check()?;
        for (i, source) in self.sources.iter().enumerate() {
            if source.name.is_empty() || source.prefix().contains('$') {
                return Err(format!("source {:?}: the name must not be empty nor contain `$`", source.name));
            }
            source.check()?;
            for twin in self.sources.iter().take(i) {
                if twin.name == source.name {
                    return Err(format!("two sources are called {:?}", source.name));
                }
                if twin.prefix() == source.prefix() && !(twin.keys_disjoint && source.keys_disjoint) {
                    return Err(format!(
                        "sources {:?} and {:?} share the key prefix {:?}: give one of them a key_prefix of its own, or \
                         both keys_disjoint = true if no key of theirs names two people",
                        twin.name,
                        source.name,
                        source.prefix()
                    ));
                }
            }
            for previous in &source.previous_prefixes {
                if let Some(user) = self.sources.iter().find(|s| s.prefix() == previous) {
                    return Err(format!(
                        "source {:?}: the previous prefix {previous:?} is the present one of {:?}",
                        source.name, user.name
                    ));
                }
                if previous.is_empty() || previous.contains('$') {
                    return Err(format!("source {:?}: {previous:?} is no key prefix", source.name));
                }
            }
        }
        self.directory.check()?;
        self.letters.check()?;
        self.identity.check()?;
        self.credentials.check()?;
        self.year.check()?;
        self.retention.check()?;
        self.audit.check()?;
        self.notify.check()?;
        self.lifecycle.check()?;
        self.rollout.check()?;
        self.limits.check()
    }
}
