//! The server: what it is, whether it knows the dialect, what slows it down, whether it is the right one.

use std::time::Duration;

use rentree::config::{Config, PasswordScheme};
use rentree::directory::dialect::{Dialect, Kind, Source};
use rentree::directory::schema::missing;
use rentree::directory::survey::{self, CONTROLS, Settings};
use rentree::directory::{Directory, DirectoryError, Dn, Entry};
use rentree::plan::SchemaGap;

use super::{Checks, chain, texts};

/// Groups beyond this many members are slow to change unless their values are kept sorted or apart.
const LARGE_GROUP: usize = 2_000;
/// Below this many accounts a search without index is not told from one with it.
const ENOUGH_ACCOUNTS: u64 = 5_000;
/// A search by an index takes less on any machine.
const SLOW_SEARCH: Duration = Duration::from_millis(50);

pub async fn check(
    config: &Config,
    directory: &dyn Directory,
    dialect: &Dialect,
    checks: &mut Checks,
) -> Result<(), DirectoryError> {
    let Some(root) = directory.root().await? else { return Ok(()) };
    let vendor = survey::vendor(&root);
    checks.good("serveur", if vendor.is_empty() { "ne dit pas son nom" } else { vendor.as_str() });
    controls(&root, checks);
    replica(config, directory, dialect, checks).await?;
    schema(directory, dialect, checks).await?;
    let settings = Settings::read(directory).await;
    account(config, settings.as_ref(), checks);
    branches(directory, dialect, settings.as_ref(), checks).await?;
    passwords(config, &vendor, checks);
    Ok(())
}

fn controls(root: &Entry, checks: &mut Checks) {
    let (there, lacking): (Vec<_>, Vec<_>) = CONTROLS.iter().partition(|(oid, ..)| survey::supports(root, oid));
    let names = |list: &[&(&str, &str, &str)]| list.iter().map(|(_, name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut found = names(&there);
    if !lacking.is_empty() {
        found = format!("{found} ; sans {}", names(&lacking));
    }
    if there.iter().any(|(_, name, _)| *name == "PagedResults") {
        checks.good("contrôles", found);
    } else {
        checks.warning("contrôles", found, "sans pages, le compte doit pouvoir lire toute la branche d'un coup");
    }
}

async fn replica(
    config: &Config,
    directory: &dyn Directory,
    dialect: &Dialect,
    checks: &mut Checks,
) -> Result<(), DirectoryError> {
    let hint = "mettez dans directory.url le serveur qui écrit ; directory.replica = false si c'est bien celui-ci";
    match (config.directory.replica, survey::replica(directory, dialect).await?) {
        (Some(true), _) => checks.bad("réplica", "directory.replica = true : aucun plan n'en sera tiré", hint),
        (Some(false), Some(reason)) => {
            checks.warning("réplica", format!("semble n'être que lu ({reason})"), "directory.replica = false l'admet");
        }
        (None, Some(reason)) => checks.bad("réplica", format!("n'accepte pas d'écriture : {reason}"), hint),
        (_, None) => checks.good("réplica", "non : le serveur accepte les écritures"),
    }
    Ok(())
}

async fn schema(directory: &dyn Directory, dialect: &Dialect, checks: &mut Checks) -> Result<(), DirectoryError> {
    let Some(schema) = directory.schema().await? else {
        checks.warning(
            "schéma",
            "illisible : les plans ne sont pas vérifiés avant l'écriture",
            "donnez au compte le droit de lire l'entrée racine et le sous-schéma (subschemaSubentry)",
        );
        return Ok(());
    };
    let (attributes, classes) = schema.size();
    match SchemaGap::of(dialect, &schema) {
        Ok(()) => checks.good("schéma", format!("{attributes} attributs, {classes} classes ; tout le dialecte y est")),
        Err(gap) => {
            let missing = missing(&schema, &gap.classes, &gap.attributes);
            let mut hint =
                format!("chargez ces définitions :\n{}", texts::cn_config(&missing.attributes, &missing.classes));
            if !missing.elsewhere.is_empty() {
                hint.push_str(&format!(
                    "# d'un autre schéma (core, cosine, inetorgperson ou celui du projet) : {}\n",
                    missing.elsewhere.join(", ")
                ));
            }
            hint.push_str("# 389 DS : rentree doctor --schema 389 > /etc/dirsrv/slapd-<instance>/schema/60ent.ldif");
            checks.bad("schéma", lacks(&gap), &hint);
        }
    }
    Ok(())
}

fn lacks(gap: &SchemaGap) -> String {
    [
        ("classes inconnues", &gap.classes),
        ("attributs inconnus", &gap.attributes),
        ("attributs que personne ne peut écrire", &gap.protected),
    ]
    .iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(title, names)| format!("{title} : {}", names.join(", ")))
    .collect::<Vec<_>>()
    .join(" ; ")
}

fn account(config: &Config, settings: Option<&Settings>, checks: &mut Checks) {
    let Some(name) = config.directory.bind_dn.as_deref() else { return };
    let hint = "donnez à Rentrée un compte à lui : rentree doctor --rights openldap (ou 389) en écrit les droits";
    let heads = ["cn=admin,", "cn=manager,", "cn=root,", "cn=directory manager"];
    let named = Dn::parse(name).is_ok_and(|dn| heads.iter().any(|head| dn.normalised().starts_with(head)));
    match settings {
        Some(settings) if settings.is_root(name) => {
            checks.warning("compte", "c'est l'administrateur du serveur (rootDN) : aucune règle ne le limite", hint);
        }
        _ if named => {
            checks.warning("compte", "d'après son nom, c'est l'administrateur du serveur", hint);
        }
        Some(_) => checks.good("compte", format!("{name} : un compte ordinaire")),
        None => checks.good("compte", format!("{name} : ordinaire d'après son nom (cn=config n'est pas lisible)")),
    }
}

async fn branches(
    directory: &dyn Directory,
    dialect: &Dialect,
    settings: Option<&Settings>,
    checks: &mut Checks,
) -> Result<(), DirectoryError> {
    let people = dialect.people_branch();
    let accounts = match survey::read_branch(directory, people, "1.1").await {
        Ok(read) => {
            let (n, seconds) = (read.entries, read.took.as_secs_f64());
            checks.good("lecture", format!("{people} lue en entier : {n} entrée(s) en {seconds:.1} s"));
            n
        }
        Err(error @ DirectoryError::Rejected { .. }) => {
            checks.bad(
                "lecture",
                format!("{people} n'est pas lue jusqu'au bout : {}", chain(&error)),
                "olcLimits: dn.exact=<compte> size=unlimited ; 389 DS : nsSizeLimit, nsLookThroughLimit, nsPagedSizeLimit à -1",
            );
            0
        }
        Err(error) => return Err(error),
    };
    join_key(directory, dialect, settings, accounts, checks).await?;
    let groups = dialect.groups_branch();
    if let Ok(read) = survey::read_branch(directory, groups, "member").await {
        let most = read.most_values;
        let kept = settings.map(|s| s.multival || s.sorted.iter().any(|name| name == "member"));
        match kept {
            _ if most <= LARGE_GROUP => checks.good("groupes", format!("le plus grand a {most} membre(s)")),
            Some(true) => checks.good("groupes", format!("le plus grand a {most} membres, rangés pour cela")),
            kept => checks.warning(
                "groupes",
                format!(
                    "le plus grand a {most} membres{}",
                    if kept.is_none() { " ; la configuration du serveur n'est pas lisible" } else { "" }
                ),
                "OpenLDAP : olcSortVals: member (cn=config) ou olcMultival: member 1000,100 (base mdb)",
            ),
        }
    }
    Ok(())
}

async fn join_key(
    directory: &dyn Directory,
    dialect: &Dialect,
    settings: Option<&Settings>,
    accounts: u64,
    checks: &mut Checks,
) -> Result<(), DirectoryError> {
    let Some(attribute) = dialect.attribute(Kind::Staff, Source::JoinKey) else { return Ok(()) };
    let hint = format!("OpenLDAP : olcDbIndex: {attribute} eq");
    if let Some(settings) = settings {
        if settings.indexed.iter().any(|name| name.eq_ignore_ascii_case(attribute)) {
            checks.good("index", format!("{attribute} : indexé"));
        } else {
            checks.warning("index", format!("{attribute} n'est pas indexé"), &hint);
        }
        return Ok(());
    }
    let took = survey::look_up(directory, dialect.people_branch(), attribute).await?;
    let found = format!(
        "{attribute} : une recherche dure {} ms (mesuré : la configuration n'est pas lisible)",
        took.as_millis()
    );
    if accounts < ENOUGH_ACCOUNTS {
        checks.good("index", format!("{found} ; trop peu de comptes pour en conclure"));
    } else if took > SLOW_SEARCH {
        checks.warning("index", format!("{found} : sans doute pas d'index"), &hint);
    } else {
        checks.good("index", found);
    }
    Ok(())
}

fn passwords(config: &Config, vendor: &str, checks: &mut Checks) {
    let likely = if vendor.starts_with("389") { "pbkdf2-sha512" } else { "argon2, si le serveur a ce module" };
    let found = match config.directory.password_scheme {
        PasswordScheme::Auto => format!("auto : le plus fort que le serveur vérifie (sans doute {likely})"),
        PasswordScheme::Argon2 => "argon2".to_owned(),
        PasswordScheme::Pbkdf2Sha512 => format!("pbkdf2-sha512, {} tours", config.credentials.pbkdf2_rounds),
        PasswordScheme::Ssha512 => {
            checks.warning(
                "mots de passe",
                "ssha512 : rapide à essayer si l'annuaire est volé",
                "OpenLDAP : chargez le module argon2, et laissez password_scheme à auto",
            );
            return;
        }
    };
    checks.good("mots de passe", format!("{found} ; éprouvé avant toute écriture, et par --bind-rate"));
}
