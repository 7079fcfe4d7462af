//! What a server's administrator copies: access rules, definitions.

use rentree::config::Config;
use rentree::directory::dialect::Dialect;
use rentree::directory::schema::shipped::{Shipped, as_389_ldif, shipped};
use rentree::directory::{Dn, rights};

use super::super::exit::Failure;
use super::super::output;
use super::super::plan::failed;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Server {
    /// LDIF for cn=config
    Openldap,
    /// LDIF for 389 Directory Server
    #[value(name = "389", alias = "ldif389")]
    Ds389,
}

/// The account of the configuration, or a name to replace.
fn account(config: &Config) -> String {
    config.directory.bind_dn.clone().unwrap_or_else(|| format!("cn=rentree,{}", config.directory.suffix))
}

pub fn rights(config: &Config, server: Server, purge: bool) -> Result<u8, Failure> {
    let dialect = Dialect::load(&config.directory).map_err(failed)?;
    let suffix = Dn::parse(&config.directory.suffix).map_err(failed)?;
    let account = account(config);
    let mut text = String::new();
    match server {
        Server::Openldap => {
            let (rules, limits) = rights::openldap(&dialect, &suffix, &account, purge);
            text.push_str(
                "# Adaptez le nom de la base ({1}mdb) ; {0}, {1}… placent ces règles avant les vôtres.\n\
                 dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcAccess\n",
            );
            for (at, rule) in rules.iter().enumerate() {
                text.push_str(&format!("olcAccess: {{{at}}}{rule}\n"));
            }
            text.push_str(&format!("-\nadd: olcLimits\nolcLimits: {limits}\n"));
        }
        Server::Ds389 => {
            text.push_str(&format!("dn: {suffix}\nchangetype: modify\nadd: aci\n"));
            for rule in rights::aci_389(&dialect, &account, purge) {
                text.push_str(&format!("aci: {rule}\n"));
            }
            text.push_str(
                "\n# Un compte ordinaire n'écrit des empreintes de mots de passe qu'avec ceci :\n\
                 dn: cn=config\nchangetype: modify\nreplace: nsslapd-allow-hashed-passwords\n\
                 nsslapd-allow-hashed-passwords: on\n",
            );
        }
    }
    output::text(&text)?;
    Ok(0)
}

pub fn schema(server: Server) -> Result<u8, Failure> {
    let text = match server {
        Server::Ds389 => as_389_ldif(),
        Server::Openldap => {
            let Shipped { attributes, classes } = shipped();
            cn_config(&attributes, &classes)
        }
    };
    output::text(&text)?;
    Ok(0)
}

/// An entry of `cn=schema,cn=config` with these definitions.
pub fn cn_config(attributes: &[String], classes: &[String]) -> String {
    let mut text = "dn: cn=rentree,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: rentree\n".to_owned();
    for attribute in attributes {
        text.push_str(&format!("olcAttributeTypes: {attribute}\n"));
    }
    for class in classes {
        text.push_str(&format!("olcObjectClasses: {class}\n"));
    }
    text
}
