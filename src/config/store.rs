//! `[store]`: where the register is kept.

use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite:<path>`, or `postgres://<user>@<host>/<database>`; with `?host=/var/run/postgresql` by the server's socket.
    pub url: String,
    /// With a server: the folder of this machine for plans, reports and locks.
    pub folder: Option<PathBuf>,
    /// With a server: the file with the user's password (0600), when it asks for one.
    pub password_file: Option<PathBuf>,
}

impl StoreConfig {
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres://") || self.url.starts_with("postgresql://")
    }

    /// A store in this file.
    #[must_use]
    pub fn in_file(path: &Path) -> Self {
        Self { url: format!("sqlite:{}", path.display()), folder: None, password_file: None }
    }

    /// The file that it is in; `None` when it is on a server.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        (!self.is_postgres()).then(|| Path::new(self.url.strip_prefix("sqlite:").unwrap_or(&self.url)))
    }

    /// Where it is, for people: a file, or a server without the rest of the address.
    #[must_use]
    pub fn place(&self) -> &str {
        match self.url.split_once("://") {
            Some((_, rest)) => rest.rsplit_once('@').map_or(rest, |(_, place)| place),
            None => self.url.strip_prefix("sqlite:").unwrap_or(&self.url),
        }
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(file) = self.url.strip_prefix("sqlite:") {
            let file = folder.join(file.trim_start_matches("//"));
            self.url = format!("sqlite:{}", file.display());
        }
        for path in [&mut self.folder, &mut self.password_file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
        if self.is_postgres() {
            self.folder.get_or_insert_with(|| folder.to_owned());
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.is_postgres() {
            let user = self.url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
            if user.is_some_and(|user| user.contains(':')) {
                return Err(
                    "store.url has a password in it: put it into a file, and name that as store.password_file".into()
                );
            }
            return Ok(());
        }
        if !self.url.starts_with("sqlite:") {
            return Err(format!("store.url {:?}: sqlite:<path> and postgres://… are known", self.url));
        }
        if self.folder.is_some() || self.password_file.is_some() {
            return Err("store.folder and store.password_file are for a store on a server".into());
        }
        Ok(())
    }
}
