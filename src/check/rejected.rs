//! Relatives whose record was rejected, and the pupils who name them.
//!
//! A rejected relative reaches no roster, so nothing says whose he is; and the pupil who names him only has a key to
//! show. Put together, the school finds both: the relative under the pupil, the pupil's missing relative by name.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use crate::feed::{Category, Code, Finding, Severity};

type Key = (Option<Arc<str>>, CompactString);

/// Names rejected relatives on both sides.
pub(super) fn name_relatives(findings: &mut [Finding]) {
    let mut rejected: HashMap<Key, Vec<usize>> = HashMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if let (Severity::Rejected, Some(Category::Relative), Some(key)) =
            (finding.severity, finding.category, &finding.key)
        {
            rejected.entry((finding.source.clone(), key.clone())).or_default().push(at);
        }
    }
    if rejected.is_empty() {
        return;
    }
    for at in 0..findings.len() {
        let Some(pupil) = findings.get(at).filter(|f| f.code == Code::UnknownRelative).cloned() else { continue };
        // The message names the keys, apart from each other and from the words.
        for word in pupil.message.split([' ', ',']) {
            let Some(places) = rejected.get(&(pupil.source.clone(), word.into())) else { continue };
            let mut relatives = places.iter().filter_map(|place| findings.get(*place));
            let name = relatives.find_map(|f| f.subject.clone()).unwrap_or_else(|| format!("identifiant {word}"));
            for place in places {
                if let Some(relative) = findings.get_mut(*place).filter(|f| f.school.is_none()) {
                    relative.school.clone_from(&pupil.school);
                    relative.class.clone_from(&pupil.class);
                    let of = pupil.subject.as_deref().unwrap_or("?");
                    relative.subject = Some(format!("{name} (responsable de {of})"));
                }
            }
            if let Some(finding) = findings.get_mut(at) {
                let name = name.split(" (responsable de ").next().unwrap_or_default();
                finding.message.push_str(&format!(" ({name} : sa fiche est rejetée)"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_named() {
        let mut relative =
            Finding::new(Code::MissingFirstName, "sans prénom").about(Category::Relative, "8").who("KERMAREC");
        let mut pupil = Finding::new(Code::UnknownRelative, "responsables 8, 9 absents de la livraison")
            .about(Category::Pupil, "2")
            .who("KERMAREC Malo")
            .in_class(Some("6A".into()));
        pupil.school = Some("0290009C".into());
        let stranger = Finding { source: Some("other".into()), ..relative.clone() };
        relative.source = Some("rennes".into());
        pupil.source = Some("rennes".into());
        let mut findings = [pupil, relative, stranger];
        name_relatives(&mut findings);
        let [pupil, relative, stranger] = findings;
        assert_eq!(pupil.message, "responsables 8, 9 absents de la livraison (KERMAREC : sa fiche est rejetée)");
        assert_eq!(relative.whom().as_deref(), Some("KERMAREC (responsable de KERMAREC Malo) (6A)"));
        assert_eq!(relative.school.as_deref(), Some("0290009C"));
        assert_eq!((stranger.whom().as_deref(), stranger.school), (Some("KERMAREC"), None));
    }
}
