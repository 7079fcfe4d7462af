//! [`Scribe`]: writes the cells of a row as the attributes that any person has.

use std::borrow::Cow;

use compact_str::CompactString;

use super::columns::Columns;
use super::field::Field;
use super::fold::folded;
use super::repair;
use super::row::Row;
use crate::feed::aaf::{Attribute, Fold, Remark, Seen, attribute, clean};
use crate::feed::values::{Civility, parse_civility};
use crate::feed::{Code, FieldsBuilder};

/// Attributes by name, looked up once.
macro_rules! known {
    ($($field:ident $name:literal;)*) => {
        #[derive(Debug, Clone, Copy)]
        pub(super) struct Known { $(pub(super) $field: Option<&'static Attribute>,)* }
        impl Known {
            fn new() -> Self {
                Self { $($field: attribute($name),)* }
            }
            #[cfg(test)]
            fn unknown() -> Vec<&'static str> {
                [$(($name, attribute($name).is_none()),)*].into_iter().filter(|(_, none)| *none).map(|(name, _)| name).collect()
            }
        }
    };
}

known! {
    surname "sn";
    family "ENTPersonNomPatro";
    first "givenName";
    others "ENTPersonAutresPrenoms";
    title "personalTitle";
    born "ENTPersonDateNaissance";
    mail "mail";
    home "homePhone";
    work "telephoneNumber";
    mobile "mobile";
    address "ENTPersonAdresse";
    postal_code "ENTPersonCodePostal";
    town "ENTPersonVille";
    country "ENTPersonPays";
    ine "ENTEleveINE";
    group "ENTEleveGroupes";
    level "ENTEleveNivFormation";
    cycle "ENTEleveFiliere";
    regime "ENTEleveRegime";
    mef "ENTEleveMEF";
    mef_label "ENTEleveLibelleMEF";
    subject_code "ENTEleveCodeEnseignements";
    subject_label "ENTEleveEnseignements";
    scholarship "ENTEleveBoursier";
    transport "ENTEleveTransport";
    status "ENTEleveStatutEleve";
    functions "ENTPersonFonctions";
}

/// Who a row is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Names<'r> {
    /// The family name, or the usual one of somebody who has no other.
    pub(super) last: &'r str,
    /// The usual name, when there is one.
    pub(super) usual: &'r str,
    pub(super) first: &'r str,
    /// `dd/mm/yyyy`, or empty.
    pub(super) born: CompactString,
    pub(super) id: &'r str,
}

impl Names<'_> {
    /// The surname that people see.
    pub(super) fn shown(&self) -> &str {
        if self.usual.is_empty() { self.last } else { self.usual }
    }
}

/// Builds one record after the other.
pub(super) struct Scribe {
    pub(super) builder: FieldsBuilder,
    pub(super) seen: Seen,
    pub(super) known: Known,
    /// The row is known to have nothing for [`clean`] to find.
    tidy: bool,
    /// Values that a spreadsheet had damaged: attribute, what was there, what it was.
    pub(super) repairs: Vec<(&'static str, CompactString, CompactString)>,
    /// Values dropped because what they were cannot be known: code, and what to say.
    pub(super) losses: Vec<(Code, String)>,
}

impl Scribe {
    pub(super) fn new() -> Self {
        Self {
            builder: FieldsBuilder::new(),
            seen: Seen::default(),
            known: Known::new(),
            tidy: false,
            repairs: Vec::new(),
            losses: Vec::new(),
        }
    }

    /// Begins a record of this row.
    pub(super) fn begin(&mut self, row: &Row<'_>) {
        self.tidy = row.tidy;
        self.builder.clear();
        self.seen.clear();
        self.repairs.clear();
        self.losses.clear();
    }

    /// Adds a value when its check lets it; gives whether it did.
    pub(super) fn put(&mut self, attribute: Option<&'static Attribute>, value: &str) -> bool {
        let Some(attribute) = attribute else { return false };
        let (value, control) = if self.tidy { (Cow::Borrowed(value), false) } else { clean(value) };
        if control {
            self.seen.remark(Remark::on(attribute, Code::ControlCharacter, &value, Fold::ByAttribute));
        }
        if value.is_empty() || !self.seen.look(attribute, &value) {
            return false;
        }
        self.builder.begin(attribute.name);
        self.builder.value(&value);
        true
    }

    /// Whether the check of an attribute lets a value, with its remarks.
    pub(super) fn accepts(&mut self, attribute: Option<&'static Attribute>, value: &str) -> bool {
        attribute.is_some_and(|attribute| self.seen.look(attribute, value))
    }

    fn put_repaired(&mut self, attribute: Option<&'static Attribute>, cell: &str, value: &repair::Value) {
        if self.put(attribute, &value.text) && value.repaired {
            self.repairs.push((attribute.map_or("", |a| a.name), cell.into(), value.text.clone()));
        }
    }

    /// Writes what any person has; gives the names for the key.
    pub(super) fn person<'r>(&mut self, row: &Row<'r>, columns: &Columns, serial: Option<bool>) -> Names<'r> {
        let known = self.known;
        let value = |field| columns.value(row, field);
        let (family, usual) = (value(Field::LastName), value(Field::UsualName));
        let mut names = Names {
            last: if family.is_empty() { usual } else { family },
            usual,
            first: value(Field::FirstName),
            born: CompactString::default(),
            id: value(Field::ExternalId),
        };
        self.put(known.surname, names.shown());
        if !usual.is_empty() && !family.is_empty() && usual != family {
            self.put(known.family, family);
        }
        self.put(known.first, names.first);
        for other in columns.values(row, Field::OtherFirstNames) {
            self.put(known.others, other);
        }
        self.title(value(Field::Title), value(Field::Gender));
        let cell = value(Field::BirthDate);
        if !cell.is_empty() {
            let date = repair::date(cell, serial);
            if self.seen.birth_date.is_none() {
                self.put_repaired(known.born, cell, &date);
                if self.seen.birth_date.is_some() {
                    names.born = date.text;
                }
            }
        }
        let mail = value(Field::Email);
        if !mail.is_empty() {
            self.put(known.mail, mail);
        }
        for (field, attribute) in [(Field::HomePhone, known.home), (Field::WorkPhone, known.work)] {
            let cell = value(field);
            if !cell.is_empty() {
                self.put_repaired(attribute, cell, &repair::phone(cell));
            }
        }
        for cell in columns.values(row, Field::Mobile) {
            self.put_repaired(known.mobile, cell, &repair::phone(cell));
        }
        self.address(row, columns);
        names
    }

    /// The civility, or the one of the gender; a gender that says otherwise is worth a word.
    fn title(&mut self, title: &str, gender: &str) {
        let known = self.known.title;
        let of_title = if title.is_empty() { None } else { parse_civility(title) };
        let of_gender = match folded(gender).as_str() {
            "f" | "feminin" | "fille" | "femme" => Some(Civility::Madame),
            "m" | "h" | "g" | "masculin" | "garcon" | "homme" => Some(Civility::Monsieur),
            _ => None,
        };
        // What is neither is refused by the check of the attribute, with a word for it.
        if !title.is_empty() && of_title.is_none() {
            self.put(known, title);
        }
        if !gender.is_empty() && of_gender.is_none() {
            self.put(known, gender);
        }
        if let Some(civility) = of_title.or(of_gender) {
            self.put(known, civility.as_str());
        }
        if of_title.is_some() && of_gender.is_some() && of_title != of_gender {
            let (title, gender) = (crate::wording::plain(title), crate::wording::plain(gender));
            let text = format!("civilité « {title} » et sexe « {gender} » se contredisent : la civilité est gardée");
            self.losses.push((Code::UnknownCivility, text));
        }
    }

    fn address(&mut self, row: &Row<'_>, columns: &Columns) {
        let known = self.known;
        let cell = columns.value(row, Field::Address);
        if !cell.is_empty() {
            // Lines are joined by `$` in the AAF: one inside a line would be a line end.
            if cell.bytes().any(|b| matches!(b, b'\n' | b'\r' | b'$')) {
                let lines: Vec<String> = cell
                    .split(['\n', '\r'])
                    .map(|line| line.trim().replace('$', " "))
                    .filter(|line| !line.is_empty())
                    .collect();
                self.put(known.address, &lines.join("$"));
            } else {
                self.put(known.address, cell);
            }
        }
        let country = columns.value(row, Field::Country);
        let code = columns.value(row, Field::ZipCode);
        if !code.is_empty() {
            self.put_repaired(known.postal_code, code, &repair::postal_code(code, country));
        }
        for (field, attribute) in [(Field::City, known.town), (Field::Country, known.country)] {
            let cell = columns.value(row, field);
            if !cell.is_empty() {
                self.put(attribute, cell);
            }
        }
    }
}

/// Reads a yes or a no, in the words of the templates.
pub(super) fn yes(text: &str) -> Option<bool> {
    match folded(text).as_str() {
        "oui" | "o" | "true" | "vrai" | "yes" | "y" | "1" | "x" | "si" | "sim" => Some(true),
        "non" | "n" | "false" | "faux" | "no" | "0" | "nao" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_is_one_of_the_aaf() {
        assert_eq!(Known::unknown(), Vec::<&str>::new());
    }

    #[test]
    fn yes_and_no() {
        assert_eq!((yes("Oui"), yes("NON"), yes("peut-être")), (Some(true), Some(false), None));
    }
}
