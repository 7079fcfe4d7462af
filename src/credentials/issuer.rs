//! Issues credentials by the batch, ahead of the directory's writer.
//!
//! The order that makes a crash harmless: [`Issuer::prepare`] draws, hashes and seals on all cores and keeps nothing;
//! [`Issuer::save`] puts the batch into the store, on the disk, as pending; then the directory is written; then
//! [`Store::settle`](crate::store::Store::settle) says what became of each. A crash before the save leaves nothing but
//! work to do again; a crash after it leaves pending envelopes with the very hash to look for or to send again.
//!
//! One issuer at a time works on a store: the caller holds the run lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::addressed::SealedFor;
use super::envelope::{Binding, Content, Label, Serial, bind, seal};
use super::hash::Hasher;
use super::key::{KeyError, PrintKey, Recipient, parse_recipient};
use super::mac::hex;
use super::policy::{Policy, generate};
use super::pool::{self, PoolItem};
use super::scheme::Scheme;
use super::secret::PasswordHash;
use super::{CredentialError, EnvelopeError};
use crate::config::{CredentialsConfig, LettersConfig, Mode, Style};
use crate::feed::values::Uai;
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Profile};
use crate::store::Store;

/// Items that are made between two commits when the pool is filled.
const POOL_CHUNK: usize = 500;

/// An account that needs a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    pub join_key: JoinKey,
    pub uid: Uid,
    pub login: Login,
    pub profile: Profile,
    /// UAI of the schools whose keys may open it too, where they have any.
    pub schools: Vec<Uai>,
    /// For nobody: the hash is of a password that is thrown away, and the envelope is empty.
    pub closed: bool,
    /// A pupil's MEF or, in the first degree, level: some levels have a policy of their own.
    pub course: Option<CompactString>,
}

/// A credential that was made for an account, to be saved and then sent.
#[derive(Debug)]
pub struct Issued {
    pub label: Label,
    pub profile: Profile,
    /// The value of `userPassword`.
    pub hash: PasswordHash,
    pub sealed: Vec<u8>,
    pub binding: Option<Binding>,
    pub sealed_for: SealedFor,
    /// The item of the pool that it was made from.
    pub(crate) pool_item: Option<i64>,
    /// A portal checks it: its hash is kept for it.
    pub(crate) for_portal: bool,
}

/// Makes credentials by the configured policies. Share it by reference; its work runs on all cores.
#[derive(Debug)]
pub struct Issuer {
    tools: Arc<Tools>,
    pool: Mutex<Pool>,
}

/// What the working threads need.
#[derive(Debug)]
struct Tools {
    credentials: CredentialsConfig,
    /// One for each shape that the configuration names.
    policies: Vec<((Style, u32), Policy)>,
    hasher: Hasher,
    /// For profiles whose secret a portal checks: no server's scheme matters there.
    portal: Hasher,
    portals: Vec<Profile>,
    recipients: Vec<Recipient>,
    /// Of schools that have keys of their own.
    schools: BTreeMap<Uai, Vec<Recipient>>,
}

/// What was taken from the pool and not yet saved.
#[derive(Debug, Default)]
struct Pool {
    key: Option<PrintKey>,
    /// Last item taken, per kind.
    after: BTreeMap<String, i64>,
}

impl Issuer {
    /// `scheme` is the one that was proved to open accounts on the server that gets the hashes.
    ///
    /// # Errors
    /// When a profile gets passwords and no recipient is configured, or a recipient or parameter is not valid.
    pub fn new(
        credentials: &CredentialsConfig,
        letters: &LettersConfig,
        scheme: Scheme,
    ) -> Result<Self, CredentialError> {
        let mut policies = Vec::new();
        for (_, _, style, bits) in credentials.shapes() {
            if policies.iter().all(|(shape, _)| *shape != (style, bits)) {
                policies.push(((style, bits), Policy::new(style, bits)?));
            }
        }
        let recipients = letters.recipients.iter().map(|r| parse_recipient(r)).collect::<Result<Vec<_>, _>>()?;
        if recipients.is_empty() && !policies.is_empty() {
            return Err(EnvelopeError::NoRecipient.into());
        }
        let parse =
            |recipients: &[String]| recipients.iter().map(|r| parse_recipient(r)).collect::<Result<Vec<_>, _>>();
        let own = letters.schools.iter().map(|(uai, school)| Ok((uai.clone(), parse(&school.recipients)?)));
        let schools = own.collect::<Result<BTreeMap<_, _>, KeyError>>()?;
        let hasher = Hasher::new(scheme, credentials)?;
        let portal = Hasher::new(Scheme::Argon2, credentials)?;
        let portals = Profile::ALL.into_iter().filter(|p| credentials.of(*p).mode == Mode::Portal).collect();
        let credentials = credentials.clone();
        Ok(Self {
            tools: Arc::new(Tools { credentials, policies, hasher, portal, portals, recipients, schools }),
            pool: Mutex::default(),
        })
    }

    /// How the passwords are hashed.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.tools.hasher.scheme()
    }

    /// The password policy of a profile, whatever the level; `None` when it gets no password (federated).
    #[must_use]
    pub fn policy(&self, profile: Profile) -> Option<&Policy> {
        self.tools.policy(profile, None)
    }

    /// Makes a credential for each account, in their order, from the pool first. Nothing is kept: see
    /// [`Issuer::save`].
    ///
    /// # Errors
    /// When an account's profile gets no password, or hashing or sealing fails.
    pub async fn prepare(
        &self,
        store: &Store,
        accounts: Vec<NewCredential>,
        today: Date,
    ) -> Result<Vec<Issued>, CredentialError> {
        let (items, key) = self.take_from_pool(store, &accounts).await?;
        let tools = Arc::clone(&self.tools);
        on_all_cores(move || {
            accounts
                .into_par_iter()
                .zip(items)
                .map(|(account, item)| tools.issue(account, item.zip(key.as_ref()), today))
                .collect()
        })
        .await
    }

    /// Saves a prepared batch as pending. When this returns, it is on the disk and may be sent to the directory.
    ///
    /// # Errors
    /// As [`Store::save_issued`].
    pub async fn save(&self, store: &Store, batch: &[Issued]) -> Result<(), CredentialError> {
        store.save_issued(batch).await?;
        if batch.iter().any(|issued| issued.pool_item.is_some()) {
            let mut taken = self.pool.lock().await;
            pool::remove_key_when_empty(store).await?;
            if !pool::key_path(store).exists() {
                taken.key = None;
            }
        }
        Ok(())
    }

    /// Makes `count` secrets ahead for a profile, or for its people of one level (`course`: a pupil's MEF or level), by the
    /// policy that they have; `progress` hears how many are made, after each commit.
    ///
    /// # Errors
    /// When the profile gets no password, when the pool's key is unreadable, or when there is a pool whose key is lost
    /// ([`Issuer::discard_pool`] clears it).
    pub async fn fill_pool(
        &self,
        store: &Store,
        profile: Profile,
        course: Option<&str>,
        count: usize,
        mut progress: impl FnMut(usize),
    ) -> Result<(), CredentialError> {
        let kind = self.tools.kind(profile, course)?;
        let course = course.map(CompactString::from);
        // Held all along: nobody removes the key while items are on their way in.
        let mut taken = self.pool.lock().await;
        let path = pool::key_path(store);
        if !path.exists() && !store.pool_counts().await?.is_empty() {
            return Err(CredentialError::PoolKeyLost { path });
        }
        let key = pool::ensure_key(&path)?;
        let public = key.recipient();
        taken.key = Some(key);
        let mut made = 0;
        while made < count {
            let chunk = POOL_CHUNK.min(count - made);
            let (tools, public, course) = (Arc::clone(&self.tools), public.clone(), course.clone());
            let items: Vec<PoolItem> = on_all_cores(move || {
                let policy = tools.policy(profile, course.as_deref()).ok_or(CredentialError::Federated { profile })?;
                let item = |_| PoolItem::make(policy, tools.hasher(profile), &tools.recipients, &public);
                (0..chunk).into_par_iter().map(item).collect()
            })
            .await?;
            store.add_to_pool(&kind, &items).await?;
            made += chunk;
            progress(made);
        }
        Ok(())
    }

    /// How many secrets wait in the pool for a profile, or for one of its levels, as they are configured now: those who have
    /// the same policy share them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn in_pool(&self, store: &Store, profile: Profile, course: Option<&str>) -> Result<u64, CredentialError> {
        let Ok(kind) = self.tools.kind(profile, course) else { return Ok(0) };
        let counts = store.pool_counts().await?;
        Ok(counts.into_iter().find(|(k, _)| *k == kind).map_or(0, |(_, n)| n))
    }

    /// Throws away what no profile uses any more (another policy, parameters or recipients), or everything. Gives how
    /// many secrets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn discard_pool(&self, store: &Store, everything: bool) -> Result<u64, CredentialError> {
        let mut taken = self.pool.lock().await;
        let tools = &self.tools;
        let in_use = |(profile, _, style, bits): (Profile, _, Style, u32)| {
            let (_, policy) = tools.policies.iter().find(|(shape, _)| *shape == (style, bits))?;
            Some(tools.kind_of(profile, policy))
        };
        let keep: Vec<String> =
            if everything { Vec::new() } else { tools.credentials.shapes().filter_map(in_use).collect() };
        let discarded = store.discard_pool(&keep).await?;
        pool::remove_key_when_empty(store).await?;
        taken.key = None;
        Ok(discarded)
    }

    /// One item or none per account.
    async fn take_from_pool(
        &self,
        store: &Store,
        accounts: &[NewCredential],
    ) -> Result<(Vec<Option<PoolItem>>, Option<PrintKey>), CredentialError> {
        let kinds =
            accounts.iter().map(|a| self.tools.kind(a.profile, a.course.as_deref())).collect::<Result<Vec<_>, _>>()?;
        let mut items: Vec<Option<PoolItem>> = accounts.iter().map(|_| None).collect();
        let mut taken = self.pool.lock().await;
        if taken.key.is_none() {
            taken.key = pool::existing_key(&pool::key_path(store))?;
        }
        let Some(key) = taken.key.clone() else { return Ok((items, None)) };
        let mut wanted: BTreeMap<&String, usize> = BTreeMap::new();
        for (kind, _) in kinds.iter().zip(accounts).filter(|(_, account)| self.tools.serves(account)) {
            *wanted.entry(kind).or_default() += 1;
        }
        for (kind, most) in wanted {
            let after = taken.after.get(kind).copied().unwrap_or(0);
            let found = store.pool_items(kind, after, most).await?;
            if let Some(last) = found.last() {
                taken.after.insert(kind.clone(), last.id);
            }
            let open = accounts.iter().map(|account| self.tools.serves(account));
            let places = items.iter_mut().zip(&kinds).zip(open);
            let places = places.filter(|((_, k), open)| *k == kind && *open).map(|((place, _), _)| place);
            places.zip(found).for_each(|(place, item)| *place = Some(item));
        }
        Ok((items, Some(key)))
    }
}

impl Tools {
    fn policy(&self, profile: Profile, course: Option<&str>) -> Option<&Policy> {
        if !self.credentials.of(profile).mode.issues() {
            return None;
        }
        let wanted = self.credentials.shape(profile, course);
        self.policies.iter().find(|(shape, _)| *shape == wanted).map(|(_, policy)| policy)
    }

    /// Whether an item of the pool may serve: it is sealed for the project alone, and nobody who makes plans could seal
    /// it anew for a school.
    fn serves(&self, account: &NewCredential) -> bool {
        !account.closed && !account.schools.iter().any(|uai| self.schools.contains_key(uai))
    }

    /// For whom somebody's envelope is sealed.
    fn recipients(&self, schools: &[Uai]) -> Vec<Recipient> {
        let mut recipients = self.recipients.clone();
        for recipient in schools.iter().filter_map(|uai| self.schools.get(uai)).flatten() {
            if !recipients.contains(recipient) {
                recipients.push(recipient.clone());
            }
        }
        recipients
    }

    fn hasher(&self, profile: Profile) -> &Hasher {
        if self.portals.contains(&profile) { &self.portal } else { &self.hasher }
    }

    /// What an item of the pool must agree with to serve this profile and course.
    fn kind(&self, profile: Profile, course: Option<&str>) -> Result<String, CredentialError> {
        let policy = self.policy(profile, course).ok_or(CredentialError::Federated { profile })?;
        Ok(self.kind_of(profile, policy))
    }

    fn kind_of(&self, profile: Profile, policy: &Policy) -> String {
        let mut recipients: Vec<String> = self.recipients.iter().map(ToString::to_string).collect();
        recipients.sort();
        let recipients = hex(&Sha256::digest(recipients.join("\n")));
        format!("{}/{}/{recipients}", policy.name(), self.hasher(profile).name())
    }

    fn issue(
        &self,
        account: NewCredential,
        item: Option<(PoolItem, &PrintKey)>,
        today: Date,
    ) -> Result<Issued, CredentialError> {
        let (profile, course) = (account.profile, account.course);
        let (closed, schools) = (account.closed, account.schools);
        let label = Label {
            uid: account.uid,
            login: account.login,
            join_key: account.join_key,
            serial: Serial::fresh(),
            issued: today,
        };
        let for_portal = self.portals.contains(&profile);
        let issued = |label, hash, sealed, binding, recipients: &[Recipient], pool_item| Issued {
            label,
            profile,
            hash,
            sealed,
            binding,
            sealed_for: SealedFor::of(recipients),
            pool_item,
            for_portal,
        };
        if let Some((item, key)) = item {
            match item.material(key) {
                Ok((hash, binding_key)) => {
                    let binding = Some(bind(&binding_key, &label, &item.sealed));
                    return Ok(issued(label, hash, item.sealed, binding, &self.recipients, Some(item.id)));
                }
                // A damaged item costs its time again and nothing else.
                Err(error) => tracing::warn!(item = item.id, %error, "an item of the pool cannot be used"),
            }
        }
        let policy = self.policy(profile, course.as_deref()).ok_or(CredentialError::Federated { profile })?;
        let mut rng = rand::rng();
        let secret = generate(policy, &mut rng);
        let hash = self.hasher(profile).hash(&secret, &mut rng)?;
        if closed {
            return Ok(issued(label, hash, Vec::new(), None, &[], None));
        }
        let content = Content { label, secret };
        let recipients = self.recipients(&schools);
        let sealed = seal(&recipients, &content)?;
        Ok(issued(content.label, hash, sealed, None, &recipients, None))
    }
}

/// Runs `work`, which spreads itself with rayon, off the async executor.
async fn on_all_cores<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CredentialError> + Send + 'static,
) -> Result<T, CredentialError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| CredentialError::Interrupted)?
}
