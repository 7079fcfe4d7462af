//! Subjects and the disciplines of those who teach them, with their national codes.

/// A subject of the nomenclature.
pub(in crate::simulate) struct Subject {
    pub(in crate::simulate) code: &'static str,
    /// At most 40 characters, upper case.
    pub(in crate::simulate) label: &'static str,
}

const fn subject(code: &'static str, label: &'static str) -> Subject {
    Subject { code, label }
}

pub(super) const FRENCH: u8 = 0;
pub(super) const MATHS: u8 = 1;
pub(super) const HISTORY: u8 = 2;
pub(super) const ENGLISH: u8 = 3;
pub(super) const BIOLOGY: u8 = 4;
pub(super) const PHYSICS: u8 = 5;
pub(super) const TECHNOLOGY: u8 = 6;
pub(super) const SPORT: u8 = 7;
pub(super) const ART: u8 = 8;
pub(super) const MUSIC: u8 = 9;
pub(super) const CIVICS: u8 = 10;
pub(super) const SPANISH: u8 = 11;
pub(super) const GERMAN: u8 = 12;
pub(super) const ITALIAN: u8 = 13;
pub(super) const LATIN: u8 = 14;
pub(super) const ECONOMICS: u8 = 15;
pub(super) const PHILOSOPHY: u8 = 16;
pub(super) const MATHS_SCIENCE: u8 = 17;
pub(super) const WORKSHOP: u8 = 18;
pub(super) const APPLIED_ART: u8 = 19;
pub(super) const HEALTH: u8 = 20;
pub(super) const MANAGEMENT: u8 = 21;
pub(super) const FRENCH_HISTORY: u8 = 22;
pub(super) const SUPPORT: u8 = 23;

/// Every subject; those after the last constant above are only listed.
pub(in crate::simulate) static SUBJECTS: [Subject; 32] = [
    subject("020700", "FRANCAIS"),
    subject("061300", "MATHEMATIQUES"),
    subject("043700", "HISTOIRE-GEOGRAPHIE"),
    subject("030201", "ANGLAIS LV1"),
    subject("062900", "SCIENCES DE LA VIE ET DE LA TERRE"),
    subject("062300", "PHYSIQUE-CHIMIE"),
    subject("070800", "TECHNOLOGIE"),
    subject("100100", "EDUCATION PHYSIQUE ET SPORTIVE"),
    subject("090100", "ARTS PLASTIQUES"),
    subject("081300", "EDUCATION MUSICALE"),
    subject("043800", "ENSEIGNEMENT MORAL ET CIVIQUE"),
    subject("030602", "ESPAGNOL LV2"),
    subject("030102", "ALLEMAND LV2"),
    subject("030902", "ITALIEN LV2"),
    subject("020100", "LATIN"),
    subject("050700", "SCIENCES ECONOMIQUES ET SOCIALES"),
    subject("010300", "PHILOSOPHIE"),
    subject("061700", "MATHS SCIENCES"),
    subject("071100", "ENSEIGNEMENT TECHNOLOGIQUE-PROFESSIONNEL"),
    subject("278300", "ARTS APPLIQUES ET CULTURES ARTISTIQUES"),
    subject("312800", "PREVENTION-SANTE-ENVIRONNEMENT"),
    subject("380400", "ECONOMIE ET GESTION"),
    subject("043300", "FRANCAIS  HIST.-GEO. EDUCATION CIVIQUE"),
    subject("006600", "ACCOMPAGNEMENT PERSONNALISE"),
    subject("005400", "VIE SCOLAIRE"),
    subject("008400", "VIE DE CLASSE"),
    subject("030101", "ALLEMAND LV1"),
    subject("030202", "ANGLAIS LV2"),
    subject("030601", "ESPAGNOL LV1"),
    subject("030901", "ITALIEN LV1"),
    subject("040600", "HISTOIRE ET GEOGRAPHIE"),
    subject("041400", "EDUCATION CIVIQUE"),
];

/// What a teacher is qualified for.
pub(in crate::simulate) struct Discipline {
    /// Fourth field of a function.
    pub(in crate::simulate) code: &'static str,
    pub(in crate::simulate) label: &'static str,
    /// Discipline category (`ENTAuxEnsCategoDiscipline`).
    pub(in crate::simulate) category: &'static str,
    pub(in crate::simulate) category_label: &'static str,
}

const fn discipline(
    code: &'static str,
    label: &'static str,
    category: &'static str,
    category_label: &'static str,
) -> Discipline {
    Discipline { code, label, category, category_label }
}

pub(in crate::simulate) static DISCIPLINES: [Discipline; 26] = [
    discipline("L0202", "LETTRES MODERNES", "02", "LETTRES"),
    discipline("L1300", "MATHEMATIQUES", "13", "MATHEMATIQUES"),
    discipline("L1000", "HISTOIRE GEOGRAPHIE", "10", "HISTOIRE-GEOGRAPHIE"),
    discipline("L0422", "ANGLAIS", "04", "LANGUES VIVANTES"),
    discipline("L1600", "SCIENCES DE LA VIE ET DE LA TERRE", "16", "BIOLOGIE-GEOLOGIE"),
    discipline("L1500", "PHYSIQUE CHIMIE", "15", "PHYSIQUE-CHIMIE"),
    discipline("L1400", "TECHNOLOGIE", "14", "TECHNOLOGIE"),
    discipline("L1900", "EDUCATION PHYSIQUE ET SPORTIVE", "19", "EPS"),
    discipline("L1800", "ARTS PLASTIQUES", "18", "ARTS PLASTIQUES"),
    discipline("L1700", "EDUCATION MUSICALE", "17", "EDUCATION MUSICALE"),
    discipline("L0426", "ESPAGNOL", "04", "LANGUES VIVANTES"),
    discipline("L0421", "ALLEMAND", "04", "LANGUES VIVANTES"),
    discipline("L0429", "ITALIEN", "04", "LANGUES VIVANTES"),
    discipline("L0201", "LETTRES CLASSIQUES", "02", "LETTRES"),
    discipline("L1100", "SCIENCES ECONOMIQUES ET SOCIALES", "11", "SES"),
    discipline("L0100", "PHILOSOPHIE", "01", "PHILOSOPHIE"),
    discipline("P0210", "LETTRES HISTOIRE GEOGRAPHIE", "02", "LETTRES"),
    discipline("P1315", "MATHEMATIQUES SCIENCES PHYSIQUES", "13", "MATHEMATIQUES"),
    discipline("P0222", "ANGLAIS LETTRES", "04", "LANGUES VIVANTES"),
    discipline("P8013", "ECONOMIE GESTION COMMERCE VENTE", "80", "ECONOMIE ET GESTION"),
    discipline("P5200", "GENIE ELECTRIQUE ELECTROTECHNIQUE", "52", "ELECTROTECHNIQUE"),
    discipline("P8520", "HOTELLERIE SERVICES", "85", "HOTELLERIE-TOURISME"),
    discipline("P6500", "ARTS APPLIQUES", "65", "ARTS APPLIQUES"),
    discipline("P7200", "BIOTECHNOLOGIES SANTE ENVIRONNEMENT", "72", "BSE"),
    discipline("L8010", "ECONOMIE ET GESTION", "80", "ECONOMIE ET GESTION"),
    discipline("G0170", "ENSEIGNER EN SEGPA OU EREA", "00", "NON SPECIALISE"),
];

pub(super) const LETTERS: u8 = 0;
pub(super) const SEGPA_TEACHING: u8 = 25;
