//! The store on a PostgreSQL server. Its transactions that write take their turn by an advisory lock, as those of a file do:
//! what is read in one stays true until it writes.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::sql::Pool;
use super::{Store, StoreError};
use crate::config::StoreConfig;
use crate::private::{private_folder, secret_line};

/// Patience with a server that restarts.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the database that the configuration names, creating the schema when absent; local files are kept in `folder`.
pub(super) async fn open(config: &StoreConfig, folder: &Path) -> Result<Store, StoreError> {
    private_folder(folder).map_err(|source| StoreError::Create { path: folder.to_owned(), source })?;
    let path = folder.join("rentree");
    let place = std::path::PathBuf::from(config.place());
    let failed = |source| StoreError::Open { path: place.clone(), source };
    let mut options = PgConnectOptions::from_str(&config.url)
        .map_err(failed)?
        .application_name("rentree")
        // As with a file: a crash of the server loses at most the last commits, never what is whole; commits that must
        // be on its disk before a directory write ask for it with `durable`.
        .options([("synchronous_commit", "off"), ("lock_timeout", "30s")]);
    if let Some(file) = &config.password_file {
        let secret = secret_line(file).map_err(|error| failed(sqlx::Error::Configuration(error.into())))?;
        options = options.password(secret.expose_secret());
    }
    let writer = connect(options.clone(), 2).await.map_err(failed)?;
    sqlx::migrate!("schemas/postgres")
        .run(&writer)
        .await
        .map_err(|source| StoreError::Migrate { path: place.clone(), source })?;
    let reader = connect(options, 4).await.map_err(failed)?;
    Ok(Store::new(Pool::Postgres(writer), Pool::Postgres(reader), path))
}

/// A commit that waits for the server's disk, and with it every commit before.
pub(super) async fn durable(writer: &PgPool) -> Result<(), StoreError> {
    let mut transaction = writer.begin().await?;
    sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *transaction).await?;
    sqlx::query("UPDATE durable SET mark = mark + 1").execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

async fn connect(options: PgConnectOptions, most: u32) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new().max_connections(most).acquire_timeout(PATIENCE).connect_with(options).await
}
