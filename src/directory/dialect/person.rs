//! A person as an entry.

use std::fmt::Write as _;

use super::context::reference;
use super::error::MissingMandatory;
use super::file::{ByCivility, ProfileStyle};
use super::shape::{Kind, Part, profile_bit};
use super::source::Source;
use super::spelling::{cn, number};
use super::wanted::{Subject, Wanted, Writer, write};
use super::{Context, Dialect};
use crate::directory::Dn;
use crate::naming::{Login, Uid};
use crate::roster::{Civility, NationalProfile, Person, PersonId, Profile, Role, Staff, StructureId};

impl Dialect {
    #[must_use]
    pub fn person_dn(&self, uid: &Uid, login: &Login) -> Dn {
        self.people.child(&self.person_rdn, self.rdn_value(uid, login))
    }

    /// Which of the two names is in the DN.
    fn rdn_value<'n>(&self, uid: &'n Uid, login: &'n Login) -> &'n str {
        if self.named_by_login { login.as_str() } else { uid.as_str() }
    }

    /// Whether `text` is what [`Self::person_dn`] gives, written alike: told without parsing, for the many where it is.
    #[must_use]
    pub fn is_person_dn(&self, uid: &Uid, login: &Login, text: &str) -> bool {
        let rest = text.strip_prefix(self.person_rdn.as_str()).and_then(|rest| rest.strip_prefix('='));
        let name = self.rdn_value(uid, login);
        let branch = rest.and_then(|rest| rest.strip_prefix(name)).and_then(|rest| rest.strip_prefix(','));
        branch == Some(self.people.as_str())
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
        let dn = self.account_dn(context, id, (uid, login));
        let subject = Subject { kind, dn, role: &role, keep_class };
        let emitter = Emitter { dialect: self, context, id, person, uid, login, profiles };
        write(self, self.shape(kind), subject, |source, out| emitter.emit(source, out))
    }

    /// Where an account is, or will be created.
    #[must_use]
    pub fn account_dn(&self, context: &Context<'_>, id: PersonId, (uid, login): (&Uid, &Login)) -> Dn {
        context.elsewhere(id).cloned().unwrap_or_else(|| self.person_dn(uid, login))
    }

    /// The DN of a person as text, at the end of `text`.
    pub(super) fn push_person(
        &self,
        text: &mut String,
        context: &Context<'_>,
        (id, uid, login): (PersonId, &Uid, &Login),
        in_composite: bool,
    ) {
        if let Some(dn) = context.elsewhere(id) {
            if in_composite {
                text.push_str(&reference(dn.as_str()));
            } else {
                text.push_str(dn.as_str());
            }
            return;
        }
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

pub(super) struct Emitter<'e, 'c> {
    pub(super) dialect: &'e Dialect,
    pub(super) context: &'e Context<'c>,
    id: PersonId,
    pub(super) person: &'e Person,
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
}

fn by_civility(words: &ByCivility, civility: Option<Civility>, out: &mut Writer) {
    out.values(civility.map(|c| match c {
        Civility::Monsieur => words.monsieur.as_str(),
        Civility::Madame => words.madame.as_str(),
    }));
}
