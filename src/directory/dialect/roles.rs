//! What only some people have: a pupil's school life, what somebody teaches.

use std::fmt::Write as _;

use super::person::Emitter;
use super::source::Source;
use super::wanted::Writer;
use crate::roster::{Person, PersonId, Pupil, Role, Staff, StructureId, is_of_age};

impl Emitter<'_, '_> {
    pub(super) fn pupil(&self, pupil: &Pupil, source: Source, out: &mut Writer) {
        match source {
            Source::Adult => self.boolean(self.person.birth.map(|b| is_of_age(b, self.context.today)), out),
            Source::LivesWith => self.people(&pupil.lives_with, out),
            Source::Relatives => {
                for link in &pupil.relatives {
                    let Some((uid, login)) = (self.context.names)(link.relative) else { continue };
                    out.compose(|text| {
                        self.dialect.push_person(text, self.context, (link.relative, uid, login), true);
                        for code in link.codes.fields() {
                            text.push('$');
                            text.push_str(code);
                        }
                    });
                }
            }
            Source::Scholarship => self.boolean(pupil.boursier, out),
            Source::Transport => self.boolean(pupil.transport, out),
            Source::Classes => self.references(&pupil.classes, out),
            Source::Groups => self.references(&pupil.groups, out),
            Source::Subjects => out.values(pupil.studies.enseignements.iter().map(|e| &**e)),
            Source::CodedSubjects => {
                for (code, label) in pupil.studies.coded_subjects() {
                    out.compose(|text| {
                        text.push_str(code);
                        text.push('$');
                        text.push_str(label);
                    });
                }
            }
            Source::IdentityVector => self.identity_vector(self.person, out),
            Source::SubjectCodes => out.values(pupil.studies.code_enseignements.iter().map(|e| &**e)),
            Source::Ine => out.values(pupil.ine.as_deref()),
            Source::SiecleNumber => out.values(pupil.siecle.as_deref()),
            Source::Regime => out.values(pupil.regime.as_deref()),
            Source::Status => out.values(pupil.statut.as_deref()),
            Source::Mef => out.values(pupil.studies.mef.as_deref()),
            Source::MefLabel => out.values(pupil.studies.libelle_mef.as_deref()),
            Source::Level => out.values(pupil.studies.niv_formation.as_deref()),
            Source::Track => out.values(pupil.studies.filiere.as_deref()),
            _ => {}
        }
    }

    pub(super) fn staff(&self, staff: &Staff, source: Source, out: &mut Writer) {
        match source {
            Source::Functions => {
                for f in &staff.functions {
                    self.composite(f.structure, &[&f.code, &f.label, &f.discipline_code, &f.discipline_label], out);
                }
            }
            Source::FunctionLabels => out.values(staff.functions.iter().map(|f| &*f.label)),
            Source::CodedSubjectsTaught => {
                for (structure, label) in &staff.subjects {
                    if let Some(code) = self.context.subject_code(label) {
                        self.composite(*structure, &[code, label], out);
                    }
                }
            }
            Source::DisciplineCategories => out.values(staff.category_disciplines.iter().map(|c| &**c)),
            Source::MefsTaught => self.references(&staff.mefs, out),
            Source::SubjectsTaught => self.references(&staff.subjects, out),
            Source::ClassesSubjects => self.references(&staff.classes_subjects, out),
            Source::GroupsSubjects => self.references(&staff.groups_subjects, out),
            Source::HeadTeacherOf => self.references(&staff.head_teacher_of, out),
            // The older form is the projection of the newer one: both say the same.
            Source::ClassesTaught => self.with_projection(&staff.classes, &staff.classes_subjects, out),
            Source::GroupsTaught => self.with_projection(&staff.groups, &staff.groups_subjects, out),
            _ => {}
        }
    }

    pub(super) fn boolean(&self, value: Option<bool>, out: &mut Writer) {
        let words = &self.dialect.style.boolean;
        out.values(value.map(|yes| if yes { words.yes.as_str() } else { words.no.as_str() }));
    }

    pub(super) fn people(&self, people: &[PersonId], out: &mut Writer) {
        for &id in people {
            if let Some((uid, login)) = (self.context.names)(id) {
                out.compose(|text| self.dialect.push_person(text, self.context, (id, uid, login), false));
            }
        }
    }

    fn references(&self, values: &[(StructureId, compact_str::CompactString)], out: &mut Writer) {
        for (structure, rest) in values {
            self.composite(*structure, &[rest], out);
        }
    }

    /// `names`, and the names in front of the subject codes of `pairs`. The subject is what follows the last `$`: a
    /// class may have one in its own name, a subject code has none.
    fn with_projection(
        &self,
        names: &[(StructureId, compact_str::CompactString)],
        pairs: &[(StructureId, compact_str::CompactString)],
        out: &mut Writer,
    ) {
        self.references(names, out);
        for (structure, pair) in pairs {
            let name = pair.rsplit_once('$').map_or(pair.as_str(), |(name, _)| name);
            // A teacher has a class once per subject: the repetition is not worth writing to be dropped again.
            if !names.iter().any(|(s, n)| s == structure && n == name) {
                self.composite(*structure, &[name], out);
            }
        }
    }

    /// `reference$field…`; nothing when the structure is left out of the directory, which is a finding already.
    fn composite(&self, structure: StructureId, fields: &[&str], out: &mut Writer) {
        let Some(structure) = self.context.structure(structure) else { return };
        if fields.iter().all(|f| f.trim().is_empty()) {
            return;
        }
        out.compose(|text| {
            text.push_str(&structure.reference);
            for field in fields {
                text.push('$');
                text.push_str(field);
            }
        });
    }

    /// What the ministry's online services know a pupil by: his number in SIECLE, and the school whose base it is.
    pub(super) fn identity_vector(&self, person: &Person, out: &mut Writer) {
        let Role::Pupil(pupil) = &person.role else { return };
        let school = person.administrative.or_else(|| person.schools.first().map(|s| s.structure));
        let school = school.and_then(|id| self.context.roster.structure(id));
        let number = pupil.siecle.as_deref().map(str::trim).filter(|n| !n.is_empty());
        if let (Some(number), Some(school)) = (number, school) {
            out.compose(|text| {
                // Writing into a string does not fail.
                let _ = write!(text, "4|||{number}|{}", school.uai.as_str());
            });
        }
    }
}
