//! A [`Remark`]: what a value gives to say, before it is known whose value it is and how often it comes back.

use compact_str::{CompactString, ToCompactString as _};

use super::vocabulary::{Attribute, Check};
use crate::feed::Code;

/// Whether remarks that say the same become one finding with a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Fold {
    /// A person to mend: a finding of its own.
    Own,
    /// One finding for each attribute and value (an unknown civility, a filler).
    ByValue,
    /// One finding for each attribute, the first value as its example.
    ByAttribute,
}

/// Something to say about a value.
#[derive(Debug)]
pub(in crate::feed) struct Remark {
    pub code: Code,
    pub attribute: Option<&'static Attribute>,
    /// The raw value, or what else the message needs.
    pub detail: CompactString,
    pub fold: Fold,
}

/// Characters of a raw value that a message shows.
const SHOWN: usize = 100;

impl Remark {
    pub(in crate::feed) fn on(attribute: &'static Attribute, code: Code, value: &str, fold: Fold) -> Self {
        Self { code, attribute: Some(attribute), detail: short(value), fold }
    }

    /// About no attribute that is known.
    pub(super) fn loose(code: Code, detail: &str, fold: Fold) -> Self {
        Self { code, attribute: None, detail: short(detail), fold }
    }
}

/// A raw value fit for a message: short, without control characters.
pub(super) fn short(value: &str) -> CompactString {
    let (clean, _) = super::text::clean(value.trim());
    match clean.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()).to_compact_string(),
        None => CompactString::from(clean),
    }
}

/// What is wrong and what the program did, in French, without count.
pub(in crate::feed) fn message(code: Code, attribute: Option<&'static Attribute>, detail: &str) -> String {
    let what = attribute.map(Attribute::called).unwrap_or_default();
    match code {
        Code::InvalidDate => format!("{what} : « {detail} » n'est pas une date (jj/mm/aaaa) ; valeur ignorée"),
        Code::UnlikelyAge => format!("date de naissance « {detail} » : âge invraisemblable ; gardée telle quelle"),
        Code::InvalidPhone if crate::feed::values::Phone::is_placeholder(detail) => {
            format!("{what} : « {detail} » tient lieu de numéro absent ; valeur ignorée")
        }
        Code::InvalidPhone => format!("{what} : « {detail} » n'est pas un numéro de téléphone ; valeur ignorée"),
        Code::InvalidMail => format!("{what} : « {detail} » n'est pas une adresse électronique ; valeur ignorée"),
        Code::InvalidPostalCode => format!("{what} : « {detail} » n'est pas un code postal ; valeur ignorée"),
        Code::InvalidUai => format!("{what} : « {detail} » n'a pas la forme ou la clé d'une UAI ; gardée telle quelle"),
        Code::InvalidSiret => {
            format!("{what} : « {detail} » n'est pas un SIRET (14 chiffres, clé de contrôle) ; gardé tel quel")
        }
        Code::InvalidIne => format!(
            "{what} : « {detail} » est mal formé ou sa clé est fausse ; gardé, mais pas pour rapprocher des dossiers"
        ),
        Code::InvalidMef => {
            format!("{what} : « {detail} » n'a pas la forme d'un MEF (11 chiffres ou capitales) ; gardé tel quel")
        }
        Code::UnknownCivility => format!("{what} : « {detail} » n'est pas une civilité connue ; valeur ignorée"),
        Code::UnknownRegime => format!("{what} : « {detail} » n'est pas dans la nomenclature ; gardé tel quel"),
        Code::UnknownLinkCode => {
            format!("code de lien « {detail} » absent de la nomenclature des liens de parenté ; gardé tel quel")
        }
        Code::UnknownFunction => format!("fonction « {detail} » absente de la nomenclature ; gardée telle quelle"),
        Code::InvalidComposite => {
            let fields = detail.split('$').count();
            format!(
                "{what} : « {detail} » a {fields} champ(s) séparés par « $ » au lieu de {} ; valeur ignorée",
                expected(attribute)
            )
        }
        Code::Mojibake => format!("{what} : « {detail} » semble encodé deux fois en amont ; laissé tel quel"),
        Code::ControlCharacter => {
            format!("{what} : caractères de contrôle dans « {detail} » ; remplacés par des espaces")
        }
        Code::ValueTooLong => format!("{what} : « {detail} » est d'une longueur invraisemblable ; valeur ignorée"),
        Code::UnknownEntity => format!("{what} : « &{detail}; » n'est pas une entité connue ; valeur ignorée"),
        Code::UnknownAttribute if detail.is_empty() => "attribut sans nom ; ignoré".to_owned(),
        Code::UnknownAttribute => format!("attribut « {detail} » inconnu de ce programme ; ignoré"),
        Code::KeyMismatch => {
            format!("{what} et identifiant de l'enregistrement diffèrent ({detail}) ; l'identifiant est retenu")
        }
        Code::MissingDeclaration => "le fichier n'a pas de déclaration XML ; lu comme de l'UTF-8".to_owned(),
        Code::EncodingFallback if detail.is_empty() => {
            "des octets ne sont pas de l'UTF-8 ; les enregistrements concernés sont lus en windows-1252".to_owned()
        }
        Code::EncodingFallback => format!("le codage déclaré « {detail} » n'existe pas ; lu comme de l'UTF-8"),
        Code::GrammarDeviation => detail.to_owned(),
        other => other.title().to_owned(),
    }
}

/// How many fields a composite should have.
fn expected(attribute: Option<&'static Attribute>) -> String {
    match attribute.map(|a| a.check) {
        Some(Check::Links) => "6".to_owned(),
        Some(Check::Authority) => "1 ou 2".to_owned(),
        Some(Check::Functions) => "5".to_owned(),
        Some(Check::DatedClass) => "3".to_owned(),
        Some(Check::Composite(least, most)) if least == most => least.to_string(),
        Some(Check::Composite(least, u8::MAX)) => format!("{least} au moins"),
        Some(Check::Composite(least, most)) => format!("{least} à {most}"),
        _ => "?".to_owned(),
    }
}
