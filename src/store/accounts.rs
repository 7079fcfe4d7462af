//! The accounts that the engine knows, with their stage; the schools' years; the groups' own members.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::sql::{QueryBuilder, Row, Transaction, query};
use super::{ROWS_PER_STATEMENT, ROWS_PER_TRANSACTION, Store, StoreError, json_list};
use crate::directory::dialect::OwnedDigest;
use crate::roster::{JoinKey, Profile};

/// Where an account is on its way out; purged ones keep their row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Present,
    /// No record names it any more; still usable.
    Absent,
    /// Cannot bind.
    Suspended,
    Purged,
}

impl Stage {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Suspended => "suspended",
            Self::Purged => "purged",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Present, Self::Absent, Self::Suspended, Self::Purged].into_iter().find(|s| s.name() == name)
    }
}

/// An account as the register knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    pub join_key: JoinKey,
    pub dn: String,
    pub profile: Profile,
    pub stage: Stage,
    /// First day of the stage.
    pub since: Date,
    /// UAI, sorted.
    pub schools: Vec<CompactString>,
    pub class: Option<CompactString>,
    /// A pupil's MEF.
    pub level: Option<CompactString>,
    /// The absence is one that the year transition explains.
    pub expected: bool,
    pub adopted: bool,
    /// Of its owned values, as they were last written or found right; `None` until then.
    pub written: Option<OwnedDigest>,
    /// First day on which no record named it, while it is on its way out: the entitlement ended then.
    pub left: Option<Date>,
    /// A pupil's class before the last turn of the year.
    pub former_class: Option<CompactString>,
}

/// The school year that a school has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolRow {
    pub uai: CompactString,
    /// By the calendar year in which it begins.
    pub year: i16,
    /// The day on which it was noted; an older version noted none.
    pub since: Option<Date>,
}

impl AccountRow {
    /// The day on which the entitlement ended; `grace` days before the suspension for accounts of an older version,
    /// which did not note it.
    #[must_use]
    pub fn ended(&self, grace: u16) -> Date {
        self.left.unwrap_or_else(|| match self.stage {
            Stage::Suspended => self.since.saturating_sub(jiff::Span::new().days(grace)),
            _ => self.since,
        })
    }
}

impl Store {
    pub async fn accounts(&self) -> Result<HashMap<JoinKey, AccountRow>, StoreError> {
        let mut rows = query(ACCOUNTS).fetch(&self.reader);
        let mut accounts = HashMap::new();
        while let Some(row) = rows.try_next().await? {
            let account = account_row(&row)?;
            accounts.insert(account.join_key.clone(), account);
        }
        Ok(accounts)
    }

    /// The accounts of those of `keys` that have one.
    pub async fn accounts_of(&self, keys: &[JoinKey]) -> Result<HashMap<JoinKey, AccountRow>, StoreError> {
        let rows =
            query(sqlx::AssertSqlSafe(format!("{ACCOUNTS} WHERE join_key IN (SELECT value FROM json_each(?1))")))
                .bind(json_list(keys))
                .fetch_all(&self.reader)
                .await?;
        rows.iter().map(|row| account_row(row).map(|account| (account.join_key.clone(), account))).collect()
    }

    /// Notes of accounts that their owned values are these.
    pub async fn note_written(&self, accounts: &[(JoinKey, OwnedDigest)]) -> Result<(), StoreError> {
        if accounts.is_empty() {
            return Ok(());
        }
        for part in accounts.chunks(ROWS_PER_TRANSACTION) {
            let mut transaction = self.write().await?;
            for chunk in part.chunks(ROWS_PER_STATEMENT) {
                let mut update = QueryBuilder::new("WITH noted (key, digest) AS (");
                update.push_values(chunk, |mut row, (key, digest)| {
                    row.push_bind(key.as_str()).push_bind(digest.0.to_vec());
                });
                update.push(") UPDATE account SET written = noted.digest FROM noted WHERE join_key = noted.key");
                update.build().execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Whose accounts are at this stage.
    pub async fn accounts_at(&self, stage: Stage) -> Result<HashSet<JoinKey>, StoreError> {
        let mut rows = query("SELECT join_key FROM account WHERE stage = ?1").bind(stage.name()).fetch(&self.reader);
        let mut keys = HashSet::new();
        while let Some(row) = rows.try_next().await? {
            keys.insert(JoinKey::from_text(row.try_get(0)?));
        }
        Ok(keys)
    }

    /// The school year that each school has reached.
    pub async fn school_years(&self) -> Result<HashMap<CompactString, i16>, StoreError> {
        Ok(self.school_rows().await?.into_iter().map(|row| (row.uai, row.year)).collect())
    }

    /// The same, with the day on which it was noted, sorted by UAI.
    pub async fn school_rows(&self) -> Result<Vec<SchoolRow>, StoreError> {
        let rows = query("SELECT uai, year, since FROM school ORDER BY uai").fetch_all(&self.reader).await?;
        let damaged = || StoreError::Damaged { table: "school", reason: "bad date".to_owned() };
        rows.iter()
            .map(|row| {
                let since: Option<&str> = row.try_get(2)?;
                let since = since.map(|day| day.parse().map_err(|_| damaged())).transpose()?;
                Ok(SchoolRow { uai: CompactString::from(row.try_get::<&str, _>(0)?), year: row.try_get(1)?, since })
            })
            .collect()
    }

    /// Notes that schools reached these years on `day`; one that had reached it keeps its day.
    pub async fn set_school_years(&self, years: &[(CompactString, i16)], day: Date) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for (uai, year) in years {
            query(
                "INSERT INTO school (uai, year, since) VALUES (?1, ?2, ?3)
                 ON CONFLICT (uai) DO UPDATE SET year = excluded.year, since = excluded.since WHERE school.year <> excluded.year",
            )
            .bind(uai.as_str())
            .bind(year)
            .bind(day.to_string())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Takes in what a register that was lost or is old did not know, in one transaction.
    pub async fn restore_register(
        &self,
        accounts: &[AccountRow],
        groups: &[(String, Option<Vec<String>>)],
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        save_accounts(&mut transaction, accounts).await?;
        save_groups(&mut transaction, groups).await?;
        transaction.commit().await?;
        self.durable().await
    }

    /// The members (normalised DNs) that the engine put in each group, by cn.
    pub async fn group_members(&self) -> Result<HashMap<String, Vec<String>>, StoreError> {
        let mut rows = query("SELECT cn, members FROM group_state").fetch(&self.reader);
        let mut groups = HashMap::new();
        while let Some(row) = rows.try_next().await? {
            let members: &str = row.try_get(1)?;
            groups.insert(row.try_get(0)?, members.lines().map(str::to_owned).collect());
        }
        Ok(groups)
    }
}

pub(super) const ACCOUNTS: &str =
    "SELECT join_key, dn, profile, stage, since, schools, class, level, expected, adopted, written, gone_since,
     former_class FROM account";

pub(super) fn account_row(row: &Row) -> Result<AccountRow, StoreError> {
    let damaged = |what: &str| StoreError::Damaged { table: "account", reason: format!("bad {what}") };
    Ok(AccountRow {
        join_key: JoinKey::from_text(row.try_get(0)?),
        dn: row.try_get(1)?,
        profile: Profile::from_name(row.try_get(2)?).ok_or_else(|| damaged("profile"))?,
        stage: Stage::from_name(row.try_get(3)?).ok_or_else(|| damaged("stage"))?,
        since: row.try_get::<&str, _>(4)?.parse().map_err(|_| damaged("date"))?,
        schools: row.try_get::<&str, _>(5)?.split_whitespace().map(CompactString::from).collect(),
        class: row.try_get::<Option<&str>, _>(6)?.map(CompactString::from),
        level: row.try_get::<Option<&str>, _>(7)?.map(CompactString::from),
        expected: row.try_get(8)?,
        adopted: row.try_get(9)?,
        written: row
            .try_get::<Option<&[u8]>, _>(10)?
            .map(|bytes| bytes.try_into().map(OwnedDigest).map_err(|_| damaged("digest")))
            .transpose()?,
        left: row
            .try_get::<Option<&str>, _>(11)?
            .map(|day| day.parse().map_err(|_| damaged("first day of absence")))
            .transpose()?,
        former_class: row.try_get::<Option<&str>, _>(12)?.map(CompactString::from),
    })
}

/// Upserts accounts inside a transaction of the caller's.
pub(super) async fn save_accounts(transaction: &mut Transaction, accounts: &[AccountRow]) -> Result<(), StoreError> {
    for chunk in accounts.chunks(ROWS_PER_STATEMENT) {
        let mut upsert = QueryBuilder::new(
            "INSERT INTO account
             (join_key, dn, profile, stage, since, schools, class, level, expected, adopted, written, gone_since,
              former_class) ",
        );
        upsert.push_values(chunk, |mut row, a| {
            row.push_bind(a.join_key.as_str())
                .push_bind(a.dn.as_str())
                .push_bind(a.profile.name())
                .push_bind(a.stage.name())
                .push_bind(a.since.to_string())
                .push_bind(a.schools.join(" "))
                .push_bind(a.class.as_deref())
                .push_bind(a.level.as_deref())
                .push_bind(a.expected)
                .push_bind(a.adopted)
                .push_bind(a.written.map(|digest| digest.0.to_vec()))
                .push_bind(a.left.map(|day| day.to_string()))
                .push_bind(a.former_class.as_deref());
        });
        upsert.push(
            " ON CONFLICT (join_key) DO UPDATE SET dn = excluded.dn, profile = excluded.profile, stage = excluded.stage,
             since = excluded.since, schools = excluded.schools, class = excluded.class, level = excluded.level,
             expected = excluded.expected, adopted = excluded.adopted, written = excluded.written,
             gone_since = excluded.gone_since, former_class = excluded.former_class",
        );
        upsert.build().execute(&mut *transaction).await?;
    }
    Ok(())
}

/// Saves the members that the engine put in groups; `None` forgets a group.
pub(super) async fn save_groups(
    transaction: &mut Transaction,
    groups: &[(String, Option<Vec<String>>)],
) -> Result<(), StoreError> {
    for (cn, members) in groups {
        match members {
            Some(members) => {
                query(
                    "INSERT INTO group_state (cn, members) VALUES (?1, ?2)
                     ON CONFLICT (cn) DO UPDATE SET members = excluded.members",
                )
                .bind(cn)
                .bind(members.join("\n"))
                .execute(&mut *transaction)
                .await?;
            }
            None => {
                query("DELETE FROM group_state WHERE cn = ?1").bind(cn).execute(&mut *transaction).await?;
            }
        }
    }
    Ok(())
}

/// Forgets accounts that the register did not know before.
pub(super) async fn forget_accounts(transaction: &mut Transaction, keys: &[JoinKey]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    query("DELETE FROM account WHERE join_key IN (SELECT value FROM json_each(?1))")
        .bind(json_list(keys))
        .execute(&mut *transaction)
        .await?;
    Ok(())
}
