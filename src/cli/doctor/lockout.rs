//! Whether the server locks out whoever tries passwords. It is proved on a probe, and only where short codes need it or
//! where it is asked for (`--lockout`): otherwise `doctor` writes nothing to the directory.

use rentree::apply::lockout::{self, FAILURES, FRESH_DAYS};
use rentree::apply::must_change::is_marked;
use rentree::apply::probe::prove;
use rentree::config::{Config, DirectoryKind};
use rentree::credentials::{Policy, Scheme};
use rentree::directory::Directory;
use rentree::directory::dialect::Dialect;
use rentree::store::{RunLock, Store};

use super::super::session::clock;
use super::{Checks, chain};

const WHAT: &str = "verrouillage";

/// Bits of a password that nothing else protects (CNIL, deliberation 2022-100, case 1).
const ALONE: f64 = 80.0;

/// `asked`: it is proved even where nothing depends on it.
pub async fn check(
    config: &Config,
    store: &Store,
    directory: &dyn Directory,
    dialect: &Dialect,
    asked: bool,
    checks: &mut Checks,
) {
    let server = directory.describe();
    if !asked && !lockout::is_needed(&config.credentials) {
        return unproved(config, store, &server, checks).await;
    }
    let _lock = match RunLock::take(store, "doctor").await {
        Ok(lock) => lock,
        Err(error) => return checks.bad(WHAT, chain(&error), "relancez quand l'exécution en cours sera finie"),
    };
    let allowed = Scheme::allowed(config.directory.password_scheme);
    let locks = match prove(directory, dialect, &config.credentials, &allowed).await {
        Ok(proof) => lockout::prove(directory, dialect, &config.credentials, proof.scheme).await,
        Err(error) => Err(error),
    };
    let locks = match locks {
        Ok(locks) => locks,
        Err(error) => {
            return checks.bad(
                WHAT,
                chain(&error),
                "les codes de moins de 50 bits ne seront pas émis sans cette preuve",
            );
        }
    };
    if let Err(error) = store.note_lockout(&server, clock().date(), locks).await {
        return checks.bad(WHAT, chain(&error), "vérifiez le registre");
    }
    if locks {
        checks.good(WHAT, format!("éprouvé : {FAILURES} essais faux ferment le compte ; vaut {FRESH_DAYS} jours"));
    } else {
        checks.bad(
            WHAT,
            format!("{FAILURES} essais faux ne ferment pas le compte : les codes de moins de 50 bits ne sont pas émis"),
            "OpenLDAP : overlay ppolicy, olcPPolicyDefault vers une règle avec pwdLockout: TRUE et pwdMaxFailure: 10 au \
             plus ; 389 DS : passwordLockout: on, passwordMaxFailure: 10 au plus ; ou 80 bits dans [credentials]",
        );
    }
}

/// What is known from before, where nothing is tried: short passwords want something that slows down whoever tries them.
async fn unproved(config: &Config, store: &Store, server: &str, checks: &mut Checks) {
    let seen = match store.lockout(server).await {
        Ok(seen) => seen,
        Err(error) => return checks.bad(WHAT, chain(&error), "vérifiez le registre"),
    };
    if let Some((day, true)) = seen.filter(|(day, _)| lockout::is_fresh(*day, clock().date())) {
        return checks
            .good(WHAT, format!("vu le {} : {FAILURES} essais faux ferment le compte", rentree::wording::date(day)));
    }
    let bits = config.credentials.shapes().filter_map(|(_, _, style, bits)| Policy::new(style, bits).ok());
    let least = bits.map(|policy| policy.entropy_bits()).fold(f64::INFINITY, f64::min);
    if least >= ALONE || config.directory.kind == DirectoryKind::Embedded {
        return checks.good(WHAT, "non éprouvé : aucun mot de passe demandé n'en dépend");
    }
    checks.warning(
        WHAT,
        format!("des mots de passe de {least:.0} bits, et rien n'a été vu qui freine qui les essaie"),
        "rentree doctor --lockout l'éprouve sur une entrée d'essai ; sinon entropy_bits = 80 dans [credentials] (CNIL, \
         délibération 2022-100) ; un portail qui freine lui-même ne peut être éprouvé",
    );
}

/// Whether the server can be told that a first password is to be changed.
pub async fn must_change(config: &Config, directory: &dyn Directory, checks: &mut Checks) {
    const WHAT: &str = "premier mot de passe";
    if !config.credentials.any_must_change() {
        return;
    }
    match is_marked(directory, &config.credentials).await {
        Ok(true) => checks.good(
            WHAT,
            "à changer à la première connexion : les comptes créés portent pwdReset ; leur politique doit avoir \
             pwdMustChange: TRUE",
        ),
        Ok(false) => checks.bad(
            WHAT,
            "must_change est demandé, et l'annuaire ne connaît pas pwdReset : rien n'est posé",
            "OpenLDAP : overlay ppolicy ; 389 DS : passwordMustChange: on dans sa politique, et must_change = false ici",
        ),
        Err(error) => checks.bad(WHAT, chain(&error), "vérifiez l'annuaire"),
    }
}
