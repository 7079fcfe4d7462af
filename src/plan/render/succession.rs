//! A structure that goes on under other identifiers, in one line.

use super::words;
use crate::plan::{StructureChange, StructureName};

/// Names shown of the groups that keep theirs.
const NAMES: usize = 12;

/// `Collège X : 0290009C devient 0290010D ; 812 comptes, 43 groupes réécrits`
pub(super) fn line(change: &StructureChange) -> String {
    let StructureChange { former, present, .. } = change;
    let what = match &change.into {
        Some(into) => {
            let deleted = if change.deleted { ", et sa fiche est supprimée" } else { "" };
            format!("{} ({}) rejoint {into} ({}){deleted}", change.name, former.uai, present.uai)
        }
        None => format!("{} : {}", change.name, renamed(former, present)),
    };
    let structures = match change.structures {
        0 => String::new(),
        n => format!(", {}", words::count(n, "autre structure", "autres structures")),
    };
    let accounts = words::count(change.accounts, "compte", "comptes");
    let groups = words::count(change.groups, "groupe", "groupes");
    let rewritten = words::agree(change.accounts + change.groups + change.structures, "réécrit", "réécrits");
    format!("{what} ; {accounts}, {groups}{structures} {rewritten}")
}

fn renamed(former: &StructureName, present: &StructureName) -> String {
    let uai = (former.uai != present.uai).then(|| format!("{} devient {}", former.uai, present.uai));
    let siret = present.siret.as_ref().filter(|_| former.siret != present.siret).map(|siret| match &former.siret {
        Some(before) => format!("le SIRET {before} devient {siret}"),
        None => format!("reçoit le SIRET {siret}"),
    });
    let parts: Vec<String> = uai.into_iter().chain(siret).collect();
    parts.join(", ")
}

/// The groups that keep their names, where there are some.
pub(super) fn kept(change: &StructureChange, full: bool) -> Option<String> {
    if change.kept.is_empty() {
        return None;
    }
    let n = change.kept.len();
    let limit = if full { n } else { NAMES };
    let names = change.kept.iter().take(limit).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = n.saturating_sub(limit) as u64;
    let more = if more > 0 { format!(", … et {}", words::count(more, "autre", "autres")) } else { String::new() };
    let what =
        words::count(n as u64, "groupe fait à la main garde son nom", "groupes faits à la main gardent leur nom");
    Some(format!("{what} : {names}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::structure_change;

    #[test]
    fn one_line_says_it() {
        let mut change = structure_change();
        assert_eq!(line(&change), "Collège Jean Moulin : 0290009C devient 0290010D ; 812 comptes, 43 groupes réécrits");
        change.present.siret = Some("19290010000013".into());
        change.structures = 1;
        assert_eq!(
            line(&change),
            "Collège Jean Moulin : 0290009C devient 0290010D, le SIRET 19290009000016 devient 19290010000013 ; \
             812 comptes, 43 groupes, 1 autre structure réécrits"
        );
        change.into = Some("Lycée Simone Weil".to_owned());
        change.deleted = true;
        change.structures = 0;
        change.accounts = 1;
        change.groups = 0;
        assert_eq!(
            line(&change),
            "Collège Jean Moulin (0290009C) rejoint Lycée Simone Weil (0290010D), et sa fiche est supprimée ; \
             1 compte, 0 groupe réécrit"
        );
        assert_eq!(kept(&change, false), None);
        change.kept = vec!["0290009C_Chorale".to_owned()];
        assert_eq!(kept(&change, false).unwrap(), "1 groupe fait à la main garde son nom : 0290009C_Chorale");
    }
}
