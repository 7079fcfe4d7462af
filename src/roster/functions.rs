//! From a function code to a national profile.

use super::model::NationalProfile::{self, Aca, Col, Dir, Doc, Ens, Eta, Evs};
use super::options::Options;

/// What a function code makes of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Profile(NationalProfile),
    /// Teacher when in front of pupils, else technical and administrative staff.
    TeacherIfPresent,
    /// No function at all (`-`, *sans objet*).
    Nothing,
    /// Not in the table.
    Unknown,
}

use Meaning::{Nothing, Profile, TeacherIfPresent};

/// Function codes of `ENTPersonFonctions`, sorted. Source: the tables of the SDET annex (v6.3) and of the ministry's
/// access manager (GAR) as public ETL and portals carry them; where those disagree, the reading that gives the fewer
/// rights, unless the person's work is with pupils.
const TABLE: [(&str, Meaning); 45] = [
    ("-", Nothing),
    ("ACP", TeacherIfPresent),
    ("ACS", Profile(Eta)),
    ("ADA", Profile(Eta)),
    ("ADF", Profile(Eta)),
    ("ADM", Profile(Eta)),
    ("AED", Profile(Evs)),
    ("AEH", Profile(Evs)),
    ("AES", Profile(Evs)),
    ("ALB", Profile(Eta)),
    ("APP", Profile(Eta)),
    ("ASE", Profile(Eta)),
    ("ASH", Profile(Evs)),
    ("BED", Profile(Ens)),
    ("CFC", Profile(Eta)),
    ("COL", Profile(Col)),
    ("COLTER", Profile(Col)),
    ("CPD", Profile(Eta)),
    ("CTR", Profile(Eta)),
    ("DEC", Profile(Dir)),
    ("DECPR", Profile(Dir)),
    ("DIR", Profile(Dir)),
    ("DOC", Profile(Doc)),
    ("DSES", Profile(Dir)),
    ("EDU", Profile(Evs)),
    ("EEI", Profile(Evs)),
    ("ENS", Profile(Ens)),
    ("FCA", TeacherIfPresent),
    ("FCP", TeacherIfPresent),
    ("FIJ", TeacherIfPresent),
    ("INJ", Profile(Aca)),
    ("INS", Profile(Aca)),
    ("IS", Profile(Ens)),
    ("ISES", Profile(Ens)),
    ("LAB", Profile(Eta)),
    ("MDS", Profile(Eta)),
    ("ORI", Profile(Eta)),
    ("OUV", Profile(Eta)),
    ("PPA", Profile(Ens)),
    ("PSY", Profile(Eta)),
    ("RH1D", Profile(Ens)),
    ("RPL", Profile(Ens)),
    ("SUR", Profile(Evs)),
    ("TEC", Profile(Eta)),
    ("UPI", Profile(Ens)),
];

/// What `code` means under the options; `Unknown` codes are the caller's to report.
pub(super) fn meaning(code: &str, options: &Options) -> Meaning {
    let code = code.trim().to_uppercase();
    if let Some(chosen) = options.functions.get(code.as_str()) {
        return chosen.map_or(Nothing, Profile);
    }
    if code.is_empty() {
        return Nothing;
    }
    TABLE
        .binary_search_by(|(known, _)| known.cmp(&code.as_str()))
        .map_or(Meaning::Unknown, |at| TABLE.get(at).map_or(Meaning::Unknown, |(_, meaning)| *meaning))
}

/// The profile held through a function, `None` when it gives none.
///
/// `present`: teaches in front of pupils. `teacher`: that, or belongs to a teacher corps, or has classes. An unknown
/// code counts as technical and administrative staff, the profile with the fewest rights.
pub(super) fn profile(meaning: Meaning, present: bool, teacher: bool) -> Option<NationalProfile> {
    match meaning {
        Profile(profile) => Some(profile),
        TeacherIfPresent => Some(if present { Ens } else { Eta }),
        Nothing => teacher.then_some(Ens),
        Meaning::Unknown => Some(Eta),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_repetition() {
        assert!(TABLE.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn codes_give_profiles() {
        let options =
            Options { functions: [("ORI".into(), None), ("ASE".into(), Some(Evs))].into(), ..Options::default() };
        let cases = [
            ("ENS", false, false, Some(Ens)),
            ("doc", false, false, Some(Doc)),
            ("DIR", true, true, Some(Dir)),
            ("AED", false, false, Some(Evs)),
            ("FIJ", true, true, Some(Ens)),
            ("FIJ", false, true, Some(Eta)),
            ("-", false, false, None),
            ("-", false, true, Some(Ens)),
            ("", false, true, Some(Ens)),
            ("XYZ", false, false, Some(Eta)),
            ("ASE", false, false, Some(Evs)),
            ("ORI", false, false, None),
        ];
        for (code, present, teacher, expected) in cases {
            assert_eq!(profile(meaning(code, &options), present, teacher), expected, "{code}");
        }
        assert_eq!(meaning("XYZ", &options), Meaning::Unknown);
    }
}
