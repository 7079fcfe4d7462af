//! Functions of staff, as templates write them: free words, or the value of the AAF with or without its structure.

use super::classes::plain;
use super::fold::words;
use super::profile::Profile;
use crate::feed::values::is_function;

/// What a cell says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    None,
    /// A value of the AAF.
    Value(String),
    /// Free words: the value made of them, and the code that they were given.
    Words {
        value: String,
        code: &'static str,
    },
}

/// Words that say a function, by the beginning of one of them. The code is that of the nomenclature
/// (`ENTPersonFonctions`, second field) whose rights the person needs.
const WORDS: &[(&[&str], &str)] = &[
    (&["direct", "directeur", "directrice", "principal", "proviseur"], "DIR"),
    (&["documentaliste", "documentation"], "DOC"),
    (&["aesh", "avs", "accompagnant", "accompagnante", "accompagnement"], "AES"),
    (&["aed", "surveillant", "surveillante", "surveillance"], "AED"),
    (&["cpe", "education"], "EDU"),
    (
        &[
            "atsem",
            "mairie",
            "municipal",
            "municipale",
            "commune",
            "collectivite",
            "territorial",
            "territoriale",
            "periscolaire",
        ],
        "COL",
    ),
    (&["secretaire", "secretariat", "administratif", "administrative", "gestionnaire", "intendance"], "ADF"),
    (&["infirmier", "infirmiere", "medecin", "sante"], "MDS"),
    (&["psychologue"], "PSY"),
    (
        &[
            "enseignant",
            "enseignante",
            "enseignement",
            "professeur",
            "professeure",
            "remplacant",
            "remplacante",
            "vacataire",
        ],
        "ENS",
    ),
];

/// Reads a cell for somebody in a school.
pub(super) fn read(cell: &str, uai: &str, profile: Profile) -> Reading {
    let fields: Vec<&str> = cell.split('$').map(str::trim).collect();
    match fields.as_slice() {
        [] | [""] => Reading::None,
        // The whole value, its own structure first.
        [_, _, _, _, _] => Reading::Value(format!("{uai}${}", fields.get(1..).unwrap_or_default().join("$"))),
        // Without the structure.
        [code, _, _, _] if is_function(code) && !code.is_empty() => {
            Reading::Value(format!("{uai}${}", fields.join("$")))
        }
        // A bare code of the nomenclature.
        [code]
            if code.len() <= 6 && code.bytes().all(|b| b.is_ascii_uppercase()) && is_function(code) && *code != "-" =>
        {
            Reading::Value(format!("{uai}${code}$$$"))
        }
        _ => {
            let said = words(cell);
            let known = WORDS.iter().find(|(list, _)| said.iter().any(|word| list.contains(&word.as_str())));
            let code = known.map_or(default_code(profile), |(_, code)| code);
            Reading::Words { value: format!("{uai}${code}${}$$", plain(cell)), code }
        }
    }
}

/// What somebody of whom nothing is said does.
pub(super) fn default(uai: &str, profile: Profile) -> String {
    let label = match profile {
        Profile::Teacher => "ENSEIGNEMENT",
        Profile::Guest => "INVITE",
        Profile::Staff | Profile::Pupil | Profile::Relative => "PERSONNELS ADMINISTRATIFS",
    };
    format!("{uai}${}${label}$$", default_code(profile))
}

/// A guest has no code in the nomenclature: the one given here gets the fewest rights, or what
/// `[roster.functions]` says of it.
const fn default_code(profile: Profile) -> &'static str {
    match profile {
        Profile::Teacher => "ENS",
        Profile::Guest => "INV",
        Profile::Staff | Profile::Pupil | Profile::Relative => "ADF",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_codes_and_words() {
        let of = |cell, profile| match read(cell, "U", profile) {
            Reading::None => String::new(),
            Reading::Value(value) => format!("={value}"),
            Reading::Words { value, .. } => value,
        };
        for (cell, profile, expected) in [
            ("", Profile::Staff, ""),
            ("12$DIR$DIRECTION$D0011$ADJOINT", Profile::Teacher, "=U$DIR$DIRECTION$D0011$ADJOINT"),
            ("DIR$DIRECTION$D0011$LABEL", Profile::Teacher, "=U$DIR$DIRECTION$D0011$LABEL"),
            ("AED", Profile::Staff, "=U$AED$$$"),
            ("ATSEM", Profile::Staff, "U$COL$ATSEM$$"),
            ("Secrétaire de mairie", Profile::Staff, "U$COL$Secrétaire de mairie$$"),
            ("Professeur remplaçant", Profile::Staff, "U$ENS$Professeur remplaçant$$"),
            ("Accordeur", Profile::Staff, "U$ADF$Accordeur$$"),
            ("Accordeur", Profile::Guest, "U$INV$Accordeur$$"),
            ("Conteur$du soir", Profile::Guest, "U$INV$Conteur du soir$$"),
        ] {
            assert_eq!(of(cell, profile), expected, "{cell}");
        }
        assert_eq!(default("U", Profile::Teacher), "U$ENS$ENSEIGNEMENT$$");
    }
}
