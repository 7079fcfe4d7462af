//! What a server is like: its name, what it supports, whether it is the one that is written, how it is set up as far
//! as the account may see. Nothing here changes anything.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;

use super::dialect::Dialect;
use super::{Directory, DirectoryError, Dn, Entry, Operation, Pace, Search};

/// Controls that make a difference, by OID: their name, and what they serve here.
pub const CONTROLS: [(&str, &str, &str); 5] = [
    ("1.2.840.113556.1.4.319", "PagedResults", "lire une grande branche par pages"),
    ("1.3.6.1.1.12", "Assertion", "n'écrire que si la fiche n'a pas changé"),
    ("1.3.6.1.1.13.1", "PreRead", "voir la fiche telle qu'elle était"),
    ("1.3.6.1.1.13.2", "PostRead", "voir la fiche telle qu'elle est écrite"),
    ("1.3.6.1.4.1.42.2.27.8.5.1", "ppolicy", "règles de mots de passe"),
];

/// The server in its own words. OpenLDAP says nothing but the class of its root entry.
#[must_use]
pub fn vendor(root: &Entry) -> String {
    if root.texts("objectClass").any(|class| class.eq_ignore_ascii_case("OpenLDAProotDSE")) {
        return "OpenLDAP".to_owned();
    }
    let words: Vec<&str> = [root.first("vendorName"), root.first("vendorVersion")].into_iter().flatten().collect();
    words.join(", ")
}

/// Whether the root entry lists a control.
#[must_use]
pub fn supports(root: &Entry, oid: &str) -> bool {
    root.texts("supportedControl").any(|known| known == oid)
}

/// Why the server is not the one to write to; `None` when it takes writes.
///
/// The account often may not read how replication is set up. So the server is asked to delete an entry that was never
/// there: a shadow answers with the address of its provider, or that it is unwilling, before it looks for the entry;
/// a server that writes says that there is none. A shadow that forwards writes (`slapo-chain`) is seen only where
/// `cn=config` may be read; `directory.replica` says it for all others.
///
/// # Errors
/// When the server cannot be reached.
pub async fn replica(directory: &dyn Directory, dialect: &Dialect) -> Result<Option<String>, DirectoryError> {
    if directory.root().await?.is_none() {
        return Ok(None);
    }
    let nobody = dialect.probe(&uuid::Uuid::new_v4().simple().to_string(), "").dn;
    match directory.execute(&[Operation::Delete(nobody)], &Pace::unlimited()).await.pop() {
        Some(Err(DirectoryError::Rejected { code: 10 | 53, reason, .. })) => return Ok(Some(reason)),
        Some(Err(error @ DirectoryError::Unreachable { .. })) => return Err(error),
        _ => {}
    }
    let settings = Settings::read(directory).await;
    Ok(settings.filter(|s| s.forwards).map(|_| "its configuration makes it a consumer (olcUpdateRef)".to_owned()))
}

/// What of a server's configuration the account may read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Names to whom no rule applies.
    pub root_dns: Vec<String>,
    /// Attributes with an index for equality, in lower case.
    pub indexed: Vec<String>,
    /// Attributes whose values are kept sorted (`olcSortVals`), in lower case.
    pub sorted: Vec<String>,
    /// Attributes kept apart beyond some number of values (`olcMultival`).
    pub multival: bool,
    /// Writes go to another server.
    forwards: bool,
}

impl Settings {
    /// `None` when `cn=config` may not be read.
    pub async fn read(directory: &dyn Directory) -> Option<Self> {
        let base = Dn::parse("cn=config").ok()?;
        let search = Search { base, filter: "(objectClass=*)".into(), attributes: Vec::new() };
        let entries: Vec<Entry> = directory.search(search).await.ok()?.try_collect().await.ok()?;
        let settings = Self::of(&entries);
        (!settings.root_dns.is_empty()).then_some(settings)
    }

    /// From the entries of OpenLDAP or 389 DS.
    fn of(entries: &[Entry]) -> Self {
        let mut settings = Self::default();
        let all = |attribute: &str| -> Vec<String> {
            entries.iter().flat_map(|e| e.texts(attribute)).map(str::to_owned).collect()
        };
        settings.root_dns = [all("olcRootDN"), all("nsslapd-rootdn")].concat();
        settings.sorted = all("olcSortVals").iter().flat_map(|v| words(v)).collect();
        settings.multival = !all("olcMultival").is_empty();
        settings.forwards = !all("olcUpdateRef").is_empty();
        for index in all("olcDbIndex") {
            // `uid,cn eq,sub`; without kinds the default applies, which has equality nearly always.
            let (names, kinds) = index.split_once(' ').unwrap_or((&index, "eq"));
            if words(kinds).iter().any(|kind| kind == "eq") {
                settings.indexed.extend(words(names));
            }
        }
        // 389 DS: an entry per attribute.
        for entry in entries.iter().filter(|e| e.texts("nsIndexType").any(|kind| kind.eq_ignore_ascii_case("eq"))) {
            settings.indexed.extend(entry.first("cn").map(str::to_ascii_lowercase));
        }
        settings
    }

    /// Whether this name is one to whom no rule applies.
    #[must_use]
    pub fn is_root(&self, name: &str) -> bool {
        Dn::parse(name).is_ok_and(|name| self.root_dns.iter().any(|root| Dn::parse(root).is_ok_and(|r| r == name)))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// A branch read to its end.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    pub entries: u64,
    /// The most values that one entry has of the attribute that was asked for.
    pub most_values: usize,
    pub took: Duration,
}

/// Reads everything below a branch, as a plan does, and counts.
///
/// # Errors
/// When the server stops before the end: limits of size, mostly.
pub async fn read_branch(directory: &dyn Directory, base: &Dn, attribute: &str) -> Result<Read, DirectoryError> {
    let started = Instant::now();
    let search =
        Search { base: base.clone(), filter: "(objectClass=*)".into(), attributes: vec![attribute.to_owned()] };
    let mut found = directory.search(search).await?;
    let (mut entries, mut most_values) = (0, 0);
    while let Some(entry) = found.try_next().await? {
        entries += 1;
        most_values = most_values.max(entry.values(attribute).len());
    }
    Ok(Read { entries, most_values, took: started.elapsed() })
}

/// How long it takes to find that nobody has this value: the time of an index, or of reading everything.
///
/// # Errors
/// When the server does not answer.
pub async fn look_up(directory: &dyn Directory, base: &Dn, attribute: &str) -> Result<Duration, DirectoryError> {
    let value = uuid::Uuid::new_v4().simple().to_string();
    let search = Search {
        base: base.clone(),
        filter: format!("({attribute}=RENTREE$sonde-{value})"),
        attributes: vec!["1.1".to_owned()],
    };
    let started = Instant::now();
    let _: Vec<Entry> = directory.search(search).await?.try_collect().await?;
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dn: &str, values: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::new(Dn::parse(dn).unwrap());
        for (name, value) in values {
            entry.push(name, [*value]);
        }
        entry
    }

    #[test]
    fn what_configurations_say() {
        let settings = Settings::of(&[
            entry("cn=config", &[("olcSortVals", "member memberUid")]),
            entry(
                "olcDatabase={1}mdb,cn=config",
                &[
                    ("olcRootDN", "cn=admin, dc=fr"),
                    ("olcDbIndex", "uid,ENTPersonJointure eq,pres"),
                    ("olcDbIndex", "cn sub"),
                    ("olcDbIndex", "mail"),
                ],
            ),
            entry("cn=sn,cn=index,cn=userRoot,cn=x,cn=config", &[("cn", "sn"), ("nsIndexType", "eq")]),
        ]);
        assert_eq!(settings.indexed, ["uid", "entpersonjointure", "mail", "sn"]);
        assert_eq!(settings.sorted, ["member", "memberuid"]);
        assert!(settings.is_root("CN=admin,dc=fr") && !settings.is_root("cn=rentree,dc=fr"));
        assert!(!settings.forwards && !settings.multival);
    }

    #[test]
    fn servers_are_called_by_their_own_words() {
        assert_eq!(vendor(&entry("", &[("objectClass", "OpenLDAProotDSE")])), "OpenLDAP");
        let named = entry("", &[("vendorName", "389 Project"), ("vendorVersion", "389-Directory/2.3.1")]);
        assert_eq!(vendor(&named), "389 Project, 389-Directory/2.3.1");
        assert_eq!(vendor(&entry("", &[])), "");
    }
}
