//! `EtabEducNat`, `MatiereEducNat`, `MefEducNat`: complete lists, in a delta as well.

use super::record::{Record, Value};
use crate::feed::Category;
use crate::simulate::curriculum::{FORMATIONS, Formation, Kind, SUBJECTS, Subject};
use crate::simulate::model::{Lists, Outside, STRUCTURE_BASE, School};
use crate::simulate::places::{Address, Line, Phone, phone};

/// The invented academy.
const ACADEMY: &str = "BEAUVALLON";
const ACADEMY_CODE: &str = "096";
pub(super) const MAIL_DOMAIN: &str = "@ac-beauvallon.example.org";

/// Key of a school.
pub(super) const fn school_key(school: u16) -> u32 {
    STRUCTURE_BASE + school as u32
}

/// Key of a structure outside: after those that schools can have.
pub(super) const fn outside_key(outside: u16) -> u32 {
    STRUCTURE_BASE + crate::simulate::model::MAX_SCHOOLS + outside as u32
}

/// What the two kinds of structures have in common.
struct Common<'a> {
    key: u32,
    uai: &'a str,
    siret: Option<&'a str>,
    short: &'a str,
    name: &'a str,
    type_label: &'a str,
    nature: &'a str,
    ministry: (&'a str, &'a str),
    contract: &'a str,
    address: Address,
    phone: Phone,
    attached_to: Option<u16>,
}

const EDUCATION: (&str, &str) = ("MINISTERE DE L'EDUCATION NATIONALE", "06");

pub(super) fn school(record: &mut Record, lists: &Lists, at: u16, row: &School) {
    let (short, type_label, nature) = match row.kind {
        Kind::College => ("CLG", "COLLEGE", "340"),
        Kind::Segpa => ("SEGPA", "SECTION ENSEIGNT GEN. ET PROF. ADAPTE", "390"),
        Kind::Lycee => ("LGT", "LYCEE ENSEIGNT GENERAL ET TECHNOLOGIQUE", "300"),
        Kind::Vocational => ("LP", "LYCEE PROFESSIONNEL", "320"),
        Kind::Agricultural => ("LEGTA", "LYCEE ENSEIGNT GENERAL ET TECHNOLOGIQUE", "300"),
    };
    // Agricultural schools belong to another ministry, whose code is not delivered.
    let ministry = if row.kind == Kind::Agricultural { ("AGRICULTURE", "") } else { EDUCATION };
    let common = Common {
        key: school_key(at),
        uai: &row.uai,
        siret: row.siret.as_deref(),
        short,
        name: &row.name,
        type_label,
        nature,
        ministry,
        contract: if row.private { "PR" } else { "PU" },
        address: row.address,
        phone: row.phone,
        attached_to: row.attached_to,
    };
    begin(record, lists, &common);
    record.attribute("ENTStructureClasses", |values| {
        for class in &row.classes {
            values.value(|value| {
                let formation = &FORMATIONS[usize::from(class.formation)];
                value.push(&class.name);
                value.push("$");
                value.push(formation.label);
                value.push("$");
                value.push(formation.mef);
            });
        }
    });
    record.attribute("ENTStructureGroupes", |values| {
        for group in &row.groups {
            values.value(|value| {
                value.push(&group.name);
                // The label is left empty, as schools do.
                value.push("$");
                for class in group.classes.clone() {
                    value.push("$");
                    value.push(&row.classes[usize::from(class)].name);
                }
            });
        }
    });
    record.end();
}

pub(super) fn outside(record: &mut Record, lists: &Lists, at: u16, row: &Outside) {
    let common = Common {
        key: outside_key(at),
        uai: &row.uai,
        siret: row.siret.as_deref(),
        short: row.short,
        name: &row.name,
        type_label: row.type_label,
        nature: "",
        ministry: EDUCATION,
        contract: "",
        address: row.address,
        phone: row.phone,
        attached_to: None,
    };
    begin(record, lists, &common);
    record.empty("ENTStructureClasses");
    record.empty("ENTStructureGroupes");
    record.end();
}

fn begin(record: &mut Record, lists: &Lists, row: &Common<'_>) {
    record.begin(Category::Structure, |key| key.number(row.key));
    record.attribute("ENTStructureJointure", |values| values.value(|value| value.number(row.key)));
    record.one("ENTStructureUAI", row.uai);
    record.one("ENTEtablissementUAI", row.uai);
    record.one("ENTStructureSIREN", row.siret.unwrap_or_default());
    let (postal_code, town) = lists.places.town(row.address.town);
    record.attribute("ENTStructureNomCourant", |values| {
        values.value(|value| {
            for (at, piece) in [row.short, row.name, town].into_iter().enumerate() {
                if at > 0 {
                    value.push("$");
                }
                value.push(piece);
            }
        });
    });
    record.one("ENTStructureTypeStruct", row.type_label);
    record.one("ENTStructureCodeTypeStruct", row.nature);
    record.one("ENTEtablissementMinistereTutelle", row.ministry.0);
    record.one("ENTEtablissementCodeMinistereTutelle", row.ministry.1);
    record.one("ENTEtablissementContrat", row.contract);
    record.empty("postOfficeBox");
    record.attribute("street", |values| values.value(|v| lists.places.street(row.address, |piece| v.push(piece))));
    record.one("postalCode", postal_code);
    record.one("l", town);
    record.attribute("telephoneNumber", |values| values.value(|v| telephone(v, row.phone, Line::Fixed)));
    record.empty("facsimileTelephoneNumber");
    record.attribute("ENTStructureMailSI", |values| {
        values.value(|value| {
            value.push("ce.");
            value.push(&row.uai.to_ascii_lowercase());
            value.push(MAIL_DOMAIN);
        });
    });
    record.attribute("ENTEtablissementStructRattachFctl", |values| {
        if let Some(to) = row.attached_to {
            values.value(|value| value.number(school_key(to)));
        }
    });
    record.attribute("ENTEtablissementBassin", |values| {
        values.value(|value| {
            value.push("096");
            value.padded(u32::from(row.address.town) / 8 + 1, 2);
            value.push(["$VALDORE NORD", "$VALDORE SUD", "$LITTORAL"][usize::from(row.address.town) % 3]);
        });
    });
    record.one("ENTServAcAcademie", ACADEMY);
    record.one("ENTServAcCodeAcademie", ACADEMY_CODE);
}

pub(super) fn telephone(value: &mut Value<'_>, number: Phone, line: Line) {
    phone(number, line, |piece| value.push(piece));
}

pub(super) fn subject(record: &mut Record, row: &Subject) {
    record.begin(Category::Subject, |key| key.push(row.code));
    record.one("ENTMatJointure", row.code);
    record.one("ENTLibelleMatiere", row.label);
    record.one("ENTMatiereRattach", row.code);
    record.end();
}

pub(super) fn mef(record: &mut Record, row: &Formation) {
    record.begin(Category::Mef, |key| key.push(row.mef));
    record.one("ENTMefJointure", row.mef);
    record.one("ENTLibelleMef", row.label);
    record.one("ENTMEFRattach", row.mef);
    record.one("ENTMEFSTAT11", row.stat);
    record.one("ENTNivFormation", row.level);
    record.one("ENTFiliere", row.track);
    record.end();
}

pub(super) fn subjects() -> impl Iterator<Item = &'static Subject> {
    SUBJECTS.iter()
}

pub(super) fn mefs() -> impl Iterator<Item = &'static Formation> {
    FORMATIONS.iter()
}
