//! A delivery written by hand, person by person: small sets in the grammar of the AAF, for what the simulated academies
//! do not do.

use std::fmt::Write as _;
use std::path::Path;

/// A school with its one class.
pub const SCHOOL: [(&str, &str, &str); 2] = [("100", "0960001X", "CM2"), ("200", "0960010P", "6A")];

/// Somebody of a delivery: key, attributes.
#[derive(Debug, Clone)]
pub struct Record {
    category: &'static str,
    key: String,
    attributes: Vec<(&'static str, String)>,
}

impl Record {
    fn new(category: &'static str, key: &str, first: &str, surname: &str) -> Self {
        let attributes = vec![
            ("sn", surname.to_owned()),
            ("givenName", first.to_owned()),
            ("ENTPersonJointure", key.to_owned()),
            ("personalTitle", "Mme".to_owned()),
        ];
        Self { category, key: key.to_owned(), attributes }
    }

    /// In the class of the school with this key.
    pub fn pupil(key: &str, first: &str, surname: &str, birth: &str, school: &str) -> Self {
        let (_, _, class) = SCHOOL.iter().find(|(key, ..)| *key == school).unwrap();
        Self::new("Eleve", key, first, surname)
            .with("ENTPersonDateNaissance", birth)
            .with("ENTPersonStructRattach", school)
            .with("ENTEleveClasses", &format!("{school}${class}"))
            .with("ENTEleveMEF", "10010012110")
    }

    /// In this class of the school with this key instead.
    #[cfg(feature = "letters")]
    pub fn goes_to(self, school: &str, class: &str) -> Self {
        let class = format!("{school}${class}");
        self.with("ENTPersonStructRattach", school).with("ENTEleveClasses", &class)
    }

    pub fn relative(key: &str, first: &str, surname: &str) -> Self {
        Self::new("PersRelEleve", key, first, surname)
    }

    /// Teaches in the school with this key.
    pub fn teacher(key: &str, first: &str, surname: &str, school: &str) -> Self {
        Self::new("PersEducNat", key, first, surname)
            .with("ENTPersonStructRattach", school)
            .with("ENTPersonFonctions", &format!("{school}$ENS$ENSEIGNEMENT$L1300$MATHEMATIQUES"))
            .with("PersEducNatPresenceDevantEleves", "O")
    }

    pub fn with(mut self, attribute: &'static str, value: &str) -> Self {
        self.attributes.retain(|(name, _)| *name != attribute);
        self.attributes.push((attribute, value.to_owned()));
        self
    }

    pub fn ine(self, ine: &str) -> Self {
        self.with("ENTEleveINE", ine)
    }
}

/// A school of a delivery: key, UAI, name, classes.
pub type School<'s> = (&'s str, &'s str, &'s str, &'s [&'s str]);

/// Replaces a folder by the complete set of a day (`20260901`), in the first or the second degree.
pub fn deliver(folder: &Path, day: &str, first_degree: bool, records: &[Record]) {
    let (key, uai, class) = SCHOOL[usize::from(!first_degree)];
    deliver_schools(folder, day, first_degree, &[(key, uai, "CLG$LE VAL$SAUVETERRE", &[class])], records);
}

/// The same with these schools.
pub fn deliver_schools(folder: &Path, day: &str, first_degree: bool, schools: &[School<'_>], records: &[Record]) {
    drop(std::fs::remove_dir_all(folder));
    std::fs::create_dir_all(folder).unwrap();
    let (name, degree) = if first_degree { ("BEAUVALLON_ENT1D", "1D") } else { ("ENT", "2D") };
    let school = |(key, uai, name, classes): &School<'_>| {
        let classes: Vec<String> = classes.iter().map(|class| format!("{class}${class}$10010012110")).collect();
        Record {
            category: "EtabEducNat",
            key: (*key).to_owned(),
            attributes: vec![
                ("ENTStructureJointure", (*key).to_owned()),
                ("ENTStructureUAI", (*uai).to_owned()),
                ("ENTEtablissementUAI", (*uai).to_owned()),
                ("ENTStructureSIREN", format!("1996{key}0700015")),
                ("ENTStructureNomCourant", (*name).to_owned()),
                ("ENTStructureTypeStruct", "COLLEGE".to_owned()),
                ("ENTStructureClasses", classes.join("</value><value>")),
            ],
        }
    };
    let schools: Vec<Record> = schools.iter().map(school).collect();
    for category in ["EtabEducNat", "Eleve", "PersRelEleve", "PersEducNat"] {
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">\n\
             <ficAlimMENESR>\n<!-- degre=\"{degree}\" -->\n"
        );
        let kind = if category == "EtabEducNat" { "categorieStructure" } else { "categoriePersonne" };
        for record in schools.iter().chain(records).filter(|record| record.category == category) {
            write!(
                text,
                "<addRequest>\n<operationalAttributes><attr name=\"{kind}\"><value>{category}</value></attr>\
                 </operationalAttributes>\n<identifier><id>{}</id></identifier>\n<attributes>\n",
                record.key
            )
            .unwrap();
            for (attribute, value) in &record.attributes {
                writeln!(text, "<attr name=\"{attribute}\"><value>{value}</value></attr>").unwrap();
            }
            text.push_str("</attributes>\n</addRequest>\n");
        }
        text.push_str("</ficAlimMENESR>\n");
        std::fs::write(folder.join(format!("{name}_Complet_{day}_{category}_0000.xml")), text).unwrap();
    }
}
