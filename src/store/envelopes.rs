//! Envelopes: which credential of which account, in which state.
//!
//! `pending → live → superseded | revoked | expired`; a pending one whose hash never reached the directory is deleted.
//! The hash is there while an envelope is pending, the sealed text while it is pending or live: the checks of the table
//! hold both. At most one of each per account.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use zeroize::Zeroizing;

use super::sql::{QueryBuilder, Row, Transaction, query, query_scalar};
use super::trail::append_in;
use super::{ROWS_PER_STATEMENT, Store, StoreError, json_list};
use crate::audit::{AuditError, Unchained};
use crate::credentials::{
    Binding, Ended, EnvelopeState, Issued, Label, Outcome, PasswordHash, PendingEnvelope, SealedEnvelope, SealedFor,
    Serial,
};
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Profile};

const TABLE: &str = "envelope";

impl Store {
    /// Saves a batch as pending, all or nothing, and returns when it is on the disk: only then may the hashes be sent
    /// to the directory. Items of the pool that the batch uses leave the pool in the same transaction.
    ///
    /// # Errors
    /// When an account of the batch already has a pending envelope (settle the interrupted run first), or an item of the
    /// pool was used by somebody else.
    pub async fn save_issued(&self, batch: &[Issued]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let used = json_list(batch.iter().filter_map(|issued| issued.pool_item));
        let expected = batch.iter().filter(|issued| issued.pool_item.is_some()).count() as u64;
        let deleted = query("DELETE FROM pool WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))")
            .bind(used)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if deleted != expected {
            let reason = format!("{expected} prepared secrets were to be used, {deleted} are there");
            return Err(StoreError::Damaged { table: "pool", reason });
        }
        for rows in batch.chunks(ROWS_PER_STATEMENT) {
            QueryBuilder::new(
                "INSERT INTO envelope (serial, join_key, uid, login, profile, issued, state, hash, sealed, binding, mark,
                 sealed_for) ",
            )
            .push_values(rows, |mut row, issued| {
                row.push_bind(issued.label.serial.to_string())
                    .push_bind(issued.label.join_key.as_str())
                    .push_bind(issued.label.uid.as_str())
                    .push_bind(issued.label.login.as_str())
                    .push_bind(issued.profile.name())
                    .push_bind(issued.label.issued.to_string())
                    .push_bind("pending")
                    .push_bind(issued.hash.expose())
                    .push_bind(issued.sealed.as_slice())
                    .push_bind(issued.binding.as_ref().map(|b| b.0.as_slice()))
                    .push_bind(hash_mark(issued.hash.expose()))
                    .push_bind(issued.sealed_for.0.as_slice());
            })
            .build()
            .execute(&mut *tx)
            .await?;
        }
        let for_portal: Vec<&Issued> = batch.iter().filter(|issued| issued.for_portal).collect();
        for rows in for_portal.chunks(ROWS_PER_STATEMENT) {
            QueryBuilder::new("INSERT INTO portal_hash (serial, hash) ")
                .push_values(rows, |mut row, issued| {
                    row.push_bind(issued.label.serial.to_string()).push_bind(issued.hash.expose());
                })
                .build()
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        self.durable().await
    }

    /// Records what became of pending envelopes: a live one supersedes the account's previous one, a dead one is
    /// deleted; the hashes go. Gives how many were pending: settling twice changes nothing.
    ///
    /// # Errors
    /// When the store fails; then nothing is settled.
    pub async fn settle(&self, outcomes: &[(Serial, Outcome)], at: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let settled = settle_envelopes(&mut tx, outcomes, at).await?;
        tx.commit().await?;
        Ok(settled)
    }

    /// The envelopes whose outcome is unknown, with the hash to send again, in the order of their issue.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn pending_envelopes(&self) -> Result<Vec<PendingEnvelope>, StoreError> {
        let rows = query(
            "SELECT serial, coalesce(sealed_key, join_key) AS join_key, uid, login, profile, issued, hash FROM envelope
             WHERE state = 'pending' ORDER BY id",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PendingEnvelope {
                    label: label(row)?,
                    profile: profile(row)?,
                    hash: PasswordHash::new(Zeroizing::new(row.try_get("hash")?)),
                })
            })
            .collect()
    }

    /// Those of these accounts, by the join key that the account has today.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn pending_of(&self, accounts: &[JoinKey]) -> Result<HashMap<JoinKey, (Serial, String)>, StoreError> {
        let rows = query(
            "SELECT join_key, serial, hash FROM envelope
             WHERE state = 'pending' AND join_key IN (SELECT value FROM json_each(?))",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let serial: &str = row.try_get("serial")?;
                let serial = serial.parse().map_err(|_| damaged("a serial is no UUID"))?;
                Ok((JoinKey::from_text(row.try_get("join_key")?), (serial, row.try_get("hash")?)))
            })
            .collect()
    }

    /// Deletes the pending envelopes of everybody but these accounts: nobody will send their hashes any more. Gives how
    /// many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_pending_except(&self, accounts: &[JoinKey]) -> Result<u64, StoreError> {
        let deleted =
            query("DELETE FROM envelope WHERE state = 'pending' AND join_key NOT IN (SELECT value FROM json_each(?))")
                .bind(json_list(accounts))
                .execute(&self.writer)
                .await?;
        Ok(deleted.rows_affected())
    }

    /// Whether any envelope is pending.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_pending(&self) -> Result<bool, StoreError> {
        let found: bool = query_scalar("SELECT EXISTS (SELECT 1 FROM envelope WHERE state = 'pending')")
            .fetch_one(&self.reader)
            .await?;
        Ok(found)
    }

    /// The live envelopes of these accounts, sorted by join key; an account without one is left out.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn live_envelopes(&self, accounts: &[JoinKey]) -> Result<Vec<SealedEnvelope>, StoreError> {
        let rows = query(
            "SELECT serial, join_key AS holder, coalesce(sealed_key, join_key) AS join_key, uid, login, profile, issued,
                    sealed, binding, printed_at, sealed_for FROM envelope
             WHERE state = 'live' AND envelope.join_key IN (SELECT value FROM json_each(?)) ORDER BY holder",
        )
        .bind(json_list(accounts))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(sealed).collect()
    }

    /// Puts envelopes that were sealed anew in the place of the old ones, all or nothing. What is no longer as it was read
    /// stays. Gives how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replace_sealed(&self, resealed: &[(SealedEnvelope, Vec<u8>, SealedFor)]) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let mut replaced = 0;
        for (before, sealed, sealed_for) in resealed {
            replaced += query(
                "UPDATE envelope SET sealed = ?1, binding = NULL, sealed_for = ?4
                 WHERE serial = ?2 AND state = 'live' AND sealed = ?3",
            )
            .bind(sealed.as_slice())
            .bind(before.label.serial.to_string())
            .bind(before.sealed.as_slice())
            .bind(sealed_for.0.as_slice())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        }
        tx.commit().await?;
        Ok(replaced)
    }

    /// Whose envelopes are live, by profile, with the mark of the hash that was issued.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn issued_marks(&self) -> Result<Vec<(JoinKey, Profile, Option<Vec<u8>>)>, StoreError> {
        let rows = query("SELECT join_key, profile, mark FROM envelope WHERE state = 'live' ORDER BY join_key")
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| Ok((JoinKey::from_text(row.try_get("join_key")?), profile(row)?, row.try_get("mark")?)))
            .collect()
    }

    /// Deletes the live envelopes of these accounts that were never printed (their entitlement was withdrawn). Gives
    /// how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_unprinted(&self, accounts: &[JoinKey]) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let deleted = drop_unprinted(&mut tx, accounts).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    /// Ends the live envelopes of these accounts and destroys their sealed text. Gives how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_envelopes(&self, accounts: &[JoinKey], how: Ended, at: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let ended = end_live(&mut tx, accounts, how, at).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// For whom an envelope was ever sealed and not withdrawn unprinted, in whatever state it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sealed_for(&self) -> Result<std::collections::HashSet<JoinKey>, StoreError> {
        let keys: Vec<String> = query_scalar("SELECT DISTINCT join_key FROM envelope").fetch_all(&self.reader).await?;
        Ok(keys.iter().map(|key| JoinKey::from_text(key)).collect())
    }

    /// Ends every live envelope issued before `day`, here and on the trail, which is told how many. Gives that.
    ///
    /// # Errors
    /// When the store fails, or an event cannot be written; then none has ended.
    pub(crate) async fn expire_envelopes(
        &self,
        day: Date,
        at: Timestamp,
        events: impl FnOnce(u64) -> Result<Unchained, AuditError>,
    ) -> Result<u64, AuditError> {
        let mut tx = self.write().await?;
        let ended = query(
            "UPDATE envelope SET state = 'expired', sealed = NULL, binding = NULL, settled_at = ?
             WHERE state = 'live' AND issued < ?",
        )
        .bind(at.as_millisecond())
        .bind(day.to_string())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?
        .rows_affected();
        if ended > 0 {
            append_in(&mut tx, events(ended)?).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(ended)
    }

    /// How many envelopes per profile and state, and how many of them were printed.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn envelope_counts(&self) -> Result<Vec<(Profile, EnvelopeState, u64, u64)>, StoreError> {
        let rows = query(
            "SELECT profile, state, count(*) AS n, count(printed_at) AS printed FROM envelope
             GROUP BY profile, state ORDER BY profile, state",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let name: &str = row.try_get("state")?;
                let state = EnvelopeState::from_name(name).ok_or_else(|| damaged("state"))?;
                let (n, printed): (i64, i64) = (row.try_get("n")?, row.try_get("printed")?);
                Ok((profile(row)?, state, n.unsigned_abs(), printed.unsigned_abs()))
            })
            .collect()
    }
}

/// See [`Store::settle`].
pub(super) async fn settle_envelopes(
    tx: &mut Transaction,
    outcomes: &[(Serial, Outcome)],
    at: Timestamp,
) -> Result<u64, StoreError> {
    let of = |which| json_list(outcomes.iter().filter(|(_, outcome)| *outcome == which).map(|(serial, _)| serial));
    let (live, dead) = (of(Outcome::Live), of(Outcome::Dead));
    query(
        "UPDATE envelope SET state = 'superseded', sealed = NULL, binding = NULL, settled_at = ?1
         WHERE state = 'live' AND join_key IN (SELECT join_key FROM envelope WHERE state = 'pending'
                                               AND serial IN (SELECT value FROM json_each(?2)))",
    )
    .bind(at.as_millisecond())
    .bind(&live)
    .execute(&mut *tx)
    .await?;
    let lives = query(
        "UPDATE envelope SET state = 'live', hash = NULL, settled_at = ?1
         WHERE state = 'pending' AND serial IN (SELECT value FROM json_each(?2))",
    )
    .bind(at.as_millisecond())
    .bind(&live)
    .execute(&mut *tx)
    .await?;
    let deads = query("DELETE FROM envelope WHERE state = 'pending' AND serial IN (SELECT value FROM json_each(?))")
        .bind(&dead)
        .execute(&mut *tx)
        .await?;
    Ok(lives.rows_affected() + deads.rows_affected())
}

/// See [`Store::delete_unprinted`].
pub(super) async fn drop_unprinted(tx: &mut Transaction, accounts: &[JoinKey]) -> Result<u64, StoreError> {
    let deleted = query(
        "DELETE FROM envelope WHERE state = 'live' AND printed_at IS NULL
         AND join_key IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list(accounts))
    .execute(&mut *tx)
    .await?;
    Ok(deleted.rows_affected())
}

/// See [`Store::end_envelopes`].
pub(super) async fn end_live(
    tx: &mut Transaction,
    accounts: &[JoinKey],
    how: Ended,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let ended = query(
        "UPDATE envelope SET state = ?, sealed = NULL, binding = NULL, settled_at = ?
         WHERE state = 'live' AND join_key IN (SELECT value FROM json_each(?))",
    )
    .bind(EnvelopeState::from(how).name())
    .bind(at.as_millisecond())
    .bind(json_list(accounts))
    .execute(&mut *tx)
    .await?;
    Ok(ended.rows_affected())
}

/// What is kept of a hash that was issued.
#[must_use]
pub fn hash_mark(hash: &str) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(hash.as_bytes()).iter().take(16).copied().collect()
}

fn sealed(row: &Row) -> Result<SealedEnvelope, StoreError> {
    let binding: Option<Vec<u8>> = row.try_get("binding")?;
    let binding = binding
        .map(|bytes| bytes.try_into().map(Binding).map_err(|_| damaged("a binding is not of 32 bytes")))
        .transpose()?;
    let printed_at: Option<i64> = row.try_get("printed_at")?;
    let printed_at = printed_at
        .map(|ms| Timestamp::from_millisecond(ms).map_err(|_| damaged("printed_at is no time")))
        .transpose()?;
    Ok(SealedEnvelope {
        holder: JoinKey::from_text(row.try_get("holder")?),
        label: label(row)?,
        profile: profile(row)?,
        sealed: row.try_get("sealed")?,
        binding,
        printed_at,
        sealed_for: super::seals::sealed_for(row.try_get("sealed_for")?)?,
    })
}

fn label(row: &Row) -> Result<Label, StoreError> {
    let (serial, issued): (&str, &str) = (row.try_get("serial")?, row.try_get("issued")?);
    Ok(Label {
        uid: Uid::new(row.try_get("uid")?),
        login: Login::new(row.try_get("login")?),
        join_key: JoinKey::from_text(row.try_get("join_key")?),
        serial: serial.parse().map_err(|_| damaged("a serial is no UUID"))?,
        issued: issued.parse().map_err(|_| damaged("issued is no day"))?,
    })
}

fn profile(row: &Row) -> Result<Profile, StoreError> {
    Profile::from_name(row.try_get("profile")?).ok_or_else(|| damaged("an unknown profile"))
}

fn damaged(reason: &str) -> StoreError {
    StoreError::Damaged { table: TABLE, reason: reason.to_owned() }
}
