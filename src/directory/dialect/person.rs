//! A person as an entry.

use std::fmt::Write as _;

use super::context::reference;
use super::error::MissingMandatory;
use super::file::{ByCivility, ProfileStyle};
use super::shape::{Kind, Part, profile_bit};
use super::source::Source;
use super::spelling::{cn, is_adult, number};
use super::wanted::{Subject, Wanted, Writer, write};
use super::{Context, Dialect};
use crate::directory::Dn;
use crate::naming::{Login, Uid};
use crate::roster::{Civility, NationalProfile, Person, PersonId, Profile, Pupil, Role, Staff, StructureId};

impl Dialect {
    #[must_use]
    pub fn person_dn(&self, uid: &Uid, login: &Login) -> Dn {
        self.people.child(&self.person_rdn, self.rdn_value(uid, login))
    }

    /// Which of the two names is in the DN.
    fn rdn_value<'n>(&self, uid: &'n Uid, login: &'n Login) -> &'n str {
        if self.named_by_login { login.as_str() } else { uid.as_str() }
    }

    /// The entry of a person.
    ///
    /// `keep_class`: a pupil without class has an account already, and keeps the class that he had; that attribute is
    /// then not compared. (His DN has to stay in the group of that class as well: leave it out of what the engine put
    /// there when asking for [`member_changes`](super::member_changes).)
    ///
    /// # Errors
    /// When a value is missing that the directory requires and for which the dialect has no default: a new pupil's
    /// class, or names never given.
    pub fn person_entry(
        &self,
        context: &Context<'_>,
        id: PersonId,
        keep_class: bool,
    ) -> Result<Wanted, MissingMandatory> {
        let nameless = || MissingMandatory { attribute: self.person_rdn.clone(), class: false };
        let person = context.roster.person(id).ok_or_else(nameless)?;
        let (uid, login) = (context.names)(id).ok_or_else(nameless)?;
        let profiles = profiles_of(person);
        let (kind, services) = match &person.role {
            Role::Pupil(_) => (Kind::Pupil, false),
            Role::Relative(_) => (Kind::Relative, false),
            Role::Staff(staff) => (Kind::Staff, has_services(staff)),
        };
        let role = |part: &Part| part.profiles & profiles != 0 || (part.services && services);
        let subject = Subject { kind, dn: self.person_dn(uid, login), role: &role, keep_class };
        let emitter = Emitter { dialect: self, context, id, person, uid, login, profiles };
        write(self, self.shape(kind), subject, |source, out| emitter.emit(source, out))
    }

    /// The DN of a person as text, at the end of `text`.
    fn push_person(&self, text: &mut String, (uid, login): (&Uid, &Login), in_composite: bool) {
        let name = self.rdn_value(uid, login);
        // Nearly every name needs no escape; the general case goes through `Dn`.
        if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@')) {
            text.push_str(&self.person_rdn);
            text.push('=');
            text.push_str(name);
            text.push(',');
            text.push_str(if in_composite { &self.people_reference } else { self.people.as_str() });
        } else if in_composite {
            text.push_str(&reference(self.person_dn(uid, login).as_str()));
        } else {
            text.push_str(self.person_dn(uid, login).as_str());
        }
    }
}

/// The national profiles held in any school, as bits. A pupil is one and a relative is one whatever his schools say.
fn profiles_of(person: &Person) -> u16 {
    let held = person.schools.iter().flat_map(|s| s.profiles.iter()).fold(0, |bits, p| bits | profile_bit(p));
    match person.profile {
        Profile::Pupil => held | profile_bit(NationalProfile::Elv),
        Profile::Relative => held | profile_bit(NationalProfile::Tut),
        Profile::Teacher if held == 0 => profile_bit(NationalProfile::Ens),
        Profile::Staff if held == 0 => profile_bit(NationalProfile::Eta),
        Profile::Teacher | Profile::Staff => held,
    }
}

const fn has_services(staff: &Staff) -> bool {
    !(staff.classes.is_empty()
        && staff.groups.is_empty()
        && staff.classes_subjects.is_empty()
        && staff.groups_subjects.is_empty()
        && staff.head_teacher_of.is_empty())
}

struct Emitter<'e, 'c> {
    dialect: &'e Dialect,
    context: &'e Context<'c>,
    id: PersonId,
    person: &'e Person,
    uid: &'e Uid,
    login: &'e Login,
    profiles: u16,
}

impl Emitter<'_, '_> {
    fn emit(&self, source: Source, out: &mut Writer) {
        let person = self.person;
        let style = &self.dialect.style;
        match source {
            Source::Uid => out.value(self.uid.as_str()),
            Source::Login => out.value(self.login.as_str()),
            Source::JoinKey => out.value(person.key.as_str()),
            Source::Cn => {
                out.compose(|text| cn(text, &person.name.surname, &person.name.first));
            }
            Source::DisplayName => out.compose(|text| {
                text.push_str(person.name.first.trim());
                text.push(' ');
                text.extend(person.name.surname.trim().chars().flat_map(char::to_uppercase));
            }),
            Source::Profiles => self.profiles(out),
            Source::Sex => by_civility(&style.sex, person.civility, out),
            Source::Civility => by_civility(&style.civility, person.civility, out),
            Source::Surname => out.value(&person.name.surname),
            Source::FirstName => out.value(&person.name.first),
            Source::BirthName => out.values(person.name.birth.as_deref()),
            Source::OtherFirstNames => out.values(person.name.others.iter().map(|n| &**n)),
            Source::BirthDate => {
                if let Some(birth) = person.birth {
                    // Writing into a string does not fail.
                    out.compose(|text| {
                        let _ = write!(text, "{:02}/{:02}/{:04}", birth.day(), birth.month(), birth.year());
                    });
                }
            }
            Source::Mail
            | Source::HomePhone
            | Source::WorkPhone
            | Source::Mobiles
            | Source::MobileSms
            | Source::Address
            | Source::PostalCode
            | Source::Town
            | Source::Country
            | Source::AddressShared => self.contact(source, out),
            Source::AccountState => out.values(self.dialect.lock.first_state()),
            Source::Domains => out.values(self.dialect.domains.iter().map(String::as_str)),
            Source::MemberOf => out.values(self.context.memberships.of(self.id)),
            Source::AdministrativeStructure
            | Source::AdministrativeUai
            | Source::SchoolUais
            | Source::SchoolSirets
            | Source::SchoolNames
            | Source::CurrentUai
            | Source::CurrentSiret => self.schools(source, out),
            Source::LocalProfiles => match &person.role {
                Role::Pupil(_) => out.value("ELEVE"),
                Role::Relative(_) => {}
                Role::Staff(staff) => out.values(staff.functions.iter().map(|f| &*f.code)),
            },
            _ => match &person.role {
                Role::Pupil(pupil) => self.pupil(pupil, source, out),
                Role::Relative(relative) => match source {
                    Source::Pupils => self.people(&relative.pupils, out),
                    Source::IdentityVectors => {
                        for pupil in &relative.pupils {
                            self.context.roster.person(*pupil).into_iter().for_each(|p| self.identity_vector(p, out));
                        }
                    }
                    _ => {}
                },
                Role::Staff(staff) => self.staff(staff, source, out),
            },
        }
    }

    /// Where the person acts.
    fn schools(&self, source: Source, out: &mut Writer) {
        let (person, context) = (self.person, self.context);
        let uai = |id: StructureId| context.roster.structure(id).map(|s| s.uai.as_str());
        let siret = |id: StructureId| context.structure(id).map(|s| &*s.siret);
        let schools = || person.schools.iter().map(|a| a.structure);
        // The first is what a new account takes: the administrative structure, when the person acts there.
        let first = person.administrative.filter(|id| schools().any(|s| s == *id));
        let in_turn = || first.into_iter().chain(schools().filter(|s| Some(*s) != first));
        match source {
            Source::AdministrativeStructure => {
                out.values(person.administrative.and_then(|s| context.structure(s)).map(|s| s.dn.as_str()));
            }
            Source::AdministrativeUai => out.values(person.administrative.and_then(uai)),
            Source::SchoolUais => out.values(schools().filter_map(uai)),
            Source::SchoolSirets => out.values(schools().filter_map(siret)),
            Source::SchoolNames => {
                out.values(schools().filter_map(|id| context.roster.structure(id)).map(|s| s.name.as_str()));
            }
            Source::CurrentUai => out.values(in_turn().filter_map(uai)),
            Source::CurrentSiret => out.values(in_turn().filter_map(siret)),
            _ => {}
        }
    }

    /// What the ministry's online services know a pupil by: his number in SIECLE, and the school whose base it is.
    fn identity_vector(&self, person: &Person, out: &mut Writer) {
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

    fn profiles(&self, out: &mut Writer) {
        let style = self.dialect.style.profiles;
        for profile in NationalProfile::ALL {
            if self.profiles & profile_bit(profile) == 0 {
                continue;
            }
            if style != ProfileStyle::Number {
                out.compose(|text| {
                    text.push_str("National_");
                    text.push_str(profile.mnemonic());
                });
            }
            match number(profile) {
                Some(number) if style != ProfileStyle::Mnemonic => out.value(number),
                // Without a number of its own the profile would be lost: its mnemonic stands in.
                None if style == ProfileStyle::Number => out.compose(|text| {
                    text.push_str("National_");
                    text.push_str(profile.mnemonic());
                }),
                _ => {}
            }
        }
    }

    fn contact(&self, source: Source, out: &mut Writer) {
        let contact = &self.person.contact;
        let address = contact.address.as_ref();
        match source {
            Source::Mail => out.values(contact.mail.as_deref()),
            Source::HomePhone => out.values(contact.home_phone.as_deref()),
            Source::WorkPhone => out.values(contact.work_phone.as_deref()),
            Source::Mobiles => out.values(contact.mobiles.iter().map(|m| &**m)),
            Source::MobileSms => out.values(contact.mobile_sms.as_deref()),
            Source::Address => {
                if let Some(address) = address {
                    out.compose(|text| {
                        for (i, line) in address.lines.iter().enumerate() {
                            if i > 0 {
                                text.push('$');
                            }
                            text.push_str(line);
                        }
                    });
                }
            }
            Source::PostalCode => out.values(address.and_then(|a| a.postal_code.as_deref())),
            Source::Town => out.values(address.and_then(|a| a.town.as_deref())),
            Source::Country => out.values(address.and_then(|a| a.country.as_deref())),
            Source::AddressShared => self.boolean(self.person.address_shared, out),
            _ => {}
        }
    }

    fn pupil(&self, pupil: &Pupil, source: Source, out: &mut Writer) {
        match source {
            Source::Adult => self.boolean(self.person.birth.map(|b| is_adult(b, self.context.today)), out),
            Source::LivesWith => self.people(&pupil.lives_with, out),
            Source::Relatives => {
                for link in &pupil.relatives {
                    let Some(names) = (self.context.names)(link.relative) else { continue };
                    out.compose(|text| {
                        self.dialect.push_person(text, names, true);
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

    fn staff(&self, staff: &Staff, source: Source, out: &mut Writer) {
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

    fn boolean(&self, value: Option<bool>, out: &mut Writer) {
        let words = &self.dialect.style.boolean;
        out.values(value.map(|yes| if yes { words.yes.as_str() } else { words.no.as_str() }));
    }

    fn people(&self, people: &[PersonId], out: &mut Writer) {
        for &id in people {
            if let Some(names) = (self.context.names)(id) {
                out.compose(|text| self.dialect.push_person(text, names, false));
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
}

fn by_civility(words: &ByCivility, civility: Option<Civility>, out: &mut Writer) {
    out.values(civility.map(|c| match c {
        Civility::Monsieur => words.monsieur.as_str(),
        Civility::Madame => words.madame.as_str(),
    }));
}
