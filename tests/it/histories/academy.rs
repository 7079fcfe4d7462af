//! An invented academy of two or three schools, as small as it can be and still have everything: siblings, relatives
//! whose last child leaves, teachers in two schools. It is what is true; deliveries are written from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;

use super::dice::Dice;

/// Categories in the order of the files.
pub const CATEGORIES: [&str; 4] = ["EtabEducNat", "Eleve", "PersRelEleve", "PersEducNat"];

/// The four levels of a collège, with their MEF.
const LEVELS: [(&str, &str); 4] =
    [("6", "10010012110"), ("5", "10110001110"), ("4", "10210001110"), ("3", "10310019110")];

const FIRST: [&str; 16] = [
    "Anaïs", "Bertille", "Côme", "Diane", "Élie", "Faustine", "Gaspard", "Hoël", "Inès", "Joris", "Klervi", "Loïc",
    "Maëlle", "Noé", "Oriane", "Paul",
];
const SURNAME: [&str; 18] = [
    "ABALAIN",
    "BRUNEVAL",
    "CORDELAIS",
    "D'ORVAL",
    "ESTOURNEAU",
    "FLEURIVAL",
    "GARANCIN",
    "HAUTECOMBE",
    "ISTRIEL",
    "JOUVENCEL",
    "KERVADEC",
    "LE BRIEC",
    "MONTFAUCHET",
    "NEUVILLARD",
    "OLIVERAC",
    "PRÉVAL",
    "QUERCINOT",
    "ROUVRELLE",
];

#[derive(Debug, Clone)]
pub struct School {
    pub uai: String,
    siret: String,
    name: String,
    pub classes: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub struct Pupil {
    pub first: String,
    pub surname: String,
    birth: Date,
    /// The national number, which a pupil keeps under another key.
    ine: String,
    pub school: u32,
    pub class: String,
    pub relatives: Vec<u32>,
}

#[derive(Debug, Clone)]
pub struct Adult {
    pub first: String,
    pub surname: String,
}

#[derive(Debug, Clone)]
pub struct Teacher {
    pub who: Adult,
    pub home: u32,
    /// Classes by school; a school may be served without a class.
    pub posts: BTreeMap<u32, BTreeSet<String>>,
}

/// Who is there, by key. Keys are never used twice.
#[derive(Debug, Clone)]
pub struct Academy {
    pub schools: BTreeMap<u32, School>,
    pub pupils: BTreeMap<u32, Pupil>,
    /// Everybody who ever answered for a pupil: only those who still do are delivered.
    pub relatives: BTreeMap<u32, Adult>,
    pub teachers: BTreeMap<u32, Teacher>,
    pub gone: BTreeMap<u32, Pupil>,
    pub gone_teachers: BTreeMap<u32, Teacher>,
    next: u32,
}

/// A record as it is delivered: attributes with their values, in order.
pub type Record = Vec<(&'static str, Vec<String>)>;

/// Everything that a complete set says.
pub type Records = BTreeMap<(usize, u32), Record>;

impl Academy {
    pub fn found(dice: &mut Dice) -> Self {
        let mut academy = Self {
            schools: BTreeMap::new(),
            pupils: BTreeMap::new(),
            relatives: BTreeMap::new(),
            teachers: BTreeMap::new(),
            gone: BTreeMap::new(),
            gone_teachers: BTreeMap::new(),
            next: 1000,
        };
        for number in 1..=2 + dice.below(2) as u32 {
            let classes = LEVELS.iter().flat_map(|(level, _)| [format!("{level}A"), format!("{level}B")]).collect();
            let school = School {
                uai: format!("096001{number}{}", ["X", "Y", "Z"][number as usize - 1]),
                siret: format!("1996001000{number}015"),
                name: format!("CLG$N° {number}$SAUVETERRE"),
                classes,
            };
            academy.schools.insert(300 + number, school);
        }
        for _ in 0..20 + dice.below(40) {
            academy.pupil_arrives(dice);
        }
        let schools: Vec<u32> = academy.schools.keys().copied().collect();
        for school in schools {
            for _ in 0..3 {
                academy.teacher_arrives(dice, school);
            }
        }
        academy
    }

    const fn key(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn adult(dice: &mut Dice) -> Adult {
        Adult { first: dice.pick(&FIRST).to_string(), surname: dice.pick(&SURNAME).to_string() }
    }

    fn any_class(&self, dice: &mut Dice) -> (u32, String) {
        let school = *dice.pick(&self.schools.keys().copied().collect::<Vec<_>>());
        let classes: Vec<&String> = self.schools[&school].classes.iter().collect();
        (school, (*dice.pick(&classes)).clone())
    }

    pub fn pupil_arrives(&mut self, dice: &mut Dice) -> u32 {
        let adult = Self::adult(dice);
        let mut relatives = Vec::new();
        for _ in 0..dice.below(3) {
            let key = self.key();
            let mut parent = Self::adult(dice);
            if dice.below(3) > 0 {
                parent.surname.clone_from(&adult.surname);
            }
            self.relatives.insert(key, parent);
            relatives.push(key);
        }
        let (school, class) = self.any_class(dice);
        self.add_pupil(dice, adult, school, class, relatives)
    }

    pub fn sibling_arrives(&mut self, dice: &mut Dice) -> Option<u32> {
        let elder = self.any_pupil(dice, |pupil| !pupil.relatives.is_empty())?;
        let Pupil { surname, school, relatives, .. } = self.pupils[&elder].clone();
        let classes: Vec<String> = self.schools[&school].classes.iter().cloned().collect();
        let (first, class) = (dice.pick(&FIRST).to_string(), dice.pick(&classes).clone());
        Some(self.add_pupil(dice, Adult { first, surname }, school, class, relatives))
    }

    fn add_pupil(&mut self, dice: &mut Dice, who: Adult, school: u32, class: String, relatives: Vec<u32>) -> u32 {
        let key = self.key();
        let birth = Date::new(2012 + dice.below(4) as i16, 1 + dice.below(12) as i8, 1 + dice.below(28) as i8).unwrap();
        let ine = format!("{:09}HK", 700_000_000 + key);
        self.pupils.insert(key, Pupil { first: who.first, surname: who.surname, birth, ine, school, class, relatives });
        key
    }

    pub fn teacher_arrives(&mut self, dice: &mut Dice, school: u32) -> u32 {
        let key = self.key();
        let classes: Vec<String> = self.schools[&school].classes.iter().cloned().collect();
        let taught = [dice.pick(&classes).clone(), dice.pick(&classes).clone()].into();
        let mut posts = BTreeMap::from([(school, taught)]);
        if dice.below(3) == 0 {
            let (other, class) = self.any_class(dice);
            posts.entry(other).or_insert_with(|| [class].into());
        }
        self.teachers.insert(key, Teacher { who: Self::adult(dice), home: school, posts });
        key
    }

    pub fn any_pupil(&self, dice: &mut Dice, suits: impl Fn(&Pupil) -> bool) -> Option<u32> {
        let suiting: Vec<u32> = self.pupils.iter().filter(|(_, p)| suits(p)).map(|(key, _)| *key).collect();
        (!suiting.is_empty()).then(|| *dice.pick(&suiting))
    }

    pub fn any_school(&self, dice: &mut Dice) -> u32 {
        *dice.pick(&self.schools.keys().copied().collect::<Vec<_>>())
    }

    /// The same pupil under another key, as after a change of academy and back.
    pub fn pupil_gets_another_key(&mut self, pupil: u32) -> u32 {
        let key = self.key();
        let moved = self.pupils.remove(&pupil).unwrap();
        self.pupils.insert(key, moved);
        key
    }

    /// Everybody goes up; the last level leaves, and as many begin.
    pub fn year_turns(&mut self, dice: &mut Dice) {
        let keys: Vec<u32> = self.pupils.keys().copied().collect();
        let mut leavers = 0;
        for key in keys {
            let class = &self.pupils[&key].class;
            let (level, letter) = (class.chars().next().unwrap(), class.chars().last().unwrap());
            match level {
                '3' => {
                    self.gone.insert(key, self.pupils[&key].clone());
                    self.pupils.remove(&key);
                    leavers += 1;
                }
                _ => {
                    let next = char::from_digit(level.to_digit(10).unwrap() - 1, 10).unwrap();
                    self.pupils.get_mut(&key).unwrap().class = format!("{next}{letter}");
                }
            }
        }
        for _ in 0..leavers {
            let key = self.pupil_arrives(dice);
            let letter = *dice.pick(&["A", "B"]);
            self.pupils.get_mut(&key).unwrap().class = format!("6{letter}");
        }
    }

    /// Relatives of somebody who is there.
    pub fn answering(&self) -> BTreeSet<u32> {
        self.pupils.values().flat_map(|pupil| pupil.relatives.iter().copied()).collect()
    }

    /// All that a complete set of today says.
    pub fn records(&self) -> Records {
        let mut records = Records::new();
        let one = |value: &str| vec![value.to_owned()];
        for (key, school) in &self.schools {
            let classes = school.classes.iter().map(|class| format!("{class}${class}${}", mef(class))).collect();
            let record = vec![
                ("ENTStructureJointure", one(&key.to_string())),
                ("ENTStructureUAI", one(&school.uai)),
                ("ENTEtablissementUAI", one(&school.uai)),
                ("ENTStructureSIREN", one(&school.siret)),
                ("ENTStructureNomCourant", one(&school.name)),
                ("ENTStructureTypeStruct", one("COLLEGE")),
                ("ENTStructureClasses", classes),
            ];
            records.insert((0, *key), record);
        }
        for (key, pupil) in &self.pupils {
            let mut record = person(*key, &pupil.first, &pupil.surname);
            record.extend([
                ("ENTPersonDateNaissance", one(&pupil.birth.strftime("%d/%m/%Y").to_string())),
                ("ENTEleveINE", one(&pupil.ine)),
                ("ENTPersonStructRattach", one(&pupil.school.to_string())),
                ("ENTEleveClasses", one(&format!("{}${}", pupil.school, pupil.class))),
                ("ENTEleveMEF", one(mef(&pupil.class))),
                ("ENTElevePersRelEleve", pupil.relatives.iter().map(|r| format!("{r}$10$1$1$0$1")).collect()),
            ]);
            records.insert((1, *key), record);
        }
        for key in self.answering() {
            let who = &self.relatives[&key];
            let children = self.pupils.iter().filter(|(_, p)| p.relatives.contains(&key)).map(|(k, _)| k.to_string());
            let mut record = person(key, &who.first, &who.surname);
            record.push(("ENTAuxPersRelEleveEleve", children.collect()));
            records.insert((2, key), record);
        }
        for (key, teacher) in &self.teachers {
            let mut record = person(*key, &teacher.who.first, &teacher.who.surname);
            let functions =
                teacher.posts.keys().map(|school| format!("{school}$ENS$ENSEIGNEMENT$L0202$LETTRES MODERNES"));
            let taught = teacher
                .posts
                .iter()
                .flat_map(|(school, classes)| classes.iter().map(move |class| format!("{school}${class}$020700")));
            record.extend([
                ("ENTPersonStructRattach", one(&teacher.home.to_string())),
                ("ENTPersonFonctions", functions.collect()),
                ("ENTAuxEnsClassesMatieres", taught.collect()),
                ("PersEducNatPresenceDevantEleves", one("O")),
                ("ENTPersonCategorieEnseignant", one("O")),
            ]);
            records.insert((3, *key), record);
        }
        records
    }
}

fn mef(class: &str) -> &'static str {
    LEVELS.iter().find(|(level, _)| class.starts_with(level)).map_or("10010012110", |(_, mef)| mef)
}

fn person(key: u32, first: &str, surname: &str) -> Record {
    vec![
        ("ENTPersonJointure", vec![key.to_string()]),
        ("sn", vec![surname.to_owned()]),
        ("givenName", vec![first.to_owned()]),
        ("personalTitle", vec!["Mme".to_owned()]),
    ]
}

const OPENING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">\n\
                       <ficAlimMENESR>\n<!-- degre=\"2D\" -->\n";

fn request(text: &mut String, verb: &str, category: usize, key: u32, inner: &str) {
    let kind = if category == 0 { "categorieStructure" } else { "categoriePersonne" };
    let category = CATEGORIES[category];
    writeln!(
        text,
        "<{verb}>\n<operationalAttributes><attr name=\"{kind}\"><value>{category}</value></attr>\
         </operationalAttributes>\n<identifier><id>{key}</id></identifier>\n{inner}</{verb}>"
    )
    .unwrap();
}

fn attributes(record: &Record, open: &str, close: &str) -> String {
    record.iter().fold(String::new(), |mut text, (name, values)| {
        let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
        let values = if values.is_empty() { "<value/>".to_owned() } else { values };
        let open = open.replace("{}", name);
        writeln!(text, "{open}{values}</{close}>").unwrap();
        text
    })
}

fn add(text: &mut String, category: usize, key: u32, record: &Record) {
    let inner = attributes(record, "<attr name=\"{}\">", "attr");
    request(text, "addRequest", category, key, &format!("<attributes>\n{inner}</attributes>\n"));
}

fn save(folder: &Path, kind: &str, day: Date, texts: [String; 4]) {
    std::fs::create_dir_all(folder).unwrap();
    for (category, mut text) in CATEGORIES.into_iter().zip(texts) {
        text.push_str("</ficAlimMENESR>\n");
        let name = format!("ENT_{kind}_{}_{category}_0000.xml", day.strftime("%Y%m%d"));
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// Replaces what a folder holds by the complete set of a day.
pub fn write_complete(folder: &Path, day: Date, records: &Records) {
    drop(std::fs::remove_dir_all(folder));
    let mut texts = [(); 4].map(|()| OPENING.to_owned());
    for ((category, key), record) in records {
        add(&mut texts[*category], *category, *key, record);
    }
    save(folder, "Complet", day, texts);
}

/// Lays what has changed between two days beside what a folder holds.
pub fn write_delta(folder: &Path, day: Date, before: &Records, after: &Records) {
    let mut texts = [(); 4].map(|()| OPENING.to_owned());
    for ((category, key), record) in after {
        match before.get(&(*category, *key)) {
            None => add(&mut texts[*category], *category, *key, record),
            Some(known) if known != record => {
                let inner = attributes(record, "<modification name=\"{}\" operation=\"replace\">", "modification");
                let inner = format!("<modifications>\n{inner}</modifications>\n");
                request(&mut texts[*category], "modifyRequest", *category, *key, &inner);
            }
            Some(_) => {}
        }
    }
    for (category, key) in before.keys().filter(|id| !after.contains_key(*id)) {
        request(&mut texts[*category], "deleteRequest", *category, *key, "");
    }
    save(folder, "Delta", day, texts);
}
