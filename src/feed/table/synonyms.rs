//! Headers as people write them, in four languages, and what they mean.
//!
//! The same word may mean two things: `Nome` is a first name in Portuguese, `Nom` a surname in French. A header is
//! therefore looked up in the language that the whole set of headers speaks, and only words that mean the same wherever
//! they occur are taken from the others. The base list is that of the importers of the field (entcore's templates and
//! ONDE's extractions).

use super::field::Field;
use super::profile::Profile;
use crate::feed::values::ascii;

/// A language of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Language {
    French,
    English,
    Spanish,
    Portuguese,
}

impl Language {
    /// In the order in which a tie is decided.
    pub(super) const ALL: [Self; 4] = [Self::French, Self::English, Self::Spanish, Self::Portuguese];

    /// In French, for a finding.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::French => "français",
            Self::English => "anglais",
            Self::Spanish => "espagnol",
            Self::Portuguese => "portugais",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::French => FR,
            Self::English => EN,
            Self::Spanish => ES,
            Self::Portuguese => PT,
        }
    }
}

const FR: u8 = 1;
const EN: u8 = 2;
const ES: u8 = 4;
const PT: u8 = 8;
/// Means the same wherever it occurs.
const ANY: u8 = FR | EN | ES | PT;

/// The comparison form of a header: without accents, case, spaces, `*` (which marks mandatory columns), apostrophes and
/// byte-order marks.
pub(super) fn normalise(header: &str) -> String {
    let mut header = header.trim();
    while let Some(rest) = header.strip_prefix('\u{feff}').or_else(|| header.strip_prefix("ï»¿")) {
        header = rest.trim_start();
    }
    ascii(header)
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '*' | '\'' | '’' | '`' | '\u{feff}'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// What a normalised header means in a file of this profile, with the languages in which it does.
pub(super) fn meanings(header: &str, profile: Option<Profile>) -> impl Iterator<Item = (Field, u8)> {
    let own = profile.map_or(&[][..], |profile| match profile {
        Profile::Relative => RELATIVE,
        Profile::Pupil => PUPIL,
        Profile::Teacher => TEACHER,
        Profile::Staff | Profile::Guest => &[],
    });
    let own = own.iter().filter(move |(word, ..)| *word == header).map(|(_, field, languages)| (*field, *languages));
    let overridden = own.clone().next().is_some();
    let base = BASE.iter().filter(move |(word, ..)| !overridden && *word == header);
    own.chain(base.map(|(_, field, languages)| (*field, *languages)))
}

/// What a normalised header means in a language: its own word first, then a word that is no false friend.
pub(super) fn look_up(header: &str, profile: Option<Profile>, language: Language) -> Option<Field> {
    let own = meanings(header, profile).find(|(_, languages)| languages & language.bit() != 0);
    let foreign = || {
        let mut all = meanings(header, profile).map(|(field, _)| field);
        all.next().filter(|field| !FALSE_FRIENDS.contains(&header) && all.all(|other| other == *field))
    };
    own.map(|(field, _)| field).or_else(foreign)
}

/// Whether a word belongs to a language.
pub(super) fn speaks(header: &str, profile: Option<Profile>, language: Language) -> bool {
    meanings(header, profile).any(|(_, languages)| languages != ANY && languages & language.bit() != 0)
}

/// Words that are a name of another kind one border further: taken in their own language only.
const FALSE_FRIENDS: &[&str] = &["nom", "nome", "nombre", "apellido", "apelido", "sobrenome"];

type Word = (&'static str, Field, u8);

/// In a parents' file, the words of a pupil are those of the child.
const RELATIVE: &[Word] = &[
    ("nomeleve", Field::ChildLastName, FR),
    ("nomdefamilleeleve", Field::ChildLastName, FR),
    ("nomusageeleve", Field::ChildUsualName, FR),
    ("nomdusageeleve", Field::ChildUsualName, FR),
    ("prenomeleve", Field::ChildFirstName, FR),
    ("classe", Field::ChildClasses, FR),
    ("classes", Field::ChildClasses, FR),
    ("classeeleve", Field::ChildClasses, FR),
    ("class", Field::ChildClasses, EN),
    ("clase", Field::ChildClasses, ES),
    ("turma", Field::ChildClasses, PT),
    ("codepostal", Field::ZipCode, FR),
];

const PUPIL: &[Word] = &[
    ("nomdefamilleeleve", Field::LastName, FR),
    ("nomdeleleve", Field::LastName, FR),
    ("prenomdeleleve", Field::FirstName, FR),
];

const TEACHER: &[Word] = &[("matiere", Field::SubjectTaught, FR), ("matieres", Field::SubjectTaught, FR)];

const BASE: &[Word] = &[
    ("id", Field::ExternalId, ANY),
    ("externalid", Field::ExternalId, EN),
    ("idexterno", Field::ExternalId, ES | PT),
    ("idexterne", Field::ExternalId, FR),
    ("identifiantexterne", Field::ExternalId, FR),
    ("numero", Field::ExternalId, ANY),
    ("ine", Field::Ine, ANY),
    ("idnational", Field::Ine, FR),
    ("numeroine", Field::Ine, FR),
    ("nom", Field::LastName, FR),
    ("nomdefamille", Field::LastName, FR),
    ("lastname", Field::LastName, EN),
    ("surname", Field::LastName, EN),
    ("familyname", Field::LastName, EN),
    ("apellido", Field::LastName, ES),
    ("apellidos", Field::LastName, ES),
    ("sobrenome", Field::LastName, PT),
    ("apelido", Field::LastName, PT),
    ("nomeleve", Field::LastName, FR),
    ("nomresponsable", Field::LastName, FR),
    ("nomusage", Field::UsualName, FR),
    ("nomdusage", Field::UsualName, FR),
    ("nomdusageeleve", Field::UsualName, FR),
    ("nomusageeleve", Field::UsualName, FR),
    ("nomusageresponsable", Field::UsualName, FR),
    ("nomdusageresponsable", Field::UsualName, FR),
    ("prenom", Field::FirstName, FR),
    ("firstname", Field::FirstName, EN),
    ("nombre", Field::FirstName, ES),
    ("nome", Field::FirstName, PT),
    ("prenomeleve", Field::FirstName, FR),
    ("prenomresponsable", Field::FirstName, FR),
    ("deuxiemeprenom", Field::OtherFirstNames, FR),
    ("troisiemeprenom", Field::OtherFirstNames, FR),
    ("datedenaissance", Field::BirthDate, FR),
    ("datenaissance", Field::BirthDate, FR),
    ("date_naiss", Field::BirthDate, FR),
    ("birthdate", Field::BirthDate, EN),
    ("dateofbirth", Field::BirthDate, EN),
    ("neele", Field::BirthDate, FR),
    ("ne(e)le", Field::BirthDate, FR),
    ("fechadenacimiento", Field::BirthDate, ES),
    ("datadenascimento", Field::BirthDate, PT),
    ("datadenascimiento", Field::BirthDate, PT),
    ("date", Field::BirthDate, ANY),
    ("sexe", Field::Gender, FR),
    ("genre", Field::Gender, FR),
    ("gender", Field::Gender, EN),
    ("sexo", Field::Gender, ES | PT),
    ("civilite", Field::Title, FR),
    ("civiliteresponsable", Field::Title, FR),
    ("title", Field::Title, EN),
    ("classe", Field::Classes, FR),
    ("classes", Field::Classes, FR | EN),
    ("class", Field::Classes, EN),
    ("clase", Field::Classes, ES),
    ("turma", Field::Classes, PT),
    ("libelleclasse", Field::Classes, FR),
    ("classeouregroupement", Field::Classes, FR),
    ("division", Field::Classes, FR),
    ("groupe", Field::Groups, FR),
    ("groupes", Field::Groups, FR),
    ("group", Field::Groups, EN),
    ("groups", Field::Groups, EN),
    ("regroupement", Field::Groups, FR),
    ("regroupements", Field::Groups, FR),
    ("regroupement(s)", Field::Groups, FR),
    ("niveau", Field::Level, FR),
    ("level", Field::Level, EN),
    ("filiere", Field::Cycle, FR),
    ("cycle", Field::Cycle, FR),
    ("regime", Field::Regime, FR),
    ("mef", Field::Mef, FR),
    ("libellemef", Field::MefLabel, FR),
    ("codematiere", Field::SubjectCode, FR),
    ("matiere", Field::SubjectLabel, FR),
    ("options", Field::SubjectLabel, FR),
    ("boursier", Field::Scholarship, FR),
    ("transport", Field::Transport, FR),
    ("statut", Field::Status, FR),
    ("email", Field::Email, ANY),
    ("e-mail", Field::Email, ANY),
    ("mail", Field::Email, ANY),
    ("courriel", Field::Email, FR),
    ("correoelectronico", Field::Email, ES),
    ("telephone", Field::HomePhone, FR),
    ("telephonedomicile", Field::HomePhone, FR),
    ("phone", Field::HomePhone, EN),
    ("telefono", Field::HomePhone, ES),
    ("telefone", Field::HomePhone, PT),
    ("telephonetravail", Field::WorkPhone, FR),
    ("phonework", Field::WorkPhone, EN),
    ("telefonotrabajo", Field::WorkPhone, ES),
    ("telefonetrabalho", Field::WorkPhone, PT),
    ("telephoneportable", Field::Mobile, FR),
    ("portable", Field::Mobile, FR),
    ("mobile", Field::Mobile, ANY),
    ("adresse", Field::Address, FR),
    ("adresse1", Field::Address, FR),
    ("adresseresponsable", Field::Address, FR),
    ("address", Field::Address, EN),
    ("direccion", Field::Address, ES),
    ("endereco", Field::Address, PT),
    ("cp", Field::ZipCode, FR),
    ("cp1", Field::ZipCode, FR),
    ("codepostal", Field::ZipCode, FR),
    ("cpresponsable", Field::ZipCode, FR),
    ("postcode", Field::ZipCode, EN),
    ("codigopostal", Field::ZipCode, ES | PT),
    ("ville", Field::City, FR),
    ("commune", Field::City, FR),
    ("commune1", Field::City, FR),
    ("communeresponsable", Field::City, FR),
    ("city", Field::City, EN),
    ("ciudad", Field::City, ES),
    ("cidade", Field::City, PT),
    ("pays", Field::Country, FR),
    ("pays1", Field::Country, FR),
    ("country", Field::Country, EN),
    ("pais", Field::Country, ES | PT),
    ("fonction", Field::Functions, FR),
    ("fonctions", Field::Functions, FR),
    ("function", Field::Functions, EN),
    ("funcion", Field::Functions, ES),
    ("funcao", Field::Functions, PT),
    ("presencedevanteleves", Field::Teaches, FR),
    ("professeurprincipal", Field::HeadTeacher, FR),
    ("discipline", Field::Discipline, FR | EN),
    ("materia", Field::Discipline, ES | PT),
    ("matiereenseignee", Field::SubjectTaught, FR),
    ("directeur", Field::Director, FR),
    ("idenfant", Field::ChildExternalId, FR),
    ("childid", Field::ChildExternalId, EN),
    ("childexternalid", Field::ChildExternalId, EN),
    ("idexternohijo", Field::ChildExternalId, ES),
    ("idexternofilho", Field::ChildExternalId, PT),
    ("nomenfant", Field::ChildLastName, FR),
    ("nomfamilleenfant", Field::ChildLastName, FR),
    ("nomdefamilleenfant", Field::ChildLastName, FR),
    ("nomdeleleve", Field::ChildLastName, FR),
    ("nomusageenfant", Field::ChildUsualName, FR),
    ("nomdusageenfant", Field::ChildUsualName, FR),
    ("prenomenfant", Field::ChildFirstName, FR),
    ("prenomdeleleve", Field::ChildFirstName, FR),
    ("classeenfant", Field::ChildClasses, FR),
    ("classesenfants", Field::ChildClasses, FR),
    ("classeseleves", Field::ChildClasses, FR),
    ("classesdeleleve", Field::ChildClasses, FR),
    ("classedeleleve", Field::ChildClasses, FR),
    ("uai", Field::School, ANY),
    ("rne", Field::School, ANY),
    ("codeuai", Field::School, FR),
    ("coderne", Field::School, FR),
    // Known to have no place in a record.
    ("login", Field::NotCarried, ANY),
    ("alias", Field::NotCarried, ANY),
    ("password", Field::NotCarried, ANY),
    ("motdepasse", Field::NotCarried, FR),
    ("multietab", Field::NotCarried, FR),
    ("relative", Field::NotCarried, EN),
    ("persreleleve", Field::NotCarried, FR),
    ("r1_nom", Field::NotCarried, FR),
    ("r1_prenom", Field::NotCarried, FR),
    ("r2_nom", Field::NotCarried, FR),
    ("r2_prenom", Field::NotCarried, FR),
    ("adresse2", Field::NotCarried, FR),
    ("cp2", Field::NotCarried, FR),
    ("commune2", Field::NotCarried, FR),
    ("pays2", Field::NotCarried, FR),
    ("identifiantclasse", Field::NotCarried, FR),
    ("dateinscription", Field::NotCarried, FR),
    ("communenaissance", Field::NotCarried, FR),
    ("deptnaissance", Field::NotCarried, FR),
    ("paysnaissance", Field::NotCarried, FR),
    ("etat", Field::NotCarried, FR),
    ("intervenant", Field::NotCarried, FR),
    ("attestationfournie", Field::NotCarried, FR),
    ("autorisationassociation", Field::NotCarried, FR),
    ("autorisationassociations", Field::NotCarried, FR),
    ("autorisationsassociation", Field::NotCarried, FR),
    ("autorisationsassociations", Field::NotCarried, FR),
    ("autorisationphoto", Field::NotCarried, FR),
    ("autorisationphotos", Field::NotCarried, FR),
    ("autorisationsphoto", Field::NotCarried, FR),
    ("autorisationsphotos", Field::NotCarried, FR),
    ("decisiondepassage", Field::NotCarried, FR),
    ("dispositif", Field::NotCarried, FR),
    ("dispositifs", Field::NotCarried, FR),
    ("dispositif(s)", Field::NotCarried, FR),
    ("pcs", Field::NotCarried, FR),
    ("datedenaissanceeleve", Field::NotCarried, FR),
    ("communicationadresses", Field::NotCarried, FR),
    ("numerodeposte", Field::NotCarried, FR),
    ("ignore", Field::NotCarried, ANY),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_one_form() {
        for header in ["Cycle", " Cycle", "CYCLE*", "\u{feff}cycle", "\u{feff}\u{feff}Cycle", "ï»¿ï»¿Cycle"] {
            assert_eq!(normalise(header), "cycle", "{header:?}");
        }
        assert_eq!(normalise("Nom d'usage Elève"), "nomdusageeleve");
        assert_eq!(normalise("Nom d’usage élève"), "nomdusageeleve");
        assert_eq!(normalise("N° de poste"), normalise("N°de poste"));
        assert_eq!(normalise("Né(e) le"), "ne(e)le");
    }

    #[test]
    fn a_word_means_what_it_means_in_its_language() {
        let in_language = |header, language| look_up(header, None, language);
        assert_eq!(in_language("nom", Language::French), Some(Field::LastName));
        assert_eq!(in_language("nome", Language::Portuguese), Some(Field::FirstName));
        assert_eq!(in_language("nombre", Language::Spanish), Some(Field::FirstName));
        // Not a surname, and not a first name either, in a French file.
        assert_eq!(in_language("nome", Language::French), None);
        assert_eq!(in_language("nombre", Language::French), None);
        // A foreign word that can mean one thing only is understood.
        assert_eq!(in_language("email", Language::Spanish), Some(Field::Email));
        assert_eq!(in_language("birthdate", Language::French), Some(Field::BirthDate));
    }

    #[test]
    fn the_profile_changes_the_meaning() {
        let of = |profile| look_up("nomdusageeleve", Some(profile), Language::French);
        assert_eq!(of(Profile::Pupil), Some(Field::UsualName));
        assert_eq!(of(Profile::Relative), Some(Field::ChildUsualName));
    }

    #[test]
    fn words_are_normalised_and_not_repeated() {
        for list in [BASE, RELATIVE, PUPIL, TEACHER] {
            for (at, (word, ..)) in list.iter().enumerate() {
                assert_eq!(normalise(word), *word);
                assert!(list.iter().skip(at + 1).all(|(other, ..)| other != word), "{word} twice");
            }
        }
    }
}
