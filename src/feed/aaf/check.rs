//! Looks at each value as it passes. A bad value costs itself, never its person.

use jiff::civil::Date;

use super::remark::{Fold, Remark};
use super::text::is_mojibake;
use super::vocabulary::{Attribute, Check};
use crate::feed::Code;
use crate::feed::values::{
    Ine, Phone, Uai, composite, is_function, is_link_code, is_mail, is_mef, is_postal_code, is_regime, parse_civility,
    parse_date, parse_siret, split_composite,
};

/// Longest value that is taken for one, in bytes. Those of the AAF have some ninety at most; names of entries and groups are
/// made of them, and neither a directory nor the index of a database takes any length.
const LONGEST_VALUE: usize = 512;

/// Remarks that one record may give; a record made to give more must not fill our memory.
const REMARKS: usize = 200;

/// What the values of one record gave, beside themselves.
#[derive(Debug, Default)]
pub(in crate::feed) struct Seen {
    pub surname: bool,
    pub first_name: bool,
    pub birth_date: Option<Date>,
    /// A birth date that is none, as delivered.
    pub bad_birth_date: Option<(&'static Attribute, String)>,
    /// The `…Jointure` attribute and its value.
    pub join_key: Option<(&'static Attribute, String)>,
    /// The first of `ENTPersonStructRattach`.
    pub structure: Option<String>,
    pub remarks: Vec<Remark>,
}

impl Seen {
    pub(in crate::feed) fn clear(&mut self) {
        let mut remarks = std::mem::take(&mut self.remarks);
        remarks.clear();
        *self = Self { remarks, ..Self::default() };
    }

    pub(in crate::feed) fn remark(&mut self, remark: Remark) {
        push(&mut self.remarks, remark);
    }

    /// Looks at a value, trimmed and not empty; gives whether it stays.
    pub(in crate::feed) fn look(&mut self, attribute: &'static Attribute, value: &str) -> bool {
        let mut remark =
            |code: Code, detail: &str, fold| push(&mut self.remarks, Remark::on(attribute, code, detail, fold));
        if value.len() > LONGEST_VALUE {
            remark(Code::ValueTooLong, value, Fold::Own);
            return false;
        }
        match attribute.check {
            Check::JoinKey => {
                self.join_key.get_or_insert_with(|| (attribute, value.to_owned()));
            }
            Check::Structure => {
                self.structure.get_or_insert_with(|| value.to_owned());
            }
            Check::Surname => {
                self.surname = true;
                self.label(attribute, value);
            }
            Check::FirstName => {
                self.first_name = true;
                self.label(attribute, value);
            }
            Check::Label => self.label(attribute, value),
            Check::BirthDate => match parse_date(value) {
                Some(date) => self.birth_date = Some(date),
                None => {
                    self.bad_birth_date = Some((attribute, value.to_owned()));
                    return false;
                }
            },
            Check::Date if parse_date(value).is_none() => {
                remark(Code::InvalidDate, value, Fold::Own);
                return false;
            }
            Check::Phone if !Phone::is_one(value) => {
                // A filler is the export's habit, not a person's mistake.
                let fold = if Phone::is_placeholder(value) { Fold::ByValue } else { Fold::Own };
                remark(Code::InvalidPhone, value, fold);
                return false;
            }
            Check::Mail if !is_mail(value) => {
                remark(Code::InvalidMail, value, Fold::Own);
                return false;
            }
            Check::PostalCode if !is_postal_code(value) => {
                let fold = if value.bytes().all(|b| b == b'0') { Fold::ByValue } else { Fold::Own };
                remark(Code::InvalidPostalCode, value, fold);
                return false;
            }
            Check::Civility if parse_civility(value).is_none() => {
                remark(Code::UnknownCivility, value, Fold::ByValue);
                return false;
            }
            Check::Uai if !Uai::parse(value).is_some_and(|uai| uai.is_regular()) => {
                remark(Code::InvalidUai, value, Fold::Own);
            }
            Check::Siret if parse_siret(value).is_none() => remark(Code::InvalidSiret, value, Fold::Own),
            Check::Ine => match Ine::parse(value) {
                Some(ine) if ine.is_wrong() => remark(Code::InvalidIne, &masked(value), Fold::Own),
                None => remark(Code::InvalidIne, &masked(value), Fold::Own),
                Some(_) => {}
            },
            Check::Mef if !is_mef(value) => remark(Code::InvalidMef, value, Fold::ByValue),
            Check::Regime if !is_regime(value) => remark(Code::UnknownRegime, value, Fold::ByValue),
            Check::Composite(least, most) if !has_fields(value, least, most) => {
                remark(Code::InvalidComposite, value, Fold::ByAttribute);
                return false;
            }
            Check::Links => match composite::<6>(value) {
                Some([_, link, ..]) if !is_link_code(link) => remark(Code::UnknownLinkCode, link, Fold::ByValue),
                Some(_) => {}
                None => {
                    // A family loses a link: the school must know which.
                    remark(Code::InvalidComposite, value, Fold::Own);
                    return false;
                }
            },
            Check::Authority => {
                let mut fields = split_composite(value);
                let (holder, link) = (fields.next().unwrap_or_default(), fields.next());
                if holder.trim().is_empty() || fields.next().is_some() {
                    remark(Code::InvalidComposite, value, Fold::Own);
                    return false;
                }
                if let Some(link) = link.filter(|link| !is_link_code(link)) {
                    remark(Code::UnknownLinkCode, link, Fold::ByValue);
                }
            }
            Check::Functions => match composite::<5>(value) {
                Some([_, function, ..]) if !is_function(function) => {
                    remark(Code::UnknownFunction, function, Fold::ByValue);
                }
                Some(_) => {}
                None => {
                    remark(Code::InvalidComposite, value, Fold::Own);
                    return false;
                }
            },
            Check::DatedClass => match composite::<3>(value) {
                Some([_, date, _]) if parse_date(date).is_none() => {
                    remark(Code::InvalidDate, value, Fold::Own);
                    return false;
                }
                Some(_) => {}
                None => {
                    remark(Code::InvalidComposite, value, Fold::ByAttribute);
                    return false;
                }
            },
            // Nothing to check, or nothing wrong.
            _ => {}
        }
        true
    }

    fn label(&mut self, attribute: &'static Attribute, value: &str) {
        if is_mojibake(value) {
            self.remark(Remark::on(attribute, Code::Mojibake, value, Fold::ByAttribute));
        }
    }
}

/// Keeps a remark, unless the record has given more than anyone will read.
fn push(remarks: &mut Vec<Remark>, remark: Remark) {
    match remarks.len() {
        0..REMARKS => remarks.push(remark),
        REMARKS => {
            let what = "plus de 200 anomalies dans un même enregistrement : les suivantes ne sont pas détaillées";
            remarks.push(Remark::loose(Code::GrammarDeviation, what, Fold::ByValue));
        }
        _ => {}
    }
}

fn has_fields(value: &str, least: u8, most: u8) -> bool {
    (usize::from(least)..=usize::from(most)).contains(&split_composite(value).take(usize::from(u8::MAX)).count())
}

/// The two ends of an INE: the number itself is not for reports.
fn masked(ine: &str) -> String {
    let ine: Vec<char> = ine.chars().filter(|c| !c.is_whitespace()).collect();
    match ine.as_slice() {
        [a, b, .., y, z] if ine.len() > 4 => format!("{a}{b}…{y}{z}"),
        _ => "…".to_owned(),
    }
}
