//! `rentree doctor`: what is right, what is not, and how to mend it.

use rentree::config::{Config, DirectoryKind, Mode};
use rentree::credentials::{Astray, Policy, astray, generate, parse_recipient};
use rentree::directory::Search;
use rentree::directory::dialect::Dialect;
use rentree::feed::table::Earlier;
use rentree::image::Reader;
use rentree::roster::Profile;
use rentree::store::Store;
use serde::Serialize;

use super::exit::Failure;
use super::{Global, output};

mod bind_rate;
mod lockout;
mod server;
mod texts;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints the access rules that the account of the runs needs, and nothing more
    #[arg(long, value_name = "SERVER", conflicts_with_all = ["schema", "bind_rate"])]
    rights: Option<texts::Server>,
    /// With `--rights`: also the right to delete people, for `purge`
    #[arg(long, requires = "rights")]
    purge: bool,
    /// Prints the definitions of the ENT for this kind of server, all of them
    #[arg(long, value_name = "SERVER", conflicts_with = "bind_rate")]
    schema: Option<texts::Server>,
    /// Measures for some seconds how many passwords the server verifies, on an entry that is removed afterwards
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5",
          value_parser = clap::value_parser!(u64).range(1..=60))]
    bind_rate: Option<u64>,
    /// Tries on an entry, removed afterwards, whether the server locks an account after ten wrong passwords
    #[arg(long, conflicts_with_all = ["rights", "schema", "bind_rate"])]
    lockout: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    /// Works, and deserves a look.
    Warning,
    Bad,
}

#[derive(Debug, Serialize)]
struct Check {
    what: String,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn good(&mut self, what: &str, found: impl Into<String>) {
        self.0.push(Check { what: what.to_owned(), state: State::Good, found: found.into(), hint: None });
    }
    fn warning(&mut self, what: &str, found: impl Into<String>, hint: &str) {
        let hint = Some(hint.to_owned());
        self.0.push(Check { what: what.to_owned(), state: State::Warning, found: found.into(), hint });
    }
    fn bad(&mut self, what: &str, found: impl Into<String>, hint: &str) {
        let hint = Some(hint.to_owned());
        self.0.push(Check { what: what.to_owned(), state: State::Bad, found: found.into(), hint });
    }
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let config = Config::load(&global.config)?;
    if let Some(server) = args.rights {
        return texts::rights(&config, server, args.purge);
    }
    if let Some(server) = args.schema {
        return texts::schema(server);
    }
    if let Some(seconds) = args.bind_rate {
        return bind_rate::run(global, &config, std::time::Duration::from_secs(seconds)).await;
    }
    let mut checks = Checks::default();
    checks.good("configuration", config.path.display().to_string());
    sources(&config, &mut checks);
    let store = match Store::of(&config.store).await {
        Ok(store) => {
            checks.good("registre", config.store.place().to_owned());
            Some(store)
        }
        Err(error) => {
            checks.bad("registre", chain(&error), "vérifiez le chemin de store.url et les droits du dossier");
            None
        }
    };
    let dialect = match Dialect::load(&config.directory) {
        Ok(dialect) => {
            checks.good("dialecte", config.directory.dialect.preset.as_deref().unwrap_or("sdet-siren").to_owned());
            Some(dialect)
        }
        Err(error) => {
            checks.bad("dialecte", chain(&error), "corrigez [directory.dialect] ou le fichier qu'il nomme");
            None
        }
    };
    if let (Some(store), Some(dialect)) = (&store, &dialect) {
        directory(&config, store, dialect, args.lockout, &mut checks).await;
    }
    credentials(&config, &mut checks);
    if let Some(store) = &store {
        seals(&config, store, &mut checks).await;
    }
    #[cfg(feature = "letters")]
    letters(&config, &mut checks);
    let bad = checks.0.iter().any(|c| c.state == State::Bad);
    if global.json {
        output::json(&checks.0)?;
    } else {
        let mut text = String::new();
        for check in &checks.0 {
            let mark = match check.state {
                State::Good => "✓",
                State::Warning => "!",
                State::Bad => "✗",
            };
            text.push_str(&format!("{mark} {:<16} {}\n", check.what, check.found));
            if let Some(hint) = &check.hint {
                text.push_str(&format!("  {:<16} → {hint}\n", ""));
            }
        }
        output::text(&text)?;
    }
    Ok(u8::from(bad))
}

fn sources(config: &Config, checks: &mut Checks) {
    if config.sources.is_empty() {
        checks.bad("sources", "aucune", "ajoutez une section [[source]]");
    }
    for source in &config.sources {
        let what = format!("source {}", source.name);
        match Reader::of(source, Earlier::default()).and_then(|reader| reader.survey()) {
            Ok(offer) => {
                let complete = offer.complete.as_ref().map_or_else(
                    || "aucune livraison complète".to_owned(),
                    |delivery| {
                        let date = delivery.date.map_or_else(|| "(non datée)".to_owned(), |d| d.to_string());
                        format!("{} fichiers, livraison complète du {date}", delivery.parts.len())
                    },
                );
                let found = match offer.deltas.len() {
                    0 => complete,
                    n => format!("{complete}, {n} différentielle(s) depuis"),
                };
                checks.good(&what, found);
            }
            Err(error) => {
                checks.bad(&what, chain(&error), "vérifiez source.path : dossier, .zip ou .tar.gz de l'export");
            }
        }
    }
}

async fn directory(config: &Config, store: &Store, dialect: &Dialect, lockout: bool, checks: &mut Checks) {
    let directory = match super::session::open_directory(config, store).await {
        Ok(directory) => directory,
        Err(failure) => {
            checks.bad(
                "annuaire",
                format!("{:#}", failure.report),
                "vérifiez [directory] : url, bind_dn, password_file",
            );
            return;
        }
    };
    checks.good("annuaire", directory.describe());
    if config.directory.kind == DirectoryKind::Embedded {
        checks.warning("annuaire", "annuaire embarqué, pour essayer", "kind = \"ldap\" écrit dans l'annuaire de l'ENT");
    }
    for base in [dialect.people_branch(), dialect.structures_branch(), dialect.groups_branch()] {
        let search = Search { base: base.clone(), filter: "(objectClass=*)".into(), attributes: vec!["1.1".into()] };
        let seen = branch(&*directory, search).await;
        match seen {
            Ok(true) => checks.good("branche", base.to_string()),
            Ok(false) => checks.warning("branche", format!("{base} n'existe pas"), "le premier plan la créera"),
            Err(error) => checks.bad("branche", chain(&error), "donnez au compte le droit de lire cette branche"),
        }
    }
    if let Err(error) = server::check(config, &*directory, dialect, checks).await {
        checks.bad("annuaire", chain(&error), "relancez quand le serveur répond");
    }
    lockout::check(config, store, &*directory, dialect, lockout, checks).await;
    lockout::must_change(config, &*directory, checks).await;
}

async fn branch(
    directory: &dyn rentree::directory::Directory,
    search: Search,
) -> Result<bool, rentree::directory::DirectoryError> {
    let base = search.base.clone();
    directory.read(&base).await.map(|entry| entry.is_some())
}

fn credentials(config: &Config, checks: &mut Checks) {
    let argon2 = &config.credentials.argon2;
    let found = format!("argon2id {} Kio × {} passes × {}", argon2.memory_kib, argon2.passes, argon2.lanes);
    if argon2.is_weak() {
        checks.warning("hachage", found, "sous le minimum de l'OWASP (19456 Kio × 2) : à réserver aux essais");
    } else {
        checks.good("hachage", found);
    }
    secrets(config, checks);
    if config.letters.recipients.is_empty() {
        checks.bad(
            "clé d'impression",
            "letters.recipients est vide",
            "rentree init --key-only --key-out FICHIER en fabrique une",
        );
    }
    for recipient in &config.letters.recipients {
        match parse_recipient(recipient) {
            Ok(_) => checks.good("clé d'impression", recipient.clone()),
            Err(error) => checks.bad("clé d'impression", chain(&error), "une clé publique age (age1…)"),
        }
    }
    for (uai, school) in &config.letters.schools {
        let what = format!("clé {}", uai.as_str());
        for recipient in &school.recipients {
            match parse_recipient(recipient) {
                Ok(_) => checks.good(&what, format!("{recipient} ; ses secrets ne viennent pas du stock préparé")),
                Err(error) => checks.bad(&what, chain(&error), "une clé publique age (age1…)"),
            }
        }
    }
    for (name, shop) in &config.letters.shops {
        let what = format!("imprimeur {name}");
        for recipient in &shop.recipients {
            match parse_recipient(recipient) {
                Ok(_) => checks.good(&what, recipient.clone()),
                Err(error) => checks.bad(&what, chain(&error), "la clé publique age de l'imprimeur (age1…)"),
            }
        }
    }
}

/// Whether the envelopes are sealed for whom the configuration names.
async fn seals(config: &Config, store: &Store, checks: &mut Checks) {
    use crate::cli::reseal::{HINT, in_words, unknown_in_words};
    let what = "enveloppes";
    match astray(store, &config.letters).await {
        Ok(Astray { to_reseal: 0, unknown: 0 }) => checks.good(what, "scellées pour les clés de la configuration"),
        Ok(Astray { to_reseal: 0, unknown }) => checks.warning(what, unknown_in_words(unknown), HINT),
        Ok(Astray { to_reseal, .. }) => checks.warning(what, in_words(to_reseal), HINT),
        Err(error) => checks.bad(what, chain(&error), "corrigez letters.recipients et [letters.schools]"),
    }
}

/// What each profile and level gets: the style, an example that was just drawn and opens nothing, the chance in it.
fn secrets(config: &Config, checks: &mut Checks) {
    for profile in Profile::ALL.into_iter().filter(|p| config.credentials.of(*p).mode == Mode::Federated) {
        checks.good(&format!("secret {profile}"), "aucun : connexion fédérée");
    }
    for (profile, level, style, bits) in config.credentials.shapes() {
        let levels = level.map(|level| format!(" ({})", level.levels.join(", "))).unwrap_or_default();
        let what = format!("secret {profile}{levels}");
        let mode = if config.credentials.of(profile).mode == Mode::Portal { "portal" } else { "bind" };
        match Policy::new(style, bits) {
            Ok(policy) => checks.good(
                &what,
                format!(
                    "{style}, par exemple {} : {:.1} bits, {} caractères au plus, mode {mode}",
                    generate(&policy, &mut rand::rng()).expose(),
                    policy.entropy_bits(),
                    policy.length()
                ),
            ),
            Err(error) => checks.bad(&what, chain(&error), "changez entropy_bits ou style dans [credentials]"),
        }
    }
}

#[cfg(feature = "letters")]
fn letters(config: &Config, checks: &mut Checks) {
    if config.letters.login_url.is_empty() {
        checks.bad("fiches", "letters.login_url est vide", "l'adresse de connexion que liront les familles");
    } else {
        checks.good("fiches", config.letters.login_url.clone());
    }
    if let Some(template) = &config.letters.template {
        match std::fs::metadata(template) {
            Ok(_) => checks.good("modèle", template.display().to_string()),
            Err(error) => {
                checks.bad("modèle", format!("{} : {error}", template.display()), "corrigez letters.template");
            }
        }
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" : {cause}"));
        source = cause.source();
    }
    text
}
